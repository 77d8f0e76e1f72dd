r"""Kernel regression on the torus, as scikit-learn estimators: the fixed and the diagonal adaptive kernel.

Both expand a function in the Fourier basis of the torus, with the kernel's eigenvalues
$\lambda_m = (1 + |m|^2)^{-r}$, and follow a gradient flow of the squared loss until it is stopped. With the
fixed kernel only the coefficients are trained, (2); with the diagonal adaptive kernel the eigenvalues are
trained as well, (14) with coupled components (Appendix C.1).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_is_fitted, validate_data

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow import FlowState, tuned_b0
from opgd.regression.basis import feature_chunks
from opgd.regression.coupled import CoupledFlow, FixedKernelFlow, LeastSquares
from opgd.regression.frequencies import first_frequencies, kernel_eigenvalues, lattice

__all__ = ["DiagonalAdaptiveKernelRegressor", "FixedKernelRegressor"]

MEMORY = 2**32
"""Bytes that a matrix of features, or of their inner products, may take."""

MOST_TIMES = 1000
"""Times of the path in a decade."""

Callback = Callable[[float, float | None], object]


class _PathFlow(Protocol):
    def path(self, loss: LeastSquares, eigenvalues: ArrayLike, times: ArrayLike) -> Iterator[FlowState]: ...


class _TorusRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """What both estimators share: the map to the torus, the scale of y, the path and where to stop on it."""

    def __init__(
        self,
        *,
        r: float | None = None,
        n_frequencies: int = 1000,
        radius_squared: int | None = None,
        domain: tuple[float, float] | None = None,
        span: float = 0.5,
        normalize_y: bool = True,
        max_time: float | None = None,
        times_per_decade: int = 10,
        early_stopping: bool = True,
        validation_fraction: float = 0.2,
        patience: float = 2.0,
        refit: bool = True,
        callback: Callback | None = None,
        random_state: Any = None,
    ) -> None:
        self.r = r
        self.n_frequencies = n_frequencies
        self.radius_squared = radius_squared
        self.domain = domain
        self.span = span
        self.normalize_y = normalize_y
        self.max_time = max_time
        self.times_per_decade = times_per_decade
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.refit = refit
        self.callback = callback
        self.random_state = random_state

    def _flow(self, samples: float) -> _PathFlow:
        raise NotImplementedError

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Follow the flow and stop it.

        Parameters
        ----------
        X : array_like, shape (n, d)
            Inputs.
        y : array_like, shape (n,)
            Targets.
        sample_weight : array_like, shape (n,), optional
            How often each sample counts, >= 0. Samples that are equal or counted several times stay on one
            side of the validation split.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or the data are not allowed, or the matrices would not fit in memory: one of
            4 GiB, of features or of their inner products, is the largest, beside the path of T times K
            coefficients.
        """
        self._check_parameters()
        for name, value in (("X", X), ("y", y), ("sample_weight", sample_weight)):
            check.unmasked(name, value)
        given: tuple[Array, Array] = validate_data(
            self, X, y, y_numeric=True, dtype=np.float64, ensure_min_samples=2
        )
        inputs, target = given[0], np.asarray(given[1], dtype=np.float64)
        inputs, target, weights = self._distinct(inputs, target, sample_weight)
        ends = [inputs.min(axis=0), inputs.max(axis=0)] if self.domain is None else self.domain
        self.low_, self.high_ = np.array(ends, dtype=np.float64)
        Z = self._to_torus(inputs)
        n, d = Z.shape
        if self.radius_squared is None:
            self.frequencies_ = first_frequencies(d, self.n_frequencies)
        else:
            self.frequencies_ = lattice(d, self.radius_squared)
        need = 8 * len(self.frequencies_) * min(len(self.frequencies_), n)
        if need > MEMORY:
            raise ValueError(
                f"{len(self.frequencies_)} frequencies at {n} samples need a matrix of {need / 2**30:.1f} "
                f"GiB; allowed are {MEMORY / 2**30:.0f} GiB: take a smaller n_frequencies or radius_squared"
            )
        eigenvalues = kernel_eigenvalues(self.frequencies_, (d + 1) / 2 if self.r is None else self.r)
        times = self._grid(eigenvalues)
        self.validation_errors_: Array | None = None
        if self.early_stopping:
            times, states = self._stop_early(Z, target, weights, eigenvalues, times)
        if not self.early_stopping or self.refit:
            states = []
            for time, state in zip(times, self._follow(Z, target, weights, eigenvalues, times), strict=True):
                states.append(state)
                if not self.early_stopping and self.callback is not None:
                    self.callback(float(time), None)
        self.times_, self.time_ = times, float(times[-1])
        self.path_ = self._scale * np.stack([state.theta for state in states])
        self.coefficients_ = self.path_[-1]
        self.eigenvalues_ = states[-1].learned_eigenvalue ** 2
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Predict with the function at the time where the flow was stopped.

        Parameters
        ----------
        X : array_like, shape (m, d)
            Inputs; those outside a learned domain are moved to its edge.

        Returns
        -------
        ndarray, shape (m,)

        Raises
        ------
        ValueError
            If X is not finite, has another number of columns than in `fit`, or lies outside a given domain.
        """
        check_is_fitted(self)
        return np.asarray(self._evaluate(X, self.coefficients_[None])[0])

    def staged_predict(self, X: ArrayLike) -> Iterator[Array]:
        """Predict at each of the times `times_`; arguments and errors as for `predict`.

        Yields
        ------
        ndarray, shape (m,)
        """
        check_is_fitted(self)
        yield from self._evaluate(X, self.path_)

    def _evaluate(self, X: ArrayLike, coefficients: Array) -> Array:
        check.unmasked("X", X)
        inputs: Array = validate_data(self, X, dtype=np.float64, reset=False)
        Z = self._to_torus(inputs)
        out = np.empty((len(coefficients), len(Z)))
        for rows, block in feature_chunks(Z, self.frequencies_):
            out[:, rows] = coefficients @ block.T
        return out + self.intercept_

    def _distinct(
        self, X: Array, y: Array, sample_weight: ArrayLike | None
    ) -> tuple[Array, Array, Array | None]:
        """Return samples and weights; with weights, or if samples repeat, distinct samples in fixed order."""
        samples = np.column_stack([X, y])
        if sample_weight is None:
            weights = np.ones(len(y))
        else:
            weights = check.array("sample_weight", sample_weight, least=0)
            if weights.shape not in ((), y.shape) or np.count_nonzero(weights) * y.size < 2 * weights.size:
                raise ValueError(
                    f"sample_weight of shape {weights.shape}, of which {np.count_nonzero(weights)} are not "
                    f"zero, is not allowed: the shape must be {y.shape}, and at least 2 must not be zero"
                )
            weights = np.broadcast_to(weights, y.shape)
            samples, weights = samples[weights > 0], weights[weights > 0]
        distinct, which = np.unique(samples, axis=0, return_inverse=True)
        plain = bool((weights == 1).all())
        if (plain and len(distinct) == len(samples)) or len(distinct) < 2:
            return samples[:, :-1], samples[:, -1], None if plain else weights
        return distinct[:, :-1], distinct[:, -1], np.bincount(which.ravel(), weights).astype(float)

    def _check_parameters(self) -> None:
        """Check what does not depend on the data."""
        if self.r is not None:
            check.real("r", self.r, above=0)
        check.whole("n_frequencies", self.n_frequencies, least=1)
        if self.radius_squared is not None:
            check.whole("radius_squared", self.radius_squared, least=0)
        check.real("span", self.span, above=0, most=1)
        for name in ("normalize_y", "early_stopping", "refit"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                raise ValueError(f"{name} = {getattr(self, name)!r} is not allowed: it must be True or False")
        if self.domain is not None:
            ends = np.asarray(check.array("domain", self.domain))
            if ends.shape != (2,) or not ends[0] < ends[1]:
                raise ValueError(
                    f"domain = {self.domain!r} is not allowed: it must be None or (low, high), low < high"
                )
        fraction = check.real("validation_fraction", self.validation_fraction, above=0)
        if fraction >= 1:
            raise ValueError(f"validation_fraction = {fraction!r} is not allowed: it must be < 1")
        check.real("patience", self.patience, above=0, infinite=True)
        if self.max_time is not None:
            check.real("max_time", self.max_time, least=1e-300)
        check.whole("times_per_decade", self.times_per_decade, least=1, most=MOST_TIMES)
        if self.callback is not None and not callable(self.callback):
            raise ValueError(f"callback = {self.callback!r} is not allowed: it must be None or a function")

    def _grid(self, eigenvalues: Array) -> Array:
        """Return the times of the path."""
        last = 1e4 if self.max_time is None else float(self.max_time)
        moving = eigenvalues[(self.frequencies_ != 0).any(axis=1)].max(initial=0.0)
        if self.max_time is None and moving > 1e-290:
            last = max(last, 100 / moving)
        first = min(0.1, last / 10)
        count = 1 + math.ceil(self.times_per_decade * math.log10(last / first) - 1e-9)
        return np.concatenate([[0.0], np.geomspace(first, last, count)])

    def _to_torus(self, X: Array) -> Array:
        half = np.broadcast_to(
            self.high_ / 2 - self.low_ / 2, X.shape[1:]
        )  # halves, so that nothing overflows
        # scalers are right to a few units in the last place
        slack = 8 * np.finfo(np.float64).eps * max(1e-300, *np.abs(np.ravel([self.low_, self.high_])))
        if self.domain is not None and ((self.low_ - slack > X) | (self.high_ + slack < X)).any():
            raise ValueError(
                f"X holds values from {float(X.min())!r} to {float(X.max())!r}: all must lie in domain = "
                f"{self.domain!r}; a scaler such as MinMaxScaler(clip=True) keeps new data inside"
            )
        flat = half == 0
        Z = 2 * (X / 2 - self.low_ / 2) / np.where(flat, 1, half) - 1
        Z[:, flat] = 0
        clipped: Array = np.clip(Z, -1, 1)
        return clipped if self.domain is not None else self.span * clipped

    def _follow(
        self, Z: Array, y: Array, weights: Array | None, eigenvalues: Array, times: Array
    ) -> Iterator[FlowState]:
        """Yield the states of the flow on the given data, and keep their location and scale."""
        self.intercept_, self._scale = 0.0, 1.0
        if self.normalize_y:
            with np.errstate(over="ignore", invalid="ignore"):
                self.intercept_ = float(np.average(y, weights=weights))
                spread = math.sqrt(float(np.average((y - self.intercept_) ** 2, weights=weights)))
            if not math.isfinite(spread):
                raise ValueError(
                    f"y holds values from {y.min():g} to {y.max():g}: too large to be normalised"
                )
            self._scale = spread if spread > 0 else 1.0
        target, size = (y - self.intercept_) / self._scale, float(len(y))
        blocks = ((block, target[rows]) for rows, block in feature_chunks(Z, self.frequencies_))
        if weights is not None:  # weighted least squares: rows times the root of their weight
            size = float(weights.sum())
            root = np.sqrt(weights / weights.mean())
            blocks = (
                (block * root[rows, None], target[rows] * root[rows])
                for rows, block in feature_chunks(Z, self.frequencies_)
            )
        loss = LeastSquares.collect(blocks, len(Z), len(self.frequencies_))
        yield from self._flow(size).path(loss, eigenvalues, times)

    def _stop_early(
        self, Z: Array, y: Array, weights: Array | None, eigenvalues: Array, times: Array
    ) -> tuple[Array, list[FlowState]]:
        """Follow the flow on a part of the data until the rest is predicted no better; return the path."""
        rows = np.arange(len(y))
        held = min(max(1, round(self.validation_fraction * len(y))), len(y) - 1)
        source = self.random_state
        if isinstance(source, np.random.Generator):
            source = int(source.integers(2**31))
        train, test = train_test_split(rows, test_size=held, random_state=source)
        features = np.concatenate([block for _, block in feature_chunks(Z[test], self.frequencies_)])
        parts = [None, None] if weights is None else [weights[train], weights[test]]
        states: list[FlowState] = []
        errors: list[float] = []
        best, begins = 0, 0.0
        path = self._follow(Z[train], y[train], parts[0], eigenvalues, times)
        for time, state in zip(times, path, strict=True):
            residual = y[test] - self.intercept_ - self._scale * (features @ state.theta)
            if not states:
                begins = float(state.learned_eigenvalue.max()) ** -2
            states.append(state)
            errors.append(float(np.average(np.square(residual), weights=parts[1])))
            if self.callback is not None:
                self.callback(float(time), errors[-1])
            if errors[-1] < errors[best]:
                best = len(errors) - 1
            if time > max(times[best], begins) * 10**self.patience:
                break
        self.validation_errors_ = np.array(errors)
        gained = errors[max(0, best - self.times_per_decade)] - errors[best]
        if best == len(times) - 1 > 0 and (gained > 0.01 * errors[0] or errors[best] > 0.95 * errors[0]):
            warnings.warn(
                f"at max_time = {times[-1]:g} the validation error still falls, to {errors[best]:g} from "
                f"{errors[0]:g} at the start: raise max_time",
                ConvergenceWarning,
                stacklevel=3,
            )
        return times[: best + 1], states[: best + 1]

    def _get_doc_link(self) -> str:
        """Return where scikit-learn's picture of an estimator leads: to the reference, if it is published."""
        try:
            urls = metadata("opgd-book").get_all("Project-URL") or []
        except PackageNotFoundError:
            return ""
        for label, _, url in (entry.partition(", ") for entry in urls):
            if label.lower() == "documentation":
                return f"{url.rstrip('/')}/api/opgd-regression.html#opgd.regression.{type(self).__name__}"
        return ""


