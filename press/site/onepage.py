"""One executed chapter as one HTML file: figures, styles, formulas and the notebook itself are inside."""

from __future__ import annotations

import base64
import json
import mimetypes
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx

from press.pages.expand import Evidence
from press.run.disk.written import read_text
from press.run.parameters import read_parameters
from press.run.project import Project
from press.site.html import SiteFailed
from press.site.policy import SINGLE, protect
from press.site.repairs.accessibility import mend
from press.site.stage import page

__all__ = ["onepage", "setup"]

_LAYOUT = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title|striptags|e }}</title><!-- STYLE -->
<!-- FORMULAS --></head>
<body><main>{% block body %}{% endblock %}</main></body></html>
"""
_STYLE = """body { font: 1rem/1.55 system-ui, sans-serif; max-width: 50rem; margin: 0 auto; padding: 1rem;
  color: #1a1a1a; background: #fff; }
div.body { max-width: none; } img { max-width: 100%; } pre { overflow-x: auto; padding: .6rem; }
div.cell, div.math, .cell_output { overflow-x: auto; } .headerlink { display: none; }
figure { margin: 1rem 0; } figcaption { font-size: .9rem; }
table { border-collapse: collapse; font-size: .85rem; }
td, th { border-bottom: 1px solid #ccc; padding: .2rem .5rem; }
td, td p { text-align: left !important; }
.admonition { border-left: .3rem solid #0072b2; padding: .1rem .8rem; background: #f3f3f3; }
.admonition.warning { border-color: #d55e00; } .admonition-title { font-weight: bold; }"""
_LEFT_OUT = ("sphinx_tippy",)
"""Extensions of the book that one file goes without: previews of links lie in files of their own."""
_ELSEWHERE = ("mathjax", "tooltips", "search")
"""Assets that are put in by other ways, or not at all."""
_SHEETS = ("basic.css", "pygments.css", "mystnb.*.css", "proof.css", "book.css")


def onepage(project: Project, executed: Path) -> str:
    """Render an executed notebook as HTML that needs no other file and no network.

    What Sphinx cannot render is a SiteFailed.
    """
    notebook = json.loads(executed.read_text(encoding="utf-8"))
    chapter = notebook["metadata"]["press"]["chapter"]
    project.build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=project.build, prefix="page-") as scratch:
        source, target = Path(scratch) / "source", Path(scratch) / "target"
        (source / "downloads").mkdir(parents=True)
        shutil.copy(executed, source / "downloads" / f"{chapter}.ipynb")
        evidence = Evidence(project, {chapter: notebook}, [chapter])
        made = page(notebook, read_parameters(project.source(chapter)), evidence)
        text = json.dumps(_with_references(made), ensure_ascii=False)
        (source / f"{chapter}.ipynb").write_text(text, encoding="utf-8")
        _write_settings(project, chapter, source)
        command = [sys.executable, "-m", "sphinx", "-q", "-b", "singlehtml", str(source), str(target)]
        done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
        built = target / f"{chapter}.html"
        if done.returncode or not built.is_file():
            raise SiteFailed(f"the page of {chapter} did not build:\n{done.stderr.strip()}")
        return _contain(built.read_text(encoding="utf-8"), target, project)


def _with_references(notebook: dict[str, Any]) -> dict[str, Any]:
    """Add the list of the works that the chapter cites."""
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    if any("{cite" in text for text in cells) and not any("{bibliography}" in text for text in cells):
        source = "## References\n\n```{bibliography}\n:filter: docname in docnames\n```\n"
        cell = {"cell_type": "markdown", "id": "references", "metadata": {}, "source": source}
        notebook["cells"].insert(len(notebook["cells"]) - 1, cell)
    return notebook


def _elsewhere(app: Sphinx, env: object, node: nodes.Element, content: nodes.Element) -> nodes.Node:
    """Name what stands in another chapter, which this page does not have."""
    if node.get("reftype") == "doc" and (path := Path.cwd() / "book" / f"{node['reftarget']}.md").is_file():
        titles = re.findall(r"^# (.+)$", read_text(path), re.MULTILINE)
        return nodes.emphasis(text=titles[0])
    return nodes.inline(text="[in another chapter]")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what a single page needs."""
    app.connect("missing-reference", _elsewhere)
    return {"version": "1", "parallel_read_safe": True}


def _write_settings(project: Project, chapter: str, source: Path) -> None:
    """Put beside the notebook what Sphinx needs: settings, a bare layout, styles, the bibliography."""
    settings = yaml.safe_load((project.root / "_config.yml").read_text(encoding="utf-8"))
    shared = settings["sphinx"]["config"]
    conf: dict[str, Any] = {
        "extensions": [
            "myst_nb",
            "sphinxcontrib.bibtex",
            "press.site.onepage",
            *(name for name in settings["sphinx"]["extra_extensions"] if name not in _LEFT_OUT),
        ],
        "root_doc": chapter,
        "language": "en",
        "nb_execution_mode": "off",
        "nb_render_markdown_format": "myst",
        "myst_enable_extensions": settings["parse"]["myst_enable_extensions"],
        "bibtex_bibfiles": settings["bibtex_bibfiles"],
        "bibtex_default_style": shared["bibtex_default_style"],
        "bibtex_reference_style": shared["bibtex_reference_style"],
        "mathjax_path": shared["mathjax_path"],
        "html_theme": "basic",
        "html_static_path": ["assets"],
        "html_css_files": ["book.css"],
        "templates_path": ["templates"],
        "numfig": True,
        "exclude_patterns": ["downloads"],
    }
    lines = "".join(f"{name} = {value!r}\n" for name, value in conf.items())
    (source / "conf.py").write_text(lines, encoding="utf-8")
    (source / "templates").mkdir()
    (source / "templates" / "layout.html").write_text(_LAYOUT, encoding="utf-8")
    shutil.copytree(project.book / "assets", source / "assets", ignore=shutil.ignore_patterns(*_ELSEWHERE))
    for path in project.book.glob("*.bib"):
        shutil.copy(path, source)


def _contain(text: str, target: Path, project: Project) -> str:
    """Put what the page loads into it, with formulas and downloads, and take out links that lead nowhere."""
    text = re.sub(r'<script src="([^":]+)"></script>', lambda found: _script(target / found[1]), text)
    text = re.sub(r'<link rel="stylesheet" href="([^":]+)">', lambda found: _sheet(target / found[1]), text)
    text = re.sub(r'src="([^":]+)"', lambda found: f'src="{_data(target / found[1])}"', text)
    text = re.sub(
        r'(<a [^>]*?)href="(_downloads/[^"]+)"',
        lambda found: f'{found[1]}href="{_data(target / found[2])}" download="{Path(found[2]).name}"',
        text,
    )
    text = re.sub(r'<a (?:[^>]*? )?href="(?!#|data:|https?:)[^"]*"[^>]*>(.*?)</a>', r"\1", text, flags=re.S)
    sheets = [path for pattern in _SHEETS for path in sorted((target / "_static").glob(pattern))]
    css = "\n".join([*(path.read_text(encoding="utf-8") for path in sheets), _STYLE])
    css = re.sub(r"@import[^;]*;|url\((?!['\"]?data:)[^)]*\)", "", css)
    text = text.replace("<!-- STYLE -->", f"<style>\n{css}\n</style>")
    text = text.replace("<!-- FORMULAS -->", _formulas(project) if 'class="math' in text else "")
    return protect(mend(text), SINGLE)


def _formulas(project: Project) -> str:
    """MathJax (Apache License 2.0) with its fonts inside."""
    folder = project.book / "assets" / "mathjax"
    script = (folder / "tex-chtml-full.js").read_text(encoding="utf-8")
    for font in (folder / "output" / "chtml" / "fonts" / "woff-v2").glob("*.woff"):
        script = script.replace(f"%%URL%%/{font.name}", _data(font))
    settings = '{"options": {"ignoreHtmlClass": "tex2jax_ignore|body", "processHtmlClass": "math"}}'
    return f"<script>window.MathJax = {settings}</script>\n<script>{script}</script>"


def _script(path: Path) -> str:
    """Return a script that a chapter loads as one inside the page; it must not end the element by itself."""
    text = _read(path).decode().replace("</script", r"<\/script")
    return f"<script>\n{text}</script>"


def _sheet(path: Path) -> str:
    return f"<style>\n{_read(path).decode()}</style>"


def _data(path: Path) -> str:
    """Return a file as a data address."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(_read(path)).decode()}"


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise SiteFailed(f"the page refers to {path.name}, which does not exist")
    return path.read_bytes()
