"""The algorithm of opgd/flow/_deep.py in numpy alone, to show what compiling it gains.

Whole arrays, a block of lanes at a time; a shared b, and none of the guards against extreme arguments.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from paths import Array, PathSet

from opgd.flow._deep import AVERAGES, TO_LEGENDRE, WEIGHTS, XI, panel_length

BLOCK = 256  # lanes at a time


def prepare(paths: PathSet) -> Callable[[], Array]:
    def run() -> Array:
        out = np.empty((paths.t.size, paths.z.size))
        with np.errstate(over="ignore", under="ignore"):  # a last bound that is far away
            for start in range(0, paths.z.size, BLOCK):
                block = slice(start, start + BLOCK)
                solve(paths.z[block], paths.lam[block], paths, out[:, block])
        return out

    return run


def solve(signed_z: Array, lam: Array, paths: PathSet, out: Array) -> None:
    depth, b0, z, root = paths.depth, paths.b0, np.abs(signed_z), np.sqrt(lam)
    s = np.minimum(root, b0 / depth**0.5)
    alpha2, eta2 = (s / root) ** 2, depth * (s / b0) ** 2
    rho = s * root * b0**depth / z

    def product(x: Array, lane: slice | Array) -> Array:
        """A B^D at sinh w = x."""
        return np.sqrt((1 + alpha2[lane] * x * x) * (1 + eta2[lane] * x * x) ** depth)

    x = np.minimum(1 / rho, (rho * np.sqrt(alpha2 * eta2**depth)) ** (-1 / (depth + 2)))
    elasticity = np.ones_like(x)
    for _ in range(50):
        a2, b2 = alpha2 * x * x, eta2 * x * x
        share = rho * x * product(x, slice(None))
        elasticity = 1 + a2 / (1 + a2) + depth * b2 / (1 + b2)
        change = 2 * (share - 1) / ((share + 1) * elasticity)
        x -= x * change
        if np.abs(change).max() < 1e-8:
            break
    pole, end = rho * x * x / elasticity, np.arcsinh(x)
    panels = np.maximum(1, np.ceil(end / panel_length(depth, 1e-8)))
    h, done = end / panels, np.zeros_like(z)
    tau = (root * b0**depth * z / s)[:, None] * paths.t
    w = np.empty_like(tau)
    for panel in range(int(panels.max())):
        lane = np.flatnonzero(panels > panel)
        last = panels[lane] == panel + 1
        column = lane[:, None]
        nodes = (panel + XI) * h[column]
        x = np.sinh(nodes)
        g = product(x, column)
        g = np.cosh(nodes) / (g * (1 - rho[column] * x * g))
        g -= np.where(last, pole[lane] / h[lane], 0)[:, None] / (1 - XI)
        gain = h[lane] * (g @ WEIGHTS)
        powers = g @ TO_LEGENDRE.T @ AVERAGES.T
        waiting = tau[lane] - done[lane, None]
        here = (waiting >= 0) & ((waiting < gain[:, None]) | last[:, None])
        for final in (False, True):
            row, time = np.nonzero(here & (last == final)[:, None])
            target, step, coefficients = waiting[row, time], h[lane[row]], powers[row].T.copy()
            if final:
                xi = invert_last(target, gain[row], step, pole[lane[row]], coefficients)
            else:
                xi = invert(target, gain[row], step, coefficients)
            w[lane[row], time] = (panel + xi) * step
        done[lane] += gain
    x = np.sinh(w)
    x *= rho[:, None] * product(x, np.arange(z.size)[:, None])
    out[:] = (signed_z[:, None] * np.minimum(x, 1)).T


def average(powers: Array, x: Array) -> tuple[Array, Array]:
    value, slope = powers[-1].copy(), np.zeros_like(x)
    for power in powers[-2::-1]:
        slope *= x
        slope += value
        value *= x
        value += power
    return value, value + (1 + x) * slope


def invert(target: Array, gain: Array, h: Array, powers: Array) -> Array:
    ends = [average(powers, np.full(target.size, x))[1] for x in (-1.0, 1.0)]
    decay = np.log(ends[0] / ends[1])
    decay[np.abs(decay) < 1e-3] = 1e-3
    xi = -np.log1p(target / gain * np.expm1(-decay)) / decay
    for _ in range(30):
        mean, slope = average(powers, 2 * xi - 1)
        change = (target / h - xi * mean) / slope
        xi = np.clip(xi + change, 0, 1)
        if not (np.abs(change) > 1e-7 * xi).any():
            break
    return xi


def invert_last(target: Array, gain: Array, h: Array, pole: Array, powers: Array) -> Array:
    late, early = (target - gain) / pole, target / (gain + pole)
    y = np.where(gain > 0, np.maximum(late, early), np.minimum(late, early))
    for _ in range(60):
        rest = np.exp(-y)
        xi = -np.expm1(-y)
        mean, slope = average(powers, 2 * xi - 1)
        change = (target - h * xi * mean - pole * y) / (h * slope * rest + pole)
        change[y > 45] = 0
        y = np.maximum(y + change, 0)
        if not (np.abs(change) > 1e-7 * y).any():
            break
    return -np.expm1(-y)
