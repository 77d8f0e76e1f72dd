r"""Fourier bases on the torus $[-1, 1)^d$.

The functions $e^{i \pi \langle m, x \rangle}$, $m \in \mathbb{Z}^d$, are orthonormal for the
uniform probability measure on $[-1, 1)^d$. They are the eigenfunctions of the kernels of Example 2.2
and the basis of Figures 5 and 6. This module evaluates them; `opgd.regression.frequencies` lists frequencies
and `opgd.regression.coefficients` sums over data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opgd._validate import Array, real
from opgd.regression.coefficients import as_points, slices
from opgd.regression.frequencies import MEMORY, Frequencies, as_frequencies, refuse_size, signs

__all__ = ["complex_features", "feature_chunks", "real_features"]

Complex = NDArray[np.complex128]


def _real_block(x: Array, m: Frequencies) -> Array:
    sign = signs(m)
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

    To $m = 0$ belongs the constant 1. Of each pair $\pm m$, let $m$ be the one whose first
    non-zero entry is positive; then the basis function of $m$ is
    $\sqrt 2 \cos(\pi \langle m, x \rangle)$ and that of $-m$ is
    $\sqrt 2 \sin(\pi \langle m, x \rangle)$.

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
    x = as_points(x)
    m = as_frequencies(frequencies, x.shape[1])
    refuse_size(
        f"the features of {len(x)} points at {len(m)} frequencies",
        x.shape[0] * len(m),
        8,
        real("memory", memory, above=0),
        "use feature_chunks or raise `memory`",
    )
    return _real_block(x, m)


def complex_features(x: ArrayLike, frequencies: ArrayLike, *, memory: float = MEMORY) -> Complex:
    r"""Evaluate $e^{i \pi \langle m, x \rangle}$.

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
    x = as_points(x)
    m = as_frequencies(frequencies, x.shape[1])
    refuse_size(
        f"the features of {len(x)} points at {len(m)} frequencies",
        x.shape[0] * len(m),
        16,
        real("memory", memory, above=0),
        "use feature_chunks or raise `memory`",
    )
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
    >>> from opgd.regression.frequencies import lattice
    >>> x = np.linspace(-1, 1, 1000, endpoint=False)[:, None]
    >>> blocks = feature_chunks(x, lattice(1, 9), memory=7 * 8 * 300)
    >>> [(rows.start, rows.stop, block.shape) for rows, block in blocks][-1]
    (900, 1000, (100, 7))
    """
    points = as_points(x)
    m = as_frequencies(frequencies, points.shape[1])
    if basis not in ("real", "complex"):
        raise ValueError(f"basis = {basis!r} is not allowed: it must be 'real' or 'complex'")
    block = _real_block if basis == "real" else _complex_block
    size = 8 if basis == "real" else 16
    rows = max(1, int(real("memory", memory, above=0) // (size * len(m))))
    return ((part, block(points[part], m)) for part in slices(len(points), rows))
