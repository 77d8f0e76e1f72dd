r"""What a flow is: what risk, stopping and theory ask of it, and nothing else.

Every component of the sequence model evolves on its own: from its observation $z$ and its eigenvalue
$\lambda$ alone. A flow maps $(z, \lambda, t)$ to the estimate $\theta(t)$, an odd function of $z$.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import NoReturn, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from opgd import _validate as check
from opgd._validate import Array
from opgd.problem import PowerLaw, SequenceModel

__all__ = ["Flow"]

Layers = tuple[Array, ...]  # the trained parameters of a flow, arrays of one shape


@runtime_checkable
class Flow(Protocol):
    r"""A flow: its solution, and the scales by which quadratures and searches adapt to it.

    A flow of one's own subclasses `Flow`. It must have `estimate` and `linearize`. The exact risk asks for
    `threshold` and `horizon`, or for `share` if the flow is linear in $z$; gradient descent asks for
    `start`, `push` and `product`. The other members have defaults. Those for the times fit a flow whose
    small components grow exponentially, at a rate `growth` > 0; another one has its own.

    Attributes
    ----------
    linear : bool
        Whether $\theta$ is linear in $z$.
    coarseness : float
        How long panels in $z$ may be, in units of those for the two-layer flow.
    shares_path : bool
        Whether the solution at many times costs about as much as at one.

    Examples
    --------
    >>> from opgd import Flow, OverParameterizedFlow, VanillaFlow
    >>> isinstance(VanillaFlow(), Flow), isinstance(OverParameterizedFlow(depth=1), Flow)
    (True, True)
    """

    linear: bool = False
    coarseness: float = 1.0
    shares_path: bool = False

    @abstractmethod
    def estimate(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> Array:
        r"""Return $\theta(t)$, shape ``np.shape(t) + broadcast(z, eigenvalues)``."""

    @abstractmethod
    def linearize(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
        r"""Return $\theta(t)$ and $\partial\theta(t) / \partial z$, each of that shape."""

    @property
    def growth(self) -> float:
        r"""Rate $\kappa$ such that a small component grows at most like $e^{\kappa |z| t}$."""
        return 0.0

    def horizon(self, t: float, epsilon: float) -> float:
        r"""Return $h$ such that eigenvalues $\lambda < e^{-h - 2 \kappa |z| t}$ are at rest at time t.

        At rest means that $\theta$ is small and proportional to $\lambda$. `epsilon` is the noise level.
        """
        return math.log(t) if 0 < t < math.inf else 0.0

    def share(self, log_eigenvalues: Array, t: float) -> tuple[Array, Array]:
        r"""Return $\ln(\theta / z)$ and $1 - \theta / z$ of a flow that is linear in $z$."""
        _lacks(self, "is not linear in z")

    def threshold(self, log_eigenvalues: Array, t: float) -> tuple[Array, Array]:
        r"""Return $z_c$, where the flow at time t has about half of $z$, and 1 / width of the jump there.

        1-d arrays; $z_c = 0$ where the flow has more than half of every observation.
        """
        _lacks(self, "has no threshold")

    def estimate_log(self, z: Array, log_eigenvalues: Array, t: Array) -> Array:
        r"""Return $\theta(t)$ of 1-d $z > 0$ and $\ln \lambda$, shape (times, size of z).

        Sums over untruncated sequences go where $\lambda$ underflows.
        """
        return self.estimate(z, np.exp(log_eigenvalues), t)

    def time_scale(self, problem: PowerLaw | SequenceModel) -> float:
        r"""Return $\ln t$ of a time of the right order in theory, $\kappa t = 1 / \varepsilon$."""
        return -math.log(problem.epsilon * self.growth)

    def time_range(
        self, smallest: float, largest: float, strongest: float, epsilon: float
    ) -> tuple[float, float]:
        r"""Return powers of ten between which the best time must lie.

        `smallest` and `largest` are the positive eigenvalues, `strongest` is the largest signal.
        """
        log_growth = math.log10(self.growth)
        fastest = math.log10(largest + self.growth * (strongest + 10 * epsilon))
        last = min(-math.log10(smallest) + 2, 3 - math.log10(epsilon) - log_growth)
        return -fastest - 2, max(last, -fastest)

    def start(self, eigenvalues: Array) -> Layers:
        """Return the layers at time 0."""
        _lacks(self, "does not say what its layers are")

    def push(self, layers: Layers, pull: Array) -> Layers:
        r"""Return the layers one step of gradient descent on; `pull` is step times $z - \theta$."""
        _lacks(self, "does not say how its layers move")

    def product(self, layers: Layers) -> Array:
        r"""Return the estimate $\theta$ that layers make."""
        _lacks(self, "does not say what its layers make")


def _lacks(flow: Flow, what: str) -> NoReturn:
    raise NotImplementedError(f"{type(flow).__name__} {what}")


def check_flow(flow: object) -> None:
    """Refuse what is no flow, before it is asked to be one."""
    if not isinstance(flow, Flow):
        raise ValueError(
            f"flow = {flow!r} is not allowed: it must be a Flow, such as VanillaFlow or OverParameterizedFlow"
        )


def arguments(
    z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike
) -> tuple[Array, Array, Array, tuple[int, ...]]:
    """Check what every solution is called with; return the arrays, and the shape of one component's part."""
    z = check.array("z", z)
    lam = check.array("eigenvalues", eigenvalues, least=0)
    t = check.array("t", t, least=0, infinite=True)
    return z, lam, t, check.broadcast(z=z, eigenvalues=lam)
