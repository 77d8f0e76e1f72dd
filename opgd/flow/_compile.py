"""Compiled functions that are kept on disk where that is possible, and compiled again where it is not.

Numba keeps what it has compiled beside the source, and fails where no directory can be written, the disk is
full, or a kept file is damaged. None of this is a reason not to compute.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

try:
    from numba import njit
    from numba.core.caching import FunctionCache
except ModuleNotFoundError as error:
    raise ImportError(
        "flows of depth 1 and more need numba: pip install 'opgd-book[deep]'", name=error.name
    ) from error

__all__ = ["compiled"]

Function = TypeVar("Function", bound=Callable[..., Any])


class _Kept(FunctionCache):
    """Numba's own store of one function, which loses what it cannot read or write."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever a damaged pickle may raise
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)


def compiled(*fastmath: str, inline: bool = False) -> Callable[[Function], Function]:
    """Return a decorator that lets numba compile a function at its first call.

    Parameters
    ----------
    *fastmath : str
        What the compiler may do to floating-point operations: "contract", "reassoc".
    inline : bool
        Whether the function becomes a part of those compiled functions that call it.

    Returns
    -------
    callable
        The decorator.

    Examples
    --------
    >>> @compiled("contract")
    ... def twice(x):
    ...     return 2 * x
    >>> twice(1.5)
    3.0
    """

    def decorate(function: Function) -> Function:
        made: Any = njit(nogil=True, error_model="numpy", fastmath=set(fastmath), forceinline=inline)(
            function
        )
        with contextlib.suppress(RuntimeError):  # no directory can be written
            made._cache = _Kept(function)  # as njit(cache=True) does, with numba's own store
        result: Function = made
        return result

    return decorate