class FixedKernelRegressor(_TorusRegressor):
    r"""Kernel gradient flow with the kernel $k(x, x') = \sum_m (1 + |m|^2)^{-r} e_m(x) e_m(x')$, (2) of the
    paper.

    Parameters
    ----------
    r : float, optional
        Exponent of the kernel, > 0; by default $(d + 1)/2$, half more than the $d/2$ that a bounded kernel
        needs.
    n_frequencies : int
        Number $K$ of basis functions, those with the largest eigenvalues.
    radius_squared : int, optional
        Take all $m$ with $|m|^2$ up to this instead.
    domain : (float, float), optional
        Ends of every input, mapped to the whole torus $[-1, 1)$; inputs outside are refused, and (-1, 1)
        takes inputs as they are. By default each input's range is learned in `fit` and mapped to $[-s, s]$
        with $s$ = `span`; inputs outside are moved to the edge in `predict`.
    span : float
        In (0, 1]. At 1 the largest value of an input is the neighbour of the smallest, so that a trend jumps
        there. At 1/2, the default, the function continues freely on the other half of the torus.
    normalize_y : bool
        Whether to subtract the mean of y and divide by its standard deviation before the flow starts.
    max_time : float, optional
        Flow time at which the flow ends, > 0; by default $\max(10^4, 100 / \lambda)$, where $\lambda$ is the
        largest eigenvalue at $m \ne 0$, so that the flow begins to move in any dimension. If the validation
        error still falls there, in a decade by 1 % of what it was at the start, or has hardly begun to, a
        ``ConvergenceWarning`` says so.
    times_per_decade : int
        Density of the path: `path_` holds the coefficients at 0 and at times from 0.1 on, evenly spaced in
        log t.
    early_stopping : bool
        Whether to stop where a validation split is predicted best. Else at `max_time`.
    validation_fraction : float
        Part of the samples in that split, in (0, 1).
    patience : float
        Decades of time without improvement after which the search ends, > 0. They are counted from the time
        at which the fastest component moves, at the earliest, since signals emerge one after the other.
    refit : bool
        Whether to follow the flow once more, on all samples, to the time that was found.
    callback : callable, optional
        Called as ``callback(time, error)`` along the path of the search; ``error`` is the mean squared error
        on the validation split, or None without early stopping.
    random_state : int, RandomState, numpy.random.Generator or None
        Of the validation split.

    Attributes
    ----------
    coefficients_ : ndarray, shape (K,)
        Coefficients $\theta$ at `time_`, in units of y.
    intercept_ : float
        Mean of y, or 0.
    eigenvalues_ : ndarray, shape (K,)
        $\lambda$.
    frequencies_ : ndarray of int, shape (K, d)
        Frequencies $m$, in the order of `coefficients_`.
    time_ : float
        Where the flow was stopped.
    times_, path_ : ndarray, shape (T,) and (T, K)
        Times up to `time_` and the coefficients there.
    validation_errors_ : ndarray or None
        Mean squared error on the validation split, at the times of the search.
    low_, high_ : ndarray, shape (d,), or float
        Ends of the domain.
    n_features_in_ : int
        $d$.

    Examples
    --------
    >>> import numpy as np
    >>> from opgd.regression import FixedKernelRegressor
    >>> X = np.linspace(-1, 1, 200)[:, None]
    >>> model = FixedKernelRegressor(n_frequencies=50, random_state=0).fit(X, np.exp(X[:, 0]))
    >>> bool(model.score(X, np.exp(X[:, 0])) > 0.999)
    True
    """

    def _flow(self, samples: float) -> _PathFlow:
        return FixedKernelFlow()


