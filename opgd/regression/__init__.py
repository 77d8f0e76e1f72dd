"""Beyond the sequence model: kernel regression on the torus, with learned eigenvalues."""

from opgd.regression.datasets import load_california_housing, load_concrete
from opgd.regression.estimators import DiagonalAdaptiveKernelRegressor, FixedKernelRegressor

__all__ = [
    "DiagonalAdaptiveKernelRegressor",
    "FixedKernelRegressor",
    "load_california_housing",
    "load_concrete",
]
