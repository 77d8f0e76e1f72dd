"""Sphinx: docstrings with the book's notation, and links between prose and the API reference.

A name of `opgd` set as code, such as `fit_rate`, becomes a link where it can mean nothing else: a name that
`import opgd` offers, a dotted name, and on a chapter's page a name that its code imports.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.application import Sphinx

from press.site.api import NAMES

__all__ = ["notation", "setup"]

_CODE = re.compile(r"(?<![`:\w])`([^`\n]+)`(?![`_])")
_METADATA = re.compile(r"set_\w+_request")
_MATH = re.compile(r"(?<![\\$])\$([^$]+)\$")
_LITERAL = re.compile(r"(``.+?``)", re.DOTALL)
_LINKS = (nodes.reference, nodes.title, addnodes.pending_xref, addnodes.download_reference)


def notation(text: str) -> str:
    r"""Turn `$x$` and single backquotes of a docstring into reStructuredText.

    Parameters
    ----------
    text : str
        A docstring; doctests and code between double backquotes are left alone.

    Returns
    -------
    str
        The same with `:math:` roles and double backquotes.

    Examples
    --------
    >>> notation(r"The `size` is $2^j$; see ``$HOME``.")
    'The ``size`` is :math:`2^j`; see ``$HOME``.'
    """
    paragraphs = re.split(r"(\n[ \t]*\n)", text)
    return "".join(part if part.lstrip().startswith(">>>") else _paragraph(part) for part in paragraphs)


def _paragraph(text: str) -> str:
    pieces = _LITERAL.split(text)
    for index in range(0, len(pieces), 2):
        found = _MATH.split(pieces[index])
        for odd in range(1, len(found), 2):
            before = r"\ " if found[odd - 1][-1:].isalnum() else ""
            after = r"\ " if found[odd + 1][:1].isalnum() else ""
            found[odd] = f"{before}:math:`{' '.join(found[odd].split())}`{after}"
        found[::2] = [_CODE.sub(r"``\1``", part) for part in found[::2]]
        pieces[index] = "".join(found)
    return "".join(pieces)


def _docstring(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Translate a docstring, and say which chapters use the object."""
    lines[:] = notation("\n".join(lines)).splitlines()
    chapters = _table(app).get("used in", {}).get(name, [])
    if chapters:
        links = ", ".join(f":doc:`/{chapter}`" for chapter in chapters)
        lines += ["", ".. rst-class:: used-in", "", f"Used in {links}.", ""]


def _skip(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object) -> bool | None:
    """Leave out methods that classes have from elsewhere: their docstrings speak of another reference."""
    module = getattr(obj, "__module__", None)
    elsewhere = isinstance(module, str) and module.split(".")[0] not in ("opgd", "press")
    return True if what == "class" and (elsewhere or _METADATA.fullmatch(name)) else None


def _link(app: Sphinx, doctree: nodes.document) -> None:
    """Wrap names of `opgd` that are set as code into links."""
    table = _table(app)
    if not table:
        return
    known = table["anywhere"] | table["pages"].get(app.env.docname, {})
    for node in list(doctree.findall(nodes.literal)):
        place = known.get(node.astext())
        if place is None or node.get("classes") or _inside_link(node):
            continue
        link = addnodes.pending_xref(
            "", refdomain="py", reftype="obj", reftarget=place, refexplicit=True, refwarn=True,
            refdoc=app.env.docname,
        )  # fmt: skip
        node.replace_self(link)
        link += node


def _inside_link(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, _LINKS):
            return True
    return False


def _table(app: Sphinx) -> dict[str, Any]:
    path = Path(app.srcdir) / NAMES
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def setup(app: Sphinx) -> None:
    """Register what the reference needs.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        The application.
    """
    for extension in ("sphinx.ext.autodoc", "numpydoc"):
        app.setup_extension(extension)
    app.config.autodoc_preserve_defaults = True  # a name, not what it stands for
    app.config.autodoc_typehints = "none"  # the docstrings name types in words
    app.config.numpydoc_show_class_members = False  # members follow their class anyway
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-docstring", _docstring, priority=600)  # after numpydoc
    app.connect("doctree-read", _link)
