"""The pages of a small book in a real browser, opened as files."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from playwright.sync_api import sync_playwright

from press.project import Project

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; Debian and Ubuntu: apt install chromium")
def test_pages_ask_no_other_host_and_report_no_errors(book: Project) -> None:
    subprocess.run([sys.executable, "-m", "doit"], cwd=book.root, check=True, capture_output=True)
    asked: list[str] = []
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for mode in ("light", "dark"):
            page = browser.new_page(color_scheme=mode, viewport={"width": 375, "height": 812})
            page.on("request", lambda request: asked.append(request.url))
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
            for name in ("second", "ledger", "first"):
                page.goto((book.html / f"{name}.html").as_uri())
                assert page.evaluate("document.documentElement.scrollWidth") <= 375, name
            page.wait_for_selector("mjx-container")
            assert page.locator("mjx-merror").count() == 0
            assert page.evaluate("document.documentElement.dataset.theme") == mode
            assert page.locator("figure img").evaluate("image => image.naturalWidth") > 100
        browser.close()
    assert len(asked) > 6
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert errors == []
