"""The flows: what maps an observation, its eigenvalue and a time to an estimate."""

from opgd.flow.descent import gradient_descent
from opgd.flow.interface import Flow
from opgd.flow.over_parameterized import FlowState, OverParameterizedFlow, tuned_b0
from opgd.flow.vanilla import VanillaFlow

__all__ = ["Flow", "FlowState", "OverParameterizedFlow", "VanillaFlow", "gradient_descent", "tuned_b0"]
