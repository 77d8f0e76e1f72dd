r"""The paper's protocol for Tables 1 and 2, simulated: 256 data sets a sample size, stopped at the best time.

What `opgd.paper.tables` computes exactly is checked here by simulation. A run of all cells takes a while;
finished cells can be kept in a directory, so that a run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.polynomial import chebyshev

from opgd import _validate as check
from opgd._validate import Array
from opgd.paper.tables import REPETITIONS, SAMPLE_SIZES, Cell, Rate, Setting, in_threads
from opgd.risk import monte_carlo_risk

__all__ = ["Simulated", "simulate"]

RANGE = 0.6  # the best time is searched within a factor e^RANGE of the one expected
KNOTS = RANGE * np.cos(np.pi * (np.arange(7) + 0.5) / 7)  # ln of the times simulated
FINE = np.linspace(-RANGE, RANGE, 241)  # ln of the times to which ln(risk) is interpolated
INTERPOLATE = chebyshev.chebvander(FINE / RANGE, 6) @ np.linalg.inv(chebyshev.chebvander(KNOTS / RANGE, 6))


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
    store: str | os.PathLike[str] | None = None,
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
    store : path, optional
        Directory where each finished cell is kept; a later call with the same arguments and the same code
        takes it from there.
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
    sources = sorted(Path(__file__).parents[1].rglob("*.py"))
    code = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()

    def one(task: tuple[Cell, Array]) -> Simulated:
        cell, t = task
        key = {"cell": asdict(cell), "setting": asdict(setting), "t": t.tolist(), "code": code}
        text = json.dumps(key | {"repetitions": repetitions, "seed": seed}, sort_keys=True)
        kept = Path(store or ".") / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
        if store is not None and kept.is_file():
            found = np.array(json.loads(kept.read_text("utf-8")))
        else:
            found = _run(cell, setting, t, repetitions, seed)
            if store is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                part = kept.with_suffix(f".{os.getpid()}.tmp")
                part.write_text(json.dumps(found.tolist()), "utf-8")
                os.replace(part, kept)
        return Simulated(*(Rate.fit(t, mean, std, repetitions) for t, mean, std in found))

    return in_threads(one, list(zip(cells, expected, strict=True)), workers, progress)


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
