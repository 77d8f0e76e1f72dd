r"""The sequence model and the power-law problem of Example 2.3.

The data are $z_j = \theta^*_j + \varepsilon \xi_j$ with independent standard normal $\xi_j$, equation (5) of
the paper, and $\varepsilon^2 = 1/n$.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from opgd import _validate as check
from opgd._validate import Array

__all__ = ["PowerLaw", "SequenceModel"]

LARGEST_SIZE = 2**53


@dataclass(frozen=True, eq=False)
class SequenceModel:
    r"""A finite Gaussian sequence model with the eigenvalues of a kernel attached.

    Parameters
    ----------
    signal : array_like, shape (N,)
        The true coefficients $\theta^*_j$.
    eigenvalues : array_like, shape (N,)
        The eigenvalues $\lambda_j \ge 0$ in the same order.
    epsilon : float
        Standard deviation of the noise in each coefficient, > 0.

    Raises
    ------
    ValueError
        If an argument is not finite, has the wrong sign or the lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> from opgd import SequenceModel
    >>> model = SequenceModel(signal=[1.0, 0.0], eigenvalues=[1.0, 0.5], epsilon=0.1)
    >>> model.observe(np.random.default_rng(0), repetitions=3).shape
    (3, 2)
    """

    signal: Array
    eigenvalues: Array
    epsilon: float

    def __post_init__(self) -> None:
        signal = check.array("signal", self.signal).copy()
        eigenvalues = check.array("eigenvalues", self.eigenvalues, least=0).copy()
        if signal.ndim != 1 or signal.shape != eigenvalues.shape or not signal.size:
            raise ValueError(
                f"signal of shape {signal.shape} and eigenvalues of shape {eigenvalues.shape} are not "
                "allowed: both must have the same shape (N,) with N >= 1"
            )
        signal.flags.writeable = eigenvalues.flags.writeable = False
        object.__setattr__(self, "signal", signal)
        object.__setattr__(self, "eigenvalues", eigenvalues)
        object.__setattr__(self, "epsilon", check.real("epsilon", self.epsilon, above=0))

    @property
    def size(self) -> int:
        """Number N of components."""
        return int(self.signal.size)

    def observe(self, rng: np.random.Generator, repetitions: int = 1) -> Array:
        r"""Draw observations $z = \theta^* + \varepsilon \xi$, equation (5).

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of the noise.
        repetitions : int
            Number of independent data sets, >= 1.

        Returns
        -------
        ndarray, shape (repetitions, N)
        """
        if not isinstance(rng, np.random.Generator):
            raise ValueError(f"rng = {rng!r} is not allowed: it must be a numpy.random.Generator")
        repetitions = check.whole("repetitions", repetitions, least=1)
        z = rng.standard_normal((repetitions, self.size))
        z *= self.epsilon
        z += self.signal
        return z


@dataclass(frozen=True)
class PowerLaw:
    r"""Misaligned power laws, Example 2.3 and equation (4).

    The eigenvalues are $\lambda_j = j^{-\gamma}$ and the signal is sparse in their order:
    $\theta^*_{l(j)} = j^{-(p+1)/2}$ at $l(j) = \lfloor j^q \rfloor$, zero elsewhere. Indices start at 1.

    Parameters
    ----------
    p : float
        Decay of the signal, > 0. The best possible rate of the risk is $n^{-p/(p+1)}$.
    q : float
        Misalignment between signal and eigenvalues, >= 1 (1: aligned).
    gamma : float
        Decay of the eigenvalues, > 0.
    n : float
        Sample size, >= 1; the noise level is $\varepsilon = n^{-1/2}$.
    size : int or inf
        Number N of components; inf (default) is the untruncated sequence.

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> from opgd import PowerLaw
    >>> problem = PowerLaw(p=1, q=2, gamma=1.5, n=2500)
    >>> problem.epsilon
    0.02
    >>> problem.truncated(9).signal.tolist()
    [1.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.3333333333333333]
    """

    p: float
    q: float
    gamma: float
    n: float
    size: float = math.inf

    def __post_init__(self) -> None:
        for name, value in (
            ("p", check.real("p", self.p, above=0)),
            ("q", check.real("q", self.q, least=1)),
            ("gamma", check.real("gamma", self.gamma, above=0)),
            ("n", check.real("n", self.n, least=1)),
        ):
            object.__setattr__(self, name, value)
        if self.size != math.inf:
            integral = isinstance(self.size, float) and self.size.is_integer()
            size = check.whole("size", int(self.size) if integral else self.size, least=1, most=LARGEST_SIZE)
            object.__setattr__(self, "size", size)

    @property
    def epsilon(self) -> float:
        r"""Noise level $\varepsilon = n^{-1/2}$."""
        return float(self.n**-0.5)

    @property
    def signals(self) -> float:
        r"""Number of indices $l(j) \le N$, that is of non-zero signals; inf for the untruncated sequence."""
        if self.size == math.inf:
            return math.inf
        count = int((self.size + 1.0) ** (1.0 / self.q)) + 2
        while self.positions(np.float64(count)) > self.size:
            count -= 1
        return count

    def positions(self, j: ArrayLike) -> Array:
        r"""Positions $l(j) = \lfloor j^q \rfloor$ of the signals numbered `j` >= 1; inf beyond a double."""
        with np.errstate(over="ignore"):
            return np.floor(np.asarray(j, dtype=np.float64) ** self.q)

    def truncated(self, size: int | None = None) -> SequenceModel:
        """Return the first `size` components (default: all of a finite problem) as arrays.

        Parameters
        ----------
        size : int, optional
            Number of components, at most the problem's own size.

        Returns
        -------
        SequenceModel
        """
        if size is None:
            if self.size == math.inf:
                raise ValueError(
                    "size = None is not allowed for an untruncated problem: give a whole number >= 1"
                )
            size = int(self.size)
        most = LARGEST_SIZE if self.size == math.inf else int(self.size)
        size = check.whole("size", size, least=1, most=most)
        return SequenceModel(*self.window(0, size), self.epsilon)

    def window(self, start: int, stop: int) -> tuple[Array, Array]:
        r"""Return signal and eigenvalues at the positions start + 1, ..., stop.

        Parameters
        ----------
        start, stop : int
            $0 \le$ start $\le$ stop, at most the problem's size.

        Returns
        -------
        signal, eigenvalues : ndarray, shape (stop - start,)
        """
        most = LARGEST_SIZE if self.size == math.inf else int(self.size)
        stop = check.whole("stop", stop, least=0, most=most)
        start = check.whole("start", start, least=0, most=stop)
        first, last = (
            PowerLaw(self.p, self.q, self.gamma, self.n, end).signals if end else 0 for end in (start, stop)
        )
        j = np.arange(first + 1.0, last + 1.0)
        signal = np.zeros(stop - start)
        signal[self.positions(j).astype(np.int64) - 1 - start] = j ** (-(self.p + 1) / 2)
        return signal, np.arange(start + 1.0, stop + 1.0) ** -self.gamma


def check_problem(problem: object, name: str = "problem") -> None:
    """Refuse what is no problem."""
    if not isinstance(problem, PowerLaw | SequenceModel):
        raise ValueError(f"{name} = {problem!r} is not allowed: it must be a PowerLaw or a SequenceModel")


def check_power_law(problem: object, *, finite: bool = False) -> None:
    """Refuse what is no power law, or not one of `finite` size."""
    if not isinstance(problem, PowerLaw) or (finite and problem.size == math.inf):
        size = " of finite size" if finite else ""
        raise ValueError(f"problem = {problem!r} is not allowed: it must be a PowerLaw{size}")
