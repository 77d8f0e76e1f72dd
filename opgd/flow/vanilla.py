r"""The vanilla flow: gradient flow with fixed eigenvalues, linear in the observation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from opgd._validate import Array
from opgd.flow.interface import Flow, Layers, arguments
from opgd.problem import PowerLaw, SequenceModel

__all__ = ["VanillaFlow"]


@dataclass(frozen=True)
class VanillaFlow(Flow):
    r"""Gradient flow with fixed eigenvalues, $\theta(t) = (1 - e^{-\lambda t}) z$.

    Only $\beta$ in $\theta = \lambda^{1/2} \beta$ is trained (section 3 of the paper, before (6)). Memory:
    arguments and results, and once more that of a result.

    Examples
    --------
    >>> from opgd import VanillaFlow
    >>> VanillaFlow().estimate(2.0, [1.0, 0.1], t=[0.0, float("inf")]).tolist()
    [[0.0, 0.0], [2.0, 2.0]]
    """

    linear = True

    def estimate(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> Array:
        r"""Return $\theta(t)$.

        Parameters
        ----------
        z : array_like
            Observations.
        eigenvalues : array_like
            $\lambda \ge 0$, broadcastable against `z`.
        t : array_like
            Flow times $\ge 0$ in any order; inf is allowed.

        Returns
        -------
        ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``

        Raises
        ------
        ValueError
            If an argument is NaN, has a forbidden sign, or the shapes do not broadcast.
        """
        z, lam, t, shape = arguments(z, eigenvalues, t)
        out = np.empty(t.shape + shape)
        with np.errstate(invalid="ignore", over="ignore"):  # 0 * inf: an eigenvalue of zero never moves
            np.multiply(lam, t.reshape(t.shape + (1,) * len(shape)), out=out)
        if np.isinf(t).any():
            out[np.isnan(out)] = 0
        np.negative(out, out=out)
        np.expm1(out, out=out)
        out *= -z
        return out

    def linearize(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
        r"""Return $\theta(t)$ and its derivative $\partial\theta(t) / \partial z = 1 - e^{-\lambda t}$.

        Arguments and errors are those of `estimate`.

        Returns
        -------
        theta, slope : ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``
        """
        theta = self.estimate(z, eigenvalues, t)
        return theta, self.estimate(np.ones(np.shape(z)), eigenvalues, t)

    def share(self, log_eigenvalues: Array, t: float) -> tuple[Array, Array]:
        r"""Return $\ln(1 - e^{-\lambda t})$ and $e^{-\lambda t}$."""
        rate = np.exp(log_eigenvalues + math.log(t))
        learned = np.log(-np.expm1(-rate))
        tiny = rate < 1e-290  # keep the product with a weight inside the range of a double
        learned[tiny] = log_eigenvalues[tiny] + math.log(t)
        return learned, np.exp(-rate)

    def time_scale(self, problem: PowerLaw | SequenceModel) -> float:
        r"""Return $\ln t$ for the rate $t = \varepsilon^{-2 q \gamma / (p + q)}$ of a power law."""
        if isinstance(problem, PowerLaw):
            return -2 * problem.q * problem.gamma / (problem.p + problem.q) * math.log(problem.epsilon)
        return -math.log(float(problem.eigenvalues.max()))

    def time_range(
        self, smallest: float, largest: float, strongest: float, epsilon: float
    ) -> tuple[float, float]:
        r"""Return powers of ten: from 1 % of the fastest component to $e^{-100}$ of the slowest."""
        return -math.log10(largest) - 2, -math.log10(smallest) + 2

    def start(self, eigenvalues: Array) -> Layers:
        r"""Return $\lambda^{1/2}$, which stays, and $\beta = 0$."""
        return np.sqrt(eigenvalues), np.zeros(eigenvalues.shape)

    def push(self, layers: Layers, pull: Array) -> Layers:
        r"""Move $\beta$."""
        root, beta = layers
        return root, beta + pull * root

    def product(self, layers: Layers) -> Array:
        r"""Return $\lambda^{1/2} \beta$."""
        root, beta = layers
        return root * beta
