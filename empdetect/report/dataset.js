// Sorts the table of participants by a click on a column's name, and shows only the names looked for.
"use strict";
(function () {
  const table = document.getElementById("participants");
  if (!table) return;
  const body = table.tBodies[0], rows = Array.from(body.rows), heads = Array.from(table.tHead.rows[0].cells);
  const names = new Intl.Collator(undefined, { numeric: true });

  function value(row, column) {
    const cell = row.cells[column];
    if (!("value" in cell.dataset)) return cell.textContent.trim();
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  }

  function sort(column, down) {
    const key = new Map(rows.map((row) => [row, value(row, column)]));
    rows.sort(function (one, other) {
      const a = key.get(one), b = key.get(other);
      // What is not known stands last, whichever way.
      if (a === null || b === null) return (a === null) - (b === null);
      return (down ? -1 : 1) * (typeof a === "string" ? names.compare(a, b) : a - b);
    });
    body.append(...rows);
    heads.forEach((head, i) => head.setAttribute("aria-sort", i !== column ? "none" : down ? "descending" : "ascending"));
  }

  heads.forEach(function (head, column) {
    head.setAttribute("aria-sort", "none");
    head.querySelector("button").addEventListener("click", function () {
      const before = head.getAttribute("aria-sort");
      sort(column, before === "none" ? "value" in rows[0].cells[column].dataset : before === "ascending");
    });
  });

  const only = document.getElementById("only"), shown = document.getElementById("shown");
  only.addEventListener("input", function () {
    const wanted = only.value.trim().toLowerCase();
    for (const row of rows) {
      row.hidden = !(row.cells[0].textContent + " " + row.cells[1].textContent).toLowerCase().includes(wanted);
    }
    shown.textContent = wanted ? rows.filter((row) => !row.hidden).length + " of " + rows.length : "";
  });
})();
