r"""Tables 1 and 2 of the paper, cell by cell: the exact rate and its spread in the paper's protocol.

A cell is the slope of $\log_{10}$ of the mean risk of 256 data sets at the oracle time against
$\log_{10} n$, for n = 2000, 2200, ..., 4000. Neither the slope nor its standard deviation needs a simulation.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.polynomial import Polynomial

from opgd import _validate as check
from opgd._validate import Array
from opgd.flows import OverParameterizedFlow
from opgd.problem import PowerLaw
from opgd.rates import fit_covariance, fit_rate
from opgd.risk import expected_risk, monte_carlo_risk
from opgd.stopping import oracle_stopping

__all__ = [
    "CELLS",
    "NINE",
    "SAMPLE_SIZES",
    "Cell",
    "Rate",
    "Setting",
    "exact_rate",
    "exact_rates",
    "simulated_rates",
]

SAMPLE_SIZES = np.arange(2000.0, 4001.0, 200.0)
REPETITIONS = 256
COARSE = 1000  # components of the problem whose best time is the first guess
T = TypeVar("T")
R = TypeVar("R")
CHEBYSHEV = np.cos(np.pi * (np.arange(3) + 0.5) / 3)  # sample sizes at which the best time is searched
TIMES = 1.15 ** np.cos(np.pi * (np.arange(5) + 0.5) / 5)  # times of one search


@dataclass(frozen=True)
class Cell:
    r"""One cell of Table 1 (depth 0) or Table 2.

    Parameters
    ----------
    depth : int
        $D$.
    gamma, p, q : float
        As for `PowerLaw`.

    Examples
    --------
    >>> from opgd.tables import Cell
    >>> cell = Cell(1, 3.0, 0.6, 2.0)
    >>> cell.item, cell.name, cell.optimal
    ('Table 2', 'D=1 gamma=3 p=0.6 q=2', 0.37499999999999994)
    """

    depth: int
    gamma: float
    p: float
    q: float

    @property
    def item(self) -> str:
        """The paper's table."""
        return "Table 2" if self.depth else "Table 1"

    @property
    def name(self) -> str:
        """Name of the cell in `opgd.reported`."""
        return f"D={self.depth} " * bool(self.depth) + f"gamma={self.gamma:g} p={self.p:g} q={self.q:g}"

    @property
    def optimal(self) -> float:
        """The optimal rate $r^* = p / (p + 1)$."""
        return self.p / (self.p + 1)


GAMMAS, POWERS, MISALIGNMENTS = (1.1, 2.0, 3.0), (0.6, 1.0, 3.0), (1.0, 1.5, 2.0)
CELLS = tuple(
    Cell(depth, gamma, p, q) for depth in range(3) for gamma in GAMMAS for p in POWERS for q in MISALIGNMENTS
)
"""All cells, in the order of `opgd.reported`."""
NINE = tuple(
    Cell(depth, GAMMAS[i], POWERS[(depth + i) % 3], MISALIGNMENTS[(depth + 2 * i) % 3])
    for depth in range(3)
    for i in range(3)
)
"""A Graeco-Latin square of cells: any two of depth, gamma, p, q take each pair of values once."""


@dataclass(frozen=True)
class Setting:
    r"""What the paper does not print.

    Parameters
    ----------
    size : int or inf
        Number N of components.
    b0 : float
        Factor c in $b_0 = c \, \varepsilon^{1/(D+2)}$, > 0.
    separate_layers : bool
        As for `OverParameterizedFlow`.
    horizon, power : float
        No flow runs longer than the time horizon * n**power; horizon > 0, inf (default) for no limit.
    """

    size: float
    b0: float = 1.0
    separate_layers: bool = False
    horizon: float = math.inf
    power: float = 0.0

    def __post_init__(self) -> None:
        PowerLaw(1, 1, 1, 1, self.size)  # refuses a bad size
        check.real("b0", self.b0, above=0)
        check.real("horizon", self.horizon, above=0, infinite=True)
        check.real("power", self.power)

    def flow(self, cell: Cell, n: float) -> OverParameterizedFlow:
        """Return the flow of a cell at sample size `n`."""
        b0 = self.b0 * n ** (-0.5 / (cell.depth + 2))
        return OverParameterizedFlow(cell.depth, b0, self.separate_layers)

    def problem(self, cell: Cell, n: float) -> PowerLaw:
        """Return the problem of a cell at sample size `n`."""
        return PowerLaw(cell.p, cell.q, cell.gamma, n, self.size)


