r"""The risk of a flow by simulation: independent trials, with noise that is the same for every method."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow.interface import Flow, check_flow
from opgd.problem import PowerLaw, SequenceModel, check_problem

__all__ = ["monte_carlo_risk", "trial_generators"]

PIECE = 2**18  # components simulated at a time
MEMORY = 2**22  # estimates held at a time, by each worker


def monte_carlo_risk(
    flow: Flow,
    problem: PowerLaw | SequenceModel,
    t: ArrayLike,
    *,
    repetitions: int = 64,
    seed: int | Sequence[int] = 0,
    workers: int = 1,
    progress: bool = False,
) -> Array:
    r"""Simulate the risk of independent trials.

    Trial r draws its noise from ``SeedSequence(seed, spawn_key=(r,))``: the same noise for every flow,
    time and number of repetitions (paired comparisons), and the first components of a longer sequence get
    the same noise. The result does not depend on `workers`, bit for bit; each needs about 200 MB at most.

    Parameters
    ----------
    flow : Flow
        The estimator.
    problem : PowerLaw or SequenceModel
        The problem, of finite size.
    t : array_like, shape (k,)
        Flow times $\ge 0$.
    repetitions : int
        Number of trials, >= 1.
    seed : int or sequence of int
        Seed(s), >= 0.
    workers : int
        Number of threads, >= 1.
    progress : bool
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    ndarray, shape (repetitions, k)

    Raises
    ------
    ValueError
        If an argument is outside its range, or `problem` is untruncated.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow, PowerLaw, monte_carlo_risk
    >>> problem = PowerLaw(p=1, q=2, gamma=1.5, n=100, size=1000)
    >>> monte_carlo_risk(OverParameterizedFlow(depth=0), problem, [1.0, 10.0], repetitions=3).shape
    (3, 2)
    """
    t = check.array("t", t, least=0, infinite=True)
    if t.ndim != 1:
        raise ValueError(f"t of shape {t.shape} is not allowed: it must have one axis")
    repetitions = check.whole("repetitions", repetitions, least=1)
    trial_generators(seed, range(0))  # a bad seed is refused before any work
    workers = check.whole("workers", workers, least=1)
    check_flow(flow)
    check_problem(problem)
    if problem.size == math.inf:
        raise ValueError(
            "size = inf is not allowed in a simulation: give a finite size, or use expected_risk"
        )
    piece = min(int(problem.size), PIECE)
    rows = max(1, MEMORY // (piece * max(1, t.size)))
    risks = np.zeros((repetitions, t.size))

    def simulate(trials: range) -> None:
        rngs = trial_generators(seed, trials)
        columns = max(1, MEMORY // (piece * len(trials)))
        for start in range(0, int(problem.size), piece):
            signal, eigenvalues = _window(problem, start, min(start + piece, int(problem.size)))
            z = np.stack([rng.standard_normal(signal.size) for rng in rngs])
            z *= problem.epsilon
            z += signal
            for column in range(0, t.size, columns):
                some = slice(column, column + columns)
                error = flow.estimate(z, eigenvalues, t[some])
                error -= signal
                risks[trials.start : trials.stop, some] += np.einsum("trj,trj->rt", error, error)

    blocks = [range(start, min(start + rows, repetitions)) for start in range(0, repetitions, rows)]
    with ThreadPoolExecutor(workers) as pool:
        done = pool.map(simulate, blocks)
        if progress:
            from tqdm.auto import tqdm

            done = tqdm(done, total=len(blocks), desc="trials", unit="block")
        for _ in done:
            pass
    return risks


def trial_generators(seed: int | Sequence[int], trials: range) -> list[np.random.Generator]:
    """Return the source of the noise of each trial: with the same seed, the same for every method.

    Parameters
    ----------
    seed : int or sequence of int
        Seed(s), >= 0.
    trials : range
        Which trials.

    Returns
    -------
    list of numpy.random.Generator
        Trial r has that of ``SeedSequence(seed, spawn_key=(r,))``, whatever the others are.

    Raises
    ------
    ValueError
        If a seed is not a whole number >= 0.

    Examples
    --------
    >>> from opgd.risk import trial_generators
    >>> one, many = trial_generators(0, range(1, 2)), trial_generators([0], range(5))
    >>> one[0].random() == many[1].random()
    True
    """
    seeds = [check.whole("seed", s, least=0) for s in (seed if isinstance(seed, Sequence) else [seed])]
    return [np.random.default_rng(np.random.SeedSequence(seeds, spawn_key=(r,))) for r in trials]


def _window(problem: PowerLaw | SequenceModel, start: int, stop: int) -> tuple[Array, Array]:
    if isinstance(problem, PowerLaw):
        return problem.window(start, stop)
    return problem.signal[start:stop], problem.eigenvalues[start:stop]
