"""`.ci/environment`, with stand-ins for Python: which it takes, what it says, what is left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CI = Path(__file__).resolve().parents[1] / ".ci"

# Behaves like a Python of version $VERSION as far as the script can see; notes what it is asked to install.
STAND_IN = """#!/bin/sh
case "$*" in
    *platform.python_version*) echo "{version} /somewhere" ;;
    *"import ensurepip"*) [ -z "$WITHOUT_VENV" ] ;;
    *"%d.%d"*) echo python{version} ;;
    *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo made >>made.log ;;
    *settings.py*) echo "fast=$FAST" ;;
    *"-m pip install"*uv.txt*) cp ../bin/uv-stand-in .venv/bin/uv ;;
    *"-m pip install"*) echo "pip $*" >>installed.log; [ -z "$PIP_FAILS" ] ;;
    *) exit 0 ;;
esac
"""
UV = """#!/bin/sh
case "$*" in
    *"pip install"*) echo "uv $*" >>installed.log; [ -z "$UV_FAILS" ] ;;
esac
"""


class Sandbox:
    """A project directory, and a PATH on which only the given interpreters are."""

    def __init__(self, root: Path) -> None:
        self.root = root / "a project"
        self.bin = root / "bin"
        (self.root / "requirements").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copytree(CI, self.root / ".ci")
        (self.root / "pyproject.toml").write_text('version = "1"\n')
        (self.root / "requirements.lock").write_text("package==1\n")
        for group in ("sweep", "test"):
            (self.root / "requirements" / f"{group}.lock").write_text(f"{group}==1\n")
        self.install("uv-stand-in", UV)
        for tool in (
            "sh",
            "awk",
            "cat",
            "cmp",
            "date",
            "dirname",
            "du",
            "grep",
            "mv",
            "rm",
            "mkdir",
            "cp",
            "sed",
        ):
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)

    def install(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def run(self, *groups: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "FAST": "yes"} | variables
        command = ["/bin/sh", str(self.root / ".ci" / "environment"), *groups]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/")

    @property
    def made(self) -> int:
        log = self.root / "made.log"
        return len(log.read_text().split()) if log.exists() else 0

    @property
    def installed(self) -> list[list[str]]:
        """By what, and from which files, for each installation but that of the project itself."""
        log = self.root / "installed.log"
        lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
        return [
            [words[0], *(w for w in words if w.endswith(".lock"))] for words in lines if "-e" not in words
        ]

    @property
    def complete(self) -> bool:
        return (self.root / ".venv" / "complete").exists()


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def test_the_first_that_runs_is_taken_and_kept(sandbox: Sandbox) -> None:
    sandbox.install(
        "python3.13", "#!/bin/sh\necho 'command not found' >&2\nexit 127\n"
    )  # as pyenv's shims do
    sandbox.install("python3.12", STAND_IN.format(version="3.12.1"))
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    done = sandbox.run()
    assert done.returncode == 0, done.stderr
    assert "with Python 3.12.1" in done.stdout and sandbox.complete
    again = sandbox.run()
    assert (again.returncode, again.stdout, sandbox.made) == (0, "", 1)


def test_another_lock_another_python_another_place(sandbox: Sandbox) -> None:
    sandbox.install("python3.12", STAND_IN.format(version="3.12.1"))
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    sandbox.run()
    (sandbox.root / "requirements.lock").write_text("package==2\n")
    assert sandbox.run().returncode == 0 and sandbox.made == 2
    assert sandbox.run(PYTHON="python3.11").returncode == 0 and sandbox.made == 3
    assert sandbox.run(PYTHON="python3.11").returncode == 0 and sandbox.made == 3
    assert sandbox.run().returncode == 0 and sandbox.made == 3  # a complete one is kept
    sandbox.root = sandbox.root.rename(sandbox.root.with_name("moved"))
    assert sandbox.run().returncode == 0 and sandbox.made == 4


def test_an_interrupted_creation_is_begun_again(sandbox: Sandbox) -> None:
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    assert sandbox.run(PIP_FAILS="yes", UV_FAILS="yes").returncode != 0
    assert not sandbox.complete
    assert sandbox.run().returncode == 0 and sandbox.complete and sandbox.made == 2


def test_a_group_is_added_once_and_made_again_with_the_rest(sandbox: Sandbox) -> None:
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    assert sandbox.run("sweep").returncode == 0 and sandbox.run("sweep").stdout == ""
    assert sandbox.run("test", "sweep").returncode == 0 and sandbox.run().stdout == "" and sandbox.made == 1
    assert sandbox.installed == [
        ["uv", "requirements.lock", "requirements/sweep.lock"],
        ["uv", "requirements/test.lock"],
    ]
    (sandbox.root / "requirements" / "sweep.lock").write_text("sweep==2\n")
    assert sandbox.run().returncode == 0 and sandbox.made == 2
    assert set(sandbox.installed[-1][1:]) == {
        "requirements.lock",
        "requirements/sweep.lock",
        "requirements/test.lock",
    }


def test_an_interrupted_addition_is_begun_again(sandbox: Sandbox) -> None:
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    sandbox.run()
    assert sandbox.run("test", PIP_FAILS="yes", UV_FAILS="yes").returncode != 0
    assert sandbox.run("test").returncode == 0 and sandbox.made == 1
    assert sandbox.installed[-1] == ["uv", "requirements/test.lock"]


def test_a_group_that_is_none(sandbox: Sandbox) -> None:
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    done = sandbox.run("sweeps")
    assert done.returncode == 2 and "requirements/sweep.lock" in done.stderr and sandbox.made == 0


@pytest.mark.parametrize("why", [{"UV_FAILS": "yes"}, {"FAST": ""}])
def test_where_uv_cannot_pip_installs_the_same(sandbox: Sandbox, why: dict[str, str]) -> None:
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    assert sandbox.run("test", **why).returncode == 0 and sandbox.complete
    assert sandbox.installed[-1] == ["pip", "requirements.lock", "requirements/test.lock"]
    pip = [line for line in (sandbox.root / "installed.log").read_text().splitlines() if ".lock" in line][-1]
    assert "--require-hashes" in pip and "--no-deps" in pip


def test_another_version_of_the_project(sandbox: Sandbox) -> None:
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    sandbox.run()
    (sandbox.root / "pyproject.toml").write_text('version = "2"\n')
    assert sandbox.run().returncode == 0 and sandbox.made == 2


def test_a_python_that_nobody_has_run_is_said_to_be_one(sandbox: Sandbox) -> None:
    sandbox.install("python3.14", STAND_IN.format(version="3.14.2"))
    done = sandbox.run()
    assert done.returncode == 0 and "nobody has run" in done.stdout
    sandbox.install("python3.13", STAND_IN.format(version="3.13.1"))
    assert "nobody has run" not in sandbox.run(PYTHON="python3.13").stdout and sandbox.made == 2


def test_no_python(sandbox: Sandbox) -> None:
    done = sandbox.run()
    assert done.returncode != 0 and not (sandbox.root / ".venv").exists()
    assert "No working python3.13, python3.12, python3.11" in done.stderr and "PYTHON=" in done.stderr


def test_a_python_that_does_not_run(sandbox: Sandbox) -> None:
    sandbox.install("python3.11", STAND_IN.format(version="3.11.7"))
    done = sandbox.run(PYTHON="/nowhere/python3")
    assert (
        done.returncode != 0 and "PYTHON=/nowhere/python3 does not run" in done.stderr and sandbox.made == 0
    )


def test_missing_venv_names_the_remedy(sandbox: Sandbox) -> None:
    sandbox.install("python3.11", STAND_IN.format(version="3.11"))
    done = sandbox.run(WITHOUT_VENV="yes")
    assert done.returncode != 0 and "apt install python3.11-venv" in done.stderr
    assert not (sandbox.root / ".venv").exists()


def test_the_caller_s_settings_do_not_reach_it(sandbox: Sandbox) -> None:
    spy = STAND_IN.replace("#!/bin/sh\n", '#!/bin/sh\n[ -z "$PYTHONPATH$PYTHONHOME" ] || exit 9\n')
    sandbox.install("python3.11", spy.format(version="3.11.7"))
    done = sandbox.run(PYTHONPATH="/x", PYTHONHOME="/x", HOME=os.devnull)
    assert done.returncode == 0 and sandbox.complete
