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
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.polynomial import Polynomial

from opgd import _validate as check
from opgd._validate import Array
from opgd.flows import OverParameterizedFlow
from opgd.problem import PowerLaw
from opgd.rates import fit_covariance, fit_rate
from opgd.risk import expected_risk, monte_carlo_risk
from opgd.stopping import oracle_stopping

__all__ = ["CELLS", "SAMPLE_SIZES", "Cell", "Rate", "Setting", "exact_rate", "exact_rates", "simulated_rate"]

SAMPLE_SIZES = np.arange(2000.0, 4001.0, 200.0)
REPETITIONS = 256
CHEBYSHEV = np.cos(np.pi * (np.arange(4) + 0.5) / 4)  # sample sizes at which the best time is searched
TIMES = 2.0 ** (0.5 * np.cos(np.pi * (np.arange(7) + 0.5) / 7))  # times of one search, a factor of 2 in all


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


CELLS = tuple(
    Cell(d, gamma, p, q) for d in (0, 1, 2) for gamma in (1.1, 2.0, 3.0) for p in (0.6, 1.0, 3.0) for q in (1.0, 1.5, 2.0)
)


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
    horizon : float
        No flow runs longer than this time, > 0.
    """

    size: float
    b0: float = 1.0
    separate_layers: bool = False
    horizon: float = math.inf

    def __post_init__(self) -> None:
        PowerLaw(1, 1, 1, 1, self.size)  # refuses a bad size
        check.real("b0", self.b0, above=0)
        check.real("horizon", self.horizon, above=0, infinite=True)

    def flow(self, cell: Cell, n: float) -> OverParameterizedFlow:
        """Return the flow of a cell at sample size `n`."""
        b0 = self.b0 * n ** (-0.5 / (cell.depth + 2))
        return OverParameterizedFlow(cell.depth, b0, self.separate_layers)

    def problem(self, cell: Cell, n: float) -> PowerLaw:
        """Return the problem of a cell at sample size `n`."""
        return PowerLaw(cell.p, cell.q, cell.gamma, n, self.size)
