r"""Classical estimators of the sequence model: every rule has one method, ``estimate(z, epsilon)``.

The data are $z_j = \theta^*_j + \varepsilon \xi_j$ along the last axis of `z`; the axes before it hold
independent data sets. The noise level is known. No rule looks at eigenvalues; `IndexThreshold`, `Blockwise`,
`SpectralCutoff` and `Pinsker` use the order of the components, the others do not. The empirical-Bayes rule
and the linear rules have modules of their own, `empirical_bayes` and `linear_rules`; exact risks are in
`exact_risk`.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from opgd import _validate as check
from opgd._validate import Array
from opgd.classics.empirical_bayes import data_sets, standardised

__all__ = [
    "Blockwise",
    "FDRThreshold",
    "HybridSURE",
    "IndexThreshold",
    "Shrinkage",
    "UniversalThreshold",
    "universal_level",
]


class Shrinkage(Protocol):
    """What all rules have in common."""

    def estimate(self, z: ArrayLike, epsilon: float) -> Array:
        r"""Estimate $\theta^*$ from data with noise level `epsilon`; the shape is that of `z`."""
        ...


def universal_level(size: int) -> float:
    r"""Return $\sqrt{2 \ln N}$, which the largest of N standard normal variables rarely exceeds.

    Parameters
    ----------
    size : int
        N >= 1.

    Examples
    --------
    >>> from opgd.classics import universal_level
    >>> round(universal_level(1000), 6)
    3.716922
    """
    return math.sqrt(2 * math.log(check.whole("size", size, least=1)))


@dataclass(frozen=True)
class UniversalThreshold:
    r"""Threshold at $\varepsilon \sqrt{2 \ln N}$ (Donoho & Johnstone, Biometrika 1994).

    Parameters
    ----------
    mode : {"soft", "hard"}
        Soft: what remains is moved towards zero by the threshold. Hard: it is kept as it is.

    Raises
    ------
    ValueError
        If `mode` is neither.

    Examples
    --------
    >>> from opgd.classics import UniversalThreshold
    >>> UniversalThreshold("hard").estimate([3.0, 1.0, -0.5, 0.2], epsilon=0.5).tolist()
    [3.0, 1.0, 0.0, 0.0]
    >>> UniversalThreshold("soft").estimate([3.0, 1.0, -0.5, 0.2], epsilon=0.5).round(4).tolist()
    [2.1674, 0.1674, 0.0, 0.0]
    """

    mode: Literal["soft", "hard"] = "soft"

    def __post_init__(self) -> None:
        if not isinstance(self.mode, str) or self.mode not in ("soft", "hard"):
            raise ValueError(f"mode = {self.mode!r} is not allowed: it must be 'soft' or 'hard'")

    def estimate(self, z: ArrayLike, epsilon: float) -> Array:
        r"""Estimate $\theta^*$.

        Parameters
        ----------
        z : array_like, shape (..., N)
            Observations, N >= 1.
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
        return _threshold(z, epsilon, universal_level(z.shape[-1]), self.mode)


