"""Below each figure and table of a page: which code made it, in what time, from which parameters.

A figure is a code cell with `mystnb: figure: name`; a table one whose Markdown output is a table. A cell may
name its table (`table: {name: tab-x, caption: ...}` in its metadata), which numbers it; without a caption the
text before the table is its caption. It may also say which items of the paper it recomputes
(`reproduces: [Table 1, Table 2]`); the ledger then links to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from press.evidence.lineage import CodeCell, Lineage, code_cells, trace

__all__ = ["annotate", "reproduced"]

_TABLE = re.compile(r"(?:^\|.*\|[ \t]*\n?)+", re.MULTILINE)
_HIDDEN = {"remove-cell", "remove-input"}


def annotate(
    notebook: dict[str, Any],
    chapter: str,
    names: Mapping[str, str],
    parameters: Sequence[str],
    *,
    linked: bool = True,
) -> None:
    """Number the named tables of an executed notebook, and say below figures and tables what made them.

    The notebook is changed in place: it gets more cells. `names` are the public names of `opgd`
    (`press.site.exports.public_names`), `parameters` those of the chapter in the order to show them; with
    `linked`, functions link to the API reference.
    """
    values = notebook["metadata"]["press"]["parameters"]
    code = code_cells(notebook)
    lineages = trace([cell.source for cell in code], names, parameters)
    cells = notebook["cells"]
    after: dict[int, str] = {}
    shown: set[int] = set()
    for number, (cell, lineage) in enumerate(zip(code, lineages, strict=True)):
        if _is_figure(cells[cell.position]) or _number_table(cells[cell.position]):
            after[number] = _line(chapter, number, code, lineage, values, cells, linked=linked)
            shown.update(lineage.cells)
    numbers = {cell.position: number for number, cell in enumerate(code)}
    pages = []
    for position, cell in enumerate(cells):
        found = numbers.get(position, -1)
        if found in shown and _visible(cell):
            pages.append(_markdown(f"code-{chapter}-{found + 1}", f"({_label(chapter, found)})="))
        pages.append(cell)
        if found in after:
            pages.append(_markdown(f"made-{chapter}-{found + 1}", after[found]))
    notebook["cells"] = pages


def reproduced(notebook: Mapping[str, Any]) -> dict[str, str]:
    """Find the name of the first figure or table that recomputes each item of the paper ("Figure 1").

    A cell that says so but has no named figure or table is a ValueError.
    """
    found: dict[str, str] = {}
    for cell in notebook["cells"]:
        for item in cell["metadata"].get("reproduces", ()):
            name = _figure(cell).get("name") or cell["metadata"].get("table", {}).get("name")
            if not name:
                raise ValueError(f"a cell that reproduces {item} has no named figure or table")
            found.setdefault(item, name)
    return found


def _figure(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    figure: Mapping[str, Any] = cell["metadata"].get("mystnb", {}).get("figure", {})
    return figure


def _is_figure(cell: Mapping[str, Any]) -> bool:
    return bool(_figure(cell).get("name"))


def _number_table(cell: dict[str, Any]) -> bool:
    """Tell whether a cell shows a table; number and caption it if the cell names it."""
    options = cell["metadata"].get("table")
    for output in cell["outputs"]:
        text = "".join(output.get("data", {}).get("text/markdown", ""))
        table = _TABLE.search(text)
        if table is None:
            continue
        if options:
            before, caption = text[: table.start()], options.get("caption")
            if caption is None:
                before, caption = "", before.strip()
            title = " ".join(str(caption).split())
            numbered = f":::{{table}} {title}\n:name: {options['name']}\n\n{table[0].rstrip()}\n:::\n"
            output["data"]["text/markdown"] = before + numbered + text[table.end() :]
        return True
    return False


def _visible(cell: Mapping[str, Any]) -> bool:
    return not _HIDDEN & set(cell["metadata"].get("tags", ()))


def _label(chapter: str, number: int) -> str:
    return f"code-{chapter}-{number + 1}"


def _line(
    chapter: str,
    number: int,
    code: Sequence[CodeCell],
    lineage: Lineage,
    values: Mapping[str, Any],
    cells: Sequence[Mapping[str, Any]],
    *,
    linked: bool,
) -> str:
    def cell(index: int) -> str:
        text = f"cell {index + 1}" if index == number else f"{index + 1}"
        link = f"{{ref}}`{text} <{_label(chapter, index)}>`"
        return link if _visible(cells[code[index].position]) else text

    parts = [f"{{doc}}`{chapter}`, {cell(number)}"]
    earlier = [index for index in lineage.cells[:-1] if code[index].source]
    if earlier:
        parts[0] += f" with the results of {', '.join(map(cell, earlier))}"
    functions = [name for name in lineage.names if not name.startswith("press.chapter.style.")]
    if functions:
        role = "{py:obj}" if linked else ""
        ways = [
            f"{role}`{n.rpartition('.')[2]} <{n}>`" if linked else f"`{n.rpartition('.')[2]}`"
            for n in functions
        ]
        parts.append(f"which call {', '.join(ways)}" if earlier else f"which calls {', '.join(ways)}")
    seconds = sum(code[index].seconds for index in lineage.cells)
    parts.append(f"in {seconds:.1f} s" if seconds >= 0.05 else "in less than 0.1 s")
    text = "; ".join([", ".join(parts), *_parameters(lineage, values)])
    download = f"{{download}}`executed notebook <downloads/{chapter}.ipynb>`"
    return f":::{{container}} made-by\nMade by {text}; {download}.\n:::"


def _parameters(lineage: Lineage, values: Mapping[str, Any]) -> list[str]:
    if not lineage.parameters:
        return []
    shown = ", ".join(f"`` {name} = {values[name]!r} ``" for name in lineage.parameters)
    return [f"parameters {shown}"]


def _markdown(identifier: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": identifier[:64], "metadata": {}, "source": source}
