"""Fourier bases on the torus against brute force, long double sums and exact quadrature."""

from __future__ import annotations

import itertools
import math
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from threadpoolctl import threadpool_limits

from opgd.regression.basis import complex_features, feature_chunks, real_features
from opgd.regression.coefficients import coefficients
from opgd.regression.frequencies import (
    first_frequencies,
    kernel_eigenvalues,
    lattice,
    lattice_size,
    one_of_each_pair,
)

steady = settings(derandomize=True, deadline=None, max_examples=60)
small = [(1, 30), (2, 12), (3, 6), (4, 5), (5, 3), (8, 2)]


def cube(d: int, r: int) -> list[tuple[int, ...]]:
    """The lattice from the definition: filter a cube, sort by norm, then as words."""
    root = math.isqrt(r)
    inside = (m for m in itertools.product(range(-root, root + 1), repeat=d) if sum(k * k for k in m) <= r)
    return sorted(inside, key=lambda m: (sum(k * k for k in m), m))


@pytest.mark.parametrize(("d", "largest"), small)
def test_lattices_are_what_the_definition_says(d: int, largest: int) -> None:
    for r in range(largest + 1):
        points = cube(d, r)
        found = lattice(d, r)
        assert found.dtype == np.int64 and list(map(tuple, found.tolist())) == points
        assert lattice_size(d, r) == len(points)


def test_known_counts() -> None:
    """Sums of eight squares by Jacobi's formula, of two by Gauss; Figure 6's axes."""
    shells = [1] + [
        16 * sum((-1) ** (n + k) * k**3 for k in range(1, n + 1) if n % k == 0) for n in range(1, 60)
    ]
    assert [lattice_size(8, r) for r in range(60)] == list(itertools.accumulate(shells))
    assert (lattice_size(8, 13), lattice_size(8, 7)) == (136_209, 12_369)
    assert lattice_size(2, 10**6) == 3_141_549 and lattice_size(1, 10**12 - 1) == 2 * 10**6 - 1
    exact = sum(math.comb(100, k) * 2**k for k in range(4))  # all entries -1, 0 or 1
    assert lattice_size(100, 3) == exact
    assert (
        len(lattice(10, 4)) == lattice_size(10, 4) == 8 * math.comb(10, 3) + 16 * math.comb(10, 4) + 201 + 20
    )


@given(d=st.integers(1, 10), size=st.integers(1, 3000))
@steady
def test_first_frequencies_are_a_prefix_of_the_lattice(d: int, size: int) -> None:
    m = first_frequencies(d, size)
    radius = int(np.square(m[-1]).sum())
    assert m.shape == (size, d) and lattice_size(d, radius) >= size
    assert radius == 0 or lattice_size(d, radius - 1) < size
    assert (m == lattice(d, radius)[:size]).all()


