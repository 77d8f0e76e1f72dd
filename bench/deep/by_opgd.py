"""The flow of this project."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from paths import Array, PathSet

from opgd import OverParameterizedFlow


def prepare(paths: PathSet, tolerance: float = 1e-8) -> Callable[[], Array]:
    flow = OverParameterizedFlow(paths.depth, paths.b0, tolerance=tolerance)
    few = paths.part(np.arange(10))
    flow.estimate(few.z, few.lam, few.t)  # compiles, or loads what was compiled
    return lambda: flow.estimate(paths.z, paths.lam, paths.t)
