r"""Linear estimators of the sequence model: keep the first components, or Pinsker's weights.

Both use the order of the components and one number, how far to go, which somebody has to know.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from opgd import _validate as check
from opgd._validate import Array
from opgd.classics.empirical_bayes import data_sets

__all__ = ["Pinsker", "SpectralCutoff"]

MOST_WEIGHTS = 2**22  # components that a Pinsker estimator may reach


@dataclass(frozen=True)
class SpectralCutoff:
    r"""Keep the first components as they are and drop the rest: the projection estimator.

    Which number to keep is a question to an oracle, `opgd.classics.exact_risk.oracle_cutoff`.

    Parameters
    ----------
    kept : int
        How many components to keep, >= 0.

    Raises
    ------
    ValueError
        If `kept` is not a whole number >= 0.

    Examples
    --------
    >>> from opgd.classics import SpectralCutoff
    >>> SpectralCutoff(2).estimate([3.0, 1.0, -0.5], epsilon=0.5).tolist()
    [3.0, 1.0, 0.0]
    """

    kept: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "kept", check.whole("kept", self.kept, least=0))

    def weights(self, index: ArrayLike) -> Array:
        """Return 1 where `index` (from 1 on) is kept, else 0."""
        return np.asarray(check.array("index", index, least=1) <= self.kept, dtype=np.float64)

    def estimate(self, z: ArrayLike, epsilon: float) -> Array:
        r"""Estimate $\theta^*$; arguments, result and errors as for `UniversalThreshold.estimate`."""
        z, _ = data_sets(z, epsilon)
        return z * self.weights(np.arange(1.0, z.shape[-1] + 1)) + 0.0


@dataclass(frozen=True)
class Pinsker:
    r"""The linear rule with weights $(1 - (j/m)^\alpha)_+$ (Pinsker, Probl. Inf. Transm. 1980).

    For the right $m$ it is the minimax linear rule, and asymptotically the minimax rule, over the ellipsoid
    $\sum_j j^{2\alpha} \theta_j^2 \le C^2$; `minimax` finds that $m$. For a given signal an oracle knows a
    better one, `opgd.classics.exact_risk.oracle_pinsker`.

    Parameters
    ----------
    smoothness : float
        $\alpha > 0$.
    cutoff : float
        $m > 0$, from where on the weights are zero.

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> from opgd.classics import Pinsker
    >>> Pinsker(smoothness=1, cutoff=4).estimate([1.0, 1.0, 1.0, 1.0, 1.0], epsilon=0.5).round(12).tolist()
    [0.75, 0.5, 0.25, 0.0, 0.0]
    """

    smoothness: float
    cutoff: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "smoothness", check.real("smoothness", self.smoothness, above=0))
        object.__setattr__(self, "cutoff", check.real("cutoff", self.cutoff, above=0))

    @classmethod
    def minimax(cls, smoothness: float, radius: float, epsilon: float) -> Pinsker:
        r"""Return the minimax linear rule over an ellipsoid.

        The bound $\mu = m^\alpha$ of the semi-axes solves
        $\varepsilon^2 \sum_j j^\alpha (\mu - j^\alpha)_+ = C^2$; between two whole numbers it is linear.

        Parameters
        ----------
        smoothness : float
            $\alpha > 0$.
        radius : float
            $C > 0$.
        epsilon : float
            Noise level, > 0.

        Returns
        -------
        Pinsker

        Raises
        ------
        ValueError
            If an argument is outside its range, or the rule would reach beyond $2^{22}$ components.

        Examples
        --------
        >>> from opgd.classics import Pinsker
        >>> round(Pinsker.minimax(smoothness=1, radius=1.0, epsilon=0.1).cutoff, 6)
        8.444444
        """
        smoothness = check.real("smoothness", smoothness, above=0)
        radius = check.real("radius", radius, above=0)
        epsilon = check.real("epsilon", epsilon, above=0)
        size = 64
        while size <= MOST_WEIGHTS:
            with np.errstate(over="ignore", invalid="ignore"):  # inf / inf: not reached
                axes = np.arange(1.0, size + 1) ** smoothness
                budget = (radius / epsilon) ** 2 if radius / epsilon < 1e150 else math.inf
                bound = (budget + np.cumsum(axes**2)) / np.cumsum(axes)
                reached = np.flatnonzero(bound <= np.append(axes[1:], math.inf)[: axes.size])[:1]
            if reached.size and reached[0] < size - 1 and np.isfinite(bound[reached[0]]):
                return cls(smoothness, float(bound[reached[0]] ** (1 / smoothness)))
            size *= 4
        raise ValueError(
            f"radius = {radius:g} with epsilon = {epsilon:g} is not allowed: the minimax rule would use more "
            f"than {MOST_WEIGHTS} components"
        )

    def weights(self, index: ArrayLike) -> Array:
        """Return the weights at `index` (from 1 on)."""
        index = check.array("index", index, least=1)
        return np.asarray(-np.expm1(self.smoothness * np.log(np.minimum(index / self.cutoff, 1.0))) + 0.0)

    def estimate(self, z: ArrayLike, epsilon: float) -> Array:
        r"""Estimate $\theta^*$; arguments, result and errors as for `UniversalThreshold.estimate`."""
        z, _ = data_sets(z, epsilon)
        return z * self.weights(np.arange(1.0, z.shape[-1] + 1)) + 0.0
