/* Tables of class "filterable": a search field, sorting by column (class "text-right": by number), and for the
   columns that classes such as "choice-2" name, a list of their values.
   Without this script the table is complete and readable; it only adds controls. */
(function () {
  "use strict";

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  /* What a column of choices shows first: a verdict, a badge, or the whole cell. */
  function choice(cell) {
    return (cell.querySelector("strong, .badge-check") || cell).textContent.trim();
  }

  function enhance(table, number) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const heads = Array.from(table.tHead.rows[0].cells);
    const count = make("p", { className: "filter-count" });
    count.setAttribute("role", "status");
    const search = make("input", { type: "search", id: `filter-${number}-text` });
    const bar = make("div", { className: "filter-bar" },
      make("label", { htmlFor: search.id }, "Search", search));
    const lists = [];
    heads.forEach((head, column) => {
      if (!table.classList.contains(`choice-${column + 1}`)) return;
      const name = head.textContent.trim();
      const values = new Set(rows.map((row) => choice(row.cells[column])));
      const list = make("select", { id: `filter-${number}-${column}` }, make("option", { value: "" }, "all"),
        ...Array.from(values, (value) => make("option", { value: value }, value)));
      bar.append(make("label", { htmlFor: list.id }, name, list));
      lists.push({ list, column });
    });

    function filter() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        const wanted = words.every((word) => text.includes(word)) &&
          lists.every(({ list, column }) => !list.value || choice(row.cells[column]) === list.value);
        row.hidden = !wanted;
        shown += wanted;
      }
      count.textContent = `${shown} of ${rows.length} rows shown`;
    }

    function sort(column) {
      const next = { none: "ascending", ascending: "descending", descending: "none" };
      const direction = next[heads[column].getAttribute("aria-sort") || "none"];
      const numeric = heads[column].classList.contains("text-right");
      const key = (row) => numeric ? parseFloat(row.cells[column].textContent) : choice(row.cells[column]);
      const compare = numeric ? (a, b) => key(a) - key(b)
        : (a, b) => key(a).localeCompare(key(b), "en", { numeric: true });
      const sign = direction === "descending" ? -1 : 1;
      const order = direction === "none" ? rows : Array.from(rows).sort((a, b) => sign * compare(a, b));
      heads.forEach((head, other) => {
        head.setAttribute("aria-sort", other === column ? direction : "none");
      });
      body.append(...order);
    }

    heads.forEach((head, column) => {
      const button = make("button", { type: "button", className: "filter-sort" }, ...head.childNodes);
      button.addEventListener("click", () => sort(column));
      head.replaceChildren(button);
      head.setAttribute("aria-sort", "none");
    });
    bar.addEventListener("input", filter);
    const frame = table.closest(".ledger-scroll") || table;
    frame.before(bar, count);
    filter();
  }

  document.querySelectorAll("table.filterable").forEach(enhance);
})();