@dataclass(frozen=True)
class IndexThreshold:
    r"""Hard threshold at $\varepsilon \sqrt{c \ln j}$: each component has its own level, and none needs N.

    Levels that grow with the index are what weights on the components amount to in a penalised choice among
    all subsets of an infinite sequence (Birgé & Massart, J. Eur. Math. Soc. 2001). Noise passes the level
    with probability of about $j^{-c/2}$ and adds

    .. math:: \varepsilon^2 \sum_j \mathbb{E}\, \xi^2 1\{\xi^2 \ge c \ln j\}

    to the risk, which is finite for an infinite sequence if and only if $c > 2$. At $c = 2$ the sum grows
    with the number N of components like $\frac{4}{3 \sqrt\pi} (\ln N)^{3/2}$: slowly, but without limit.

    Parameters
    ----------
    factor : float
        $c > 0$.

    Raises
    ------
    ValueError
        If `factor` is not > 0.

    Examples
    --------
    >>> from opgd.classics import IndexThreshold
    >>> IndexThreshold().estimate([0.1, 0.7, 0.7, 0.7], epsilon=0.5).tolist()
    [0.1, 0.7, 0.0, 0.0]
    """

    factor: float = 2.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "factor", check.real("factor", self.factor, above=0))

    def levels(self, log_index: ArrayLike) -> Array:
        r"""Return $\sqrt{c \ln j}$.

        Parameters
        ----------
        log_index : array_like
            $\ln j \ge 0$.

        Returns
        -------
        ndarray, shape of `log_index`
            Levels in units of the noise level.
        """
        return np.asarray(np.sqrt(self.factor * check.array("log_index", log_index, least=0)))

    def estimate(self, z: ArrayLike, epsilon: float) -> Array:
        r"""Estimate $\theta^*$; arguments, result and errors as for `UniversalThreshold.estimate`."""
        z, epsilon = data_sets(z, epsilon)
        return _threshold(z, epsilon, self.levels(np.log(np.arange(1.0, z.shape[-1] + 1))), "hard")


@dataclass(frozen=True)
class FDRThreshold:
    r"""Hard threshold that controls the false discovery rate (Abramovich et al., Ann. Statist. 2006).

    With $|z|_{(1)} \ge |z|_{(2)} \ge \dots$ and $t_k = \varepsilon\, \Phi^{-1}(1 - \tfrac r2 \tfrac kN)$ for
    the rate $r$, the $\hat k$ largest components are kept, where $\hat k$ is the last $k$ with
    $|z|_{(k)} \ge t_k$: the procedure of Benjamini and Hochberg.

    Parameters
    ----------
    rate : float
        $r$, in (0, 1). Asymptotic minimaxity over sparse sequences needs $r \le 1/2$.

    Raises
    ------
    ValueError
        If `rate` is outside (0, 1).

    Examples
    --------
    >>> from opgd.classics import FDRThreshold
    >>> FDRThreshold(0.1).estimate([3.0, 1.2, -0.5, 0.2], epsilon=0.5).tolist()
    [3.0, 1.2, 0.0, 0.0]
    """

    rate: float = 0.05

    def __post_init__(self) -> None:
        rate = check.real("rate", self.rate, above=0, most=1)
        if rate == 1:
            raise ValueError(f"rate = {self.rate!r} is not allowed: it must be a real number > 0 and < 1")
        object.__setattr__(self, "rate", rate)

    def estimate(self, z: ArrayLike, epsilon: float) -> Array:
        r"""Estimate $\theta^*$; arguments, result and errors as for `UniversalThreshold.estimate`."""
        z, epsilon = data_sets(z, epsilon)
        size, least = z.shape[-1], -ndtri(self.rate / 2)  # the lowest of all thresholds
        out = np.zeros_like(z)
        for row, kept in zip(z.reshape(-1, size), out.reshape(-1, size), strict=True):
            u = standardised(row, epsilon)
            candidates = np.flatnonzero(u >= least)
            candidates = candidates[np.argsort(-u[candidates], kind="stable")]
            p_values = 2 * ndtr(-u[candidates])
            passed = np.flatnonzero(p_values <= self.rate * np.arange(1, candidates.size + 1) / size)
            if passed.size:
                chosen = candidates[: passed[-1] + 1]
                kept[chosen] = row[chosen]
        return out


