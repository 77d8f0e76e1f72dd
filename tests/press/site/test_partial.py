"""Pages of Sphinx in part: captions and numbers in links, links in code, uses of the reference."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from press.run.project import Project
from press.site.api import stage_api

from ..conftest import edit

ROOT = Path(__file__).resolve().parents[3]
CONFIGURATION = (
    'extensions = ["press.site.api", "press.site.partial", "press.site.numbers"]\nhtml_theme = "basic"\n'
    "numpydoc_xref_param_type = False\nnumfig = True\nhtml_copy_source = False\n"
    'exclude_patterns = ["api/[!o]*", "api/opgd.rst", "api/opgd-[!r]*", "api/opgd-r[!a]*"]\n'
)
CODE = "\n\n.. code-block:: ipython3\n\n   from opgd import fit_rate\n   fit_rate([1, 2], [3, 4])\n"
NAMES = "\n   ".join(["first", "second", "third", "api", "api/opgd-rates"])
PAGES = {
    "index": f"Start\n=====\n{CODE}\n.. toctree::\n\n   {NAMES}\n",
    "api": "Reference\n=========\n",
    "first": f"First\n=====\n\nWords.{CODE}",
    "second": "Second\n======\n\n.. table:: Trees\n   :name: tab-trees\n\n   = =\n   a b\n   = =\n\n" + CODE,
    "third": f"Third\n=====\n\n:ref:`tab-trees`, that is :numref:`tab-trees`.{CODE}",
    "fourth": f":orphan:\n\nFourth\n======\n\nWords.{CODE}",
}


def test_what_is_written_in_part_is_what_is_written_from_nothing(tmp_path: Path) -> None:
    source, part = tmp_path / "source", tmp_path / "part"
    source.mkdir()
    (source / "_toc.yml").write_text("root: index\n")
    (source / "api.md").touch()
    stage_api(Project(ROOT), source)
    (source / "api.md").unlink()
    (source / "conf.py").write_text(CONFIGURATION)
    for name, text in PAGES.items():
        (source / f"{name}.rst").write_text(text)

    def build(html: Path) -> dict[str, str]:
        command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", str(source), str(html)]
        subprocess.run(command, cwd=ROOT, check=True)
        return {path.relative_to(html).as_posix(): path.read_text() for path in html.rglob("*.html")}

    first = build(part)
    fourth = (part / "fourth.html").stat().st_mtime_ns
    edit(source / "first.rst", "Words.", "Other words.")
    edit(source / "second.rst", "Trees", "Birches")
    edit(source / "second.rst", "fit_rate([1, 2], [3, 4])", "from opgd.rates import fit_covariance")
    second = build(part)
    assert second == build(tmp_path / "nothing")
    assert "Birches" in second["third.html"] and "Trees" in first["third.html"]
    for page in ("index", "first", "third", "fourth"):
        assert 'class="sphinx-codeautolink-a"' in second[f"{page}.html"]
    link = 'href="../second.html">Second</a>'
    before, users = (pages["api/opgd-rates.html"].count(link) for pages in (first, second))
    assert (before, users) == (1, 3)  # of one more function, and of its module
    assert (part / "fourth.html").stat().st_mtime_ns == fourth
