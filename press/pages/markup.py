"""Plain text and tables as MyST text: what all pages of evidence are written with."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterable, Sequence

__all__ = ["admonition", "code", "escape", "figure", "link", "listing", "table", "words"]

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def escape(text: object) -> str:
    r"""Escape every punctuation mark, so that text is shown as it is.

    >>> print(escape("a_b | 1"))
    a\_b \| 1
    """
    return _PUNCTUATION.sub(r"\\\1", str(text))


def code(text: str) -> str:
    """Set text as code, inside a fence longer than any run of backquotes in it."""
    fence = _fence(text, 1)
    return f"{fence} {text} {fence}"


def words(text: str, classes: str = "", hint: str = "") -> str:
    """Set words (MyST) apart: by classes, and by a hint that is shown below the pointer."""
    given = {"class": classes, "title": hint}
    attributes = "".join(f' {name}="{html.escape(value)}"' for name, value in given.items() if value)
    return f"<span{attributes}>{text}</span>"


def link(text: str, target: str) -> str:
    """Link text (MyST) to a target anywhere in the book."""
    return f"[{text}](#{target})"


def listing(source: str) -> str:
    """Show Python code."""
    fence = _fence(source, 3)
    return f"{fence}python\n{source}\n{fence}\n"


def admonition(title: str, kind: str, text: str) -> str:
    """Box with a title; both are MyST."""
    return f":::{{admonition}} {title}\n:class: {kind}\n{text}\n:::\n"


def figure(file: str, name: str, alt: str, caption: str) -> str:
    """Figure with number and caption (MyST)."""
    options = f":name: {name}\n:alt: {json.dumps(alt, ensure_ascii=False)}"
    return f":::{{figure}} {file}\n{options}\n\n{caption}\n:::\n"


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str = "",
    name: str = "",
    classes: str = "ledger",
    numbers: Collection[str] | None = None,
    choices: Collection[str] = (),
) -> str:
    r"""Write a table that scrolls by itself where the page is too narrow.

    Cells and caption are MyST; the header is plain text. Columns of `numbers` are marked as such; if none are
    given, those are that hold nothing else. For columns of `choices` the page offers lists of their values.

    >>> print(table(["What", "Number"], [["`a`", "1"]], numbers=["Number"], choices=["What"]))
    ::::{container} ledger-scroll
    :::{table}
    :class: ledger choice-1
    <BLANKLINE>
    | What | Number |
    | --- | ---: |
    | `a` | 1 |
    :::
    ::::
    <BLANKLINE>
    """
    rows = [list(row) for row in rows]
    if numbers is None:
        columns = zip(header, zip(*rows, strict=True), strict=True) if rows else ()
        numbers = [title for title, cells in columns if _are_numbers(cells)]
    marks = [f"choice-{place}" for place, title in enumerate(header, 1) if title in choices]
    options = [f":name: {name}"] if name else []
    lines = [
        _line(map(escape, header)),
        _line("---:" if title in numbers else "---" for title in header),
        *map(_line, rows),
    ]
    return "\n".join(
        [
            "::::{container} ledger-scroll",
            f":::{{table}} {caption}".rstrip(),
            *options,
            f":class: {' '.join([classes, *marks])}",
            "",
            *lines,
            ":::",
            "::::\n",
        ]
    )


def _line(cells: Iterable[str]) -> str:
    # a table takes one backslash from each bar, whatever stands before it
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _are_numbers(cells: Sequence[str]) -> bool:
    shown = [cell for cell in cells if cell]
    return bool(shown) and all(cell[0].isdigit() and "(" not in cell for cell in shown)


def _fence(text: str, least: int) -> str:
    return "`" * max(least, 1 + max(map(len, re.findall("`+", text)), default=0))
