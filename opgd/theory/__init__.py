"""What the theorems speak of: the significant set, bounds of the risk and its split, the span of a signal."""

from opgd.theory.bounds import (
    RiskBound,
    RiskSplit,
    ideal_risk,
    phi,
    psi,
    risk_bound,
    risk_split,
)
from opgd.theory.span import effective_span_dimension

__all__ = [
    "RiskBound",
    "RiskSplit",
    "effective_span_dimension",
    "ideal_risk",
    "phi",
    "psi",
    "risk_bound",
    "risk_split",
]
