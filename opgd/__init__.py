"""Over-parameterized gradient descent in sequence models: the mathematics of Li & Lin (NeurIPS 2024).

Examples
--------
>>> from opgd import OverParameterizedFlow, PowerLaw, oracle_stopping
>>> problem = PowerLaw(p=1, q=2, gamma=1.5, n=2000)
>>> round(oracle_stopping(OverParameterizedFlow(depth=0), problem).risk, 4)
0.0871
"""

from opgd.flow import Flow, FlowState, OverParameterizedFlow, VanillaFlow, gradient_descent
from opgd.problem import PowerLaw, SequenceModel
from opgd.rates import RateFit, fit_rate
from opgd.risk import RiskCurve, expected_risk, monte_carlo_risk
from opgd.stopping import Stop, oracle_stopping

__version__ = "0.1.0"

__all__ = [
    "Flow",
    "FlowState",
    "OverParameterizedFlow",
    "PowerLaw",
    "RateFit",
    "RiskCurve",
    "SequenceModel",
    "Stop",
    "VanillaFlow",
    "expected_risk",
    "fit_rate",
    "gradient_descent",
    "monte_carlo_risk",
    "oracle_stopping",
]
