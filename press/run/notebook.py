"""A chapter as a notebook: clean, from its text, and joined to the outputs of a run.

Joined, its words show what cells noted (`press.chapter.note`): text, captions and alternative texts have
values in the place of `` {glue:text}`NAME:FORMAT` ``, and passages between `:::{when} NAME` and `:::` only if
NAME is true. The name `defaults` is true if all parameters have the values of the chapter.
"""

from __future__ import annotations

import ast
import copy
import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from press.run.disk.written import meant, read_text
from press.run.outputs import Note, notes

__all__ = ["clean_notebook", "dump", "fill", "join", "with_values"]

SAID = ("kernelspec", "language_info", "papermill", "press")  # what a run says of itself


def clean_notebook(source: Path) -> nbformat.NotebookNode:
    """Turn a chapter's text into an unexecuted notebook.

    The same text gives the same notebook, cell identifiers included.
    """
    notebook = copy.deepcopy(_parsed(read_text(source)))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata["language_info"] = {"name": "python"}
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"{re.sub('[^a-zA-Z0-9_-]', '-', source.stem)[:50]}-{number:03d}"
    return notebook


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> nbformat.NotebookNode:
    """Read a text once; a build needs it four times."""
    notebook: nbformat.NotebookNode = jupytext.reads(text, fmt={"extension": ".md"})
    return notebook


def join(
    clean: nbformat.NotebookNode, run: Mapping[str, Any], *, defaults: bool = True
) -> nbformat.NotebookNode:
    """Put the outputs of a run into a clean notebook, code cell by code cell, and its notes into the text.

    The text, and what cells say of their captions and tables, is that of the clean notebook. Its parameters
    cell gets the values that the run had; `defaults` says whether they are the chapter's own. The notes of
    papermill and press are those of the run. What `fill` refuses is a ValueError.
    """
    said = {**notes(run), "defaults": defaults}
    code = [cell for cell in run["cells"] if cell["cell_type"] == "code"]
    done = iter([cell for cell in code if "injected-parameters" not in cell["metadata"].get("tags", [])])
    for cell in clean.cells:
        if cell.cell_type == "markdown":
            cell.source = fill(cell.source, said)
        elif cell.cell_type == "code":
            ran = next(done)
            cell["outputs"], cell["execution_count"] = ran["outputs"], ran["execution_count"]
            cell.metadata = _filled(cell.metadata, said)
            cell.metadata["papermill"] = ran["metadata"]["papermill"]
            if "parameters" in cell.metadata.get("tags", []):
                cell.source = with_values(cell.source, run["metadata"]["press"]["parameters"])
    metadata = clean.metadata | {key: run["metadata"][key] for key in SAID}
    return nbformat.from_dict(clean | {"metadata": metadata})  # type: ignore[no-untyped-call,no-any-return]


def fill(text: str, said: Mapping[str, Note]) -> str:
    r"""Show noted values in a text, and those of its passages that hold.

    A value that nobody noted or that is not a number, and a passage that depends on anything but a truth
    value, are ValueErrors.

    >>> fill("A slope of {glue:text}`slope:.2f`.", {"slope": -0.373})
    'A slope of -0.37.'
    >>> fill(":::{when} not flat\nIt falls.\n:::", {"flat": False})
    'It falls.'
    """

    def one(found: re.Match[str]) -> str:
        if name := found["condition"]:
            holds = _said(name, said)
            if not isinstance(holds, bool):
                raise ValueError(f"a passage depends on {name} = {holds!r}, which is no truth value")
            return "" if holds == bool(found["no"]) else fill(found["passage"], said)
        if name := found["name"]:
            shown = _shown(name, found["format"] or "", said)
            if shown == "nan":
                raise ValueError(f"the text shows {name}, which is not a number")
            dot = found["dot"] or ""
            list_like = shown.isdigit() and (found.start() == 0 or text[found.start() - 1] == "\n")
            return shown + (f"\\{dot}" if dot and list_like else dot)  # "64." would begin a list
        return found[0]

    return _TOKEN.sub(one, text)


_TOKEN = re.compile(
    r"""
    ^(?P<when>:{3,})\{when\}[ ]*(?P<no>not[ ]+)?(?P<condition>[\w-]+)[ ]*\n(?P<passage>.*?)\n?^(?P=when)[ ]*$
    | ^[ ]*(?P<code>`{3,}|~{3,})(?:\{(?:code|math|raw|literalinclude)|\w).*?\n[ ]*(?P=code)[`~]*[ ]*$
    | ``[^\n]+?``
    | \{glue:text\}`(?P<name>[\w-]+)(?::(?P<format>[^`]*))?`(?P<dot>[.)])?
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
"""Passages, code that stays as it is, and values."""


def _said(name: str, said: Mapping[str, Note]) -> Note:
    if name not in said:
        raise ValueError(f"the text asks for {name!r}, which no cell notes{meant(name, said)}")
    return said[name]


def _shown(name: str, how: str, said: Mapping[str, Note]) -> str:
    value = _said(name, said)
    try:
        return format(value, how)
    except ValueError as error:
        raise ValueError(f"the text shows {name} as {how!r}: {error}") from None


def _filled(words: Any, said: Mapping[str, Note]) -> Any:
    """Fill the captions and alternative texts in the metadata of a cell."""
    if not isinstance(words, dict):
        return words
    return nbformat.from_dict(  # type: ignore[no-untyped-call]
        {k: fill(v, said) if k in ("caption", "alt") else _filled(v, said) for k, v in words.items()}
    )


def with_values(source: str, values: Mapping[str, Any]) -> str:
    """Write values into the source of a parameters cell, in the place of its literals.

    >>> with_values("n: int = 5  # [1, 9] points", {"n": 7})
    'n: int = 7  # [1, 9] points'
    """
    lines = source.encode().splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            line, start, end = lines[node.lineno - 1], node.value.col_offset, node.value.end_col_offset
            old = ast.literal_eval(node.value)
            new = values.get(node.target.id, old)
            if new != old:
                lines[node.lineno - 1] = line[:start] + _literal(new).encode() + line[end:]
    return b"\n".join(lines).decode()


def _literal(value: Any) -> str:
    """Write a value as a literal; Python reads 1e999 as infinity."""
    numbers = value if isinstance(value, list) else [value]
    return repr(value).replace("inf", "1e999") if all(isinstance(n, float) for n in numbers) else repr(value)


def dump(notebook: Mapping[str, Any]) -> str:
    """Write a notebook as JSON, texts as lists of lines."""
    return f"{nbformat.v4.writes(nbformat.from_dict(notebook))}\n"  # type: ignore[no-untyped-call]
