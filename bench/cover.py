"""Measure which lines and branches of opgd and press the tests reach, browser tests aside.

Tests start processes of their own, which clear their environment; coverage is started in each by a `.pth`
file of a virtual environment made for it, `_build/bench/coverage`, which borrows the packages of `.venv`.
Compiled code is not seen: `NUMBA_DISABLE_JIT=1 make coverage` runs `opgd.deep` as Python, and takes hours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import peers

FOLDER = peers.ROOT / "_build" / "bench" / "coverage"


def python() -> Path:
    """Make an interpreter that sees the packages of this one and starts coverage, and return it."""
    venv.create(FOLDER, clear=True)
    packages = FOLDER / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    folders = [sysconfig.get_path("purelib"), str(peers.FOLDER)]
    lines = [f"import site; site.addsitedir({folder!r})" for folder in folders]
    (packages / "shared.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return FOLDER / "bin" / "python"


def main() -> None:
    peers.install()
    coverage = [str(python()), "-m", "coverage"]
    os.environ["COVERAGE_FILE"] = str(FOLDER / "data")
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--ignore=tests/browser", *sys.argv[1:]]
    passed = subprocess.run([*coverage, "run", *tests], cwd=peers.ROOT, check=False).returncode
    for step in (["combine", "-q"], ["json", "-q", "-o", str(FOLDER.with_suffix(".json"))], ["report"]):
        subprocess.run([*coverage, *step], cwd=peers.ROOT, check=True)
    sys.exit(passed)


if __name__ == "__main__":
    main()
