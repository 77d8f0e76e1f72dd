r"""Fourier bases on the torus :math:`[-1, 1)^d` and empirical coefficients in them.

The functions :math:`e^{i \pi \langle m, x \rangle}`, :math:`m \in \mathbb{Z}^d`, are orthonormal for the
uniform probability measure on :math:`[-1, 1)^d`. They are the eigenfunctions of the kernels of Example 2.2,
with eigenvalues :math:`\lambda_m = (1 + |m|^2)^{-r}`, and the basis of Figures 5 and 6.

Frequencies are rows of an integer array. Their order is that of decreasing eigenvalues, that is of
:math:`|m|^2`; among frequencies of equal norm it is lexicographic. The paper does not say how it breaks ties.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from opgd._validate import Array, array, real, whole

__all__ = [
    "coefficients",
    "complex_features",
    "feature_chunks",
    "first_frequencies",
    "kernel_eigenvalues",
    "lattice",
    "lattice_size",
    "one_of_each_pair",
    "real_features",
]

MEMORY = 2**31
"""Bytes that one array may take unless the caller allows more."""

TABLES = 2**26
"""Bytes of the tables of sines and cosines that `coefficients` holds at a time."""

LARGEST = 10**6
"""Largest squared radius for which points are counted in three and more dimensions."""

Frequencies = NDArray[np.int64]
Complex = NDArray[np.complex128]


def lattice_size(dimension: int, radius_squared: int) -> int:
    r"""Count the points of :math:`\{m \in \mathbb{Z}^d : |m|^2 \le R\}` without listing them.

    The numbers of points of each squared norm are the coefficients of the power :math:`\vartheta(q)^d` of
    the theta function :math:`\vartheta(q) = \sum_{k \in \mathbb{Z}} q^{k^2}`. They are exact at any size.

    Parameters
    ----------
    dimension : int
        Dimension :math:`d \ge 1`.
    radius_squared : int
        :math:`R \ge 0`; at most 10^6 in three and more dimensions.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    The two lattices that fit the axes of Figure 6:

    >>> lattice_size(8, 13), lattice_size(8, 7)
    (136209, 12369)
    """
    dimension = whole("dimension", dimension, least=1)
    limit = LARGEST if dimension > 2 else None
    radius_squared = whole("radius_squared", radius_squared, least=0, most=limit)
    root = math.isqrt(radius_squared)
    if dimension == 1:
        return 2 * root + 1
    if dimension == 2:
        inner = range(1, root + 1)
        return 2 * root + 1 + 2 * sum(2 * math.isqrt(radius_squared - k * k) + 1 for k in inner)
    exact = (2 * root + 1) ** dimension < 2**62
    counts = np.zeros(radius_squared + 1, np.int64 if exact else object)
    counts[0] = 1
    for _ in range(dimension):
        previous = counts.copy()
        for k in range(1, root + 1):
            counts[k * k :] += 2 * previous[: radius_squared + 1 - k * k]
    return int(counts.sum())


def _refuse(what: str, count: int, size: int, memory: float, remedy: str) -> None:
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
    _refuse(what, 3 * size * (dimension + 2), 8, memory, remedy)  # the list, its sorted copy, and keys


def lattice(dimension: int, radius_squared: int, *, memory: float = MEMORY) -> Frequencies:
    r"""List all :math:`m \in \mathbb{Z}^d` with :math:`|m|^2 \le R`, by :math:`|m|^2`, ties lexicographic.

    Parameters
    ----------
    dimension : int
        Dimension :math:`d \ge 1`.
    radius_squared : int
        :math:`R \ge 0`.
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
    points = np.zeros((1, 0), np.int64)
    left = np.array([radius_squared])  # what remains of R after the coordinates chosen so far
    for _ in range(dimension):
        most = np.floor(np.sqrt(left)).astype(np.int64)
        most += (most + 1) ** 2 <= left  # a square root may be rounded either way
        most -= most**2 > left
        width = 2 * most + 1
        row = np.repeat(np.arange(len(points)), width)
        start = np.cumsum(width) - width
        next_one = np.arange(len(row)) - (start + most)[row]
        points = np.column_stack([points[row], next_one])
        left = left[row] - next_one**2
    return points[np.argsort(-left, kind="stable")]