class DiagonalAdaptiveKernelRegressor(_TorusRegressor):
    r"""The diagonal adaptive kernel: gradient flow of all layers of $\theta_m = a_m b_m^D \beta_m$ (Appendix
    C.1).

    The features are $a_m b_m^D e_m(x)$ and are trained together with their coefficients $\beta_m$, starting
    from $a_m(0)^2 = (1 + |m|^2)^{-r}$, $b_m(0) = b_0$ and $\beta_m(0) = 0$: the kernel's eigenvalues adapt
    to the data.

    Parameters
    ----------
    depth : int
        $D \ge 0$, the number of extra layers.
    b0 : float, optional
        Initial value of the extra layers, > 0; by default $n^{-1/(2(D+2))}$, the choice of Theorem 3.2 for
        noise of the size of the normalised y. Without effect at depth 0.
    separate_layers : bool
        $D$ separate layers instead of one shared $b$, as in `opgd.OverParameterizedFlow`.
    tolerance : float
        Error that the integrator allows in a step, relative to each component, in [1e-12, 1e-1].
    r, n_frequencies, radius_squared, domain, span, normalize_y, max_time, times_per_decade
        As for `FixedKernelRegressor`.
    early_stopping, validation_fraction, patience, refit, callback, random_state
        As for `FixedKernelRegressor`.

    Attributes
    ----------
    eigenvalues_ : ndarray, shape (K,)
        Learned eigenvalues $(a_m b_m^D)^2$ at `time_`, for the normalised y.
    coefficients_, intercept_, frequencies_, time_, times_, path_, validation_errors_, low_, high_,
    n_features_in_
        As for `FixedKernelRegressor`.

    Examples
    --------
    A wave along one of three inputs, from 300 samples. The eigenvalue of the right frequency grows most:

    >>> import numpy as np
    >>> from opgd.regression import DiagonalAdaptiveKernelRegressor
    >>> from opgd.regression.frequencies import kernel_eigenvalues
    >>> X = np.random.default_rng(0).uniform(-1, 1, (300, 3))
    >>> y = np.sin(4 * np.pi * X[:, 0])
    >>> model = DiagonalAdaptiveKernelRegressor(r=2, domain=(-1, 1), random_state=0).fit(X, y)
    >>> growth = model.eigenvalues_ / kernel_eigenvalues(model.frequencies_, r=2)
    >>> model.frequencies_[growth.argmax()].tolist()
    [-4, 0, 0]
    """

    def __init__(
        self,
        depth: int = 0,
        *,
        b0: float | None = None,
        separate_layers: bool = False,
        tolerance: float = 1e-3,
        r: float | None = None,
        n_frequencies: int = 1000,
        radius_squared: int | None = None,
        domain: tuple[float, float] | None = None,
        span: float = 0.5,
        normalize_y: bool = True,
        max_time: float | None = None,
        times_per_decade: int = 10,
        early_stopping: bool = True,
        validation_fraction: float = 0.2,
        patience: float = 2.0,
        refit: bool = True,
        callback: Callback | None = None,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            r=r,
            n_frequencies=n_frequencies,
            radius_squared=radius_squared,
            domain=domain,
            span=span,
            normalize_y=normalize_y,
            max_time=max_time,
            times_per_decade=times_per_decade,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            refit=refit,
            callback=callback,
            random_state=random_state,
        )
        self.depth = depth
        self.b0 = b0
        self.separate_layers = separate_layers
        self.tolerance = tolerance

    def _check_parameters(self) -> None:
        self._flow(2)
        super()._check_parameters()

    def _flow(self, samples: float) -> _PathFlow:
        b0 = self.b0
        if b0 is None:
            b0 = tuned_b0(self.depth, samples**-0.5)
        return CoupledFlow(self.depth, b0, self.separate_layers, self.tolerance)
