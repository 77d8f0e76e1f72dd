"""The page for addresses that do not exist, `404.html`.

A server shows it below any address, so it cannot know where the book begins: it loads no style sheet, and
its links are found by a script that looks for the book's search index in each folder above. Opened as a
file, or for a missing page beside the others, its links work without the script.
"""

from __future__ import annotations

import html
from pathlib import Path
from string import Template

from sphinx.application import Sphinx

from press.run.disk.files import write_atomically

__all__ = ["page", "setup"]

TEMPLATE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>No such page: $title</title>
<style>
:root { color-scheme: light dark; color: #1f2328; background: #ffffff; }
a { color: #0b57c0; }
@media (prefers-color-scheme: dark) { :root { color: #dfe3e8; background: #121212; } a { color: #8db9f5; } }
body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 12vh auto; padding: 0 1.2rem; }
h1 { line-height: 1.2; }
li { margin: 0.2rem 0; }
</style>
</head>
<body>
<main>
<h1>No such page</h1>
<p><em>$title</em> has no page at this address. Perhaps a chapter has been renamed; these are its pages:</p>
<ul>
$links
</ul>
<p>Or use the <a href="search.html">search page</a>.</p>
</main>
<script>
(async () => {
  if (!location.protocol.startsWith("http")) return;
  let folder = new URL(".", location.href);
  for (;;) {
    const answer = await fetch(new URL("searchindex.js", folder), { method: "HEAD" }).catch(() => null);
    if (answer && answer.ok) break;
    if (folder.pathname === "/") return;
    folder = new URL("..", folder);
  }
  for (const link of document.querySelectorAll("a")) link.href = new URL(link.getAttribute("href"), folder);
})();
</script>
</body>
</html>
""")


def page(title: str, pages: list[tuple[str, str]]) -> str:
    """HTML that loads nothing: the book's title, and the relative address and title of each of its pages."""
    links = [f'<li><a href="{html.escape(address)}">{html.escape(name)}</a></li>' for address, name in pages]
    return TEMPLATE.substitute(title=html.escape(title), links="\n".join(links))


def _write(app: Sphinx, exception: Exception | None) -> None:
    """Write `404.html` beside the pages; it lists those of the table of contents."""
    if exception is None and app.builder.format == "html":
        root = app.config.root_doc
        names = [root, *app.env.toctree_includes.get(root, [])]
        pages = [(app.builder.get_target_uri(name), app.env.titles[name].astext()) for name in names]
        write_atomically(Path(app.outdir) / "404.html", page(app.config.html_title, pages))


def setup(app: Sphinx) -> None:
    """Register what this module does."""
    app.connect("build-finished", _write)