def first_frequencies(dimension: int, size: int, *, memory: float = MEMORY) -> Frequencies:
    r"""List the first `size` frequencies in the order of decreasing eigenvalues.

    Parameters
    ----------
    dimension : int
        Dimension :math:`d \ge 1`.
    size : int
        How many, at least one. The last pair :math:`\pm m` may be cut.
    memory : float
        Bytes that the work may take. No more than the last, incomplete shell is listed in vain.

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
    _refuse(f"a list of {size} frequencies in dimension {dimension}", 3 * size * (dimension + 2), 8, memory,
            "take a smaller size or raise `memory`")  # fmt: skip
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
    return lattice(dimension, high, memory=memory)[:size].copy()


def _frequencies(frequencies: ArrayLike, dimension: int | None = None) -> Frequencies:
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


def _points(x: ArrayLike) -> Array:
    points = array("x", x)
    if points.ndim != 2 or 0 in points.shape:
        raise ValueError(f"x of shape {points.shape} is not allowed: it must be (n, d), n and d at least 1")
    return points


def _signs(m: Frequencies) -> NDArray[np.int64]:
    """Sign of the first non-zero entry of each row; 1 for a row of zeros."""
    if not m.shape[1]:
        return np.ones(len(m), np.int64)
    first = m[np.arange(len(m)), (m != 0).argmax(axis=1)]
    return np.where(first < 0, -1, 1)


def one_of_each_pair(frequencies: ArrayLike) -> NDArray[np.bool_]:
    r"""Mark 0 and, of each pair :math:`\pm m`, the frequency whose first non-zero entry is positive.

    For real y the coefficients of :math:`m` and :math:`-m` have the same absolute value: one tells both.

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
    return _signs(_frequencies(frequencies)) > 0


def _real_block(x: Array, m: Frequencies) -> Array:
    sign = _signs(m)
    features = x @ (m * sign[:, None]).T.astype(np.float64)
    features *= math.pi
    sine = sign < 0
    features[:, sine] = np.sin(features[:, sine])
    features[:, ~sine] = np.cos(features[:, ~sine])
    features[:, (m != 0).any(axis=1)] *= math.sqrt(2)
    return features


def _complex_block(x: Array, m: Frequencies) -> Complex:
    features: Complex = np.exp(1j * math.pi * (x @ m.T.astype(np.float64)))
    return features


def real_features(x: ArrayLike, frequencies: ArrayLike, *, memory: float = MEMORY) -> Array:
    r"""Evaluate the real Fourier basis, orthonormal for the uniform probability measure on the torus.

    To :math:`m = 0` belongs the constant 1. Of each pair :math:`\pm m`, let :math:`m` be the one whose first
    non-zero entry is positive; then the basis function of :math:`m` is
    :math:`\sqrt 2 \cos(\pi \langle m, x \rangle)` and that of :math:`-m` is
    :math:`\sqrt 2 \sin(\pi \langle m, x \rangle)`.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Points. The functions have period 2 in every coordinate, so any finite numbers are allowed.
    frequencies : array_like of int, shape (K, d)
        Which basis functions; not necessarily whole pairs.
    memory : float
        Bytes that the result may take; for more see `feature_chunks`.

    Returns
    -------
    ndarray, shape (n, K)

    Raises
    ------
    ValueError
        If shapes or types are wrong, x is not finite, or the result would not fit.

    Examples
    --------
    >>> real_features([[0.5]], [[0], [-1], [1], [-2], [2]]).round(3).tolist()
    [[1.0, 1.414, 0.0, 0.0, -1.414]]
    """
    x = _points(x)
    m = _frequencies(frequencies, x.shape[1])
    _refuse(f"the features of {len(x)} points at {len(m)} frequencies", x.shape[0] * len(m), 8,
            real("memory", memory, above=0), "use feature_chunks or raise `memory`")  # fmt: skip
    return _real_block(x, m)


def complex_features(x: ArrayLike, frequencies: ArrayLike, *, memory: float = MEMORY) -> Complex:
    r"""Evaluate :math:`e^{i \pi \langle m, x \rangle}`.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Points.
    frequencies : array_like of int, shape (K, d)
        Which basis functions.
    memory : float
        Bytes that the result may take; for more see `feature_chunks`.

    Returns
    -------
    ndarray of complex, shape (n, K)

    Raises
    ------
    ValueError
        If shapes or types are wrong, x is not finite, or the result would not fit.

    Examples
    --------
    >>> complex_features([[0.5, 1.0]], [[1, 0], [1, 1]]).imag.tolist()
    [[1.0, -1.0]]
    """
    x = _points(x)
    m = _frequencies(frequencies, x.shape[1])
    _refuse(f"the features of {len(x)} points at {len(m)} frequencies", x.shape[0] * len(m), 16,
            real("memory", memory, above=0), "use feature_chunks or raise `memory`")  # fmt: skip
    return _complex_block(x, m)


