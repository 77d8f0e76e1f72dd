"""The flows: what maps an observation, its eigenvalue and a time to an estimate."""

from opgd.flow.descent import gradient_descent
from opgd.flow.over_parameterized import Flow, FlowState, OverParameterizedFlow, VanillaFlow

__all__ = ["Flow", "FlowState", "OverParameterizedFlow", "VanillaFlow", "gradient_descent"]
