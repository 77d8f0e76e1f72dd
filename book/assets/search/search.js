// The search page: ranks the sections of the book and shows where they speak of what was asked.
"use strict";

(() => {
  const SHOWN = 30;
  const A_PAGE = 3; // sections of one page, at most
  const AROUND = 110; // characters of an excerpt before and after its middle
  const COMMON = new Set(("a an and are as at be by can do does for from has have how i in is it its of on or that the "
    + "this to was what when where which who why with you").split(" "));
  const WORD = /[\p{L}\p{N}]+(?:\.\d+)*/gu; // D.1 and 3.4 are words

  const words = (text) => text.toLowerCase().match(WORD) ?? [];
  const telling = (term) => (COMMON.has(term) ? null : term);

  const index = new MiniSearch({
    fields: ["title", "page", "name", "text"], // the name is that of the file: ledger.html is called by it
    extractField: (section, field) => (field === "name" ? section.id.split(/[/.#]/)[0].replaceAll("-", " ") : section[field]),
    tokenize: words,
    processTerm: telling,
    searchOptions: {
      boost: { title: 4, page: 1.5, name: 1.5 },
      prefix: (term) => term.length > 2,
      fuzzy: (term) => (term.length > 5 ? 0.15 : 0),
      combineWith: "AND",
      weights: { prefix: 0.5, fuzzy: 0.2 },
    },
  });
  const sections = new Map(window.SECTIONS.map((section) => [section.id, section]));
  index.addAll(window.SECTIONS);

  const spaced = (text) => ` ${words(text).join(" ")} `;

  // Sections that have all words, else those that have some; the words side by side count most.
  function find(query) {
    const phrase = spaced(query);
    const boost = (id) => {
      const section = sections.get(id);
      const near = spaced(section.title).includes(phrase) ? 4 : spaced(section.text).includes(phrase) ? 2 : 1;
      return section.weight * near;
    };
    let found = index.search(query, { boostDocument: boost });
    if (!found.length) found = index.search(query, { boostDocument: boost, combineWith: "OR" });
    const count = new Map();
    return found.filter(({ id }) => {
      const page = id.split("#")[0];
      count.set(page, (count.get(page) ?? 0) + 1);
      return count.get(page) <= A_PAGE;
    });
  }

  function pattern(query, terms) {
    const escaped = [query.trim(), ...terms].filter(Boolean).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(escaped.join("|"), "giu");
  }

  // Text in pieces, those that match marked.
  function marked(text, matches) {
    const parts = document.createDocumentFragment();
    let end = 0;
    for (const { 0: match, index: at } of text.matchAll(matches)) {
      parts.append(text.slice(end, at));
      parts.append(Object.assign(document.createElement("mark"), { textContent: match }));
      end = at + match.length;
    }
    parts.append(text.slice(end));
    return parts;
  }

  function excerpt(text, query, matches) {
    const whole = text.toLowerCase().indexOf(query.trim().toLowerCase());
    const middle = Math.max(0, whole >= 0 ? whole : text.search(matches));
    let from = Math.max(0, middle - AROUND), to = Math.min(text.length, middle + AROUND);
    if (from > 0) from = text.indexOf(" ", from) + 1;
    if (to < text.length) to = Math.max(middle, text.lastIndexOf(" ", to));
    return marked(`${from > 0 ? "… " : ""}${text.slice(from, to)}${to < text.length ? " …" : ""}`, matches);
  }

  function show(query) {
    const place = document.getElementById("search-results");
    place.replaceChildren();
    if (!query.trim()) return;
    const found = find(query);
    const said = document.createElement("p");
    said.className = "search-summary";
    said.setAttribute("role", "status");
    said.textContent = found.length
      ? `${found.length === 1 ? "One section" : `${found.length} sections`} found${found.length > SHOWN ? `, the first ${SHOWN} are shown` : ""}.`
      : "Nothing in this book has these words.";
    const list = document.createElement("ul");
    list.className = "search";
    for (const { id, terms } of found.slice(0, SHOWN)) {
      const section = sections.get(id), matches = pattern(query, terms);
      const item = document.createElement("li"), link = document.createElement("a"), text = document.createElement("p");
      link.href = id;
      link.append(marked(section.title === section.page ? section.title : `${section.title} (${section.page})`, matches));
      text.className = "context";
      text.append(excerpt(section.text, query, matches));
      item.append(link, text);
      list.append(item);
    }
    place.append(said, list);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const field = document.querySelector(".bd-search-container input[name=q]");
    const asked = new URLSearchParams(location.search).get("q") ?? "";
    document.querySelectorAll("form.bd-search input").forEach((input) => { input.value = asked; });
    field?.addEventListener("input", () => show(field.value));
    show(asked);
  });
})();
