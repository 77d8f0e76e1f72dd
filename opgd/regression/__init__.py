"""Beyond the sequence model: kernel regression on the torus, with learned eigenvalues."""

try:
    from opgd.regression.datasets import load_california_housing, load_concrete
    from opgd.regression.estimators import DiagonalAdaptiveKernelRegressor, FixedKernelRegressor
except ModuleNotFoundError as error:
    raise ImportError(
        f"opgd.regression needs {error.name}: pip install 'opgd-book[regression]'", name=error.name
    ) from error

__all__ = [
    "DiagonalAdaptiveKernelRegressor",
    "FixedKernelRegressor",
    "load_california_housing",
    "load_concrete",
]
