from __future__ import annotations

from typing import Any

import nbformat.v4 as v4
import numpy as np
import pytest

from press.chapter import note
from press.run.outputs import notes


def noted(monkeypatch: pytest.MonkeyPatch, *mappings: dict[str, object], **more: object) -> dict[str, Any]:
    """What `notes` reads of what `note` displays in a kernel."""
    from IPython import display

    outputs: list[Any] = []

    def keep(data: Any, *, raw: bool, metadata: Any) -> None:
        outputs.append(v4.new_output("display_data", data=data, metadata=metadata))

    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    monkeypatch.setattr(display, "display", keep)
    note(*mappings, **more)
    return dict(notes(v4.new_notebook(cells=[v4.new_code_cell("", outputs=outputs)])))


def test_values_come_back_with_their_types(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"slope-0": np.float64(-0.5), "n": np.int64(3), "b": np.bool_(True)}
    found = noted(monkeypatch, given, best_time=1e300, words="it's $x$", far=-np.inf)
    assert found == {
        "slope-0": -0.5, "n": 3, "b": True, "best-time": 1e300, "words": "it's $x$", "far": -np.inf,
    }  # fmt: skip
    assert [type(v) for v in found.values()] == [float, int, bool, float, str, float]


@pytest.mark.parametrize("value", [None, [1], np.ones(2), 1j, object()])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="slope"):
        note(slope=value)


def test_outside_a_kernel_nothing_happens() -> None:
    note(slope=1.0)
