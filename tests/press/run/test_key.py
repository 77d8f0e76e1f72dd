"""What names a run: everything that can shape a result, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from press.run.key import Point, difference, imported, ingredients, library
from press.run.parameters import read_parameters, resolve
from press.run.project import Project

from ..conftest import edit

ROOT = Path(__file__).resolve().parents[3]


def point(book: Project, profile: str = "default", **values: object) -> Point:
    return Point.of(book, "first", profile, resolve(read_parameters(book.source("first")), values))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("book/first.md", "A page with a number", "A pge with a number"),
        ("book/first.md", "caption: Powers.", "caption: Some powers."),
        ("book/first.md", "alt: A line", "alt: The line"),
        ("book/first.md", "tags: [hide-input]\n", ""),
        ("book/first.md", "reproduces: [Table 1]", "reproduces: [Table 2]"),
        ("book/first.md", "number of points", "how many points there are"),
        ("book/first.md", "# First page", "# First page\n\nA paragraph more."),
        ("book/second.md", "math.log(base)", "math.log(base) + 1"),
        ("sums/powers.py", "from __future__", "# a comment\nfrom __future__"),
        ("sums/powers.py", '"""', '"""Other words. '),
        ("sums/closed.py", "annotations\n", "annotations\nX = 1\n"),
        ("press/sweep/grid.py", "LIMIT = 500", "LIMIT = 501"),
        ("profiles/smoke.yml", "count: 2", "count: 3"),
    ],
)
def test_what_shapes_no_result_is_not_in_the_key(book: Project, file: str, old: str, new: str) -> None:
    before = point(book)
    edit(book.root / file, old, new)
    assert point(book).key == before.key and difference(before.made_of, point(book).made_of) == ""


@pytest.mark.parametrize(
    ("file", "old", "new", "why"),
    [
        ("book/first.md", "legend(names);", "legend(names)", "code cell 3 changed"),
        ("book/first.md", "total=", "all=", "code cell 2 changed"),
        ("book/first.md", "plt.", "plt .", "code cell 3 changed"),
        ("book/first.md", "tags: [hide-input]", "tags: [raises-exception]", "code cell 3 changed"),
        (
            "book/first.md",
            ":tags: [parameters]",
            ":tags: [parameters, skip-execution]",
            "code cell 1 changed",
        ),
        ("book/first.md", "count: int = 4", "count: int = 5", "code cell 1 changed"),
        (
            "book/first.md",
            "The total {",
            "```{code-cell} ipython3\n1\n```\n\nThe total {",
            "4 code cells, 3 before",
        ),
        ("sums/powers.py", "annotations\n", "annotations\nX = 1\n", "sums/powers.py changed"),
        ("evidence/reported.toml", "[", "# [\n[", "evidence/reported.toml changed"),
        ("press/run/execute.py", "import json", "import json\nX = 1", "press/run/execute.py changed"),
        ("press/chapter/record.py", "LIMIT = 3.0", "LIMIT = 3.1", "press/chapter/record.py changed"),
        ("requirements.lock", "==", "== ", "requirements.lock changed"),
    ],
)
def test_what_can_shape_a_result_is_and_is_named(
    book: Project, file: str, old: str, new: str, why: str
) -> None:
    before = point(book)
    edit(book.root / file, old, new)
    after = Point.of(book, "first", "default", before.values)
    assert after.key != before.key and difference(before.made_of, after.made_of) == why


def test_parameters_profile_and_python_are_in_the_key(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = point(book)
    other = point(book, count=5, seed=1)
    assert other.key != before.key
    assert difference(before.made_of, other.made_of) == "parameter count and 1 more changed"
    assert difference(before.made_of, point(book, "smoke").made_of) == "profile is smoke, not default"
    assert point(book, count=4.0, power="2").key == before.key  # the same values, written otherwise
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert "python is cpython" in difference(before.made_of, point(book).made_of)


def test_settings_of_others_do_not_matter(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = point(book).key
    for name in ("OPENBLAS_NUM_THREADS", "NUMBA_CACHE_DIR", "PYTHONUNBUFFERED", "LANG"):
        monkeypatch.setenv(name, "7")
    assert point(book).key == before


def test_a_cell_with_a_magic_depends_on_everything(book: Project) -> None:
    files = ingredients(book, "first")["files"]
    assert "sums/closed.py" not in files
    edit(book.book / "first.md", "import matplotlib", "%matplotlib inline\nimport matplotlib")
    files = ingredients(book, "first")["files"]
    assert "sums/closed.py" in files and "press/chapter/style.py" in files


def test_imports_are_followed(tmp_path: Path) -> None:
    texts = {
        "a/__init__.py": "",
        "a/b.py": "def f():\n    from .c import d\n",
        "a/c/__init__.py": "from a.c.d import e as f",
        "a/c/d.py": "import json, nowhere",
        "a/broken.py": "def",
        "a/unused.py": "",
        "z/m.py": "",
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = imported(tmp_path, {"a.b"})
    assert list(found) == ["a/__init__.py", "a/b.py", "a/c/__init__.py", "a/c/d.py"]
    assert "a/broken.py" in imported(tmp_path, {"a.broken"})


def test_the_library_is_all_of_it(book: Project) -> None:
    before = library(book.root)
    edit(book.root / "sums" / "closed.py", '"""', '"""Other words. ')
    assert library(book.root) == before
    edit(book.root / "sums" / "closed.py", "annotations\n", "annotations\nX = 1\n")
    assert library(book.root) != before


@pytest.mark.parametrize("chapter", ["torus", "classics"])
def test_no_file_that_a_chapter_loads_is_missed(chapter: str) -> None:
    """Against Python itself: the modules of this project that are there when its imports have run."""
    project = Project(ROOT)
    code = f"""
import ast, sys
from pathlib import Path
import jupytext
cells = [c.source for c in jupytext.read("book/{chapter}.md").cells if c.cell_type == "code"]
body = [n for c in cells for n in ast.parse(c).body if isinstance(n, ast.Import | ast.ImportFrom)]
exec(compile(ast.Module(body, []), "x", "exec"), {{}})
root = Path.cwd()
files = (Path(m.__file__) for m in list(sys.modules.values()) if getattr(m, "__file__", None))
ours = (f.relative_to(root).as_posix() for f in files if f.is_relative_to(root))
print(*(name for name in ours if name.startswith(("opgd/", "press/"))))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert len(loaded) > 20 and loaded <= set(ingredients(project, chapter)["files"])
