"""How to cite the book: `CITATION.cff` as text and as BibTeX, and the `{citation-file}` directive."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import yaml
from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

__all__ = ["CitationFile", "bibtex", "entries", "setup", "with_address"]

FILE = "CITATION.cff"
_KINDS = {"conference-paper": "inproceedings", "article": "article"}


def entries(citation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """List the works that a citation file names: the preferred one first.

    Parameters
    ----------
    citation : mapping
        A parsed `CITATION.cff`.

    Returns
    -------
    list of mapping
        `preferred-citation`, where there is one, and the file's own work.
    """
    preferred = citation.get("preferred-citation")
    return [*([preferred] if preferred else []), citation]


def with_address(citation: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give the file's own work the address of the repository, where one is configured.

    Parameters
    ----------
    citation : mapping
        A parsed `CITATION.cff`.
    settings : mapping
        A parsed `_config.yml`.

    Returns
    -------
    dict
        The citation; its `url` is the file's own, else `repository: url:` of the settings, else missing.

    Examples
    --------
    >>> with_address({"title": "On Trees"}, {"repository": {"url": "https://example.org/trees"}})
    {'url': 'https://example.org/trees', 'title': 'On Trees'}
    """
    url = (settings.get("repository") or {}).get("url")
    return ({"url": url} if url else {}) | dict(citation)


def bibtex(work: Mapping[str, Any]) -> str:
    """Write one work of a citation file as a BibTeX entry.

    Parameters
    ----------
    work : mapping
        `title` and `authors` are needed; `type`, `year` (or else that of `date-released`), `version`, `url`,
        `collection-title`, `doi` and an identifier that begins with `arXiv:` are used if they are there.

    Returns
    -------
    str
        The entry. Its key is the first author's family name, the year and the title's first word.

    Raises
    ------
    ValueError
        If the title or the authors are missing.

    Examples
    --------
    >>> authors = [{"family-names": "Li", "given-names": "Yicheng"}]
    >>> print(bibtex({"title": "On Trees", "authors": authors, "year": 2024, "type": "article"}))
    @article{li2024on,
      author = {Li, Yicheng},
      title = {{On Trees}},
      year = {2024}
    }
    """
    missing = [key for key in ("title", "authors") if not work.get(key)]
    if missing:
        raise ValueError(f"{FILE}: a work without {' and '.join(missing)}")
    kind = _KINDS.get(str(work.get("type")), "misc")
    arxiv = [i["value"][6:] for i in work.get("identifiers", []) if str(i["value"]).startswith("arXiv:")]
    where = {"inproceedings": "booktitle", "article": "journal"}.get(kind)
    fields = {
        "author": " and ".join(map(_author, work["authors"])),
        "title": f"{{{work['title']}}}",
        where or "": work.get("collection-title") if where else None,
        "year": _year(work),
        "version": work.get("version"),
        "doi": work.get("doi"),
        "url": work.get("url"),
        "eprint": arxiv[0] if arxiv else None,
        "archiveprefix": "arXiv" if arxiv else None,
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@{kind}{{{_key(work)},\n" + ",\n".join(lines) + "\n}"


def _author(author: Mapping[str, str]) -> str:
    """A person as `Family, Given`; a group in braces, so that BibTeX leaves it whole."""
    if "name" in author:
        return f"{{{author['name']}}}"
    return f"{author['family-names']}, {author['given-names']}"


def _year(work: Mapping[str, Any]) -> str:
    return str(work.get("year") or work.get("date-released") or "")[:4]


def _key(work: Mapping[str, Any]) -> str:
    author = work["authors"][0]
    family = str(author.get("family-names", "")) or str(author["name"]).split()[-1]
    words = f"{family}{_year(work)}{str(work['title']).split()[0]}"
    return "".join(letter for letter in words.lower() if letter.isalnum())


class CitationFile(SphinxDirective):
    """`{citation-file}`: the BibTeX entries of `CITATION.cff`, to copy.

    The edition has an address if `_config.yml` names its repository.
    """

    has_content = False
    option_spec: ClassVar[dict[str, Any] | None] = {}

    def run(self) -> list[nodes.Node]:
        """Build a code block.

        Returns
        -------
        list of docutils.nodes.Node
        """
        citation, settings = (self._read(name) for name in (FILE, "_config.yml"))
        text = "\n\n".join(map(bibtex, entries(with_address(citation, settings))))
        return [nodes.literal_block(text, text, language="bibtex")]

    def _read(self, name: str) -> dict[str, Any]:
        path = Path(self.env.srcdir) / name
        self.env.note_dependency(str(path))
        found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        return found


def setup(app: Sphinx) -> None:
    """Register the directive with Sphinx.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        The application.
    """
    app.add_directive("citation-file", CitationFile)
