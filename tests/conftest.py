"""A small book, shared by the tests of press and of the build."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from press.run.project import Project

ROOT = Path(__file__).resolve().parents[1]

HEAD = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""

FIRST = (
    HEAD
    + r"""# First page

A page with a number, a formula $x^2$, a figure, and a row of the ledger; see {doc}`second`.

```{code-cell} ipython3
:tags: [parameters]

count: int = 4  # [1, 100] number of points
power: float = 2.0  # (0, inf) exponent
names: list[str] = ["a", "b"]  # labels, as *they* are_written
seed: int = 0  # [0, inf) seed
```

```{code-cell} ipython3
import matplotlib.pyplot as plt
from press.chapter import note, record

note(total=float(sum(k**power for k in range(count))))
record("Table 1", "gamma=2 p=1 q=1", 0.49, sd=0.01, check="tests/test_small.py::test_small")
```

The total {mark}`sum` is {glue:text}`total:.1f`, as {numref}`fig-first` shows.

```{code-cell} ipython3
---
tags: [hide-input]
reproduces: [Table 1]
mystnb:
  figure:
    name: fig-first
    caption: Powers.
  image:
    alt: A line through the first powers, rising from left to right.
---
plt.plot([k**power for k in range(count)]);
```
"""
)

SECOND = (
    HEAD
    + """# Second page

Another page.

```{code-cell} ipython3
:tags: [parameters]

base: float = 10.0  # (1, 100] base of the logarithm
```

```{code-cell} ipython3
import math

print(math.log(base))
```
"""
)

LEDGER = """# What was reproduced

```{ledger-counts}
```

```{ledger-figure} All numbers.
```

```{ledger}
```

```{status} chapters
```

```{status} environment
```

```{status} cost
```
"""

STATEMENTS = '[sum]\nprinted = "(1)"\nsays = "a sum"\nkind = "statement"\npage = "first"\n'

CHECK = """from statements import statement


@statement("sum", grade="proved", covers="one case", teeth=[{"total": 3}])
def test_sum(total: int = 2) -> None:
    assert 1 + 1 == total
"""

TOC = "format: jb-book\nroot: first\nchapters:\n" + "".join(
    f"  - file: {name}\n" for name in ("second", "ledger", "checks", "cite")
)


CITE = "# Cite this\n\n```{citation-file}\n```\n"


def small_book(root: Path) -> Project:
    """Write a project of two small chapters, a ledger page and two more pages."""
    (root / "book").mkdir(parents=True)
    (root / "book" / "first.md").write_text(FIRST, encoding="utf-8")
    (root / "book" / "second.md").write_text(SECOND, encoding="utf-8")
    (root / "book" / "ledger.md").write_text(LEDGER, encoding="utf-8")
    (root / "book" / "checks.md").write_text(
        "# Checks\n\n```{checks}\n```\n\n```{number-checks}\n```\n", encoding="utf-8"
    )
    (root / "book" / "cite.md").write_text(CITE, encoding="utf-8")
    (root / "_toc.yml").write_text(TOC, encoding="utf-8")
    (root / "book" / "references.bib").write_text("", encoding="utf-8")
    (root / "profiles").mkdir()
    (root / "profiles" / "smoke.yml").write_text("first:\n  count: 2\n  power: 1e-1\n", encoding="utf-8")
    (root / "tests").mkdir()
    (root / "tests" / "test_small.py").write_text(
        "def test_small():\n    assert 1 + 1 == 2\n", encoding="utf-8"
    )
    (root / "evidence").mkdir()
    (root / "evidence" / "statements.toml").write_text(STATEMENTS, encoding="utf-8")
    (root / "tests" / "theory").mkdir()
    (root / "tests" / "theory" / "test_sum.py").write_text(CHECK, encoding="utf-8")
    for name in ("conftest.py", "statements.py"):
        shutil.copy(ROOT / "tests" / "theory" / name, root / "tests" / "theory")
    (root / "pytest.ini").write_text(
        "[pytest]\npythonpath = tests/theory\nmarkers = statement\n", encoding="utf-8"
    )
    for name in ("_config.yml", "CITATION.cff", "requirements.lock"):
        shutil.copy(ROOT / name, root)
    for name in ("opgd", "press", "book/assets"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return Project(root)


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """The small book, not built, in a directory with a space in its name."""
    return small_book(tmp_path / "a small book")


@pytest.fixture(scope="session")
def built_book(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small book, built once: leave it as it is."""
    project = small_book(tmp_path_factory.mktemp("built") / "a small book")
    subprocess.run([sys.executable, "-m", "press", "book"], cwd=project.root, check=True, capture_output=True)
    return project


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--site", type=Path, help="a built book, such as _build/html: examine all its pages")