@pytest.mark.parametrize("d", [40, 300, 2000])
def test_many_dimensions_list_no_shell_in_vain(d: int) -> None:
    """The third shell of 300 dimensions has 179,400 points, of which 399 are wanted."""
    tracemalloc.start()
    m = first_frequencies(d, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 4 * m.nbytes + 5e6
    norms = np.square(m).sum(axis=1)
    units = min(2 * d, 999)
    np.testing.assert_array_equal(norms, np.r_[0, np.ones(units), np.full(999 - units, 2)])
    assert (m[1 : 1 + min(d, 999)].sum(axis=1) == -1).all()  # lexicographic: -e_1, -e_2, ...
    assert (m[1 : 1 + min(d, 999)].argmin(axis=1) == np.arange(min(d, 999))).all()
    if d == 300:  # -e_1 - e_2, -e_1 - e_3, ...
        assert (m[601:900, 0] == -1).all() and (m[601:900, 1:].argmin(axis=1) == np.arange(299)).all()


def test_large_lattices_say_how_large() -> None:
    points = lattice_size(8, 40)
    with pytest.raises(
        ValueError, match=rf"\|m\|\^2 <= 40 in dimension 8, {points} points, would take 2\.46 GiB"
    ):
        lattice(8, 40, memory=2**30)
    with pytest.raises(ValueError, match=r"dimension 10 has at least 10\^\d+ points"):
        lattice(10, 10**12)
    with pytest.raises(ValueError, match=r"1000000000000 frequencies in dimension 3 would take"):
        first_frequencies(3, 10**12)
    with pytest.raises(ValueError, match=r"1000 points at 1000 frequencies would take .*feature_chunks"):
        real_features(np.zeros((1000, 1)), lattice(1, 10**6)[:1000], memory=10**6)
    with pytest.raises(ValueError, match="would take"):
        complex_features(np.zeros((1000, 1)), lattice(1, 10**6)[:1000], memory=10**7)


def test_a_lattice_takes_no_more_memory_than_it_asked_for() -> None:
    for d, r in ((8, 9), (3, 800), (1, 10**10)):
        asked = 3 * lattice_size(d, r) * (d + 2) * 8
        tracemalloc.start()
        lattice(d, r, memory=asked)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert asked / 4 < peak <= asked
        with pytest.raises(ValueError, match="would take"):
            lattice(d, r, memory=asked - 1)


@pytest.mark.parametrize(("name", "call"), [
    ("dimension", lambda: lattice(0, 1)),
    ("dimension", lambda: lattice_size(2.0, 1)),  # type: ignore[arg-type]
    ("radius_squared", lambda: lattice(2, -1)),
    ("radius_squared", lambda: lattice_size(3, 10**7)),
    ("radius_squared", lambda: lattice_size(2, 10**15)),
    ("radius_squared", lambda: lattice_size(10**5, 10**6)),
    ("size", lambda: first_frequencies(2, 0)),
    ("memory", lambda: lattice(2, 1, memory=math.nan)),
    ("r = 0", lambda: kernel_eigenvalues([[1]], 0)),
    ("r = inf", lambda: kernel_eigenvalues([[1]], math.inf)),
    ("frequencies", lambda: kernel_eigenvalues([[0.5]], 1)),
    ("frequencies", lambda: kernel_eigenvalues([1, 2], 1)),
    ("frequencies", lambda: real_features([[0.0]], [[2**40]])),
    ("x holds nan", lambda: real_features([[math.nan]], [[1]])),
    ("x of shape", lambda: complex_features([0.0], [[1]])),
    ("x of shape", lambda: complex_features(np.zeros((0, 2)), [[1, 2]])),
    ("frequencies have 1 columns, x has 2", lambda: coefficients([[0.0, 0.0]], [1.0], [[1]])),
    ("x holds -1e+300", lambda: real_features([[0.0, -1e300]], [[1, 2]])),
    ("y holds inf", lambda: coefficients([[0.0]], [math.inf], [[1]])),
    ("y of shape", lambda: coefficients([[0.0]], [1.0, 2.0], [[1]])),
    ("basis", lambda: feature_chunks([[0.0]], [[1]], basis="sine")),
    ("memory", lambda: feature_chunks([[0.0]], [[1]], memory=0)),
])  # fmt: skip
def test_bad_input_is_refused_before_any_work(name: str, call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=re.escape(name)):
        call()


@pytest.mark.parametrize(("d", "r"), [(1, 49), (2, 9), (3, 4)])
def test_both_bases_are_orthonormal(d: int, r: int) -> None:
    """The trapezoidal rule on a grid of more points than twice the degree is exact."""
    m = lattice(d, r)
    side = np.arange(-1, 1, 2 / (2 * math.isqrt(r) + 1))
    grid = np.stack(np.meshgrid(*[side] * d), axis=-1).reshape(-1, d)
    for basis in (real_features, complex_features):
        e = basis(grid, m)
        assert np.abs(e.conj().T @ e / len(grid) - np.eye(len(m))).max() < 1e-13


points = st.integers(1, 5).flatmap(
    lambda d: st.tuples(
        arrays(np.float64, st.tuples(st.integers(1, 12), st.just(d)), elements=st.floats(-1, 1)),
        arrays(np.int64, st.tuples(st.integers(1, 20), st.just(d)), elements=st.integers(-9, 9)),
        st.integers(0, 2**32),
    )
)


@given(points)
@steady
def test_real_and_complex_bases_agree(given_points) -> None:  # type: ignore[no-untyped-def]
    x, m, _ = given_points
    real, wave = real_features(x, m), complex_features(x, m)
    for k, frequency in enumerate(m):
        first = frequency[np.flatnonzero(frequency)[:1]]
        if not len(first):
            assert (real[:, k] == 1).all()
        else:
            part = wave[:, k].real if first > 0 else -wave[:, k].imag
            assert np.abs(real[:, k] - math.sqrt(2) * part).max() < 1e-12
    assert np.allclose(real_features(x + 2, m), real, atol=1e-11)  # a torus


@given(points)
@steady
def test_coefficients_of_any_frequencies(given_points) -> None:  # type: ignore[no-untyped-def]
    """Repeated, unsorted, unpaired frequencies; against long double."""
    x, m, seed = given_points
    y = np.random.default_rng(seed).normal(size=len(x))
    phase = np.longdouble(math.pi) * (x.astype(np.longdouble) @ m.T.astype(np.longdouble))
    exact = y @ np.cos(phase) / len(x) - 1j * (y @ np.sin(phase)) / len(x)
    assert np.abs(coefficients(x, y, m) - exact).max() < 1e-13 * (1 + np.abs(y).max())


@pytest.mark.parametrize("d", [1, 2, 3, 7, 10])
def test_coefficients_of_a_lattice(d: int) -> None:
    rng = np.random.default_rng(d)
    x, y = rng.uniform(-1, 1, (50, d)), rng.normal(size=50)
    m = first_frequencies(d, 4000)
    exact = complex_features(x, m).conj().T @ y / 50
    found = coefficients(x, y, m)
    assert np.abs(found - exact).max() < 1e-12
    where = {tuple(row): k for k, row in enumerate(m.tolist())}
    pairs = [
        (k, where[tuple(-i for i in row)]) for row, k in where.items() if tuple(-i for i in row) in where
    ]
    assert all(found[k] == found[other].conjugate() for k, other in pairs)  # to the bit: y is real


def test_frequencies_without_structure_are_summed_one_by_one() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-1, 1, (7, 4)), rng.normal(size=7)
    m = rng.integers(-1000, 1000, (9000, 4))
    assert np.abs(coefficients(x, y, m) - complex_features(x, m).conj().T @ y / 7).max() < 1e-10


