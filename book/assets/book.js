// The few things a page does: open folded code, let the keyboard scroll wide formulas, print in light colours.
"use strict";

(() => {
  const root = document.documentElement;
  const FOLDED = "details.above-input";
  const KEY = "show-code";

  function remember(value) {
    try { localStorage.setItem(KEY, value); } catch { /* a browser that keeps nothing */ }
  }

  function remembered() {
    try { return localStorage.getItem(KEY); } catch { return null; }
  }

  function showCode(button, open) {
    document.querySelectorAll(FOLDED).forEach((details) => { details.open = open; });
    button.textContent = open ? "hide all code" : "show all code";
  }

  // Formulas in the text scroll only where they are wider than their paragraph: what scrolls leaves the line.
  function findWide() {
    const formulas = Array.from(document.querySelectorAll('article mjx-container:not([display="true"])'));
    formulas.forEach((box) => box.classList.remove("too-wide"));
    const wide = formulas.filter((box) => !box.closest("table")
      && box.getBoundingClientRect().width > box.closest("p, li, dd, figcaption, div").clientWidth);
    wide.forEach((box) => box.classList.add("too-wide"));
  }

  // What is wider than the page can have the focus, and then the arrow keys scroll it.
  function reach() {
    findWide();
    document.querySelectorAll("article mjx-container").forEach((box) => {
      const scrolls = box.matches('[display="true"], .too-wide') && box.scrollWidth > box.clientWidth;
      if (scrolls) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  }

  // A link to a cell opens it.
  function reveal() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target && target.querySelector(`:scope > ${FOLDED}`);
    if (folded) folded.open = true;
  }

  window.addEventListener("hashchange", reveal);
  window.addEventListener("load", () => {
    reveal();
    reach();
    window.MathJax?.startup?.promise?.then(reach);
    window.addEventListener("resize", reach);
  });

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector(".byline .show-code");
    if (button && document.querySelector(FOLDED)) {
      button.hidden = false;
      let open = remembered() === "yes";
      if (open) showCode(button, open);
      button.addEventListener("click", () => {
        open = !open;
        showCode(button, open);
        remember(open ? "yes" : "no");
      });
    }
    // The theme measures code when the window changes: only then can the keyboard scroll what was folded.
    document.querySelectorAll("details").forEach((details) => {
      details.addEventListener("toggle", () => window.dispatchEvent(new Event("resize")));
    });
  });

  let theme = null;
  window.addEventListener("beforeprint", () => { theme = root.dataset.theme; root.dataset.theme = "light"; });
  window.addEventListener("afterprint", () => { if (theme) root.dataset.theme = theme; });
})();