def feature_chunks(
    x: ArrayLike, frequencies: ArrayLike, *, basis: str = "real", memory: float = 2**26
) -> Iterator[tuple[slice, NDArray[Any]]]:
    r"""Evaluate a basis a few rows at a time, where the whole matrix would be too large.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Points.
    frequencies : array_like of int, shape (K, d)
        Which basis functions.
    basis : {"real", "complex"}
        As in `real_features` or `complex_features`.
    memory : float
        Bytes of one block; a block has at least one row.

    Returns
    -------
    iterator of (slice, ndarray)
        The rows of `x` and their features, in order.

    Raises
    ------
    ValueError
        If an argument is not allowed; before anything is evaluated.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 1000, endpoint=False)[:, None]
    >>> blocks = feature_chunks(x, lattice(1, 9), memory=7 * 8 * 300)
    >>> [(rows.start, rows.stop, block.shape) for rows, block in blocks][-1]
    (900, 1000, (100, 7))
    """
    points = _points(x)
    m = _frequencies(frequencies, points.shape[1])
    if basis not in ("real", "complex"):
        raise ValueError(f"basis = {basis!r} is not allowed: it must be 'real' or 'complex'")
    block = _real_block if basis == "real" else _complex_block
    size = 8 if basis == "real" else 16
    rows = max(1, int(real("memory", memory, above=0) // (size * len(m))))
    return ((part, block(points[part], m)) for part in _slices(len(points), rows))


def _slices(n: int, rows: int) -> Iterator[slice]:
    return (slice(start, min(start + rows, n)) for start in range(0, n, rows))


def kernel_eigenvalues(frequencies: ArrayLike, r: float) -> Array:
    r"""Evaluate :math:`\lambda_m = (1 + |m|^2)^{-r}`, the eigenvalues of the Sobolev kernels of Example 2.2.

    Parameters
    ----------
    frequencies : array_like of int, shape (K, d)
        Frequencies m.
    r : float
        Exponent, positive; the kernel is bounded for :math:`r > d/2`. The number of eigenvalues
        above :math:`\delta` is of order :math:`\delta^{-d/(2r)}`.

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
    m = _frequencies(frequencies)
    norms: Array = np.square(m.astype(np.float64)).sum(axis=1)
    return (1.0 + norms) ** -real("r", r, above=0)


def coefficients(x: ArrayLike, y: ArrayLike, frequencies: ArrayLike) -> Complex:
    r"""Empirical inner products :math:`\hat c_m = \frac 1n \sum_i y_i e^{-i \pi \langle m, x_i \rangle}`.

    Figure 6 shows their absolute values. The real ones follow from them: the inner products with
    :math:`\sqrt 2 \cos` and :math:`\sqrt 2 \sin` of :math:`\pi \langle m, x \rangle` are
    :math:`\sqrt 2 \operatorname{Re} \hat c_m` and :math:`-\sqrt 2 \operatorname{Im} \hat c_m`.

    A frequency is split into its first and its second half of coordinates, :math:`m = (u, v)`. The sines
    and cosines of :math:`\pi \langle u, x \rangle` and :math:`\pi \langle v, x \rangle` are tables of a few
    hundred columns, and sums over products of their columns are matrix products. Four real products serve
    the four frequencies :math:`\pm (u, \pm v)`; groups of u of equal norm meet those v only that may occur.

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
    >>> x = np.linspace(-1, 1, 64, endpoint=False)[:, None]
    >>> c = coefficients(x, 3 + np.sin(2 * np.pi * x[:, 0]), lattice(1, 4))
    >>> np.abs(c).round(6).tolist()
    [3.0, 0.0, 0.0, 0.5, 0.5]
    """
    x, y = _points(x), array("y", y)
    m = _frequencies(frequencies, x.shape[1])
    if y.shape != x.shape[:1]:
        raise ValueError(f"y of shape {y.shape} is not allowed: x has {len(x)} rows, y must have as many")
    with threadpool_limits(1, user_api="blas"):
        return _by_halves(x, y, m) / len(x)


def _classes(m: Frequencies) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """Rows up to sign, by norm; the number of each row's class; its sign."""
    if not m.shape[1]:
        return np.zeros((1, 0)), np.zeros(len(m), np.int64), np.ones(len(m), np.int64)
    sign = _signs(m)
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
    for part in _slices(len(x), rows):
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
    for some in _slices(len(m), 4096):
        rows = max(1, TABLES // (16 * (some.stop - some.start)))
        for part in _slices(len(x), rows):
            result[some] += y[part] @ np.exp(-1j * math.pi * (x[part] @ m[some].T.astype(np.float64)))
    return result
