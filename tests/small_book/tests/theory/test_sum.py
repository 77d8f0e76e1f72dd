from statements import statement
from sums import power_sum
from sums.closed import squares


@statement("sum", grade="checked", covers="one case", teeth=[{"total": 15}])
def test_sum(total: int = 14) -> None:
    assert squares(4) == total == power_sum(4, 2)
