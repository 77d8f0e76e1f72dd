r"""Tables 1 and 2 of the paper, cell by cell: the exact rate and its spread in the paper's protocol.

A cell is the slope of $\log_{10}$ of the mean risk of 256 data sets at the oracle time against
$\log_{10} n$, for n = 2000, 2200, ..., 4000. Neither the slope nor its standard deviation needs a simulation
(for that see `opgd.paper.simulated`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow import OverParameterizedFlow
from opgd.problem import PowerLaw
from opgd.rates import fit_covariance, fit_rate
from opgd.risk.curve import expected_risk, risk_curve
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
    "limited_rates",
    "noise_correlation",
]

SAMPLE_SIZES = np.arange(2000.0, 4001.0, 200.0)
"""Sample sizes of the tables."""
REPETITIONS = 256
SHORT = 1000  # components of the problem whose best time is the first guess
ROUGH = 2.0  # coarseness of the risk in the search: good to 1e-4
CHEBYSHEV = np.cos(np.pi * (np.arange(3) + 0.5) / 3)  # sample sizes at which the best time is searched
TIMES = 1.15 ** np.cos(np.pi * (np.arange(5) + 0.5) / 5)  # times of one search
LEADING = 1000  # components whose noise correlates cells; the rest adds a few per cent to the spread
T = TypeVar("T")
R = TypeVar("R")


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
    >>> from opgd.paper.tables import Cell
    >>> cell = Cell(1, 3.0, 0.6, 2.0)
    >>> cell.item, cell.name, round(cell.optimal, 3)
    ('Table 2', 'D=1 gamma=3 p=0.6 q=2', 0.375)
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
        """Name of the cell in `opgd.paper.reported`."""
        return f"D={self.depth} " * bool(self.depth) + f"gamma={self.gamma:g} p={self.p:g} q={self.q:g}"

    @property
    def optimal(self) -> float:
        """The optimal rate $r^* = p / (p + 1)$."""
        return self.p / (self.p + 1)


GAMMAS, POWERS, MISALIGNMENTS = (1.1, 2.0, 3.0), (0.6, 1.0, 3.0), (1.0, 1.5, 2.0)
CELLS = tuple(
    Cell(depth, gamma, p, q) for depth in range(3) for gamma in GAMMAS for p in POWERS for q in MISALIGNMENTS
)
"""All cells, in the order of `opgd.paper.reported`."""
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
    """

    size: float
    b0: float = 1.0
    separate_layers: bool = False

    def __post_init__(self) -> None:
        PowerLaw(1, 1, 1, 1, self.size)  # refuses a bad size
        check.real("b0", self.b0, above=0)

    def flow(self, cell: Cell, n: float) -> OverParameterizedFlow:
        """Return the flow of a cell at sample size `n`."""
        return OverParameterizedFlow(cell.depth, self._b0(cell, n), self.separate_layers)

    def problem(self, cell: Cell, n: float) -> PowerLaw:
        """Return the problem of a cell at sample size `n`."""
        return PowerLaw(cell.p, cell.q, cell.gamma, n, self.size)

    def unit(self, cell: Cell, n: float) -> float:
        r"""Return the universal time $1 / (\varepsilon b_0^D)$ of a cell at sample size `n`."""
        return float(n**0.5 / self._b0(cell, n) ** cell.depth)

    def _b0(self, cell: Cell, n: float) -> float:
        return float(self.b0 * n ** (-0.5 / (cell.depth + 2)))


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
        Stopping times, the same for all trials; mean and standard deviation of one trial's risk there.
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
    r"""Compute the rate in a cell from the exact risk at the best time of its mean.

    $\ln t$ of the best time is a smooth function of $\ln n$: it is searched at three sample sizes and
    interpolated. The risk is flat there, so an error of 0.5 % in t moves the rate by 2e-5 at most.

    Parameters
    ----------
    cell : Cell
        Which cell.
    setting : Setting
        The settings that are not printed.
    every : bool
        Evaluate the risk at all 11 sample sizes. False: interpolate it too, at a quarter of the cost, which
        moves the rate by 3e-4 at most.

    Returns
    -------
    Rate

    Examples
    --------
    >>> from opgd.paper.tables import CELLS, Setting, exact_rate
    >>> round(exact_rate(CELLS[5], Setting(size=10_000)).rate, 2)
    0.49
    """
    low, high = math.log(SAMPLE_SIZES[0]), math.log(SAMPLE_SIZES[-1])
    nodes = (low + high) / 2 + (high - low) / 2 * CHEBYSHEV
    found: list[tuple[float, ...]] = []
    tau = 0.0  # the best time in units of the universal time
    for n in np.exp(nodes).tolist():
        flow, problem, unit = setting.flow(cell, n), setting.problem(cell, n), setting.unit(cell, n)
        if not found:
            short = replace(problem, size=min(problem.size, SHORT))
            tau = oracle_stopping(flow, short).t / unit
        x = math.inf
        while abs(x) >= math.log(TIMES[0]):  # the minimum is at an end: go on from there
            curve = risk_curve(flow, problem, tau * unit * TIMES, ROUGH)
            risk = Polynomial.fit(np.log(TIMES), np.log(curve.mean), TIMES.size - 1)
            x = _lowest(risk)
            tau *= math.exp(x)
        spread = Polynomial.fit(np.log(TIMES), np.log(curve.std), TIMES.size - 1)
        found.append((math.log(tau * unit), float(risk(x)), float(spread(x))))
    smooth = [Polynomial.fit(nodes, value, nodes.size - 1) for value in zip(*found, strict=True)]
    t, mean, std = (np.exp(curve(np.log(SAMPLE_SIZES))) for curve in smooth)
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
        Show a progress bar (needs tqdm).

    Returns
    -------
    list of Rate
    """
    return in_threads(lambda cell: exact_rate(cell, setting, every=every), cells, workers, progress)


def limited_rates(cell: Cell, setting: Setting, limits: ArrayLike) -> list[Rate]:
    r"""Compute the rate in a cell when no flow may run longer than a limit.

    All trials stop at the best time of the mean, or at the limit if that comes first. The risk is
    interpolated in $\ln t$ (to about 1e-5) and in $\ln n$.

    Parameters
    ----------
    cell : Cell
        Which cell.
    setting : Setting
        The settings that are not printed.
    limits : array_like, shape (k, 11)
        Limits on the time, > 0, at each sample size: k alternatives.

    Returns
    -------
    list of Rate
        One for each alternative.

    Raises
    ------
    ValueError
        If the limits are not positive, or their shape is another.

    Examples
    --------
    >>> from opgd.paper.tables import CELLS, SAMPLE_SIZES, Setting, limited_rates
    >>> at_once, never = limited_rates(CELLS[9], Setting(2000), [SAMPLE_SIZES * 0 + 1, SAMPLE_SIZES])
    >>> round(at_once.rate, 2), round(never.rate, 2)
    (0.0, 0.39)
    """
    limits = check.array("limits", limits, least=0)
    if limits.ndim != 2 or limits.shape[1] != SAMPLE_SIZES.size or not (limits > 0).all():
        raise ValueError(
            f"limits of shape {limits.shape} are not allowed: a row must hold {SAMPLE_SIZES.size} times > 0"
        )
    best = exact_rate(cell, setting, every=False)
    share = np.minimum(limits / best.t, 1)
    least = min(0.9 * float(share.min()), 0.5)
    grid = np.geomspace(least, 1, 8 + math.ceil(18 * -math.log10(least)))
    mean, std = np.empty((2, *share.shape))
    for i, n in enumerate(SAMPLE_SIZES.tolist()):
        curve = risk_curve(setting.flow(cell, n), setting.problem(cell, n), best.t[i] * grid, ROUGH)
        for values, out in ((curve.mean, mean), (curve.std, std)):
            out[:, i] = np.exp(CubicSpline(np.log(grid), np.log(values))(np.log(share[:, i])))
    return [Rate.fit(share[k] * best.t, mean[k], std[k]) for k in range(len(share))]


def noise_correlation(cells: Sequence[Cell], setting: Setting, rates: Sequence[Rate]) -> Array:
    r"""Compute how the risks of cells correlate if all see the same noise, $\xi_j$ of component j.

    The covariance of two risks is the sum over j of that of the squared errors of component j, both functions
    of the same normal variable; the chain is cut after 1000 components. n = 3000 stands for all sample sizes.

    Parameters
    ----------
    cells : sequence of Cell
        Which cells.
    setting : Setting
        The settings that are not printed.
    rates : sequence of Rate
        Their stopping times are used.

    Returns
    -------
    ndarray, shape (len(cells), len(cells))
        Correlation matrix; that of the rates is about the same.

    Examples
    --------
    >>> from opgd.paper.tables import CELLS, Setting, exact_rates, noise_correlation
    >>> pair, setting = CELLS[:2], Setting(size=100)
    >>> noise_correlation(pair, setting, exact_rates(pair, setting)).round(2).tolist()
    [[1.0, 0.74], [0.74, 1.0]]
    """
    middle = SAMPLE_SIZES.size // 2
    n, size = float(SAMPLE_SIZES[middle]), int(min(setting.size, LEADING))
    x, weights = np.polynomial.legendre.leggauss(64)
    x, weights = 7 * x, 7 * weights * np.exp(-((7 * x) ** 2) / 2) / math.sqrt(2 * math.pi)
    errors = np.empty((len(cells), size * x.size))
    for row, cell, rate in zip(errors, cells, rates, strict=True):
        problem = setting.problem(cell, n)
        signal, eigenvalues = (column[:, None] for column in problem.window(0, size))
        z = signal + problem.epsilon * x
        error = (setting.flow(cell, n).estimate(z, eigenvalues, rate.t[middle]) - signal) ** 2
        error -= (error @ weights)[:, None]
        row[:] = (error * np.sqrt(weights)).ravel()
    errors /= np.linalg.norm(errors, axis=1)[:, None]
    return np.asarray(errors @ errors.T)


def _lowest(curve: Polynomial) -> float:
    """Return where a polynomial is smallest on its domain."""
    roots = curve.deriv().roots()
    real = roots[np.abs(roots.imag) < 1e-9].real
    x = np.r_[curve.domain, real[(real > curve.domain[0]) & (real < curve.domain[1])]]
    return float(x[np.argmin(curve(x))])


def in_threads(work: Callable[[T], R], tasks: Sequence[T], workers: int, progress: bool) -> list[R]:
    """Return what `work` makes of each task, in their order."""
    with ThreadPoolExecutor(check.whole("workers", workers, least=1)) as pool:
        results: Iterable[R] = pool.map(work, tasks)
        if progress:
            from tqdm.auto import tqdm

            results = tqdm(results, total=len(tasks))
        return list(results)
