"""When to stop: the oracle that knows the risk, the universal time of the theory, and the data themselves."""

from opgd.stopping.oracle import Stop, oracle_stopping, trial_stopping
from opgd.stopping.stein import estimate_noise, loss, split_stopping, sure, sure_stopping
from opgd.stopping.universal import ConstantProfile, constant_profile, universal_time

__all__ = [
    "ConstantProfile",
    "Stop",
    "constant_profile",
    "estimate_noise",
    "loss",
    "oracle_stopping",
    "split_stopping",
    "sure",
    "sure_stopping",
    "trial_stopping",
    "universal_time",
]
