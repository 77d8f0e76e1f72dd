"""Numbers and words that cells hand to the prose around them."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping

from press.run.outputs import RECORD

__all__ = ["note"]


def note(values: Mapping[str, object] | None = None, /, **more: object) -> None:
    """Hand values to the prose, to captions and to alternative texts of the chapter.

    The text shows them with the role ``{glue:text}`slope:.3f` ``; the format behind the colon may be left
    out, and strings may hold MyST. A truth value decides about a passage: what stands between
    ``:::{when} steeper`` and ``:::`` is shown if it is true, ``:::{when} not steeper`` if not. Underscores
    of names are hyphens in the text. A name is noted once; `defaults` is press's own.

    Parameters
    ----------
    values : mapping of str to object, optional
        Values by name, for names that are computed.
    **more : float, int, bool or str
        Values by name; NumPy's scalars are converted.

    Raises
    ------
    ValueError
        If a value is none of these.

    Examples
    --------
    >>> note(slope=-0.373, steeper=True)
    >>> note({f"slope-{depth}": -0.5 for depth in (0, 1)})
    """
    given = {**(values or {}), **more}
    plain = {name.replace("_", "-"): _plain(name, value) for name, value in given.items()}
    if "IPython" not in sys.modules:
        return
    from IPython import display, get_ipython

    if get_ipython() is not None:
        for name, value in plain.items():
            glued = {"scrapbook": {"name": name, "mime_prefix": RECORD}}
            display.display({f"{RECORD}text/plain": repr(value)}, raw=True, metadata=glued)  # type: ignore[no-untyped-call]


def _plain(name: str, value: object) -> float | int | bool | str:
    scalar = hasattr(value, "item") and getattr(value, "ndim", 0) == 0
    item = value.item() if scalar else value  # type: ignore[attr-defined]
    if not isinstance(item, float | int | str):
        raise ValueError(f"{name} = {value!r}: a note is a number, a truth value or a string")
    return item if isinstance(item, str) or math.isfinite(item) else float(item)
