"""What others take from here: locks, metadata, wheel and source archive, and the caller's settings of pip."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hatchling.build import build_sdist, build_wheel
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = [ROOT / "requirements.lock", *sorted((ROOT / "requirements").glob("*.lock"))]


def pinned(lock: Path) -> list[str]:
    """The requirements of a lock, each with its hashes on one line."""
    lines = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return [line for line in lines if line and line.strip()[0] != "#"]


def names(requirements: list[str]) -> set[str]:
    return {re.sub(r"[-_.]+", "-", Requirement(r.split(" --hash")[0]).name).lower() for r in requirements}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_package_of_a_lock_has_a_version_and_hashes_and_no_address(lock: Path) -> None:
    assert len(pinned(lock)) > 5
    assert [line for line in pinned(lock) if "==" not in line or "--hash=sha256:" not in line] == []
    assert "://" not in lock.read_text(encoding="utf-8")


def test_the_locks_hold_what_is_asked_for_and_agree() -> None:
    extras, groups = PROJECT["project"]["optional-dependencies"], PROJECT["dependency-groups"]
    base = names(pinned(LOCKS[0]))
    for extra in ("deep", "regression", "press"):
        assert names(extras[extra]) - {"opgd-book"} <= base
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        wanted = [r for r in groups.get(lock.stem, []) if isinstance(r, str)]
        assert names(wanted) <= base | names(pinned(lock))
        for line in pinned(lock) if lock.stem != "future" else []:  # an environment of its own
            versions.setdefault(line.split("==")[0], set()).add(line.split(" --hash")[0].strip())
    for found in versions.values():  # one version of each, or others for other Pythons
        told = {line.split(";")[0].strip() for line in found}
        assert len(told) == 1 or all("python_full_version" in line for line in found), found


def test_a_build_of_the_book_needs_no_tools_of_others() -> None:
    assert not names(pinned(LOCKS[0])) & {"pandas", "pyarrow", "jupyterlab", "playwright", "mypy", "ruff"}


def test_the_environment_enforces_hashes_and_installs_nothing_else() -> None:
    script = (ROOT / ".ci" / "environment").read_text(encoding="utf-8")
    installs = [line for line in script.splitlines() if "pip install" in line]
    assert len(installs) == 4
    assert all("--no-deps" in line for line in installs)
    assert all("hashes" in line for line in installs if " -e ." not in line)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is distributed, with what must not be."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"):
        shutil.copy(ROOT / name, root)
    for name in ("opgd", "press"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "opgd" / "__pycache__").mkdir()
    (root / "opgd" / "__pycache__" / "kept.nbc").write_text("compiled")
    (root / "tests").mkdir()
    (root / "tests" / "test_one.py").write_text("")
    return root


def test_wheel_and_archive_hold_the_library_alone_and_leave_nothing_behind(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)
    before = set(checkout.rglob("*"))
    wheel, archive = build_wheel(str(tmp_path)), build_sdist(str(tmp_path))
    assert set(checkout.rglob("*")) == before
    inside = zipfile.ZipFile(tmp_path / wheel).namelist()
    assert {name.split("/")[0] for name in inside if ".dist-info" not in name} == {"opgd", "press"}
    assert {"opgd/py.typed", "opgd/regression/data/concrete.csv.gz", "opgd/paper/reported.toml"} <= set(
        inside
    )
    assert not any("__pycache__" in name for name in inside)
    with tarfile.open(tmp_path / archive) as tar:
        parts = {name.split("/")[1] for name in tar.getnames()}
    assert {"opgd", "press", "LICENSE", "README.md"} <= parts and not parts & {"tests", "book", "bench"}


def test_the_metadata_name_the_extras_and_where_the_work_comes_from() -> None:
    project = PROJECT["project"]
    assert set(project["optional-dependencies"]) == {"classics", "deep", "press", "regression"}
    assert project["authors"] and project["urls"] and project["requires-python"] == ">=3.11"
    assert names(project["dependencies"]) == {"numpy", "scipy"}


def test_the_citation_names_one_licence_and_the_paper_as_well() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["license"] == "MIT" and "preferred-citation" not in citation
    assert [work["title"] for work in citation["references"]] == [citation["title"].split(": an exec")[0]]
    assert str(citation["version"]) == PROJECT["project"]["version"]


def test_the_record_for_the_archive_agrees_with_the_citation() -> None:
    record = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    for ours, theirs in (
        ("title", "title"),
        ("version", "version"),
        ("license", "license"),
        ("keywords", "keywords"),
    ):
        assert record[ours] == citation[theirs]
    assert [c["name"] for c in record["creators"]] == [a["name"] for a in citation["authors"]]
    assert (
        record["related_identifiers"][0]["identifier"] == citation["references"][0]["identifiers"][0]["value"]
    )


def settings(home: Path, **variables: str) -> dict[str, str]:
    """What `.ci/settings.py` lets a shell have, of a home with `pip.conf` and of variables."""
    clean = {
        n: v
        for n, v in os.environ.items()
        if not n.startswith(("PIP_", "UV_", "SSL_", "XDG_", "REQUESTS_", "CURL_"))
    }
    environment = clean | {"HOME": str(home), "PIP_CONFIG_FILE": str(home / "pip.conf")} | variables
    script = [sys.executable, "-I", str(ROOT / ".ci" / "settings.py")]
    lines = subprocess.run(script, env=environment, check=True, capture_output=True, text=True).stdout
    done = subprocess.run(
        ["sh", "-c", 'eval "$1"; echo "FAST=$fast"; env', "sh", lines],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def test_where_packages_come_from_holds_for_uv_and_where_they_go_for_none(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://mirror.example/simple\nquiet = 2\ntarget = /elsewhere\nuser = true\n"
        "[install]\nindex-url = https://other.example/a b\nprefix = /elsewhere\ncert = /etc/one.pem\n"
    )
    seen = settings(
        tmp_path, PIP_CONSTRAINT="/etc/c.txt", PIP_TARGET="/x", UV_PYTHON="3.9", UV_CACHE_DIR="/kept"
    )
    assert seen["UV_DEFAULT_INDEX"] == seen["PIP_INDEX_URL"] == "https://other.example/a b"
    assert seen["SSL_CERT_FILE"] == seen["PIP_CERT"] == "/etc/one.pem"
    assert seen["UV_CONSTRAINT"] == seen["PIP_CONSTRAINT"] == "/etc/c.txt"
    assert seen["PIP_CONFIG_FILE"] == os.devnull and seen["UV_CACHE_DIR"] == "/kept" and seen["FAST"] == "yes"
    assert not {"PIP_TARGET", "PIP_USER", "PIP_PREFIX", "PIP_QUIET", "UV_PYTHON"} & set(seen)


def test_what_uv_cannot_do_is_left_to_pip(tmp_path: Path) -> None:
    assert settings(tmp_path, PIP_NO_INDEX="1")["FAST"] == ""
    assert settings(tmp_path)["FAST"] == "yes"


def wheel(folder: Path, name: str, version: str) -> str:
    """Write a wheel of an empty module; return the line of a lock."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = io.StringIO()
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        csv.writer(rows).writerow([path, f"sha256={digest}", len(text)])
    csv.writer(rows).writerow([f"{info}/RECORD", "", ""])
    place = folder / name.replace("_", "-") / f"{name}-{version}-py3-none-any.whl"
    place.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(place, "w") as archive:
        for path, text in (files | {f"{info}/RECORD": rows.getvalue()}).items():
            archive.writestr(path, text)
    (place.parent / "index.html").write_text(f'<a href="{place.name}">{place.name}</a>')
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(place.read_bytes()).hexdigest()}\n"


