r"""The effective span dimension of a signal in the order of a spectrum (Huang et al., 2025).

A spectral method that keeps the first $k$ components in the order $\pi$ of decreasing eigenvalues pays
$k \sigma^2$ for the noise and $\sum_{i > k} \theta^{*2}_{\pi_i}$ for what it drops. The effective span
dimension is where the first overtakes the second,

.. math::

    d^\dagger = \min \Bigl\{ k \ge 1 : \frac1k \sum_{i > k} \theta^{*2}_{\pi_i} \le \sigma^2 \Bigr\} .

The eigenvalues enter through their order only. As a function of $\sigma^2$ it is called the span profile.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opgd import _validate as check

__all__ = ["effective_span_dimension"]


def effective_span_dimension(
    signal: ArrayLike, eigenvalues: ArrayLike, variance: ArrayLike
) -> NDArray[np.int64]:
    r"""Return the effective span dimension of a signal under each of several spectra and noise variances.

    Parameters
    ----------
    signal : array_like, shape (N,)
        $\theta^*$, N >= 1.
    eigenvalues : array_like, shape (..., N)
        Spectra $\ge 0$, such as $(a b^D)^2$ along a flow. Components with equal eigenvalues keep their order.
    variance : array_like
        $\sigma^2 > 0$, any shape; the noise variance $\varepsilon^2$, or a grid for the span profile.

    Returns
    -------
    ndarray of int, shape ``eigenvalues.shape[:-1] + np.shape(variance)``
        In 1, ..., N.

    Raises
    ------
    ValueError
        If an argument is outside its range or the shapes do not fit.

    References
    ----------
    D. Huang, Z. Li, Y. Li and Q. Lin, *Alignment-Sensitive Minimax Rates for Spectral Algorithms with Learned
    Kernels*, arXiv 2509.20294.

    Examples
    --------
    >>> from opgd.theory.span import effective_span_dimension
    >>> effective_span_dimension([3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [0.1, 0.6, 6.0]).tolist()
    [3, 2, 1]
    >>> effective_span_dimension([0.0, 0.0, 1.0], [[3.0, 2.0, 1.0], [0.1, 0.2, 3.0]], 0.5).tolist()
    [2, 1]
    """
    signal = check.array("signal", signal)
    spectra = check.array("eigenvalues", eigenvalues, least=0)
    variances = check.array("variance", variance, least=0)
    if signal.ndim != 1 or not signal.size:
        raise ValueError(f"signal of shape {signal.shape} is not allowed: it must be (N,) with N >= 1")
    if spectra.shape[-1:] != signal.shape:
        raise ValueError(
            f"eigenvalues of shape {spectra.shape} is not allowed: its last axis must be {signal.size}"
        )
    if variances.size and variances.min() <= 0:
        raise ValueError(f"variance holds {variances.min()} and must hold finite real numbers > 0")
    index = np.arange(1, signal.size + 1)
    rows = []
    for spectrum in spectra.reshape(-1, signal.size):
        with np.errstate(over="ignore"):  # an infinite tail is larger than any variance
            ordered = signal[np.argsort(-spectrum, kind="stable")] ** 2
            tail = np.append(np.cumsum(ordered[:0:-1])[::-1], 0.0)  # of the components after each
        # tail / index decreases strictly until it is zero: the first index with tail / index <= variance
        rows.append(1 + np.searchsorted(-tail / index, -variances.ravel(), side="left"))
    return np.array(rows, dtype=np.int64).reshape(spectra.shape[:-1] + variances.shape)
