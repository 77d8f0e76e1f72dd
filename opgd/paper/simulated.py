r"""The paper's protocol for Tables 1 and 2, simulated: 256 data sets a sample size, stopped at the best time.

What `opgd.paper.tables` computes exactly is checked here by simulation. A run of all cells takes a while;
finished cells can be kept in a store, so that a run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
from numpy.polynomial import chebyshev

from opgd import _validate as check
from opgd._validate import Array
from opgd.paper.tables import REPETITIONS, SAMPLE_SIZES, Cell, Rate, Setting, in_threads
from opgd.risk import monte_carlo_risk

__all__ = ["Simulated", "Store", "simulate"]

RANGE = 0.6  # the best time is searched within a factor e^RANGE of the one expected
KNOTS = RANGE * np.cos(np.pi * (np.arange(7) + 0.5) / 7)  # ln of the times simulated
FINE = np.linspace(-RANGE, RANGE, 241)  # ln of the times to which ln(risk) is interpolated
INTERPOLATE = chebyshev.chebvander(FINE / RANGE, 6) @ np.linalg.inv(chebyshev.chebvander(KNOTS / RANGE, 6))


class Store(Protocol):
    """Where finished cells are kept."""

    def get(self, key: str) -> bytes | None:
        """Return what was kept under a name; None if nothing was."""
        ...

    def put(self, key: str, value: bytes) -> None:
        """Keep a value under a name; threads may call it at the same time."""
        ...


@dataclass(frozen=True)
class Simulated:
    """One cell by simulation.

    Attributes
    ----------
    common : Rate
        All trials stop at the time at which their mean risk is smallest.
    own : Rate
        Each trial stops at its own best time; `t` is the mean of these times.
    """

    common: Rate
    own: Rate


def simulate(
    cells: Sequence[Cell],
    setting: Setting,
    times: Sequence[Array],
    *,
    repetitions: int = REPETITIONS,
    seed: int = 0,
    store: Store | None = None,
    workers: int = 2,
    progress: bool = False,
) -> list[Simulated]:
    r"""Simulate cells by the paper's protocol.

    All cells see the same noise; it is new for each sample size.

    Parameters
    ----------
    cells : sequence of Cell
        Which cells.
    setting : Setting
        The settings that are not printed, with a finite size.
    times : sequence of ndarray, shape (11,)
        The best times to be expected, for each cell: those found lie within a factor of 1.8.
    repetitions : int
        Number of trials for each sample size, >= 2.
    seed : int
        Seed, >= 0.
    store : Store, optional
        Where each finished cell is kept; a later call with the same arguments takes it from there. The name
        of a cell is a digest of the arguments, not of the code: a store must not outlive a change of `opgd`.
    workers : int
        Number of threads, >= 1; the results do not depend on it.
    progress : bool
        Show a progress bar (needs tqdm).

    Returns
    -------
    list of Simulated

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> from opgd.paper.simulated import simulate
    >>> from opgd.paper.tables import CELLS, Setting, exact_rate
    >>> cell, setting = CELLS[9], Setting(size=50)
    >>> (found,) = simulate([cell], setting, [exact_rate(cell, setting).t], repetitions=20)
    >>> bool((found.own.mean <= found.common.mean).all())
    True
    """
    repetitions = check.whole("repetitions", repetitions, least=2)
    seed = check.whole("seed", seed, least=0)
    if setting.size == np.inf:
        raise ValueError("size = inf is not allowed in a simulation: give a finite size")
    expected = [check.array("times", t, least=0) for t in times]
    if len(expected) != len(cells) or any(t.shape != SAMPLE_SIZES.shape or not t.all() for t in expected):
        raise ValueError(
            f"times = {times} are not allowed: there must be {SAMPLE_SIZES.size} times > 0 for each of "
            f"{len(cells)} cells"
        )
    names = [_name(cell, setting, t, repetitions, seed) for cell, t in zip(cells, expected, strict=True)]
    kept = {name: None if store is None else store.get(name) for name in names}

    def one(task: tuple[Cell, Array, str]) -> Simulated:
        cell, t, name = task
        content = kept[name]
        if content is not None:
            found = np.array(json.loads(content))
        else:
            found = _run(cell, setting, t, repetitions, seed)
            if store is not None:
                store.put(name, json.dumps(found.tolist()).encode())
        return Simulated(*(Rate.fit(t, mean, std, repetitions) for t, mean, std in found))

    return in_threads(one, list(zip(cells, expected, names, strict=True)), workers, progress)


def _name(cell: Cell, setting: Setting, times: Array, repetitions: int, seed: int) -> str:
    """What a finished cell is called."""
    key = {"cell": asdict(cell), "setting": asdict(setting), "t": times.tolist()}
    text = json.dumps(key | {"repetitions": repetitions, "seed": seed}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _run(cell: Cell, setting: Setting, times: Array, repetitions: int, seed: int) -> Array:
    """Return time, mean risk and its spread for both oracles, shape (2, 3, 11)."""
    found = np.empty((2, 3, SAMPLE_SIZES.size))
    for i, (n, t) in enumerate(zip(SAMPLE_SIZES.tolist(), times.tolist(), strict=True)):
        flow, problem = setting.flow(cell, n), setting.problem(cell, n)
        risks = monte_carlo_risk(
            flow, problem, t * np.exp(KNOTS), repetitions=repetitions, seed=[seed, int(n)]
        )
        risks = np.exp(np.log(risks) @ INTERPOLATE.T)
        best = int(risks.mean(axis=0).argmin())
        own = risks.argmin(axis=1)
        for stop, ln_t, risk in ((0, FINE[best], risks[:, best]), (1, FINE[own].mean(), risks.min(axis=1))):
            found[stop, :, i] = t * np.exp(ln_t), risk.mean(), risk.std(ddof=1)
    return found