@dataclass(frozen=True)
class Rate:
    r"""The rate in one cell.

    Attributes
    ----------
    rate : float
        Minus the slope of $\log_{10}$ of the mean risk against $\log_{10} n$.
    sd : float
        Standard deviation of `rate` in one run of the protocol.
    t, mean, std : ndarray, shape (11,)
        Best times of the mean; mean and standard deviation of one trial's risk there.
    """

    rate: float
    sd: float
    t: Array
    mean: Array
    std: Array

    @classmethod
    def fit(cls, t: Array, mean: Array, std: Array, repetitions: int = REPETITIONS) -> Rate:
        """Fit the slope to mean risks over `repetitions` trials, and propagate their errors to it."""
        log_sd = std / (mean * math.sqrt(repetitions) * math.log(10))
        sd = math.sqrt(fit_covariance(SAMPLE_SIZES, log_sd)[0, 0])
        return cls(-fit_rate(SAMPLE_SIZES, mean).slope, sd, t, mean, std)


def exact_rate(cell: Cell, setting: Setting, *, every: bool = True) -> Rate:
    r"""Compute the rate in a cell from the exact risk.

    $\ln t$ of the best time is a smooth function of $\ln n$: it is searched at four sample sizes and
    interpolated. The risk is flat there, so this moves it by less than 1e-6 of its value.

    Parameters
    ----------
    cell : Cell
        Which cell.
    setting : Setting
        The settings that are not printed.
    every : bool
        Evaluate the risk at all 11 sample sizes. False: interpolate it too, at a quarter of the cost, which
        moves the rate by less than 1e-4; not with a horizon.

    Returns
    -------
    Rate

    Raises
    ------
    ValueError
        If the risk is to be interpolated in spite of a finite horizon.

    Examples
    --------
    >>> from opgd.tables import CELLS, Setting, exact_rate
    >>> round(exact_rate(CELLS[5], Setting(size=10_000)).rate, 2)
    0.54
    """
    if not every and setting.horizon < math.inf:
        raise ValueError(
            f"every = {every} is not allowed with horizon = {setting.horizon:g}: the risk bends there"
        )
    low, high = math.log(SAMPLE_SIZES[0]), math.log(SAMPLE_SIZES[-1])
    nodes = (low + high) / 2 + (high - low) / 2 * CHEBYSHEV
    found: list[tuple[float, ...]] = []
    tau = 0.0  # the best time in units of 1 / (epsilon b0^D)
    for n in np.exp(nodes).tolist():
        flow, problem = setting.flow(cell, n), setting.problem(cell, n)
        unit = 1 / (problem.epsilon * flow.b0**flow.depth)
        tau, inside = (
            tau
            or oracle_stopping(flow, replace(setting, size=min(setting.size, COARSE)).problem(cell, n)).t
            / unit,
            False,
        )
        while not inside:
            curve = expected_risk(flow, problem, tau * unit * TIMES)
            risk = Polynomial.fit(np.log(TIMES), np.log(curve.mean), TIMES.size - 1)
            x = _lowest(risk)
            inside = abs(x) < math.log(TIMES[0])
            tau *= math.exp(x)
        spread = Polynomial.fit(np.log(TIMES), np.log(curve.std), TIMES.size - 1)
        found.append((math.log(tau * unit), float(risk(x)), float(spread(x))))
    smooth = [Polynomial.fit(nodes, value, nodes.size - 1) for value in zip(*found, strict=True)]
    t, mean, std = (np.exp(curve(np.log(SAMPLE_SIZES))) for curve in smooth)
    t = np.minimum(t, setting.horizon * SAMPLE_SIZES**setting.power)
    if every:
        for i, n in enumerate(SAMPLE_SIZES.tolist()):
            curve = expected_risk(setting.flow(cell, n), setting.problem(cell, n), t[i])
            mean[i], std[i] = curve.mean, curve.std
    return Rate.fit(t, mean, std)


