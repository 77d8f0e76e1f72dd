r"""The universal stopping time of the theory, which needs the noise level only, and its constant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow import OverParameterizedFlow
from opgd.problem import PowerLaw, SequenceModel, check_problem
from opgd.risk.curve import risk_curve
from opgd.stopping.oracle import oracle_stopping

__all__ = ["ConstantProfile", "constant_profile", "universal_time"]

ROUGH = 2.5  # coarseness of the risk: right to about three digits


def universal_time(depth: int, epsilon: float, constant: float = 1.0) -> float:
    r"""Return the time $t = c\, \varepsilon^{-(2D+2)/(D+2)}$ of Corollary 3.3.

    With $b_0 = \varepsilon^{1/(D+2)}$, as for ``OverParameterizedFlow.tuned``, it is where
    $b_0^D t = c/\varepsilon$, the time of Theorems 3.1 and 3.2.

    Parameters
    ----------
    depth : int
        $D \ge 0$.
    epsilon : float
        Noise level, > 0.
    constant : float
        $c > 0$, which the paper leaves open; see `constant_profile`.

    Examples
    --------
    >>> from opgd.stopping import universal_time
    >>> round(universal_time(0, 0.01), 9), round(universal_time(2, 0.01, 2.0), 9)
    (100.0, 2000.0)
    """
    depth = check.whole("depth", depth, least=0)
    epsilon = check.real("epsilon", epsilon, above=0)
    constant = check.real("constant", constant, above=0)
    return float(constant * epsilon ** (-(2 * depth + 2) / (depth + 2)))


@dataclass(frozen=True)
class ConstantProfile:
    r"""The risk at the universal time, as a function of its constant.

    Attributes
    ----------
    constants : ndarray, shape (k,)
        Values of $c$.
    risk : ndarray, shape (problems, k)
        Expected risk at $t = c\, \varepsilon^{-(2D+2)/(D+2)}$, right to about three digits.
    oracle : ndarray, shape (problems,)
        Expected risk at the oracle time.
    """

    constants: Array
    risk: Array
    oracle: Array

    @property
    def regret(self) -> Array:
        """What the risk exceeds the oracle's by, relative to that; shape (problems, k)."""
        return self.risk / self.oracle[:, None] - 1

    @property
    def best(self) -> int:
        """Index of the constant whose largest regret is smallest."""
        return int(self.regret.max(axis=0).argmin())

    @property
    def worst(self) -> int:
        """Index of the problem with the largest regret at the best constant."""
        return int(self.regret[:, self.best].argmax())


def constant_profile(
    depth: int, problems: Sequence[PowerLaw | SequenceModel], constants: ArrayLike
) -> ConstantProfile:
    r"""Compute the regret of the universal time for several constants, on several problems.

    The flow is ``OverParameterizedFlow.tuned(depth, problem.epsilon)``.

    Parameters
    ----------
    depth : int
        $D \ge 0$.
    problems : sequence of PowerLaw or SequenceModel
        At least one.
    constants : array_like, shape (k,)
        Increasing values of $c > 0$.

    Returns
    -------
    ConstantProfile

    Raises
    ------
    ValueError
        If an argument is outside its range, or as `expected_risk`.

    Examples
    --------
    >>> from opgd import PowerLaw
    >>> from opgd.stopping import constant_profile
    >>> problems = [PowerLaw(p=1, q=2, gamma=gamma, n=2000, size=10_000) for gamma in (1.5, 3.0)]
    >>> profile = constant_profile(0, problems, [0.5, 1.0, 1.5, 2.0])
    >>> float(profile.constants[profile.best]), profile.regret[:, profile.best].round(2).tolist()
    (1.0, [0.0, 0.51])
    """
    depth = check.whole("depth", depth, least=0)
    constants = check.array("constants", constants)
    if constants.ndim != 1 or not constants.size or constants[0] <= 0 or (np.diff(constants) <= 0).any():
        raise ValueError(f"constants = {constants} is not allowed: it must hold increasing numbers > 0")
    if not isinstance(problems, Sequence) or not problems:
        raise ValueError(f"problems = {problems!r} is not allowed: it must be a list of at least one problem")
    risk, oracle = [], []
    for problem in problems:
        check_problem(problem, "an element of problems")
        flow = OverParameterizedFlow.tuned(depth, problem.epsilon)
        t = universal_time(depth, problem.epsilon) * constants
        risk.append(risk_curve(flow, problem, t, ROUGH).mean)
        oracle.append(oracle_stopping(flow, problem).risk)
    return ConstantProfile(constants, np.array(risk), np.array(oracle))
