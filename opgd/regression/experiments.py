r"""Figure 5 and Example 2.2 as experiments: functions on the torus with known coefficients, and exact errors.

The basis is orthonormal for the uniform distribution, so the test error of an estimate with coefficients
$\theta$ on a finite set of frequencies needs no test points: by Parseval it is

.. math::

    \|\hat f - f^*\|^2 = \|\theta\|^2 - 2 \langle \theta, \theta^* \rangle + \|f^*\|^2 ,

where $\|f^*\|^2$ counts what lies outside the set as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import zeta
from threadpoolctl import threadpool_limits

from opgd import _validate as check
from opgd._validate import Array
from opgd.regression.basis import real_features
from opgd.regression.coupled import CoupledFlow, FixedKernelFlow, LeastSquares
from opgd.regression.frequencies import kernel_eigenvalues

__all__ = ["Design", "SobolevEdge", "Target", "Wave", "error_curves"]

Frequencies = NDArray[np.int64]


class Target(Protocol):
    """A function of the first coordinate on the torus."""

    @property
    def energy(self) -> float:
        r"""$\|f^*\|^2$ for the uniform distribution."""
        ...

    def values(self, x: ArrayLike) -> Array:
        """Return the function at `x`, shape (n, d)."""
        ...

    def coefficients(self, frequencies: Frequencies) -> Array:
        """Return its coefficients in the real basis of `opgd.regression.basis`."""
        ...


def _first_axis(frequencies: Frequencies) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which frequencies lie on the first axis, and their first entry."""
    m = np.asarray(frequencies)
    return (m[:, 1:] == 0).all(axis=1), m[:, 0]


@dataclass(frozen=True)
class Wave:
    r"""The target of Figure 5, $f^*(x) = \sin(\omega \pi x_1)$ with $\omega = 7.5$.

    A half-integer $\omega$ makes it jump at the boundary. With the basis function $\sqrt 2 \sin(k \pi x_1)$
    it has the inner product

    .. math::

        \frac{1}{\sqrt 2} \Bigl( \frac{\sin \pi(\omega - k)}{\pi(\omega - k)}
        - \frac{\sin \pi(\omega + k)}{\pi(\omega + k)} \Bigr) ,

    of order $1/k$, and none with the others.

    Parameters
    ----------
    omega : float
        Half-waves on an interval of length one, > 0.

    Examples
    --------
    >>> from opgd.regression.frequencies import lattice
    >>> theta = Wave().coefficients(lattice(2, 81))
    >>> lattice(2, 81)[abs(theta).argmax()].tolist(), round(float(theta @ theta / Wave().energy), 3)
    ([-8, 0], 0.916)
    """

    omega: float = 7.5

    def __post_init__(self) -> None:
        check.real("omega", self.omega, above=0)

    @property
    def energy(self) -> float:
        r"""$\|f^*\|^2$ for the uniform distribution."""
        return float((1 - np.sinc(2 * self.omega)) / 2)

    def values(self, x: ArrayLike) -> Array:
        """Return the function at `x`, shape (n, d)."""
        return np.asarray(np.sin(self.omega * math.pi * check.array("x", x)[:, 0]))

    def coefficients(self, frequencies: Frequencies) -> Array:
        """Return its coefficients in the real basis of `opgd.regression.basis`."""
        on_axis, k = _first_axis(frequencies)  # sines belong to negative entries
        sines = (np.sinc(self.omega + k) - np.sinc(self.omega - k)) / math.sqrt(2)
        return np.where(on_axis & (k < 0), sines, 0.0)


@dataclass(frozen=True)
class SobolevEdge:
    r"""A function at the edge of the Sobolev space $H^\tau$ of one variable, for Example 2.2.

    .. math:: f^*(x) = 1 + \sum_{k = 1}^{M} k^{-(\tau + 1/2)} \sqrt 2 \cos(k \pi x_1) .

    Parameters
    ----------
    smoothness : float
        $\tau > 0$; it lies in $H^s$ for $s < \tau$ as $M \to \infty$.
    terms : int
        $M \ge 1$.

    Examples
    --------
    >>> f = SobolevEdge(smoothness=2.0, terms=100)
    >>> round(f.energy, 4), round(float(f.values([[0.5, 0.3]])[0]), 4)
    (2.0369, 0.7832)
    """

    smoothness: float
    terms: int = 500

    def __post_init__(self) -> None:
        check.real("smoothness", self.smoothness, above=0)
        check.whole("terms", self.terms, least=1)

    @property
    def energy(self) -> float:
        r"""$\|f^*\|^2$ for the uniform distribution."""
        power = 2 * self.smoothness + 1
        return float(1 + zeta(power) - zeta(power, self.terms + 1))

    def values(self, x: ArrayLike) -> Array:
        """Return the function at `x`, shape (n, d)."""
        k = np.arange(1.0, self.terms + 1)
        waves = np.cos(math.pi * np.outer(check.array("x", x)[:, 0], k))
        return 1 + math.sqrt(2) * waves @ k ** -(self.smoothness + 0.5)

    def coefficients(self, frequencies: Frequencies) -> Array:
        """Return its coefficients in the real basis of `opgd.regression.basis`."""
        on_axis, k = _first_axis(frequencies)  # cosines belong to positive entries
        powers = np.maximum(k, 1.0) ** -(self.smoothness + 0.5)
        return np.where(on_axis & (k >= 0) & (k <= self.terms), powers, 0.0)


