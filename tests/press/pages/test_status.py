from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from press.pages import status

Cells = Callable[[str], list[list[str]]]
VERSIONS = {"python": "3.11.7", "numpy": "2.4.6"}


def notebook(seconds: float, **changes: Any) -> dict[str, Any]:
    press = {
        "started": "2026-01-02T03:04:05+00:00", "seconds": seconds, "machine": "Linux x86_64, 2 processors",
        "processors": 2, "profile": "default", "commit": "abc", "versions": VERSIONS,
    }  # fmt: skip
    return {"metadata": {"press": press | changes}}


def measured(tmp_path: Path) -> dict[str, Any]:
    lock = tmp_path / "requirements.lock"
    lock.write_bytes(b"numpy==2.4.6\n")
    notebooks = {"first": notebook(100.0), "second": notebook(260.0, versions=VERSIONS | {"numpy": "2.5.0"})}
    return status.measure(notebooks, lock, "def")


def test_chapters_and_their_sum(tmp_path: Path, cells: Cells) -> None:
    found = cells(status.PARTS["chapters"](measured(tmp_path)))
    assert found[1] == ["{doc}`first`", "2026-01-02 03:04", "100.0", "default", "abc"]
    assert found[-1] == ["**all**", "", "**360.0**", "", ""]


def test_the_environment_shows_every_value_that_occurs(tmp_path: Path, cells: Cells) -> None:
    facts = dict(cells(status.PARTS["environment"](measured(tmp_path))))
    assert facts["numpy"] == "2.4.6, 2.5.0" and facts["python"] == "3.11.7"
    assert facts["SHA-256 of requirements.lock"] == hashlib.sha256(b"numpy==2.4.6\n").hexdigest()
    assert facts["commit of the pages"] == "def"


def test_the_cost_beside_the_authors(tmp_path: Path, cells: Cells) -> None:
    """64 cores for at most a day are 1536 core hours; 360 s on two processors at most 0.2."""
    _, theirs, ours = cells(status.PARTS["cost"](measured(tmp_path)))
    assert theirs[1:] == ["64", "at most 24 h", "at most 1,536"]
    assert ours[1:] == ["2", "6.0 min", "at most 0.20"]
