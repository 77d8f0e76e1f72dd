"""Gradient descent: the discretisation that the paper runs, for every depth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow.interface import Flow, check_flow

__all__ = ["gradient_descent"]

MOST_STEPS = 2**53  # beyond them, t / step is no whole number any more


def gradient_descent(
    flow: Flow,
    z: ArrayLike,
    eigenvalues: ArrayLike,
    *,
    step: float,
    t: ArrayLike,
) -> Array:
    r"""Follow a flow by explicit Euler steps, that is by gradient descent on $\frac12 (z - \theta)^2$.

    Memory: arguments and result, and some ten arrays of the shape of one step.

    Parameters
    ----------
    flow : Flow
        Which parameterization; every depth is supported.
    z : array_like
        Observations.
    eigenvalues : array_like
        $\lambda \ge 0$, broadcastable against `z`.
    step : float
        Learning rate, > 0; step k is at flow time ``k * step``.
    t : array_like
        Finite flow times $\ge 0$ in any order, each rounded to a whole number of steps.

    Returns
    -------
    ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``
        The estimates $\theta$.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    FloatingPointError
        If the iteration diverges because `step` is too large.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow, gradient_descent
    >>> flow = OverParameterizedFlow(depth=0)
    >>> exact = flow.estimate(1.0, 0.5, t=2.0)
    >>> coarse, fine = (gradient_descent(flow, 1.0, 0.5, step=s, t=2.0) for s in (0.1, 0.05))
    >>> bool(1.5 < abs(coarse - exact) / abs(fine - exact) < 2.5)
    True
    """
    check_flow(flow)
    z = check.array("z", z)
    lam = check.array("eigenvalues", eigenvalues, least=0)
    step = check.real("step", step, above=0)
    t = check.array("t", t, least=0)
    shape = check.broadcast(z=z, eigenvalues=lam)
    if t.size and t.max() > MOST_STEPS * step:
        raise ValueError(f"t holds {t.max()} and must be at most {MOST_STEPS:g} steps of {step}")
    steps = np.rint(t / step).astype(np.int64)

    layers, theta = flow.start(np.broadcast_to(lam, shape)), np.zeros(shape)
    out = np.empty((steps.size, *shape))
    done = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for row in np.argsort(steps.ravel(), kind="stable"):
            for _ in range(done, int(steps.ravel()[row])):
                layers = flow.push(layers, step * (z - theta))
                theta = flow.product(layers)
            done = max(done, int(steps.ravel()[row]))
            if not np.isfinite(theta).all() or np.abs(theta).max(initial=0.0) > 1e3 * np.abs(z).max(
                initial=0.0
            ):
                raise FloatingPointError(
                    f"gradient descent diverged by t = {done * step:g}: take step < {step:g}"
                )
            out[row] = theta
    return out.reshape(t.shape + shape)