@dataclass(frozen=True)
class Design:
    r"""How data are drawn and which kernel is used: $x$ uniform on the torus,
    $y = f^*(x) + \sigma \varepsilon$.

    Parameters
    ----------
    target : Target
        $f^*$.
    frequencies : ndarray of int, shape (K, d)
        Basis functions of the kernel.
    r : float
        Exponent of the eigenvalues $(1 + |m|^2)^{-r}$, > 0.
    sigma : float
        Standard deviation of the normal noise, >= 0.
    """

    target: Target
    frequencies: Frequencies
    r: float
    sigma: float

    def __post_init__(self) -> None:
        kernel_eigenvalues(self.frequencies, self.r)
        check.real("sigma", self.sigma, least=0)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw data; the points do not depend on `sigma`, so designs can be compared on paired data.

        Parameters
        ----------
        n : int
            Sample size, >= 1.
        rng : numpy.random.Generator
            Where the randomness comes from.

        Returns
        -------
        x, y : ndarray, shape (n, d) and (n,)
        """
        x = rng.uniform(-1, 1, (check.whole("n", n, least=1), self.frequencies.shape[1]))
        return x, self.target.values(x) + self.sigma * rng.standard_normal(n)


def error_curves(
    design: Design,
    flows: Mapping[str, FixedKernelFlow | CoupledFlow],
    n: int,
    times: Mapping[str, Array],
    *,
    repetitions: int,
    seed: int,
    beyond: float = math.inf,
) -> dict[str, Array]:
    """Follow flows on simulated data and return their exact test errors along the way.

    Parameters
    ----------
    design : Design
        Data and kernel.
    flows : mapping of str to FixedKernelFlow or CoupledFlow
        By name; all see the same data.
    n : int
        Sample size, >= 1.
    times : mapping of str to ndarray
        Increasing times, for each flow.
    repetitions : int
        Number of data sets, >= 1. The data set number i depends on `seed`, `n` and i only.
    seed : int
        Seed, >= 0.
    beyond : float
        Give up a flow where its error exceeds the least so far by this factor, >= 1: later entries are inf.

    Returns
    -------
    dict of str to ndarray, shape (repetitions, len(times))

    Raises
    ------
    ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> from opgd.regression.frequencies import lattice
    >>> design = Design(Wave(), lattice(2, 81), r=2.0, sigma=0.1)
    >>> times = {"fixed": np.array([1.0, 1e4]), "adaptive": np.array([1.0, 30.0])}
    >>> flows = {"fixed": FixedKernelFlow(), "adaptive": CoupledFlow(depth=0)}
    >>> curves = error_curves(design, flows, 200, times, repetitions=1, seed=0)
    >>> bool(curves["adaptive"].min() < 0.1 < curves["fixed"].min())
    True
    """
    check.whole("repetitions", repetitions, least=1)
    check.whole("seed", seed, least=0)
    check.real("beyond", beyond, least=1, infinite=True)
    if set(times) != set(flows):
        raise ValueError(f"times = {sorted(times)} is not allowed: it must name the flows {sorted(flows)}")
    eigenvalues = kernel_eigenvalues(design.frequencies, design.r)
    truth, energy = design.target.coefficients(design.frequencies), design.target.energy
    curves = {name: np.full((repetitions, len(times[name])), math.inf) for name in flows}
    with threadpool_limits(1, user_api="blas"):  # the same bits on any machine's number of cores
        for i in range(repetitions):
            x, y = design.sample(n, np.random.default_rng([seed, n, i]))
            loss = LeastSquares.of(real_features(x, design.frequencies), y)
            for name, flow in flows.items():
                least = energy
                for j, state in enumerate(flow.path(loss, eigenvalues, times[name])):
                    error = float(state.theta @ state.theta - 2 * state.theta @ truth) + energy
                    curves[name][i, j] = error
                    least = min(least, error)
                    if error > beyond * least:
                        break
    return curves
