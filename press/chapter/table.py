"""The one way in which cells make tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tabulate import tabulate  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from IPython.display import Markdown

__all__ = ["table"]


def table(rows: Iterable[Sequence[object]], headers: Sequence[str], *, left: int = 1) -> Markdown:
    """Make a table as the last value of a cell; what it shows of a cell is `str` of it.

    Parameters
    ----------
    rows : iterable of sequences
        Cells by row, as text (MyST) or anything that `str` can show; None is an empty cell.
    headers : sequence of str
        A title for each column (MyST).
    left : int, default 1
        How many columns, from the left, hold words; the others are set flush right.

    Returns
    -------
    IPython.display.Markdown
        The table.

    Raises
    ------
    ValueError
        If a row has not one cell for each title.

    Examples
    --------
    >>> print(table([["vanilla", f"{0.3731:.2f}"]], ["flow", "slope"]).data)
    | flow    |   slope |
    |:--------|--------:|
    | vanilla |    0.37 |
    """
    from IPython.display import Markdown

    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    for row in cells:
        if len(row) != len(headers):
            raise ValueError(f"rows: {row} has {len(row)} cells; headers names {len(headers)} columns")
    sides = ["left" if column < left else "right" for column in range(len(headers))]
    text = tabulate(cells, headers, tablefmt="pipe", disable_numparse=True, colalign=sides if cells else None)
    return Markdown(text)  # type: ignore[no-untyped-call]
