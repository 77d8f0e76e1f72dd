import pytest
from sums import estimate, power_sum


def test_small():
    assert power_sum(4, 2) == 14 and power_sum(4, 3) == 36


@pytest.mark.parametrize("power", [0.5, 2.0])
def test_the_estimate_is_close(power):
    assert estimate(10, power, seed=1, draws=10_000) == pytest.approx(power_sum(10, power), rel=0.05)
