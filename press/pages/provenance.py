"""What each page says about its own making: profile, parameters, seed, time, machine, versions, commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from press.pages.markup import admonition, code, escape, table
from press.run.parameters import Parameter
from press.run.profiles import DEFAULT

__all__ = ["banner", "parameter_rows", "provenance"]


def banner(profile: str) -> str:
    """Warning on top of a page that was not made at the default scale; empty for the default profile."""
    if profile == DEFAULT:
        return ""
    remark = {
        "smoke": "A smoke run: the numbers and figures below are **not at the paper's scale**.",
        "paper": "The paper's own counts.",
    }.get(profile, "The numbers and figures below were not made with the book's own settings.")
    kind = "note" if profile == "paper" else "warning"
    return admonition(f"Profile: {escape(profile)}", kind, remark)


def provenance(press: Mapping[str, Any], parameters: Mapping[str, Parameter], download: str) -> str:
    """The end of a page, from the `press` metadata of its notebook: parameters, and how it was made."""
    values = press["parameters"]
    rows = [[*map(code, row[:4]), *map(escape, row[4:])] for row in parameter_rows(parameters, values)]
    facts = [
        ["Profile", press["profile"]],
        ["Seed", repr(values["seed"]) if "seed" in values else "none: nothing here is random"],
        ["Executed", f"{press['started'][:16].replace('T', ' ')} UTC, in {press['seconds']:.1f} s"],
        ["Machine", press["machine"]],
        ["Versions", ", ".join(f"{name} {version}" for name, version in press["versions"].items())],
        ["Commit", press["commit"]],
    ]
    return "\n".join(
        [
            "## Parameters",
            "",
            f"The parameters of this chapter and the values this page was made with; change them with "
            f'`make chapter C={press["chapter"]} P="-p NAME VALUE"`.',
            "",
            _table(["Name", "Value here", "Type", "Default", "Allowed", "Meaning"], rows),
            "### How this page was made",
            "",
            _table(["What", "Value"], [list(map(escape, fact)) for fact in facts]),
            f"{{download}}`Download the executed notebook <{download}>`",
        ]
    )


def parameter_rows(parameters: Mapping[str, Parameter], values: Mapping[str, Any]) -> list[list[str]]:
    """Name, value, type, default, what is allowed and help of each parameter."""
    return [
        [name, repr(values[name]), p.annotation, repr(p.default), str(p.range or "any"), p.help]
        for name, p in parameters.items()
    ]


def _table(header: list[str], rows: list[list[str]]) -> str:
    return table(header, rows, classes="provenance", numbers=())