def exact_rates(
    cells: Sequence[Cell], setting: Setting, *, every: bool = True, workers: int = 2, progress: bool = False
) -> list[Rate]:
    """Compute the rates of several cells by `exact_rate`, in threads that do not change the results.

    Parameters
    ----------
    cells : sequence of Cell
        Which cells.
    setting, every
        As for `exact_rate`.
    workers : int
        Number of threads, >= 1.
    progress : bool
        Show a progress bar.

    Returns
    -------
    list of Rate
    """
    return _each(lambda cell: exact_rate(cell, setting, every=every), cells, workers, progress)


def simulated_rates(
    cells: Sequence[Cell],
    setting: Setting,
    times: Sequence[Array],
    *,
    repetitions: int = REPETITIONS,
    seed: int = 0,
    store: str | os.PathLike[str] | None = None,
    workers: int = 2,
    progress: bool = False,
) -> list[Rate]:
    r"""Simulate cells by the paper's protocol: the lowest mean risk of `repetitions` trials along the flow.

    All cells see the same noise; it is new for each sample size.

    Parameters
    ----------
    cells : sequence of Cell
        Which cells.
    setting : Setting
        The settings that are not printed; a finite size, no horizon.
    times : sequence of ndarray, shape (11,)
        About the best times for each cell: the lowest mean risk is searched within 20 %.
    repetitions : int
        Number of trials for each sample size, >= 2.
    seed : int
        Seed, >= 0.
    store : path, optional
        Directory where each finished cell is kept; a later call with the same arguments and the same code
        takes it from there.
    workers : int
        Number of threads, >= 1.
    progress : bool
        Show a progress bar.

    Returns
    -------
    list of Rate

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    repetitions = check.whole("repetitions", repetitions, least=2)
    seed = check.whole("seed", seed, least=0)
    if setting.size == math.inf or setting.horizon < math.inf:
        raise ValueError(
            f"setting = {setting} is not allowed: a simulation needs a finite size and no horizon"
        )
    if len(times) != len(cells):
        raise ValueError(f"times for {len(times)} cells are not allowed: there must be {len(cells)}")
    code = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))

    def one(task: tuple[Cell, Array]) -> Rate:
        cell, t = task
        key = {"cell": asdict(cell), "setting": asdict(setting), "t": t.tolist(), "repetitions": repetitions}
        text = json.dumps(key | {"seed": seed, "code": code.hexdigest()}, sort_keys=True)
        kept = Path(store or ".") / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
        if store is not None and kept.is_file():
            return Rate.fit(*np.array(json.loads(kept.read_text("utf-8"))), repetitions)
        found = _simulate(cell, setting, t, repetitions, seed)
        if store is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(f".{os.getpid()}.tmp")
            part.write_text(json.dumps(found.tolist()), "utf-8")
            os.replace(part, kept)
        return Rate.fit(*found, repetitions)

    return _each(one, list(zip(cells, times, strict=True)), workers, progress)


def _simulate(cell: Cell, setting: Setting, times: Array, repetitions: int, seed: int) -> Array:
    """Return best times, mean risks and standard deviations of one trial, shape (3, 11)."""
    x, found = np.linspace(-0.2, 0.2, 5), []
    for n, t in zip(SAMPLE_SIZES.tolist(), times.tolist(), strict=True):
        flow, problem = setting.flow(cell, n), setting.problem(cell, n)
        risks = monte_carlo_risk(flow, problem, t * np.exp(x), repetitions=repetitions, seed=[seed, int(n)])
        mean, std = (
            Polynomial.fit(x, y, x.size - 1) for y in (risks.mean(axis=0), risks.std(axis=0, ddof=1))
        )
        best = _lowest(mean)
        found.append((t * math.exp(best), mean(best), std(best)))
    return np.array(found).T


def _lowest(curve: Polynomial) -> float:
    """Return where a polynomial is smallest on its domain."""
    roots = curve.deriv().roots()
    real = roots[np.abs(roots.imag) < 1e-9].real
    x = np.r_[curve.domain, real[(real > curve.domain[0]) & (real < curve.domain[1])]]
    return float(x[np.argmin(curve(x))])


def _each(work: Callable[[T], R], tasks: Sequence[T], workers: int, progress: bool) -> list[R]:
    with ThreadPoolExecutor(check.whole("workers", workers, least=1)) as pool:
        results: Iterable[R] = pool.map(work, tasks)
        if progress:
            from tqdm import tqdm

            results = tqdm(results, total=len(tasks))
        return list(results)
