"""What each page says about its own making: profile, parameters, seed, time, machine, versions, commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from press.run.parameters import Parameter
from press.run.profiles import DEFAULT

__all__ = ["banner", "parameter_rows", "provenance"]

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def banner(profile: str) -> str:
    """Return the warning on top of a page that was not made at the default scale.

    Parameters
    ----------
    profile : str
        Name of the profile.

    Returns
    -------
    str
        A MyST admonition; empty for the default profile.
    """
    if profile == DEFAULT:
        return ""
    remark = {
        "smoke": "A smoke run: the numbers and figures below are **not at the paper's scale**.",
        "paper": "The paper's own counts.",
    }.get(profile, "The numbers and figures below were not made with the book's own settings.")
    kind = "note" if profile == "paper" else "warning"
    return f":::{{admonition}} Profile: {_escape(profile)}\n:class: {kind}\n{remark}\n:::\n"


def provenance(press: Mapping[str, Any], parameters: Mapping[str, Parameter], download: str) -> str:
    """Return the block at the end of a page: its parameters and how it was made.

    Parameters
    ----------
    press : mapping
        The `press` metadata of the executed notebook.
    parameters : mapping of str to Parameter
        What the chapter declares.
    download : str
        Path of the executed notebook, relative to the page.

    Returns
    -------
    str
        MyST text.
    """
    values = press["parameters"]
    rows = parameter_rows(parameters, values)
    facts = [
        ["Profile", press["profile"]],
        ["Seed", _value(values["seed"]) if "seed" in values else "none: nothing here is random"],
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
            _table(["Name", "Value here", "Type", "Default", "Allowed", "Meaning"], rows, code_columns=4),
            "### How this page was made",
            "",
            _table(["What", "Value"], facts),
            f"{{download}}`Download the executed notebook <{download}>`",
        ]
    )


def parameter_rows(parameters: Mapping[str, Parameter], values: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows of the table of parameters.

    Parameters
    ----------
    parameters : mapping of str to Parameter
        What the chapter declares.
    values : mapping of str to value
        The values to show.

    Returns
    -------
    list of list of str
        Name, value, type, default, what is allowed, help.
    """
    return [
        [name, _value(values[name]), p.annotation, _value(p.default), str(p.range or "any"), p.help]
        for name, p in parameters.items()
    ]


def _table(header: list[str], rows: list[list[str]], code_columns: int = 0) -> str:
    """A MyST list-table; the first columns are set as code."""
    lines = [":::{list-table}", ":header-rows: 1", ":class: provenance"]
    for number, row in enumerate([header, *rows]):
        for column, text in enumerate(row):
            shown = _code(text) if number and column < code_columns else _escape(text)
            lines.append(f"{'* -' if column == 0 else '  -'} {shown}")
    return "\n".join([*lines, ":::", ""])


def _escape(text: str) -> str:
    """Escape every punctuation mark, so that text is shown as it is."""
    return _PUNCTUATION.sub(r"\\\1", text)


def _value(value: Any) -> str:
    """Show a value as it stands in the chapter."""
    return repr(value)


def _code(text: str) -> str:
    """Set text as code, inside a fence longer than any run of backquotes in it."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}"
