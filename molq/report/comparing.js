"use strict";
// Selected leads side by side: a column each, what differs in the rows.
window.molqCompare = (() => {
  const { element, drawing, value, reviewed } = window.molqLeadGrid;
  const MOST = 8;

  function row(title, cells) {
    return element("tr", {}, element("th", { scope: "row", textContent: title }), ...cells.map((cell) => element("td", {}, cell)));
  }

  function open(dialog, payload, leads, openLead) {
    const shown = leads.slice(0, MOST);
    const close = element("button", { type: "button", className: "close", textContent: "Close" });
    close.addEventListener("click", () => dialog.close());
    const names = shown.map((lead) => {
      const name = element("button", { type: "button", className: "open", textContent: lead.label });
      name.addEventListener("click", () => {
        dialog.close();
        openLead(lead);
      });
      return element("th", { scope: "col" }, name);
    });
    const body = element("tbody", {}, row("Structure", shown.map((lead) => drawing(lead))), row("Rank", shown.map((lead) => String(lead.rank))));
    payload.columns.forEach((column, place) => {
      const title = column.unit ? `${column.header} (${column.unit})` : column.header;
      body.append(row(title, shown.map((lead) => value(lead.cells[place]))));
    });
    if (shown.some((lead) => lead.review)) body.append(row("Review", shown.map((lead) => reviewed(lead.review))));
    body.append(
      row("Scaffold", shown.map((lead) => payload.scaffolds[lead.scaffold]?.smiles ?? "no ring")),
      row("Origin", shown.map((lead) => [lead.origin, lead.found, lead.made].filter(Boolean).join(", "))),
      row("Doubts and alerts", shown.map((lead) => [...lead.flags, ...lead.notes].join("; ") || "none")),
      row("SMILES", shown.map((lead) => element("code", { className: "smiles", textContent: lead.smiles }))),
    );
    const table = element("table", { className: "plain side-by-side" }, element("thead", {}, element("tr", {}, element("td"), ...names)), body);
    const region = element("div", { className: "scroll", tabIndex: 0 }, table);
    region.setAttribute("role", "region");
    region.setAttribute("aria-label", "Leads side by side");
    const left = leads.length - shown.length;
    dialog.replaceChildren(
      element("header", {}, element("h2", { id: "compare-title", textContent: `${shown.length} leads side by side` }), close),
      ...(left > 0 ? [element("p", { className: "hint", textContent: `${left} more selected; the first ${MOST} are shown.` })] : []),
      region,
    );
    dialog.showModal();
  }

  return { open };
})();
