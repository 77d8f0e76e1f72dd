"""The effective span dimension against its definition."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from cases import raises
from hypothesis import given, settings
from hypothesis import strategies as st

from opgd import OverParameterizedFlow
from opgd.theory.span import effective_span_dimension

PROPERTY = settings(max_examples=100, deadline=None, derandomize=True)
signals = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, -1.0, 2.0, 1e200]), min_size=1, max_size=7)


def by_definition(signal: list[float], spectrum: list[float], variance: float) -> int:
    order = sorted(range(len(signal)), key=lambda i: (-spectrum[i], i))
    for k in range(1, len(signal) + 1):
        if math.fsum(signal[i] * signal[i] for i in order[k:]) <= k * variance:
            return k
    raise AssertionError("the tail after the last component is empty")


@PROPERTY
@given(signals, st.data())
def test_against_the_definition(signal: list[float], data: st.DataObject) -> None:
    spectrum = st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=len(signal), max_size=len(signal))
    spectra = data.draw(st.lists(spectrum, min_size=1, max_size=3))
    variances = [2.0**-12, 0.0625, 0.25, 1.0, 64.0]  # sums and multiples are exact
    finite = [min(x, 2.0**20) for x in signal]
    got = effective_span_dimension(signal, spectra, variances)
    assert got.tolist() == [[by_definition(finite, s, v) for v in variances] for s in spectra]
    assert (np.diff(got, axis=1) <= 0).all()
    single = effective_span_dimension(signal, spectra[0], variances[1])
    assert single.shape == () and single == got[0, 1]


@PROPERTY
@given(st.lists(st.floats(0, 10), min_size=1, max_size=5), st.floats(0.01, 10))
def test_no_order_beats_that_of_the_signal(signal: list[float], variance: float) -> None:
    best = effective_span_dimension(signal, np.square(signal), variance)
    orders = list(itertools.permutations(range(1, len(signal) + 1)))
    assert effective_span_dimension(signal, np.array(orders, dtype=float), variance).min() == best


def test_the_flow_lowers_it_where_the_order_is_wrong() -> None:
    """The setting of Figure 1 in Huang et al.: J = 15 signals 5 j^-1.75 at floor(j^q), n = 10^4."""
    epsilon, size, j = 0.01, 5000, np.arange(1.0, 16)
    lam, flow = np.arange(1.0, size + 1) ** -1.0, OverParameterizedFlow.tuned(0, 0.01)
    noise = epsilon * np.random.default_rng(2026).standard_normal(size)
    start, end = {}, {}
    for q in (1.0, 1.5, 2.0, 3.0):
        signal = np.zeros(size)
        signal[np.floor(j**q).astype(int) - 1] = 5 * j**-1.75
        learned = flow.state(signal + noise, lam, [0.0, 1 / epsilon]).learned_eigenvalue ** 2
        start[q], end[q] = effective_span_dimension(signal, learned, epsilon**2).tolist()
        np.testing.assert_allclose(learned[0], lam, rtol=1e-12)
        assert end[q] >= 15
    assert start[1.0] == end[1.0] == 15
    assert start[1.5] > 1.5 * end[1.5] and start[2.0] > 2.5 * end[2.0] and start[3.0] > 5 * end[3.0]


@pytest.mark.parametrize(("args", "word"), [
    (([], [], 1.0), "signal"), (([[1.0]], [[1.0]], 1.0), "signal"), (([math.nan], [1.0], 1.0), "signal"),
    (([1.0], [1.0, 2.0], 1.0), "eigenvalues"), (([1.0], [-1.0], 1.0), "eigenvalues"),
    (([1.0], [math.inf], 1.0), "eigenvalues"), (([1.0], 1.0, 1.0), "eigenvalues"),
    (([1.0], [1.0], 0.0), "variance"), (([1.0], [1.0], [1.0, math.nan]), "variance"),
    (([1.0], [1.0], math.inf), "variance"),
])  # fmt: skip
def test_bad_input(args: Any, word: str) -> None:
    raises(lambda: effective_span_dimension(*args), word, "must")
