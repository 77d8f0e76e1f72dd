"""What each page says about its own making: profile, parameters, seed, time, machine, versions, commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from press.pages.markup import admonition, code, escape, table
from press.run.parameters import Contract, Parameter
from press.run.profiles import DEFAULT

__all__ = ["banner", "changes", "parameter_rows", "provenance"]


def banner(profile: str, made_with: str = "") -> str:
    """Warning on top of a page that was not made as the book is: its profile, and what `changes` says.

    Empty for the default profile without changes.
    """
    if profile == DEFAULT and not made_with:
        return ""
    if profile == DEFAULT:
        return admonition("Other parameters than the book's", "warning", made_with)
    remark = {
        "smoke": "A smoke run: the numbers and figures below are **not at the paper's scale**.",
        "paper": "The paper's own counts.",
    }.get(profile, "The numbers and figures below were not made with the book's own settings.")
    kind = "note" if profile == "paper" else "warning"
    return admonition(f"Profile: {escape(profile)}", kind, f"{remark} {made_with}".rstrip())


def changes(parameters: Mapping[str, Parameter], values: Mapping[str, Any]) -> str:
    """Say which parameters have other values than the chapter's own; empty if none has.

    >>> power = Parameter("power", "float", 2.0, None, "")
    >>> print(changes({"power": power}, {"power": 1.0}))
    Made with ` power = 1.0 ` (default ` 2.0 `). What the text says of the defaults only is left out.
    """
    changed = [
        f"{code(f'{name} = {values[name]!r}')} (default {code(repr(p.default))})"
        for name, p in parameters.items()
        if values[name] != p.default
    ]
    if not changed:
        return ""
    return f"Made with {', '.join(changed)}. What the text says of the defaults only is left out."


def provenance(press: Mapping[str, Any], parameters: Contract, download: str) -> str:
    """The end of a page, from the `press` metadata of its notebook: parameters, and how it was made."""
    values = press["parameters"]
    rows = [[*map(code, row[:4]), *map(escape, row[4:])] for row in parameter_rows(parameters, values)]
    for row, (name, parameter) in zip(rows, parameters.items(), strict=True):
        if values[name] != parameter.default:
            row[1] = f"**{row[1]}** (changed)"
    together = ", ".join(code(relation.text) for relation in parameters.relations)
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
            *([f"What they must satisfy together: {together}.", ""] if together else []),
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
