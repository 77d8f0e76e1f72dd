"""Where things are: the directories of the project and the chapters of the book."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from press.run.disk.written import meant, read_mapping, read_text, read_yaml

__all__ = ["HOME", "Project"]

HOME = Path(__file__).resolve().parents[2]
"""The directory that holds this package, and what it needs besides: the assets of pages."""


@dataclass(frozen=True)
class Project:
    """The directories of the book project below `root`."""

    root: Path

    @classmethod
    def here(cls) -> Project:
        """Return the project of the working directory."""
        root = Path.cwd()
        if not (root / "_toc.yml").is_file():
            raise ValueError(f"{root} holds no _toc.yml: run this from the project's root directory")
        return cls(root)

    @classmethod
    def around(cls) -> Project:
        """Return the nearest project around the working directory, else the one that holds this package."""
        near = (path for path in (Path.cwd(), *Path.cwd().parents) if (path / "_toc.yml").is_file())
        return cls(next(near, HOME))

    def setting(self, name: str) -> str:
        """Return a setting of the table `tool.press` in `pyproject.toml`; empty if it is not there.

        `library` is the package that the chapters call, `reported` a module with the printed numbers
        (`press.run.reported`), `licence` and `paper` are addresses for the metadata of a built book.
        """
        path = self.root / "pyproject.toml"
        return str(_settings(path.read_text(encoding="utf-8") if path.is_file() else "").get(name, ""))

    @property
    def sources(self) -> list[str]:
        """The directories and files in the root that a book is made from."""
        folders = ["book", "evidence", self.setting("library"), "press", "profiles", "tests"]
        files = [
            "_config.yml",
            "_toc.yml",
            "CITATION.cff",
            "pytest.ini",
            "pyproject.toml",
            "requirements.lock",
        ]
        return [name for name in (*folders, *files) if name]

    @property
    def book(self) -> Path:
        """Directory of the chapters' sources."""
        return self.root / "book"

    @property
    def evidence(self) -> Path:
        """Directory of what was found and must not change unseen."""
        return self.root / "evidence"

    @property
    def build(self) -> Path:
        """Directory of everything generated."""
        return self.root / "_build"

    @property
    def notebooks(self) -> Path:
        """Directory of the clean, unexecuted notebooks."""
        return self.build / "notebooks"

    @property
    def store(self) -> Path:
        """Directory of what runs have made, by what went into them (`press.run.disk.store`)."""
        return self.build / "store"

    @property
    def executed(self) -> Path:
        """Directory of the book's executed notebooks, with the prose of today."""
        return self.build / "executed"

    @property
    def failed(self) -> Path:
        """Directory of the partial notebooks of failed executions."""
        return self.build / "failed"

    @property
    def ledger(self) -> Path:
        """The collected ledger."""
        return self.build / "results" / "ledger.json"

    @property
    def theory(self) -> Path:
        """The report of the checks of the paper's statements."""
        return self.build / "results" / "theory.xml"

    @property
    def reference(self) -> Path:
        """The committed results, to compare one's own with."""
        return self.evidence / "reference.json"

    @property
    def html(self) -> Path:
        """The finished book."""
        return self.build / "html"

    def pages(self) -> list[str]:
        """Return the names of all pages, in the order of the table of contents."""
        toc = read_mapping(read_text(self.root / "_toc.yml"), "_toc.yml")
        pages = _names(toc)
        for page in pages:
            if not (self.book / f"{page}.md").is_file():
                raise ValueError(f"_toc.yml names the page {page!r}, but book/{page}.md does not exist")
        if len(set(pages)) < len(pages):
            raise ValueError(f"_toc.yml names a page twice: {pages}")
        return pages

    def chapters(self) -> list[str]:
        """Return the names of the pages that are notebooks, in the order of the table of contents."""
        return [page for page in self.pages() if is_notebook(self.book / f"{page}.md")]

    def chapter(self, given: str) -> str:
        """Return the name of a chapter given by name or as its file: `rates`, `rates.md`, `book/rates.md`."""
        path = Path(given)
        name = path.stem if path.suffix == ".md" and path.parent in (Path(), Path("book")) else given
        return self.source(name).stem

    def source(self, chapter: str) -> Path:
        """Return the source file of a chapter."""
        path = self.book / f"{chapter}.md"
        if path.parent == self.book and path.is_file() and is_notebook(path):
            return path
        known = sorted(p.stem for p in self.book.glob("*.md") if is_notebook(p))
        hint = meant(chapter, known)
        raise ValueError(f"unknown chapter {chapter!r}{hint}; the chapters are: {', '.join(known)}")


def is_notebook(path: Path) -> bool:
    """Tell whether a MyST file is a notebook: its front matter names a kernel."""
    text = read_text(path)
    if not text.startswith("---\n"):
        return False
    try:
        head = read_yaml(text[4:].split("\n---", 1)[0])
    except ValueError as error:
        raise ValueError(f"{path.name}: front matter: {error}") from None
    return isinstance(head, dict) and "kernelspec" in head


def _names(node: Any) -> list[str]:
    """List `root` and `file` entries of a table of contents, depth first."""
    if isinstance(node, list):
        return [name for item in node for name in _names(item)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("root", "file") if key in node]
    return own + [
        n for key in ("parts", "chapters", "sections", "subtrees") for n in _names(node.get(key, []))
    ]


@functools.lru_cache(maxsize=8)
def _settings(text: str) -> dict[str, str]:
    """Read the table `tool.press` of a text once; a build asks for it more than a hundred times."""
    return dict(tomllib.loads(text).get("tool", {}).get("press", {}))
