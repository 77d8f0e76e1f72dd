"""Empirical coefficients in the Fourier basis, for 10^5 and more frequencies at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from opgd._validate import Array, array
from opgd.regression.frequencies import Frequencies, as_frequencies, signs

__all__ = ["coefficients"]

TABLES = 2**26
"""Bytes of the tables of sines and cosines that `coefficients` holds at a time."""

Complex = NDArray[np.complex128]


def as_points(x: ArrayLike) -> Array:
    """Return points as a float64 array (n, d)."""
    points = array("x", x)
    if points.ndim != 2 or 0 in points.shape:
        raise ValueError(f"x of shape {points.shape} is not allowed: it must be (n, d), n and d at least 1")
    if np.abs(points).max() > 2**31:
        raise ValueError(
            f"x holds {points.flat[np.abs(points).argmax()]:g}; it must lie within -2^31 and 2^31"
        )
    return points


def slices(n: int, rows: int) -> Iterator[slice]:
    """Cut n rows into slices of at most `rows`."""
    return (slice(start, min(start + rows, n)) for start in range(0, n, rows))


def coefficients(x: ArrayLike, y: ArrayLike, frequencies: ArrayLike) -> Complex:
    r"""Empirical inner products $\hat c_m = \frac 1n \sum_i y_i e^{-i \pi \langle m, x_i \rangle}$.

    Figure 6 shows their absolute values. The real ones follow from them: the inner products with
    $\sqrt 2 \cos$ and $\sqrt 2 \sin$ of $\pi \langle m, x \rangle$ are
    $\sqrt 2 \operatorname{Re} \hat c_m$ and $-\sqrt 2 \operatorname{Im} \hat c_m$.

    A frequency is split into its first and its second half of coordinates, $m = (u, v)$. The sines
    and cosines of $\pi \langle u, x \rangle$ and $\pi \langle v, x \rangle$ are tables of a few
    hundred columns, and sums over products of their columns are matrix products. Four real products serve
    the four frequencies $\pm (u, \pm v)$; groups of u of equal norm meet those v only that may occur.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Points.
    y : array_like, shape (n,)
        Values.
    frequencies : array_like of int, shape (K, d)
        Frequencies, in any order. Lattices are fast; sets without structure are summed one by one.

    Returns
    -------
    ndarray of complex, shape (K,)
        The same bits for any number of threads: the matrix products run on one.

    Raises
    ------
    ValueError
        If shapes or types are wrong, or a number is not finite.

    Examples
    --------
    >>> from opgd.regression.frequencies import lattice
    >>> x = np.linspace(-1, 1, 64, endpoint=False)[:, None]
    >>> c = coefficients(x, 3 + np.sin(2 * np.pi * x[:, 0]), lattice(1, 4))
    >>> np.abs(c).round(6).tolist()
    [3.0, 0.0, 0.0, 0.5, 0.5]
    """
    x, y = as_points(x), array("y", y)
    m = as_frequencies(frequencies, x.shape[1])
    if y.shape != x.shape[:1]:
        raise ValueError(f"y of shape {y.shape} is not allowed: x has {len(x)} rows, y must have as many")
    scale = float(np.abs(y).max()) or 1.0  # so that no sum overflows
    with threadpool_limits(1, user_api="blas"):
        return _by_halves(x, y / scale, m) / len(x) * scale


def _classes(m: Frequencies) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """Rows up to sign, by norm; the number of each row's class; its sign."""
    if not m.shape[1]:
        return np.zeros((1, 0)), np.zeros(len(m), np.int64), np.ones(len(m), np.int64)
    sign = signs(m)
    rows, inverse = np.unique(m * sign[:, None], axis=0, return_inverse=True)
    order = np.argsort(np.square(rows).sum(axis=1), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return rows[order].astype(np.float64), place[inverse.ravel()], sign


def _by_halves(x: Array, y: Array, m: Frequencies) -> Complex:
    half = (m.shape[1] + 1) // 2
    u, a, sign = _classes(m[:, :half])
    v, b, other = _classes(m[:, half:])
    norms = np.square(u).sum(axis=1)
    edges = [0, *(np.flatnonzero(np.diff(norms)) + 1).tolist(), len(u)]
    groups = [slice(*pair) for pair in pairwise(edges)]
    members = [np.flatnonzero((a >= group.start) & (a < group.stop)) for group in groups]
    widths = [int(b[here].max()) + 1 for here in members]  # the first so many v are met
    shapes = [(group.stop - group.start, width) for group, width in zip(groups, widths, strict=True)]
    if sum(rows * columns for rows, columns in shapes) > 16 * len(m) + 10_000:
        return _one_by_one(x, y, m)
    # sums over the points of y * (cos, sin)(pi <u, x>) * (cos, sin)(pi <v, x>), first index u, then v
    sums = [np.zeros((2, 2, *shape)) for shape in shapes]
    rows = max(1, TABLES // (32 * (len(u) + len(v))))
    for part in slices(len(x), rows):
        left = math.pi * (u @ x[part, :half].T)
        right = math.pi * (v @ x[part, half:].T)
        lefts = np.cos(left) * y[part], np.sin(left) * y[part]
        rights = np.cos(right), np.sin(right)
        for total, group, width in zip(sums, groups, widths, strict=True):
            for i, j in np.ndindex(2, 2):
                total[i, j] += lefts[i][group] @ rights[j][:width].T
    result = np.empty(len(m), np.complex128)
    for total, group, here in zip(sums, groups, members, strict=True):
        (cc, cs), (sc, ss) = total[:, :, a[here] - group.start, b[here]]
        s, relative = sign[here], (sign * other)[here]  # m = s (u, relative * v)
        result[here] = cc - relative * ss - 1j * s * (sc + relative * cs)
    return result


def _one_by_one(x: Array, y: Array, m: Frequencies) -> Complex:
    result = np.zeros(len(m), np.complex128)
    for some in slices(len(m), 4096):
        rows = max(1, TABLES // (16 * (some.stop - some.start)))
        for part in slices(len(x), rows):
            result[some] += y[part] @ np.exp(-1j * math.pi * (x[part] @ m[some].T.astype(np.float64)))
    return result