@pytest.fixture
def local(tmp_path: Path) -> tuple[Path, Path, dict[str, str]]:
    """An environment, a lock of a package that only an index of files has, and the variables that name it."""
    line = wheel(tmp_path / "index", "only_here", "1.0")
    (tmp_path / "one.lock").write_text(line)
    venv.create(tmp_path / "venv", with_pip=False)
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {(tmp_path / 'index').as_uri()}\n")
    given = {name: value for name, value in settings(tmp_path).items() if name != "UV_CONSTRAINT"}
    return tmp_path / "venv" / "bin" / "python", tmp_path / "one.lock", given


def uv(python: Path, lock: Path, variables: dict[str, str], hashes: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--no-config",
        "--no-cache",
        "--python",
        str(python),
        hashes,
    ]
    given = [*command, "--no-deps", "-r", str(lock)]
    return subprocess.run(given, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("hashes", ["--require-hashes", "--verify-hashes"])
def test_uv_installs_from_an_index_that_pip_is_told_of_and_compares_hashes(local: Any, hashes: str) -> None:
    python, lock, variables = local
    tampered = lock.with_name("two.lock")
    tampered.write_text(lock.read_text()[:-3] + "00\n")
    assert uv(python, tampered, variables, hashes).returncode != 0
    done = uv(python, lock, variables, hashes)
    assert done.returncode == 0, done.stderr
    said = subprocess.run(
        [python, "-c", "import only_here; print(only_here.version)"], capture_output=True, text=True
    )
    assert said.stdout == "1.0\n"


def test_constraints_bind_uv(local: Any) -> None:
    python, lock, variables = local
    constraints = lock.with_name("constraints.txt")
    constraints.write_text("only_here<1\nanother<3\n")
    done = uv(python, lock, variables | {"UV_CONSTRAINT": str(constraints)}, "--verify-hashes")
    assert done.returncode != 0 and "only-here" in done.stderr
    constraints.write_text("only_here<2\nanother<3\n")
    assert (
        uv(python, lock, variables | {"UV_CONSTRAINT": str(constraints)}, "--verify-hashes").returncode == 0
    )
