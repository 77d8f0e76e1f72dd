"""Mend what the theme leaves out for keyboards and screen readers, in the finished pages.

Each function below repairs one thing that axe-core reports (the rule's name is in its docstring). The
colours are in `book/assets/book.css`; the tests in `tests/browser` run axe-core over every page.
"""

from __future__ import annotations

import re

from bs4 import BeautifulSoup

__all__ = ["mend", "spoken"]

SCROLLABLE = ["pst-scrollable-table-container", "ledger-scroll"]
_ARIA_SEARCH = re.compile(r'(<button class="btn search-button-field[^>]*?) aria-label="Search"')
_PRELOAD = re.compile(r"<link rel=\"preload\" as=\"font\"[^>]*>\s*")
_CODE = re.compile(r"(?<=<div class=\"highlight\"><pre>).+?(?=</pre></div>)", re.DOTALL)
"""Most elements of a page are words of highlighted code; without them it is read in half the time."""
_UNSPOKEN = re.compile(
    r"\\(?:mathrm|mathbf|mathbb|text|operatorname|[dt]?frac|d?dot|tilde|bar|hat|left|right|[bB]igg?[lr]?|q?quad|cdot)\b"
    r"|\\[(),;! ]|[\\{}_^$]"
)
_ICON_SCRIPT = re.compile(r"<script src=\"[^\"]*/fontawesome/[^\"]*\.js[^\"]*\"></script>\s*")


def mend(html: str) -> str:
    """Repair a page as the theme wrote it; one that needs nothing keeps its meaning, though not its bytes.

    >>> print(mend('<details><summary aria-label="Toggle hidden content">Show the code</summary></details>'))
    <details><summary>Show the code</summary></details>
    """
    html = _ICON_SCRIPT.sub("", _PRELOAD.sub("", _ARIA_SEARCH.sub(r"\1", html)))
    code = iter(_CODE.findall(html))
    page = BeautifulSoup(_CODE.sub("code", html), "html.parser")
    for repair in (_landmarks, _names, _folds, _scrolling, _tables, _bibliography, _identifiers, _downloads):
        repair(page)
    return _CODE.sub(lambda _: next(code), str(page))


def spoken(tex: str) -> str:
    r"""Read a short formula aloud.

    >>> spoken(r"\(C_{\mathrm{noise}} + \lambda_j\)")
    'C noise + lambda j'
    >>> spoken(r"\left|\theta_j\right| \le \lambda")
    '| theta j | <= lambda'
    """
    tex = re.sub(r"\\([lg])eq?\b", lambda found: "<=" if found[1] == "l" else ">=", tex)
    return " ".join(_UNSPOKEN.sub(" ", tex).split())


def _landmarks(page: BeautifulSoup) -> None:
    """`region`: everything lies in a landmark, the sidebar's title and search button included."""
    for sidebar in page.find_all("div", class_="bd-sidebar-primary"):
        sidebar["role"] = "complementary"
        sidebar["aria-label"] = "Book"


def _names(page: BeautifulSoup) -> None:
    """`label-content-name-mismatch`: folded code is called what it shows; arrows say what they open."""
    for summary in page.find_all("summary"):
        if summary.get("aria-label") == "Toggle hidden content":
            del summary["aria-label"]
        if summary.find(class_="toctree-toggle", recursive=False):  # `summary-name`: an arrow only
            entry = summary.find_parent("li")
            link = entry.find("a") if entry else None
            summary["aria-label"] = f"Pages below {link.get_text(strip=True)}" if link else "Pages below"


def _folds(page: BeautifulSoup) -> None:
    """`nested-interactive`: the title of a fold opens it; a link inside, as codeautolink's, is plain text."""
    for link in page.select("summary a"):
        link.unwrap()


def _scrolling(page: BeautifulSoup) -> None:
    """`scrollable-region-focusable`: the keyboard can scroll wide tables; `book.js` sees to the rest."""
    for region in page.find_all(class_=SCROLLABLE):
        region["tabindex"] = "0"


def _tables(page: BeautifulSoup) -> None:
    """`empty-table-header`: an empty corner is no header, and a header that is a formula is read as words."""
    for cell in page.find_all("th"):
        if not cell.get_text(strip=True) and cell.find(["img", "svg"]) is None:
            cell.name = "td"
        formulas = cell.select("span.math")
        if formulas and "".join(f.get_text() for f in formulas).split() == cell.get_text().split():
            words = page.new_tag("span", attrs={"class": "visually-hidden"})
            words.string = spoken(" ".join(f.get_text() for f in formulas))
            for formula in formulas:
                formula["aria-hidden"] = "true"
            formulas[-1].insert_after(words)


def _bibliography(page: BeautifulSoup) -> None:
    """`aria-allowed-role`, `aria-deprecated-role`, `aria-required-children`: a bibliography is plain text."""
    for entry in page.find_all(role=["doc-biblioentry", "list"]):
        if entry["role"] == "doc-biblioentry" or "citation-list" in entry.get_attribute_list("class"):
            del entry["role"]


def _identifiers(page: BeautifulSoup) -> None:
    """`duplicate-id`: sphinx-proof and the search page repeat identifiers; the first one keeps its own."""
    seen: set[str] = set()
    for element in page.find_all(id=True):
        name = str(element["id"])
        if name in seen:
            del element["id"]
        seen.add(name)


def _downloads(page: BeautifulSoup) -> None:
    """The theme's menu offers the page's own source; readers get the executed notebook, as it was run."""
    executed = page.select_one(".byline a[download]")
    for source in page.find_all("a", class_="btn-download-source-button"):
        if executed is not None and str(source["href"]).endswith(".ipynb"):
            source["href"] = executed["href"]
            source["download"] = ""
            source["title"] = "Download the executed notebook"
