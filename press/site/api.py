"""The API reference: its pages, docstrings in the book's notation, and links to it from prose and code.

Sphinx fills the pages from docstrings (autodoc, numpydoc, autosummary). sphinx-codeautolink links the code of
chapters to them, and says below each object which chapters use it. A name set as code in prose, such as
`fit_rate`, becomes a link where it can mean nothing else.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx_codeautolink.extension.block import BUILTIN_BLOCKS

from press.evidence.lineage import imported_names
from press.run.project import HOME, Project
from press.site.exports import Module, public_modules, public_names

__all__ = ["PAGE", "notation", "setup", "stage_api"]

PAGE = "api"
"""The page in `book/` that introduces the reference; a book without it has none."""
FOR_CHAPTERS = ("press.chapter", "press.chapter.style")
"""The modules of press that chapters use."""

_CODE = re.compile(r"(?<![`:\w])`([^`\n]+)`(?![`_])")
_METADATA = re.compile(r"set_\w+_request")
_MATH = re.compile(r"(?<![\\$])\$([^$]+)\$")
_LITERAL = re.compile(r"(``.+?``)", re.DOTALL)
_LINKS = (nodes.reference, nodes.title, addnodes.pending_xref, addnodes.download_reference)


def stage_api(project: Project, site: Path) -> None:
    """Write the pages of the reference into a staged site, whose pages and `_toc.yml` are there already."""
    modules, names = _public(project.root)
    top = [names[f"{modules[0].name}.{name}"] for name in modules[0].names]
    pages = {module.name.replace(".", "-"): [module] for module in modules}
    press = {module.name: module for module in public_modules(HOME, "press")}
    pages["press"] = [press[name] for name in FOR_CHAPTERS]
    names = names | public_names(pages["press"])
    (site / PAGE).mkdir()
    for slug, own in pages.items():
        title = f"``{slug.replace('-', '.')}``"
        parts = [f"{title}\n{'=' * len(title)}", *(_document(module, names) for module in own)]
        (site / PAGE / f"{slug}.rst").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    overview = [
        "\n## Names\n",
        f"```{{eval-rst}}\n{_summaries(top)}\n```\n",
        "## Modules\n",
        f"```{{eval-rst}}\n{_summaries([module.name for module in modules[1:]], shorten='')}\n```\n",
        "The pages are made by `press`; {doc}`a page of its own <api/press>` has what chapters use of it.\n",
    ]
    with (site / f"{PAGE}.md").open("a", encoding="utf-8") as page:
        page.write("\n".join(overview))
    _extend_contents(site / "_toc.yml", [f"{PAGE}/{slug}" for slug in pages])


@cache
def _public(root: Path) -> tuple[list[Module], dict[str, str]]:
    modules = public_modules(root, Project(root).setting("library"))
    return modules, public_names(modules)


def _document(module: Module, names: dict[str, str]) -> str:
    places = [names[f"{module.name}.{name}"] for name in module.names]
    own = [name for name, place in zip(module.names, places, strict=True) if place == f"{module.name}.{name}"]
    text = f".. automodule:: {module.name}"
    if own:
        options = [f"members: {', '.join(own)}", "member-order: bysource"]
        options += ["inherited-members: object"] if module.name not in FOR_CHAPTERS else []
        text += "".join(f"\n   :{option}" for option in options)
    if len(own) < len(places):
        text += f"\n\n.. currentmodule:: None\n\nAll names that it offers:\n\n{_summaries(places)}"
    return text


def _summaries(names: list[str], shorten: str = "~") -> str:
    """Table of names and the first sentence of each docstring."""
    return "\n".join([".. autosummary::\n   :nosignatures:\n", *(f"   {shorten}{name}" for name in names)])


def _extend_contents(path: Path, pages: list[str]) -> None:
    """Put the pages below that of the reference in the table of contents."""
    contents = yaml.safe_load(path.read_text(encoding="utf-8"))
    open_ones: list[Any] = [contents]
    while open_ones:
        node = open_ones.pop()
        if isinstance(node, dict) and node.get("file") == PAGE:
            node["sections"] = [{"file": page} for page in pages]
        open_ones += node if isinstance(node, list) else node.values() if isinstance(node, dict) else []
    path.write_text(yaml.safe_dump(contents, sort_keys=False), encoding="utf-8")


def notation(text: str) -> str:
    r"""Turn `$x$` and single backquotes of a docstring into reStructuredText; code is left alone.

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


def _translate(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = notation("\n".join(lines)).splitlines()


def _skip(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object) -> bool | None:
    """Leave out methods that classes have from elsewhere: their docstrings speak of another reference."""
    module = getattr(obj, "__module__", None)
    elsewhere = isinstance(module, str) and module.split(".")[0] not in (
        "press",
        Project.around().setting("library"),
    )
    return True if what == "class" and (elsewhere or _METADATA.fullmatch(name)) else None


def _link(app: Sphinx, doctree: nodes.document) -> None:
    """Wrap names of the library that are set as code into links."""
    if PAGE not in app.env.found_docs:
        return
    known = _known(app.env.docname, doctree)
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


def _known(page: str, doctree: nodes.document) -> dict[str, str]:
    """What names mean on a page: dotted ones, those of the library, what its code or module imports."""
    modules, names = _public(Path.cwd())
    blocks = doctree.findall(nodes.literal_block)
    cells = [block.astext() for block in blocks if block.get("language") == "ipython3"]
    known = {module.name: module.name for module in modules[1:]} | names
    known |= {name: names[f"{modules[0].name}.{name}"] for name in modules[0].names}
    known |= imported_names(cells, names)
    for module in modules:
        if page == f"{PAGE}/{module.name.replace('.', '-')}":
            known |= {name: names[place] for name, place in module.imported.items() if place in names}
            known |= {name: names[f"{module.name}.{name}"] for name in module.names}
    return known


def _inside_link(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, _LINKS):
            return True
    return False


def _name_chapters(app: Sphinx, env: Any) -> None:
    """Name chapters below an object that they use: codeautolink takes captions of tables for sections."""
    for blocks in getattr(env, "sphinx_codeautolink_transforms", {}).values():  # HTML only
        for block in blocks:
            block.example.ref_id, block.example.headings = None, block.example.headings[:1]


def setup(app: Sphinx) -> None:
    """Register what the reference needs."""
    for kind in set(BUILTIN_BLOCKS) - {"ipython3"}:
        del BUILTIN_BLOCKS[kind]  # cells of chapters only: other code is not run, and reading it takes time
    # numpydoc before codeautolink: its lines about uses come after the sections of a docstring
    for extension in ("sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "sphinx_codeautolink"):
        app.setup_extension(extension)
    app.config.autodoc_preserve_defaults = True  # a name, not what it stands for
    app.config.autodoc_default_options = {"no-value": True}  # a constant's docstring says what it holds
    app.config.autodoc_typehints = "none"  # the docstrings name types in words
    app.config.autosummary_generate = False
    app.config.numpydoc_show_class_members = False  # members follow their class anyway
    app.config.codeautolink_autodoc_inject = True
    app.config.codeautolink_concat_default = True  # the cells of a chapter go together
    app.config.codeautolink_disable_link_titles = True  # the address says it, and each title takes a parser
    app.config.codeautolink_inventory_map = _public(Path.cwd())[1]
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-docstring", _translate, priority=600)  # after numpydoc
    app.connect("doctree-read", _link)
    app.connect("env-updated", _name_chapters, priority=400)  # before codeautolink
