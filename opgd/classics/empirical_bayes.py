r"""Empirical Bayes with a spike at zero and a Laplace slab (Johnstone & Silverman, Ann. Statist. 2004).

In units of the noise level each component has the prior $(1 - w)\, \delta_0 + w\, \tfrac a2 e^{-a |\mu|}$.
Let $\varphi, \Phi$ be the normal density and distribution function and $g$ the density of an observation
under the slab. With Mills' ratio $M(y) = \Phi(-y) / \varphi(y)$,

.. math::

    \beta(x) = \frac{g(x)}{\varphi(x)} - 1 = \frac a2 \bigl[ M(a - x) + M(a + x) \bigr] - 1 ,

so that the marginal likelihood of $w$ is $\prod_j (1 + w \beta(x_j))$, which is log-concave. The estimate is
the posterior median, an odd function of $x$ that vanishes up to a threshold: for $x > 0$ it is
$\max(0,\; x - a - \Phi^{-1}(\zeta))$ with $\zeta = \varphi(x - a) (1/w + \beta(x)) / a$, and 0 if
$\zeta \ge 1$.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import erfcx, ndtr, ndtri

from opgd import _validate as check
from opgd._validate import Array

__all__ = ["EmpiricalBayes", "data_sets", "standardised"]

LARGEST = 1e300  # in units of the noise level
BLOCK = 2**17  # components worked on at a time


@dataclass(frozen=True)
class EmpiricalBayes:
    r"""Posterior median under a spike and a Laplace slab, its weight by marginal maximum likelihood.

    The weight is restricted as by Johnstone and Silverman: the threshold does not exceed $\sqrt{2 \ln N}$.

    Parameters
    ----------
    scale : float
        $a$, in [0.01, 10]: the slab is $\tfrac a2 e^{-a |\mu|}$ in units of the noise level.

    Raises
    ------
    ValueError
        If `scale` is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> from opgd.classics import EmpiricalBayes
    >>> z = np.r_[5.0, -4.0, np.linspace(-1.5, 1.5, 98)]
    >>> EmpiricalBayes().estimate(z, epsilon=1.0)[:3].round(4).tolist()
    [4.4988, -3.4326, 0.0]
    """

    scale: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", check.real("scale", self.scale, least=0.01, most=10))

    def estimate(self, z: ArrayLike, epsilon: float) -> Array:
        r"""Estimate $\theta^*$.

        Parameters
        ----------
        z : array_like, shape (..., N)
            Observations, N >= 1; each data set along the last axis has a weight of its own.
        epsilon : float
            Noise level, > 0.

        Returns
        -------
        ndarray, shape of `z`

        Raises
        ------
        ValueError
            If `z` is empty or not finite, or `epsilon` is not > 0.
        """
        z, epsilon = data_sets(z, epsilon)
        weight, out = self.weight(z, epsilon), np.empty_like(z)
        for start in range(0, z.shape[-1], BLOCK):
            part = slice(start, start + BLOCK)
            u = standardised(z[..., part], epsilon)
            median = self.posterior_median(u, weight[..., None])
            with np.errstate(under="ignore", over="ignore"):  # zero, or at most the largest double
                shrunk = np.minimum(median * epsilon, np.abs(z[..., part]))
            out[..., part] = np.where(u < LARGEST, shrunk, np.abs(z[..., part]))
        return np.asarray(np.copysign(out, z) + 0.0)

    def weight(self, z: ArrayLike, epsilon: float) -> Array:
        r"""Return the weight $w$ of the slab that maximises the marginal likelihood.

        Parameters
        ----------
        z : array_like, shape (..., N)
            Observations.
        epsilon : float
            Noise level, > 0.

        Returns
        -------
        ndarray, shape (...)

        Raises
        ------
        ValueError
            As `estimate`.

        Examples
        --------
        >>> from opgd.classics import EmpiricalBayes
        >>> EmpiricalBayes().weight([[5.0, -4.0, 6.0], [5.0, 0.1, 0.2]], epsilon=1.0).round(4).tolist()
        [1.0, 0.5972]
        """
        z, epsilon = data_sets(z, epsilon)
        least = self.weight_at(math.sqrt(2 * math.log(z.shape[-1])))
        weights = np.empty(z.shape[:-1])
        for place in np.ndindex(weights.shape):
            beta = self._beta(standardised(z[place], epsilon))

            def slope(log_w: float, beta: Array = beta) -> float:
                """Derivative of the log likelihood in w: falls in w."""
                return float((beta / (1 + math.exp(log_w) * beta)).sum())

            low = math.log(least)
            if slope(low) <= 0:
                weights[place] = least
            elif slope(0.0) >= 0:
                weights[place] = 1.0
            else:
                weights[place] = math.exp(brentq(slope, low, 0.0, xtol=1e-12, rtol=1e-12))
        return weights

    def weight_at(self, threshold: float) -> float:
        r"""Return the weight for which the posterior median vanishes just up to `threshold`.

        Parameters
        ----------
        threshold : float
            In units of the noise level, in [0, 30].

        Returns
        -------
        float
            $w$ from $1/w = a\, M(a - x) - \beta(x)$ at $x$ = `threshold`: $\zeta = \Phi(x - a)$.

        Examples
        --------
        >>> from opgd.classics import EmpiricalBayes
        >>> EmpiricalBayes().weight_at(0.0)
        1.0
        """
        x, a = check.real("threshold", threshold, least=0, most=30), self.scale
        return float(1 / (1 + a / 2 * (_mills(a - x) - _mills(a + x))))

    def posterior_median(self, x: ArrayLike, weight: ArrayLike) -> Array:
        r"""Return the posterior median of a component in units of the noise level.

        Parameters
        ----------
        x : array_like
            Observations in units of the noise level.
        weight : array_like
            $w$ in (0, 1], broadcastable against `x`.

        Returns
        -------
        ndarray, shape of the broadcast arguments

        Raises
        ------
        ValueError
            If `x` is not finite or a weight is outside (0, 1].
        """
        x, w, a = check.array("x", x), check.array("weight", weight, least=0), self.scale
        if w.size and not (w.min() > 0 and w.max() <= 1):
            raise ValueError(f"weight = {weight!r} is not allowed: it must hold numbers > 0 and <= 1")
        check.broadcast(x=x, weight=w)
        u = np.abs(x)
        with np.errstate(under="ignore", over="ignore"):
            density = np.exp(-(np.minimum(np.abs(u - a), 1e3) ** 2) / 2) / math.sqrt(2 * math.pi)
            zeta = density * (1 / w - 1) / a + (ndtr(u - a) + density * _mills(a + u)) / 2
        median = np.maximum(u - a - ndtri(np.minimum(zeta, 1.0)), 0.0)
        return np.asarray(np.copysign(median, x) + 0.0)

    def _beta(self, u: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.minimum(self.scale / 2 * (_mills(self.scale - u) + _mills(self.scale + u)) - 1, LARGEST)


def data_sets(z: ArrayLike, epsilon: float) -> tuple[Array, float]:
    """Return checked data sets, each along the last axis, and their noise level."""
    z, epsilon = check.array("z", z), check.real("epsilon", epsilon, above=0)
    if z.ndim == 0 or not z.size:
        raise ValueError(f"z of shape {z.shape} is not allowed: its last axis must hold N >= 1 components")
    return z, epsilon


def standardised(z: Array, epsilon: float) -> Array:
    r"""Return $|z| / \varepsilon$, at most 1e300."""
    with np.errstate(over="ignore"):
        return np.minimum(np.abs(z) / epsilon, LARGEST)


def _mills(y: ArrayLike) -> Array:
    r"""Return Mills' ratio $\Phi(-y) / \varphi(y)$."""
    return np.asarray(math.sqrt(math.pi / 2) * erfcx(np.asarray(y) / math.sqrt(2)))