@dataclass(frozen=True)
class HybridSURE:
    r"""Soft threshold that minimises Stein's estimate of the risk, unless the data look too sparse for it.

    With $u = z / \varepsilon$, the threshold is the minimiser over $[0, \sqrt{2 \ln N}]$ of

    .. math:: \mathrm{SURE}(\lambda) = N - 2\, |\{j : |u_j| \le \lambda\}| + \sum_j \min(u_j^2, \lambda^2),

    but $\sqrt{2 \ln N}$ where $N^{-1} \sum_j (u_j^2 - 1) \le (\log_2 N)^{3/2} / \sqrt N$ (Donoho & Johnstone,
    J. Amer. Statist. Assoc. 1995). ``Blockwise(HybridSURE())`` is their SureShrink, which chooses a
    threshold for each dyadic block.

    Examples
    --------
    >>> from opgd.classics import HybridSURE
    >>> HybridSURE().estimate([9.0, 8.0, -7.0, 0.1], epsilon=1.0).round(9).tolist()
    [8.9, 7.9, -6.9, 0.0]
    """

    def estimate(self, z: ArrayLike, epsilon: float) -> Array:
        r"""Estimate $\theta^*$; arguments, result and errors as for `UniversalThreshold.estimate`."""
        z, epsilon = data_sets(z, epsilon)
        return _threshold(z, epsilon, self.levels(z, epsilon)[..., None], "soft")

    def levels(self, z: ArrayLike, epsilon: float) -> Array:
        r"""Return the chosen threshold of each data set, in units of the noise level.

        Parameters
        ----------
        z : array_like, shape (..., N)
            Observations.
        epsilon : float
            Noise level, > 0.

        Returns
        -------
        ndarray, shape (...)
        """
        z, epsilon = data_sets(z, epsilon)
        size, most = z.shape[-1], universal_level(z.shape[-1])
        sparse = math.log2(size) ** 1.5 / math.sqrt(size)
        levels = np.full(z.shape[:-1], most)
        for place in np.ndindex(levels.shape):
            u = standardised(z[place], epsilon)
            if (np.minimum(u, 1e100) ** 2 - 1).mean() <= sparse:
                continue
            u = np.sort(np.minimum(u, most))  # only what lies below can be the minimiser
            k = np.arange(1.0, size + 1)
            sure = size - 2 * k + np.cumsum(u**2) + (size - k) * u**2
            sure[u >= most] = math.inf
            at_most = size - 2 * np.count_nonzero(u < most) + (u**2).sum()
            best = int(sure.argmin())
            smallest = min(float(size), float(at_most), float(sure[best]))
            levels[place] = 0.0 if smallest == size else most if smallest == at_most else u[best]
        return levels


@dataclass(frozen=True)
class Blockwise:
    r"""Apply a rule to each dyadic block $2^k \le j < 2^{k+1}$ of the components by itself.

    In wavelet shrinkage the blocks are the levels of resolution. Here they let a rule use the order of the
    components: early blocks, where signals are dense, are treated unlike late ones.

    Parameters
    ----------
    rule : Shrinkage
        What to apply.

    Raises
    ------
    ValueError
        If `rule` has no method `estimate`.

    Examples
    --------
    >>> from opgd.classics import Blockwise, UniversalThreshold
    >>> Blockwise(UniversalThreshold("hard")).estimate([0.1, 0.7, 0.1, 0.7], epsilon=0.5).tolist()
    [0.1, 0.7, 0.0, 0.7]
    """

    rule: Shrinkage

    def __post_init__(self) -> None:
        if not callable(getattr(self.rule, "estimate", None)) or isinstance(self.rule, type):
            raise ValueError(f"rule = {self.rule!r} is not allowed: it must have a method estimate")

    def estimate(self, z: ArrayLike, epsilon: float) -> Array:
        r"""Estimate $\theta^*$; arguments, result and errors as for `UniversalThreshold.estimate`."""
        z, epsilon = data_sets(z, epsilon)
        edges = np.append(2 ** np.arange(z.shape[-1].bit_length()) - 1, z.shape[-1])
        blocks = [z[..., a:b] for a, b in itertools.pairwise(edges) if a < b]
        return np.concatenate([self.rule.estimate(block, epsilon) for block in blocks], axis=-1)


def _threshold(z: Array, epsilon: float, levels: Array | float, mode: Literal["soft", "hard"]) -> Array:
    """Return what is beyond the threshold, or what is above it; zero has no sign."""
    with np.errstate(over="ignore"):
        level, size = epsilon * levels, np.abs(z)
        kept = (
            np.maximum(size - level, 0.0) * np.sign(z) if mode == "soft" else np.where(size < level, 0.0, z)
        )
    return np.asarray(kept + 0.0)
