"""Gradient descent, the discretisation of the paper; its error is linear in the step."""

from __future__ import annotations

from collections.abc import Callable

from paths import Array, PathSet

from opgd import OverParameterizedFlow, gradient_descent


def prepare(paths: PathSet, substeps: int) -> Callable[[], Array]:
    flow = OverParameterizedFlow(paths.depth, paths.b0)
    step = float(paths.t[1]) / substeps  # every time is a whole number of steps
    return lambda: gradient_descent(flow, paths.z, paths.lam, step=step, t=paths.t)
