"""Measure which lines and branches of opgd and press the tests reach, browser tests aside.

Tests start processes of their own, which clear their environment; coverage is started in each by a `.pth`
file of a virtual environment made for it, `_build/bench/coverage`, which borrows the packages of `.venv`.
Compiled code is not seen, so some quick tests run once more with `opgd.flow._deep` as plain Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import peers

INTERPRETED = [  # tests of compiled code that do not take hours without the compiler
    "tests/opgd/flow/test_deep.py::test_rest_and_equilibrium_are_exact",
    "tests/opgd/flow/test_deep.py::test_order_and_shape_of_the_arguments_do_not_matter",
    "tests/opgd/flow/test_deep.py::test_against_a_general_ode_solver",
    "tests/opgd/flow/test_flows.py::test_half_times[flow0]",
    "tests/opgd/flow/test_flows.py::test_half_times[flow2]",
    "tests/opgd/flow/test_linearize.py::test_against_the_variational_equations",
]
FOLDER = peers.ROOT / "_build" / "bench" / "coverage"


def python() -> Path:
    """Make an interpreter that sees the packages of this one and starts coverage, and return it."""
    venv.create(FOLDER, clear=True)
    packages = FOLDER / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    folders = [sysconfig.get_path("purelib"), str(peers.FOLDER)]
    lines = [f"import site; site.addsitedir({folder!r})" for folder in folders]
    (packages / "shared.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in ("etc", "share"):  # where Jupyter looks for its extensions and kernels
        (FOLDER / name).symlink_to(Path(sys.prefix, name))
    return FOLDER / "bin" / "python"


def main() -> None:
    peers.install()
    coverage = [str(python()), "-m", "coverage"]
    os.environ["COVERAGE_FILE"] = str(FOLDER / "data")
    pytest = [*coverage, "run", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    tests = ["--ignore=tests/browser", *sys.argv[1:]]
    passed = subprocess.run([*pytest, *tests], cwd=peers.ROOT, check=False).returncode
    plain = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    passed |= subprocess.run([*pytest, *INTERPRETED], cwd=peers.ROOT, env=plain, check=False).returncode
    ours = "--include=opgd/*,press/*"  # not what tests add to their copies
    for step in (["combine", "-q"], ["json", ours, "-q", "-o", f"{FOLDER}.json"], ["report", ours]):
        subprocess.run([*coverage, *step], cwd=peers.ROOT, check=True)
    sys.exit(passed)


if __name__ == "__main__":
    main()
