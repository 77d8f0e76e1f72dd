"""How to cite the book: the works of `CITATION.cff` as BibTeX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["FILE", "bibtex", "citations", "entries", "with_address"]

FILE = "CITATION.cff"
_KINDS = {"conference-paper": "inproceedings", "article": "article"}


def citations(citation: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """The entries of a parsed citation file, to copy; `settings` are those of the book."""
    text = "\n\n".join(map(bibtex, entries(with_address(citation, settings))))
    return f"```bibtex\n{text}\n```\n"


def entries(citation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """List the works that a citation file names: its references, to be cited as well, and its own."""
    return [*citation.get("references", []), citation]


def with_address(citation: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give the file's own work the address of the repository, where the settings name one and it has none.

    Examples
    --------
    >>> with_address({"title": "On Trees"}, {"repository": {"url": "https://example.org/trees"}})
    {'url': 'https://example.org/trees', 'title': 'On Trees'}
    """
    url = (settings.get("repository") or {}).get("url")
    return ({"url": url} if url else {}) | dict(citation)


def bibtex(work: Mapping[str, Any]) -> str:
    """Write one work of a citation file as BibTeX; one without title or authors is a ValueError.

    The key is the first author's family name, the year and the title's first word.

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
