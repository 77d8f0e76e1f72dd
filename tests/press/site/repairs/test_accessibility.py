from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from press.site.repairs.accessibility import mend


def test_icons_come_from_fonts_and_not_from_a_script_of_half_a_megabyte() -> None:
    head = (
        '<link rel="preload" as="font" href="a.woff2"/>\n<link rel="stylesheet" href="a.css"/>'
        '<script src="_static/fontawesome/js/all.min.js?digest=1"></script><script src="a.js"></script>'
    )
    assert mend(head) == '<link href="a.css" rel="stylesheet"/><script src="a.js"></script>'


def test_names_are_what_is_seen() -> None:
    assert "aria-label" not in mend('<summary aria-label="Toggle hidden content">Show code</summary>')
    # the search button is written by a script, so it is repaired as text
    start, label, end = (
        '<script>`<button class="btn search-button-field x"',
        ' aria-label="Search"',
        ">`</script>",
    )
    assert mend(start + label + end) == start + end
    icon = '<button aria-label="Search" class="btn search-button"></button>'
    assert mend(icon) == icon


def test_what_scrolls_can_have_the_focus() -> None:
    assert mend('<div class="ledger-scroll"></div>') == '<div class="ledger-scroll" tabindex="0"></div>'
    assert "tabindex" in mend('<div class="pst-scrollable-table-container"></div>')
    assert "tabindex" not in mend('<div class="math">x</div><pre>x</pre>')


def test_empty_headers_are_cells_and_formulas_are_read_as_words() -> None:
    formula = r'<span class="math">\(C_{\mathrm{noise}}\)</span>'
    assert mend("<th> </th><th>n</th>") == "<td> </td><th>n</th>"
    mended = mend(f"<th><p>{formula}</p></th><th>bound of {formula}</th>")
    assert '<span class="visually-hidden">C noise</span></p></th>' in mended
    assert mended.count("aria-hidden") == 1 and mended.endswith(f"<th>bound of {formula}</th>")


def test_identifiers_are_unique_and_the_first_stays() -> None:
    assert mend('<p id="a">1</p><p id="a">2</p><p id="b"></p>') == '<p id="a">1</p><p>2</p><p id="b"></p>'


def test_roles_and_landmarks() -> None:
    page = '<div class="citation-list" role="list"><div class="citation" role="doc-biblioentry">x</div></div>'
    assert "role" not in mend(page)
    assert 'role="complementary"' in mend('<div class="bd-sidebar-primary">x</div>')


def test_the_menu_offers_the_executed_notebook() -> None:
    menu = (
        '<a class="btn-download-source-button" href="_sources/rates.ipynb" title="Download source file">x</a>'
    )
    line = '<div class="byline"><a download="" href="_downloads/1/rates.ipynb">x</a></div>'
    assert 'href="_sources/rates.ipynb"' in mend(menu)
    mended = mend(menu + line)
    assert "_sources" not in mended and mended.count('href="_downloads/1/rates.ipynb"') == 2


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\0", exclude_categories=["Cs", "Cc"]))
)
def test_text_survives_and_a_second_mending_changes_nothing(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    page = (
        f'<main><p>{escaped}</p><table><tr><th>{escaped}</th></tr></table><pre id="x">{escaped}</pre></main>'
    )
    once = mend(page)
    assert mend(once) == once
    assert once.count(escaped) >= 3


def test_an_arrow_says_what_it_opens() -> None:
    arrow = "<details><summary><span class='toctree-toggle'></span></summary></details>"
    entry = f"<ul><li><a href='api.html'>API</a>{arrow}</li></ul>"
    assert '<summary aria-label="Pages below API">' in mend(entry)


def test_the_title_of_a_fold_holds_no_link() -> None:
    """`nested-interactive`, as in the backlinks of sphinx-codeautolink."""
    title = '<summary>References to <a href="#x"><code>x</code></a></summary>'
    page = mend(f'<details>{title}<a href="#y">y</a></details>')
    assert "<summary>References to <code>x</code></summary>" in page and '<a href="#y">y</a>' in page
