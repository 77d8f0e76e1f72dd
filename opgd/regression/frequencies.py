r"""Frequencies on the torus $[-1, 1)^d$: which there are, how many, in which order.

Frequencies m are rows of an integer array. The eigenvalues of the kernels of Example 2.2 are
$\lambda_m = (1 + |m|^2)^{-r}$, so the order of decreasing eigenvalues is that of $|m|^2$; among
frequencies of equal norm it is lexicographic. The paper does not say how it breaks ties.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opgd._validate import Array, real, whole

__all__ = ["first_frequencies", "kernel_eigenvalues", "lattice", "lattice_size", "one_of_each_pair"]

MEMORY = 2**31
"""Bytes that one array may take unless the caller allows more."""

LARGEST = 10**6
"""Largest squared radius for which points are counted in three and more dimensions."""

LARGEST_IN_THE_PLANE = 10**14
"""The same in two dimensions, where the time grows like the radius."""

COUNTS = 2**28
"""Bytes that the numbers of points of all norms may take."""

Frequencies = NDArray[np.int64]


def lattice_size(dimension: int, radius_squared: int) -> int:
    r"""Count the points of $\{m \in \mathbb{Z}^d : |m|^2 \le R\}$ without listing them.

    The numbers of points of each squared norm are the coefficients of the power $\vartheta(q)^d$ of
    the theta function $\vartheta(q) = \sum_{k \in \mathbb{Z}} q^{k^2}$. They are exact at any size.
    Memory: at most 1 GB; numbers so large that they would need more are refused.

    Parameters
    ----------
    dimension : int
        Dimension $d \ge 1$.
    radius_squared : int
        $R \ge 0$; at most 10^14 in two dimensions, and 10^6 in more.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If an argument is out of range, or both together are.

    Examples
    --------
    The two lattices that fit the axes of Figure 6:

    >>> lattice_size(8, 13), lattice_size(8, 7)
    (136209, 12369)
    """
    dimension = whole("dimension", dimension, least=1)
    limit = (None, LARGEST_IN_THE_PLANE, LARGEST)[min(dimension, 3) - 1]
    radius_squared = whole("radius_squared", radius_squared, least=0, most=limit)
    root = math.isqrt(radius_squared)
    if dimension == 1:
        return 2 * root + 1
    if dimension == 2:
        inner = range(1, root + 1)
        return 2 * root + 1 + 2 * sum(2 * math.isqrt(radius_squared - k * k) + 1 for k in inner)
    # a point has coordinates up to the root, and is a walk of at most R steps
    bits = min(dimension * math.log2(2 * root + 1), radius_squared * math.log2(2.0 * dimension + 1))
    exact = bits < 62
    if not exact and (radius_squared + 1) * (bits / 8 + 40) > COUNTS:
        raise ValueError(
            f"radius_squared = {radius_squared} is not allowed in dimension {dimension}: the numbers of "
            f"points of each norm have up to {bits:.3g} bits and would not fit in {COUNTS / 2**20:.0f} MiB"
        )
    counts = np.zeros(radius_squared + 1, np.int64 if exact else object)
    counts[0] = 1
    for _ in range(dimension):
        previous = counts.copy()
        for k in range(1, root + 1):
            counts[k * k :] += 2 * previous[: radius_squared + 1 - k * k]
    return int(counts.sum())


def refuse_size(what: str, count: int, size: int, memory: float, remedy: str) -> None:
    """Refuse `count` numbers of `size` bytes that do not fit in `memory`, and say how large they are."""
    if count * size > memory:
        raise ValueError(
            f"{what} would take {count * size / 2**30:.3g} GiB ({count} numbers of {size} bytes); "
            f"allowed are {memory / 2**30:.3g} GiB: {remedy}"
        )


def _affordable(dimension: int, radius_squared: int, memory: float) -> None:
    """Refuse a lattice that does not fit in `memory`, even if it is too large to be counted."""
    remedy = "take a smaller radius_squared or raise `memory`"
    inner = math.sqrt(radius_squared) - math.sqrt(dimension) / 2  # unit cubes around points cover this ball
    if inner > 1:
        log_volume = dimension * math.log(inner * math.sqrt(math.pi)) - math.lgamma(dimension / 2 + 1)
        if log_volume > math.log(max(memory, 1.0)):
            raise ValueError(
                f"the lattice |m|^2 <= {radius_squared} in dimension {dimension} has at least "
                f"10^{math.floor(log_volume / math.log(10))} points and does not fit into the allowed "
                f"{memory / 2**30:.3g} GiB: {remedy}"
            )
    size = lattice_size(dimension, radius_squared)
    what = f"the lattice |m|^2 <= {radius_squared} in dimension {dimension}, {size} points,"
    refuse_size(what, 3 * size * (dimension + 2), 8, memory, remedy)  # the list, its sorted copy, and keys


def lattice(dimension: int, radius_squared: int, *, memory: float = MEMORY) -> Frequencies:
    r"""List all $m \in \mathbb{Z}^d$ with $|m|^2 \le R$, by $|m|^2$, ties lexicographic.

    Parameters
    ----------
    dimension : int
        Dimension $d \ge 1$.
    radius_squared : int
        $R \ge 0$.
    memory : float
        Bytes that the work may take.

    Returns
    -------
    ndarray of int64, shape (K, d)

    Raises
    ------
    ValueError
        If an argument is out of range, or the list would not fit; the message says how large it would be.

    Examples
    --------
    >>> lattice(2, 1).tolist()
    [[0, 0], [-1, 0], [0, -1], [0, 1], [1, 0]]
    """
    dimension = whole("dimension", dimension, least=1)
    radius_squared = whole("radius_squared", radius_squared, least=0)
    _affordable(dimension, radius_squared, real("memory", memory, above=0))
    points, left = _points(dimension, radius_squared, lambda rest, left: np.arange(len(left)))
    return points[np.argsort(-left, kind="stable")]


def _points(
    dimension: int, radius_squared: int, keep: Callable[[int, Frequencies], NDArray[np.intp]]
) -> tuple[Frequencies, Frequencies]:
    """List points of a ball in lexicographic order, and R - |m|^2.

    Coordinate by coordinate; `keep` says which beginnings to go on with, when `rest` coordinates are missing.
    """
    left = np.array([radius_squared])  # what remains of R after the coordinates chosen so far
    steps = []
    for rest in reversed(range(dimension)):
        most = _root(left)
        width = 2 * most + 1
        row = np.repeat(np.arange(len(left)), width)
        start = np.cumsum(width) - width
        value = np.arange(len(row)) - (start + most)[row]
        left = left[row] - value**2
        kept = keep(rest, left)
        left = left[kept]
        steps.append((row[kept], value[kept]))
    points, at = np.empty((len(left), dimension), np.int64), np.arange(len(left))
    for column in reversed(range(dimension)):
        row, value = steps.pop()
        points[:, column], at = value[at], row[at]
    return points, left


def _root(squares: Frequencies) -> Frequencies:
    """Return the integer parts of square roots."""
    root = np.floor(np.sqrt(squares)).astype(np.int64)
    root += (root + 1) ** 2 <= squares  # a square root may be rounded either way
    root -= root**2 > squares
    return root


def _shell(dimension: int, norm: int, size: int) -> Frequencies:
    """List the first `size` points with |m|^2 = `norm`, in lexicographic order, and no others."""
    ways = [np.zeros(0, np.int64)] * 2  # in how many ways a norm is reached, at most `size`, by dimension
    if dimension > 2:
        counts = np.zeros(norm + 1, np.int64)
        counts[np.arange(math.isqrt(norm) + 1) ** 2] = 2
        counts[0] = 1
        for _ in range(2, dimension):
            previous = counts.copy()
            for k in range(1, math.isqrt(norm) + 1):
                counts[k * k :] += 2 * previous[: norm + 1 - k * k]
            np.minimum(counts, size, out=counts)
            ways.append(counts.copy())

    def keep(rest: int, left: Frequencies) -> NDArray[np.intp]:
        if rest == 0:
            found = (left == 0).astype(np.int64)
        elif rest == 1:
            found = (_root(left) ** 2 == left) * (1 + (left > 0))
        else:
            found = ways[rest][left]
        enough = int(np.searchsorted(np.cumsum(found), size)) + 1
        return np.flatnonzero(found[:enough])

    return _points(dimension, norm, keep)[0]


def first_frequencies(dimension: int, size: int, *, memory: float = MEMORY) -> Frequencies:
    r"""List the first `size` frequencies in the order of decreasing eigenvalues.

    Parameters
    ----------
    dimension : int
        Dimension $d \ge 1$.
    size : int
        How many, at least one. The last pair $\pm m$ may be cut.
    memory : float
        Bytes that the work may take. Nothing is listed in vain.

    Returns
    -------
    ndarray of int64, shape (size, d)

    Raises
    ------
    ValueError
        If an argument is out of range, or the list would not fit; the message says how large it would be.

    Examples
    --------
    >>> first_frequencies(1, 4).ravel().tolist()
    [0, -1, 1, -2]
    """
    dimension = whole("dimension", dimension, least=1)
    size = whole("size", size, least=1)
    memory = real("memory", memory, above=0)
    refuse_size(
        f"a list of {size} frequencies in dimension {dimension}",
        3 * size * (dimension + 2),
        8,
        memory,
        "take a smaller size or raise `memory`",
    )
    high = 1
    while lattice_size(dimension, high) < size:
        high *= 2
    low = -1  # lattice_size(low) < size <= lattice_size(high)
    while high - low > 1:
        middle = (low + high) // 2
        if lattice_size(dimension, middle) < size:
            low = middle
        else:
            high = middle
    if high == 0:
        return np.zeros((1, dimension), np.int64)
    inner = lattice(dimension, low, memory=memory)
    return np.concatenate([inner, _shell(dimension, high, size - len(inner))])


def as_frequencies(frequencies: ArrayLike, dimension: int | None = None) -> Frequencies:
    """Return frequencies as int64, if they are whole numbers in an array (K, d)."""
    m = np.asarray(frequencies)
    if m.ndim != 2 or m.dtype.kind not in "iu" or 0 in m.shape:
        raise ValueError(
            f"frequencies of shape {m.shape} and type {m.dtype} are not allowed: "
            "they must be an integer array of shape (K, d), K and d at least 1"
        )
    if dimension is not None and m.shape[1] != dimension:
        raise ValueError(f"frequencies have {m.shape[1]} columns, x has {dimension}: they must be as many")
    if m.min() < -(2**31) or m.max() > 2**31:
        raise ValueError("frequencies must lie between -2^31 and 2^31")
    return m.astype(np.int64, copy=False)


def signs(m: Frequencies) -> NDArray[np.int64]:
    """Sign of the first non-zero entry of each row; 1 for a row of zeros."""
    if not m.shape[1]:
        return np.ones(len(m), np.int64)
    first = m[np.arange(len(m)), (m != 0).argmax(axis=1)]
    return np.where(first < 0, -1, 1)


def one_of_each_pair(frequencies: ArrayLike) -> NDArray[np.bool_]:
    r"""Mark 0 and, of each pair $\pm m$, the frequency whose first non-zero entry is positive.

    For real y the coefficients of $m$ and $-m$ have the same absolute value: one tells both.

    Parameters
    ----------
    frequencies : array_like of int, shape (K, d)
        Frequencies.

    Returns
    -------
    ndarray of bool, shape (K,)

    Raises
    ------
    ValueError
        If shapes or types are wrong.

    Examples
    --------
    >>> one_of_each_pair([[0, 0], [0, -1], [0, 1]]).tolist()
    [True, False, True]
    """
    return signs(as_frequencies(frequencies)) > 0


def kernel_eigenvalues(frequencies: ArrayLike, r: float) -> Array:
    r"""Evaluate $\lambda_m = (1 + |m|^2)^{-r}$, the eigenvalues of the Sobolev kernels of Example 2.2.

    Parameters
    ----------
    frequencies : array_like of int, shape (K, d)
        Frequencies m.
    r : float
        Exponent, positive; the kernel is bounded for $r > d/2$. The number of eigenvalues
        above $\delta$ is of order $\delta^{-d/(2r)}$.

    Returns
    -------
    ndarray, shape (K,)

    Raises
    ------
    ValueError
        If shapes or types are wrong or `r` is not a positive number.

    Examples
    --------
    >>> kernel_eigenvalues([[0, 0], [1, 0], [1, 1]], r=1).round(3).tolist()
    [1.0, 0.5, 0.333]
    """
    m = as_frequencies(frequencies)
    norms: Array = np.square(m.astype(np.float64)).sum(axis=1)
    return (1.0 + norms) ** -real("r", r, above=0)
