"""Any input: numbers of all magnitudes, and what is no number; a result or a message, never a warning or NaN.

Each line of `CALLS` is a public function with arguments that it accepts. Arguments are replaced, one or more
at a time, by anything at all. `make soak` runs the same with many more examples (the profile "soak").
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from opgd import (
    OverParameterizedFlow,
    PowerLaw,
    SequenceModel,
    VanillaFlow,
    classics,
    expected_risk,
    fit_rate,
    gradient_descent,
    monte_carlo_risk,
    oracle_stopping,
    stopping,
)
from opgd.classics.contest import contest
from opgd.rates import fit_covariance
from opgd.regression.alignment import misalignment
from opgd.regression.basis import complex_features, real_features
from opgd.regression.coefficients import coefficients
from opgd.regression.frequencies import kernel_eigenvalues
from opgd.regression.validation import corrected_interval, equal_rows, spatial_blocks
from opgd.theory import bounds
from opgd.theory.span import effective_span_dimension

MODEL = SequenceModel(np.array([1.0, 0.5, 0.0]), np.array([1.0, 0.3, 0.1]), 0.1)
POWER = PowerLaw(1, 2, 1.5, 100, 50)
FLOWS = (VanillaFlow(), OverParameterizedFlow(0), OverParameterizedFlow(2, b0=0.5))
DATA: dict[str, Any] = {"z": [0.5, -2.0, 0.0], "eigenvalues": [1.0, 0.5, 0.0]}
RNG = "rng"  # made anew for every call

# what is called, the arguments it accepts, and what its documentation allows besides finite numbers
Call = tuple[Callable[..., Any], dict[str, Any], str]
CALLS: dict[str, Call] = {
    "PowerLaw": (PowerLaw, {"p": 1.0, "q": 2.0, "gamma": 1.5, "n": 100, "size": 50}, "infinite"),
    "SequenceModel": (SequenceModel, {"signal": [1.0, 0.5], "eigenvalues": [1.0, 0.3], "epsilon": 0.1}, ""),
    "SequenceModel.observe": (MODEL.observe, {"rng": RNG, "repetitions": 2}, ""),
    "PowerLaw.truncated": (POWER.truncated, {"size": 20}, ""),
    "OverParameterizedFlow": (
        OverParameterizedFlow,
        {"depth": 1, "b0": 0.5, "separate_layers": True, "tolerance": 1e-8},
        "",
    ),
    "tuned": (OverParameterizedFlow.tuned, {"depth": 1, "epsilon": 0.1, "separate_layers": False}, ""),
    **{
        f"{type(flow).__name__}, {getattr(flow, 'depth', '')}, {name}": (
            getattr(flow, name),
            DATA | {"t": [0.0, 1.0, 50.0]},
            "",
        )
        for flow in FLOWS
        for name in ("estimate", "linearize", "state")
        if hasattr(flow, name)
    },
    **{
        f"expected_risk, {number}": (
            expected_risk,
            {"flow": flow, "problem": problem, "t": [0.5, 20.0]},
            "infinite",
        )
        for number, (flow, problem) in enumerate([(FLOWS[0], POWER), (FLOWS[1], MODEL), (FLOWS[1], POWER)])
    },
    "oracle_stopping": (oracle_stopping, {"flow": FLOWS[0], "problem": MODEL}, "infinite"),
    "monte_carlo_risk": (
        monte_carlo_risk,
        {"flow": FLOWS[1], "problem": MODEL, "t": [1.0], "repetitions": 2, "seed": 0, "workers": 1},
        "",
    ),
    "gradient_descent": (gradient_descent, {"flow": FLOWS[1], **DATA, "step": 0.1, "t": [0.0, 1.0]}, ""),
    "fit_rate": (fit_rate, {"n": [10.0, 100.0, 1000.0], "error": [0.5, 0.2, 0.1]}, ""),
    "fit_covariance": (fit_covariance, {"n": [10.0, 100.0, 1000.0], "log_sd": [0.1, 0.1, 0.2]}, ""),
    "universal_time": (stopping.universal_time, {"depth": 1, "epsilon": 0.1, "constant": 2.0}, ""),
    "sure": (stopping.sure, {"flow": FLOWS[1], **DATA, "epsilon": 0.1, "t": [0.5, 3.0]}, ""),
    "sure_stopping": (stopping.sure_stopping, {"flow": FLOWS[1], **DATA, "epsilon": 0.1}, "infinite"),
    "split_stopping": (
        stopping.split_stopping,
        {"flow": FLOWS[1], **DATA, "epsilon": 0.1, "rng": RNG, "ratio": 0.5},
        "infinite",
    ),
    "loss": (stopping.loss, {"flow": FLOWS[1], **DATA, "signal": [1.0, -2.0, 0.0], "t": [0.5, 3.0]}, ""),
    "estimate_noise": (stopping.estimate_noise, {"z": [0.5, -0.2, 0.1, 0.3], "tail": 0.5}, ""),
    "trial_stopping": (
        stopping.trial_stopping,
        {"t": [1.0, 2.0], "risks": [[0.5, 0.4], [0.3, 0.6]]},
        "infinite",
    ),
    "constant_profile": (
        functools.partial(stopping.constant_profile, 0),
        {"problems": [MODEL], "constants": [1.0, 2.0]},
        "",
    ),
    "universal_level": (classics.universal_level, {"size": 100}, ""),
    "SpectralCutoff": (classics.SpectralCutoff, {"kept": 3}, ""),
    "Pinsker": (classics.Pinsker, {"smoothness": 1.0, "cutoff": 5.0}, "infinite"),
    "Pinsker.minimax": (classics.Pinsker.minimax, {"smoothness": 1.0, "radius": 2.0, "epsilon": 0.1}, ""),
    **{
        f"{type(rule).__name__}.estimate": (rule.estimate, {"z": [0.5, -2.0, 0.1, 0.0], "epsilon": 0.1}, "")
        for rule in (
            classics.UniversalThreshold(),
            classics.UniversalThreshold("hard"),
            classics.IndexThreshold(),
            classics.FDRThreshold(),
            classics.HybridSURE(),
            classics.Blockwise(classics.HybridSURE()),
            classics.EmpiricalBayes(),
            classics.SpectralCutoff(2),
            classics.Pinsker(1.0, 3.0),
        )
    },
    "UniversalThreshold": (classics.UniversalThreshold, {"mode": "soft"}, ""),
    "IndexThreshold": (classics.IndexThreshold, {"factor": 2.0}, ""),
    "FDRThreshold": (classics.FDRThreshold, {"rate": 0.05}, ""),
    "EmpiricalBayes": (classics.EmpiricalBayes, {"scale": 0.5}, ""),
    "Blockwise": (classics.Blockwise, {"rule": classics.HybridSURE()}, ""),
    "posterior_median": (
        classics.EmpiricalBayes().posterior_median,
        {"x": [0.5, -3.0], "weight": [0.1, 1.0]},
        "",
    ),
    "effective_threshold": (
        classics.effective_threshold,
        {"flow": FLOWS[1], "eigenvalues": [1.0, 0.1], "t": 5.0, "fraction": 0.9},
        "infinite",
    ),
    "threshold_risk": (
        classics.threshold_risk,
        {"theta": [0.0, 1.0], "epsilon": 0.1, "level": 2.0, "mode": "soft"},
        "",
    ),
    **{
        name: (getattr(bounds, name), arguments, "")
        for name, arguments in [
            ("ideal_risk", {"problem": POWER}),
            ("phi", {"problem": POWER, "delta": [0.5, 0.1]}),
            ("psi", {"problem": POWER, "delta": [0.5, 0.1]}),
            ("risk_bound", {"problem": POWER, "depth": 1}),
            ("risk_split", {"flow": FLOWS[1], "problem": MODEL, "t": 3.0}),
        ]
    },
    "effective_span_dimension": (
        effective_span_dimension,
        {"signal": [1.0, 0.5], "eigenvalues": [1.0, 0.5], "variance": 0.1},
        "",
    ),
    "contest": (contest, {"p": 1.0, "q": 2.0, "gamma": 1.5, "n": 100.0, "factor": 4.0}, "infinite"),
    "misalignment": (misalignment, {"magnitudes": [0.5, 0.2, 0.1], "threshold": 0.15}, ""),
    "kernel_eigenvalues": (kernel_eigenvalues, {"frequencies": [[0, 0], [1, 0]], "r": 1.5}, ""),
    "real_features": (real_features, {"x": [[0.1, 0.2]], "frequencies": [[0, 0], [1, 0]]}, ""),
    "complex_features": (complex_features, {"x": [[0.1, 0.2]], "frequencies": [[0, 0], [1, 0]]}, ""),
    "coefficients": (coefficients, {"x": [[0.1], [0.7]], "y": [1.0, 2.0], "frequencies": [[0], [1]]}, ""),
    "equal_rows": (equal_rows, {"x": [[0.1, 0.2], [0.1, 0.2]]}, ""),
    "spatial_blocks": (spatial_blocks, {"position": [[0.1, 0.2], [3.0, 1.0], [2.0, 2.0]], "blocks": 2}, ""),
    "corrected_interval": (
        corrected_interval,
        {"scores": [0.5, 0.6, 0.7], "test_share": 0.2, "level": 0.9},
        "",
    ),
}

extreme = st.sampled_from(
    [
        0.0,
        -0.0,
        5e-324,
        2.3e-308,
        1e-300,
        1e-155,
        1e155,
        1e300,
        1.7e308,
        -1e300,
        math.inf,
        -math.inf,
        math.nan,
    ]
)
number = st.floats() | extreme | st.floats(1e-6, 1e6) | st.integers(-3, 1000) | st.just(10**400)
array = st.lists(number, max_size=4) | st.lists(st.lists(number, min_size=2, max_size=2), max_size=3)
odd = st.sampled_from(
    [
        None,
        "",
        "1",
        "soft",
        b"1",
        1j,
        True,
        np.True_,
        object,
        {},
        {"a": 1},
        [None],
        ["a"],
        [True],
        [[1], [1, 2]],
        np.array(1 + 1j),
        np.array(["2020-01-01"], "M8[D]"),
        np.zeros((0, 3)),
        np.zeros((1, 1, 1, 1)),
        np.int8(1),
        np.float32(1e-45),
        VanillaFlow(),
        MODEL,
    ]
)
magnitudes = st.builds(
    lambda m, e, s: s * m * 10.0**e, st.floats(1, 9), st.integers(-300, 300), st.sampled_from([1, 1, -1])
)
positive = magnitudes.map(abs)
anything = (
    number | array | odd | magnitudes | st.lists(magnitudes | positive, min_size=1, max_size=3) | positive
)


def values(result: Any) -> Iterator[np.ndarray]:
    """The numbers in a result."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        result = [getattr(result, field.name) for field in dataclasses.fields(result)]
    if isinstance(result, tuple | list):
        for part in result:
            yield from values(part)
    elif isinstance(result, np.ndarray | np.number | float):
        yield np.asarray(result)


SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
COUNT = 400 if SOAK else 12


@pytest.mark.parametrize("name", CALLS)
@settings(
    max_examples=COUNT,
    derandomize=not SOAK,
    phases=[Phase.generate],  # a failure prints its arguments; the smallest ones would take minutes to find
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_a_result_or_a_message(name: str, data: st.DataObject) -> None:
    call, good, allowed = CALLS[name]
    changed = data.draw(st.sets(st.sampled_from(sorted(good)), min_size=1, max_size=3))
    arguments = good | {argument: data.draw(anything, label=argument) for argument in sorted(changed)}
    arguments = {k: np.random.default_rng(0) if v is RNG else v for k, v in arguments.items()}
    try:
        result = call(**arguments)
    except (ValueError, TypeError) as error:
        known = [*inspect.signature(call).parameters, *changed]
        words = re.findall(r"\w+", str(error))
        assert any(argument in words for argument in known), str(error)
        return
    except FloatingPointError as error:
        assert call is gradient_descent and "diverged" in str(error)
        return
    for found in values(result):
        assert "NaN" in allowed or not np.isnan(found).any(), result
        assert "infinite" in allowed or np.isfinite(found).all(), result
