"""Sums of powers: the mathematics that the chapters call."""

from sums.powers import estimate, power_sum

__all__ = ["estimate", "power_sum"]
