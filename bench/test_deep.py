"""10^5 paths at 200 times, depths 0, 1 and 3, to a worst error of 1e-8: this project against its peers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

RUN = Path(__file__).parent / "deep" / "run.py"
DESCENT = "gradient descent"
METHODS = [
    "opgd",
    "opgd's algorithm in numpy",
    "heyoka batch, (14)",
    "heyoka batch, angle",
    "diffrax vmap, Dopri8",
    "scipy DOP853, one system",
    "scipy DOP853, sorted, by 1000",
    DESCENT,
]
ONLY_DEEP = {"opgd's algorithm in numpy", "heyoka batch, angle"}  # the closed form needs neither


def run(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, str(RUN), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@dataclass(frozen=True)
class Reference:
    """theta of all lanes and times, in a file, and where it came from."""

    depth: int
    file: Path
    name: str


@pytest.fixture(scope="module", params=[0, 1, 3], ids="D={}".format)
def reference(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reference]:
    file = tmp_path_factory.mktemp("reference") / "theta.npy"
    yield Reference(request.param, file, run("reference", request.param, file)["name"])
    file.unlink()  # 160 MB


@pytest.mark.parametrize("method", METHODS)
def test_path_set(reference: Reference, method: str, race: Any) -> None:
    if reference.depth == 0 and method in ONLY_DEEP:
        pytest.skip("not at depth 0")
    result = run(method, reference.depth, reference.file)
    race(f"path set, D = {reference.depth}", method, result | {"errors against": reference.name})
    if "missing" in result:
        pytest.skip(f"not installed: {result['missing']}")
    assert result["error"] <= 1e-8 * result["steps_scaled"]
