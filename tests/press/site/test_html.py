"""Pages as far as they changed: what is seen as a change; `tests/book/test_build.py` renders in part."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from press.run.project import Project
from press.site.html import _shared, _synchronise, outline

TEXT = """# Title

(here)=
Words, $x$ and {eq}`eq-a`.

$$ y $$ (eq-a)

```{figure} a.png
:name: fig-a
```
"""


@pytest.mark.parametrize(("old", "new", "same"), [
    ("Words", "Other words", True),
    ("$x$", "$z$", True),
    ("# Title", "# Another title", False),
    ("(here)=", "(there)=", False),
    ("(eq-a)\n", "(eq-b)\n", False),
    (":name: fig-a", ":name: fig-b", False),
    ("$$ y $$ (eq-a)", "$$ y $$ (eq-a)\n\n$$ w $$ (eq-w)", False),
])  # fmt: skip
def test_the_outline_is_what_other_pages_may_show(old: str, new: str, same: bool) -> None:
    assert old in TEXT and (outline(TEXT.replace(old, new)) == outline(TEXT)) == same


def test_only_files_that_differ_are_touched(tmp_path: Path) -> None:
    fresh, site = tmp_path / "fresh", tmp_path / "site"
    for folder, other in ((fresh, "new"), (site, "old")):
        (folder / "deep").mkdir(parents=True)
        (folder / "same.md").write_text("same")
        (folder / "deep" / "other.md").write_text(other)
    (fresh / "more.md").write_text("more")
    (site / "gone.md").write_text("gone")
    os.utime(site / "same.md", (1, 1))
    _synchronise(fresh, site)
    assert (site / "same.md").stat().st_mtime == 1 and not (site / "gone.md").exists()
    assert (site / "deep" / "other.md").read_text() == "new" and (site / "more.md").read_text() == "more"


SITE = {
    "first.md": TEXT,
    "second.md": "# Second\n\nWords.\n",
    "_toc.yml": "root: first\n",
    "references.bib": "@misc{trees, author = {A. Birch}, title = {On trees}, year = {2020}}\n",
    "assets/book.css": "p {}\n",
    "api/rates.rst": "Rates\n",
    "../requirements.lock": "package==1\n",
}


@pytest.mark.parametrize(
    ("file", "old", "new", "all_again"),
    [
        ("first.md", "Words", "Other words", False),
        ("first.md", "fig-a", "fig-b", True),
        ("second.md", "# Second", "# Other", True),
        *((name, text, f"{text}\n ", True) for name, text in SITE.items() if not name.endswith(".md")),
    ],
)
def test_what_every_page_may_depend_on(
    tmp_path: Path, file: str, old: str, new: str, all_again: bool
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    for name, text in SITE.items():
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(text)
    before = _shared(Project(tmp_path), site)
    text = (site / file).read_text()
    assert old in text and _shared(Project(tmp_path), site) == before
    (site / file).write_text(text.replace(old, new))
    assert (_shared(Project(tmp_path), site) != before) == all_again
