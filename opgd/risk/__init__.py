"""The risk of a flow: exact, and by simulation."""

from opgd.risk._moments import squared_error_moments
from opgd.risk.curve import RiskCurve, expected_risk
from opgd.risk.simulated import monte_carlo_risk, trial_generators

__all__ = ["RiskCurve", "expected_risk", "monte_carlo_risk", "squared_error_moments", "trial_generators"]