def test_more_points_than_one_table_holds() -> None:
    rng = np.random.default_rng(1)
    x, y, m = rng.uniform(-1, 1, (60_000, 6)), rng.normal(size=60_000), lattice(6, 4)
    some = rng.choice(len(m), 40, replace=False)
    exact = complex_features(x, m[some]).conj().T @ y / len(x)
    assert np.abs(coefficients(x, y, m)[some] - exact).max() < 1e-14


def test_the_same_bits_for_any_number_of_threads() -> None:
    rng = np.random.default_rng(0)
    x, y, m = rng.uniform(-1, 1, (3000, 6)), rng.normal(size=3000), lattice(6, 6)
    results = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            results.append(coefficients(x, y, m))
    assert (results[0] == results[1]).all()


@given(st.integers(1, 40), st.sampled_from(["real", "complex"]))
@steady
def test_chunks_together_are_the_features(rows: int, basis: str) -> None:
    x, m = np.random.default_rng(rows).uniform(-1, 1, (40, 3)), lattice(3, 3)
    full = (real_features if basis == "real" else complex_features)(x, m)
    size = full.itemsize * len(m)
    seen = 0
    for part, block in feature_chunks(x, m, basis=basis, memory=size * rows):
        assert part.start == seen and block.nbytes <= size * rows
        assert np.abs(block - full[part]).max() < 1e-13
        seen = part.stop
    assert seen == 40


def test_eigenvalues_count_as_the_dimension_says() -> None:
    """Their number above delta grows like delta^(-d / 2r), the counting argument of Example 2.2."""
    r = 1.7
    for d, radius in ((1, 250_000), (2, 2500), (3, 400)):
        lam = kernel_eigenvalues(lattice(d, radius), r)
        assert (np.diff(lam) <= 0).all() and lam[0] == 1
        delta = np.geomspace(lam[-1], lam[-1] * 20, 30)
        slope = np.polyfit(np.log(delta), np.log([(lam > level).sum() for level in delta]), 1)[0]
        assert abs(slope + d / (2 * r)) < 0.03


@pytest.mark.parametrize(("d", "r"), [(1, 9), (3, 6), (8, 2)])
def test_one_of_each_pair(d: int, r: int) -> None:
    m = lattice(d, r)
    chosen = {tuple(row) for row in m[one_of_each_pair(m)].tolist()}
    assert len(chosen) == (len(m) + 1) // 2 and (0,) * d in chosen
    assert {row for row in chosen} | {tuple(-k for k in row) for row in chosen} == set(map(tuple, m.tolist()))


@pytest.mark.parametrize("size", [1e-300, 1.7e308])
def test_values_at_the_ends_of_the_doubles(size: float) -> None:
    x, m = np.random.default_rng(0).uniform(-1, 1, (9, 3)), lattice(3, 3)
    y = np.array([1, -1, 1, 1, 1, 1, -1, 1, 1]) * size
    expected = coefficients(x, np.sign(y), m)
    assert np.abs(coefficients(x, y, m) / size - expected).max() < 1e-15
