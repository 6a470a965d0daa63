"use strict";
// Sorting is an addition: without this script the table stands in rank order.
for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  headers.forEach((header, index) => {
    const kind = header.dataset.sort;
    if (!kind) return;
    // laid over the header, whose text stays where it is and prints on every page
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.setAttribute("aria-label", `Sort by ${header.textContent.trim().replace(/\s+/g, " ")}`);
    header.append(button);
    button.addEventListener("click", () => {
      const descending = header.getAttribute("aria-sort") === "ascending";
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const key = (row) => row.cells[index].dataset.value;
      const rows = [...body.rows].sort((a, b) => {
        const [left, right] = [key(a), key(b)];
        // a row without a value stays at the end in either direction
        if (left === undefined || right === undefined) return (left === undefined) - (right === undefined);
        const order = kind === "number" ? Number(left) - Number(right) : left.localeCompare(right, undefined, { numeric: true });
        return descending ? -order : order;
      });
      body.append(...rows);
    });
  });
}
