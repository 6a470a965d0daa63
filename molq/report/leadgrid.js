"use strict";
// The leads as a grid (AG Grid): sorted, filtered, searched and selected by the reader.
window.molqLeadGrid = (() => {
  const MINUS = "\u2212";
  const narrow = matchMedia("(max-width: 700px)"); // where a pinned structure would cover the table

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  // as the rest of the page writes numbers
  function written(value, digits) {
    if (value === null || value === undefined) return "\u2013";
    const text = value.toFixed(digits);
    return (/[1-9]/.test(text) ? text : text.replace("-", "")).replace("-", MINUS);
  }

  // drawings are molq's own: everything else of a lead is set as text
  function drawing(lead, className = "drawing") {
    const box = element("div", { className });
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", lead.alt);
    box.innerHTML = lead.svg ?? "";
    return box;
  }

  // a band under the atoms and bonds that a fragment was found on
  function mark(box, lead, places) {
    const svg = box.querySelector("svg[data-atoms]");
    if (!places || !svg) return box;
    const at = svg.dataset.atoms.split(" ");
    const point = (atom) => `${at[2 * atom]} ${at[2 * atom + 1]}`;
    const ends = lead.graph.bonds;
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("class", "found");
    path.setAttribute("d", [...places.bonds].map((bond) => `M${point(ends[2 * bond])}L${point(ends[2 * bond + 1])}`)
      .concat([...places.atoms].map((atom) => `M${point(atom)}h0`)).join(""));
    svg.prepend(path);
    box.setAttribute("aria-label", `${lead.alt}, ${places.atoms.size} ${places.atoms.size === 1 ? "atom" : "atoms"} of the fragment marked`);
    return box;
  }

  function value(cell) {
    const [number, digits, error, interval, desirability] = cell;
    const box = element("div", { className: "value" }, element("span", { textContent: written(number, digits) }));
    if (error !== null) box.append(element("span", { className: "error", textContent: `\u2009\u00b1\u2009${written(error, digits)}` }));
    if (interval) box.append(element("small", { textContent: `95 %: ${written(interval[0], 2)} to ${written(interval[1], 2)}` }));
    if (desirability !== null) {
      const bar = element("i");
      bar.style.width = `${(100 * desirability).toFixed(1)}%`;
      const meter = element("span", { className: "meter", title: `desirability ${written(desirability, 2)}` }, bar);
      box.append(meter, element("small", { textContent: written(desirability, 2) }));
    }
    return box;
  }

  function tags(lead) {
    if (!lead.flags.length && !lead.notes.length) return null;
    return element(
      "ul", { className: "tags" },
      ...lead.flags.map((text) => element("li", { className: "tag flag", textContent: text, title: text })),
      ...lead.notes.map((text) => element("li", { className: "tag", textContent: text, title: text })),
    );
  }

  function molecule(lead, open) {
    const name = element("button", { type: "button", className: lead.named ? "open name" : "open key", textContent: lead.label, tabIndex: -1 });
    name.addEventListener("click", () => open(lead));
    return element("div", { className: "molecule-cell" }, name, element("code", { className: "smiles", textContent: lead.smiles, title: lead.smiles }), tags(lead));
  }

  function origin(lead) {
    const box = element("div", { className: "origin-cell" }, element("span", { className: `dot ${lead.origin}` }), lead.origin);
    if (lead.found) box.append(element("small", { textContent: lead.found }));
    if (lead.made) box.append(element("small", { textContent: `from: ${lead.made}`, title: lead.made }));
    return box;
  }

  // a lead without a value stays at the end in either direction
  function byNumber(left, right, a, b, descending) {
    if (left === null || right === null) return ((left === null) - (right === null)) * (descending ? -1 : 1);
    return left - right;
  }

  function reviewed(review) {
    if (!review) return "";
    return [review.verdict, review.rating === null ? "" : `${Number(review.rating.toFixed(1))} of 5`].filter(Boolean).join(", ") || "commented";
  }

  function opinion(review) {
    if (!review) return "";
    return element("div", {}, element("span", { className: `verdict ${review.verdict}`, textContent: reviewed(review) }), element("small", { className: "words", textContent: review.words }));
  }

  // what a medicinal chemist looks at beside the wishes; there to be chosen
  function profile(payload, number) {
    const plain = (name) => name.toLowerCase().replace(/[^a-z0-9]/g, "");
    const known = new Set(payload.columns.map((column) => plain(column.header)));
    const names = new Set(payload.leads.flatMap((lead) => (lead.detail.medicinal ?? []).map(([name]) => name)));
    const entry = (data, name) => (data.detail.medicinal ?? []).find(([other]) => other === name);
    return [...names].filter((name) => !known.has(plain(name))).map((name) => ({
      colId: `m-${name}`, headerName: name, width: 132, hide: true, ...number, cellClass: "number-cell property", headerClass: "number-header",
      headerTooltip: payload.shared.scorers?.[name]?.summary, getQuickFilterText: () => "",
      valueGetter: ({ data }) => entry(data, name)?.[1] ?? null,
      cellRenderer: ({ data }) => {
        const [, amount, note] = entry(data, name) ?? [name, null, ""];
        const text = amount === null ? "\u2013" : written(amount, Number.isInteger(amount) ? 0 : 2);
        return element("div", { className: "value" }, text, note ? element("small", { textContent: note, title: note }) : null);
      },
    }));
  }

  function columns(payload, open, marked) {
    const text = { filter: "agTextColumnFilter", filterParams: { maxNumConditions: 2 } };
    const number = { filter: "agNumberColumnFilter", comparator: byNumber, filterParams: { defaultOption: "greaterThanOrEqual", maxNumConditions: 2 } };
    const hasReview = payload.leads.some((lead) => lead.review);
    return [
      { colId: "rank", headerName: "#", valueGetter: ({ data }) => data.rank, width: 62, pinned: "left", cellClass: "rank", ...number, floatingFilter: false },
      {
        colId: "structure", headerName: "Structure", width: 226, pinned: narrow.matches ? null : "left", sortable: false, filter: false,
        valueGetter: ({ data }) => data.alt, cellRenderer: ({ data }) => marked(drawing(data), data), cellClass: "structure-cell",
      },
      {
        colId: "molecule", headerName: "Molecule", minWidth: 190, flex: 1, ...text,
        valueGetter: ({ data }) => data.label, cellRenderer: ({ data }) => molecule(data, open),
        filterValueGetter: ({ data }) => `${data.label} ${data.smiles}`,
        getQuickFilterText: ({ data }) => `${data.label} ${data.smiles} ${data.inchikey}`,
      },
      ...(hasReview ? [{ colId: "review", headerName: "Review", width: 150, ...text, valueGetter: ({ data }) => reviewed(data.review), tooltipValueGetter: ({ data }) => data.review?.words, cellRenderer: ({ data }) => opinion(data.review), cellClass: "review-cell", getQuickFilterText: () => "" }] : []),
      ...payload.columns.map((column, place) => ({
        colId: column.key, headerName: column.unit ? `${column.header} (${column.unit})` : column.header,
        headerTooltip: column.meaning, width: column.kind === "objective" ? 142 : 132, hide: !column.shown, ...number,
        valueGetter: ({ data }) => data.cells[place][0], cellRenderer: ({ data }) => value(data.cells[place]),
        cellClass: `number-cell ${column.kind}`, headerClass: "number-header", getQuickFilterText: () => "",
      })),
      ...profile(payload, number),
      {
        colId: "origin", headerName: "Origin", width: 140, ...text,
        valueGetter: ({ data }) => [data.origin, data.found, data.made].filter(Boolean).join(" "), cellRenderer: ({ data }) => origin(data),
        getQuickFilterText: () => "",
      },
    ];
  }

  function theme() {
    return agGrid.themeQuartz.withParams({
      fontFamily: "inherit", fontSize: 13.5, headerFontSize: 12.5, headerFontWeight: 600, spacing: 6,
      backgroundColor: "var(--surface)", foregroundColor: "var(--ink)", textColor: "var(--ink)",
      headerBackgroundColor: "var(--wash)", headerTextColor: "var(--soft)", borderColor: "var(--line)",
      accentColor: "var(--accent)", rowHoverColor: "var(--wash)", selectedRowBackgroundColor: "var(--accent-wash)",
      wrapperBorderRadius: 6, browserColorScheme: "inherit", cellTextColor: "var(--ink)",
      checkboxUncheckedBorderColor: "var(--faint)", iconColor: "var(--soft)",
    });
  }

  // facets: what a column's own filter would not offer
  function passes(lead, facets, found) {
    if (found && !found.has(lead.inchikey)) return false;
    if (facets.origin && lead.origin !== facets.origin) return false;
    if (facets.scaffold !== "" && String(lead.scaffold ?? "none") !== facets.scaffold) return false;
    const doubtful = lead.flags.length + lead.notes.length > 0;
    return facets.doubts === "" || (facets.doubts === "some") === doubtful;
  }

  // {api, shown(), selected(), ...}; `changed` is called when rows or the selection change
  function create(container, payload, { open, changed }) {
    const facets = { origin: "", scaffold: "", doubts: "" };
    let found = null; // InChIKey -> where the fragment lies; null where none is looked for
    let fragment = "";
    const marked = (box, lead) => mark(box, lead, found?.get(lead.inchikey));
    container.replaceChildren();
    const api = agGrid.createGrid(container, {
      theme: theme(),
      columnDefs: columns(payload, open, marked),
      defaultColDef: { sortable: true, resizable: true, floatingFilter: true, suppressHeaderMenuButton: true, suppressHeaderFilterButton: true, wrapHeaderText: true, autoHeaderHeight: true },
      rowData: payload.leads,
      rowHeight: 142,
      getRowId: ({ data }) => data.inchikey,
      rowSelection: { mode: "multiRow", checkboxes: true, headerCheckbox: true, selectAll: "filtered", enableClickSelection: false },
      selectionColumnDef: { headerName: "Selected", pinned: "left", width: 46, suppressHeaderMenuButton: true },
      animateRows: false,
      suppressColumnMoveAnimation: true,
      enableBrowserTooltips: true,
      tooltipShowDelay: 400,
      ensureDomOrder: true,
      isExternalFilterPresent: () => found !== null || Object.values(facets).some((wanted) => wanted !== ""),
      doesExternalFilterPass: ({ data }) => passes(data, facets, found),
      onCellKeyDown: ({ data, event, column }) => {
        if (event.key === "Enter" && data && !event.target.closest("a, button, input")) open(data);
      },
      onRowDoubleClicked: ({ data, event }) => {
        if (!event.target.closest("a, button, input")) open(data);
      },
      onFilterChanged: () => changed(),
      onSortChanged: () => changed(),
      onSelectionChanged: () => changed(),
    });
    narrow.addEventListener("change", () => api.setColumnsPinned(["structure"], narrow.matches ? null : "left"));
    api.setGridAriaProperty("label", "Ranked leads");
    container.removeAttribute("aria-busy");
    const shown = () => {
      const found = [];
      api.forEachNodeAfterFilterAndSort((node) => found.push(node.data));
      return found;
    };
    return {
      api,
      shown,
      selected: () => shown().filter((lead) => api.getRowNode(lead.inchikey).isSelected())
        .concat(api.getSelectedRows().filter((lead) => !api.getRowNode(lead.inchikey).displayed)),
      isSelected: (lead) => api.getRowNode(lead.inchikey).isSelected(),
      select: (lead, wanted) => api.getRowNode(lead.inchikey).setSelected(wanted),
      marked,
      fragment: () => fragment,
      // only leads that hold a fragment, and where they do; null for all
      contain: (places, text) => {
        if (places === null && found === null) return;
        [found, fragment] = [places, text];
        api.onFilterChanged();
        api.refreshCells({ columns: ["structure"], force: true });
      },
      search: (text) => api.setGridOption("quickFilterText", text),
      facet: (name, wanted) => {
        facets[name] = wanted;
        api.onFilterChanged();
      },
      clear: () => {
        for (const name of Object.keys(facets)) facets[name] = "";
        api.setGridOption("quickFilterText", "");
        api.setFilterModel(null);
        api.onFilterChanged();
      },
    };
  }

  return { create, narrow, element, written, drawing, value, tags, reviewed };
})();
