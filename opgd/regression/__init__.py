"""Beyond the sequence model: kernel regression on the torus, with learned eigenvalues."""

from opgd.regression.datasets import load_california_housing, load_concrete

__all__ = ["load_california_housing", "load_concrete"]
