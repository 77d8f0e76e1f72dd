"""Put what a check says of itself into the JUnit report, from which the book makes its badges."""

from __future__ import annotations

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    mark = item.get_closest_marker("statement")
    if mark:
        statements, grade, covers = mark.args
        item.user_properties += [("statement", name) for name in statements]
        item.user_properties += [("grade", grade), ("covers", covers)]
    yield
    if mark:
        measured = item.function.measured  # type: ignore[attr-defined]
        item.user_properties += [("measured", f"{name} = {value:.4g}") for name, value in measured.items()]
