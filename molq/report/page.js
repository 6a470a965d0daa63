"use strict";
// Unpacks the libraries and the leads, and joins the parts of the page.
(() => {
  const root = document.documentElement;
  const find = (id) => document.getElementById(id);

  function start() {
    window.molqStartLibraries();
    return JSON.parse(window.molqUnpacked(find("payload")));
  }

  function options(select, entries) {
    for (const [value, text] of entries) select.append(new Option(text, value));
  }

  function workbench(payload) {
    const { element, narrow } = window.molqLeadGrid;
    const byKey = new Map(payload.leads.map((lead) => [lead.inchikey, lead]));
    let view = "table";

    const grid = window.molqLeadGrid.create(find("grid"), payload, { open: openLead, changed });
    const search = window.molqLeadSearch.create(payload, grid);

    function openLead(lead) {
      const shown = grid.shown();
      const order = shown.includes(lead) ? shown : payload.leads;
      const position = order.indexOf(lead);
      window.molqLeadView(find("lead"), lead.detail, {
        payload, lead, shared: payload.shared, position, count: order.length,
        go: (step) => {
          const next = order[position + step];
          if (next) openLead(next);
        },
        close: () => find("lead").close(),
        shares: find("layer-shares").checked,
        sdf: (one) => window.molqLeadFiles.sdf(payload.exported, one),
        save: window.molqLeadFiles.save,
        structure: window.molqDrawing,
      });
    }

    window.molqDrawing = (inchikey) => byKey.get(inchikey)?.svg ?? null;

    function cards() {
      window.molqLeadCards.show(find("cards"), payload, grid, openLead, find("grouped").checked);
    }

    function changed() {
      const shown = grid.shown();
      const selected = grid.selected();
      search.nothing(shown.length);
      const of = shown.length === payload.leads.length ? "" : ` of ${payload.leads.length}`;
      const some = selected.length ? `, ${selected.length} selected` : "";
      const text = `${shown.length}${of} ${payload.leads.length === 1 ? "lead" : "leads"}${some}`;
      if (find("count").textContent !== text) find("count").textContent = text;
      find("compare-open").disabled = selected.length < 2;
      find("deselect").disabled = selected.length === 0;
      const which = find("which");
      for (const [value, name, leads] of [["selected", "the selected", selected], ["shown", "those shown", shown], ["all", "all", payload.leads]]) {
        which.querySelector(`[value=${value}]`).textContent = `${name} (${leads.length})`;
      }
      which.querySelector("[value=selected]").disabled = selected.length === 0;
      if (selected.length && !changed.before) which.value = "selected";
      if (!selected.length && which.value === "selected") which.value = "all";
      changed.before = selected.length > 0;
      window.molqChart?.mark?.(selected.map((lead) => lead.inchikey));
      if (view === "cards" && changed.shown !== (changed.shown = [grid.fragment(), ...shown.map((lead) => lead.inchikey)].join())) cards();
    }

    function taken() {
      const which = find("which").value;
      return which === "selected" ? grid.selected() : which === "shown" ? grid.shown() : payload.leads;
    }

    function save(kind) {
      const leads = taken();
      const name = payload.run.name.replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "") || "leads";
      if (kind === "csv") window.molqLeadFiles.save(`${name}-leads.csv`, "text/csv;charset=utf-8", window.molqLeadFiles.csv(payload.exported, leads));
      if (kind === "smi") window.molqLeadFiles.save(`${name}-leads.smi`, "chemical/x-daylight-smiles", window.molqLeadFiles.smiles(leads));
      let left = 0;
      if (kind === "sdf") {
        const able = leads.filter(window.molqLeadFiles.hasConformer);
        left = leads.length - able.length;
        window.molqLeadFiles.save(`${name}-leads.sdf`, "chemical/x-mdl-sdfile", able.map((lead) => window.molqLeadFiles.sdf(payload.exported, lead)).join(""));
      }
      const without = left ? `; ${left} without a conformer are left out` : "";
      find("count").textContent = `${leads.length - left} ${leads.length - left === 1 ? "lead" : "leads"} saved as ${kind.toUpperCase()}${without}`;
    }

    // what the reader may choose from
    options(find("origin"), [...new Set(payload.leads.map((lead) => lead.origin))].sort().map((name) => [name, name]));
    const known = payload.scaffolds.map((one, place) => [String(place), `${one.smiles} (${one.count})`]);
    if (payload.leads.some((lead) => lead.scaffold === null)) known.push(["none", "without a ring"]);
    options(find("scaffold"), known);
    const choices = find("columns").querySelector(".choices");
    for (const column of grid.api.getColumns()) {
      const { headerName } = column.getColDef();
      if (!headerName || column.getColId() === "rank") continue;
      const box = element("input", { type: "checkbox", checked: column.isVisible() });
      box.addEventListener("change", () => {
        grid.api.setColumnsVisible([column.getColId()], box.checked);
        if (view === "cards") cards();
      });
      choices.append(element("label", { title: column.getColDef().headerTooltip ?? "" }, box, ` ${headerName}`));
    }

    for (const name of ["origin", "scaffold", "doubts"]) find(name).addEventListener("change", (event) => grid.facet(name, event.target.value));
    find("clear").addEventListener("click", () => {
      for (const name of ["origin", "scaffold", "doubts"]) find(name).value = "";
      search.clear();
      grid.clear();
    });
    function look(wanted) {
      view = wanted;
      document.querySelector(`input[name=view][value=${view}]`).checked = true;
      find("grid").hidden = view !== "table";
      find("cards").hidden = view !== "cards";
      document.querySelector(".cards-only").hidden = view !== "cards" || !payload.scaffolds.length;
      if (view === "cards") cards();
    }

    // cards where a table has no room, until the reader chooses
    const byWidth = () => look(narrow.matches ? "cards" : "table");
    narrow.addEventListener("change", byWidth);
    for (const radio of document.querySelectorAll("input[name=view]")) {
      radio.addEventListener("change", () => {
        narrow.removeEventListener("change", byWidth);
        look(radio.value);
      });
    }
    find("grouped").addEventListener("change", cards);
    find("deselect").addEventListener("click", () => {
      grid.api.deselectAll();
      if (view === "cards") cards();
    });
    find("compare-open").addEventListener("click", () => window.molqCompare.open(find("compare"), payload, grid.selected(), openLead));
    for (const button of document.querySelectorAll("[data-save]")) button.addEventListener("click", () => save(button.dataset.save));
    layers(payload);
    for (const part of find("workbench").querySelectorAll(":disabled")) {
      if (!["layer-shares", "compare-open", "deselect"].includes(part.id) && part.tagName !== "OPTION") part.disabled = false;
    }
    changed();
    if (narrow.matches) byWidth();

    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, select, textarea, [contenteditable]");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      find("find").focus();
    });
    document.addEventListener("molq:lead", (event) => {
      const lead = byKey.get(event.detail.inchikey);
      if (lead) openLead(lead);
    });
    // closed menus do not stand in the way
    document.addEventListener("pointerdown", (event) => {
      for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    });
    window.molqGrid = grid;
  }

  function layers(payload) {
    const { element, written } = window.molqLeadGrid;
    const site = find("layer-site");
    const shares = find("layer-shares");
    const scale = find("scale");
    const show = () => {
      root.dataset.site = site.checked ? "on" : "off";
      root.dataset.shares = shares.checked ? "on" : "off";
      scale.hidden = !shares.checked;
    };
    site.addEventListener("change", show);
    shares.addEventListener("change", show);
    if (payload.scale) {
      const { recipe, unit, full, colours } = payload.scale;
      const digits = Math.max(2, 1 - Math.floor(Math.log10(full)));
      const ramp = element("span", { className: "ramp" }, ...colours.map((colour) => {
        const step = element("i");
        step.style.background = colour;
        return step;
      }));
      scale.append(written(-full, digits), ramp, `+${written(full, digits)} ${unit} to ${recipe}`);
      shares.disabled = false;
    } else {
      shares.parentElement.title = "No lead of this run has a forecast that could be taken apart.";
    }
    show();
  }

  // on paper every lead stands in the plain table, also those that the grid has not drawn
  function pictures(payload) {
    const rows = [...document.querySelectorAll("#leads-plain > table > tbody > tr")];
    rows.forEach((row, place) => {
      const cell = row.querySelector(".structure");
      if (!cell.firstChild && payload.leads[place]) cell.append(window.molqLeadGrid.drawing(payload.leads[place]));
    });
  }

  function charts(payload) {
    const context = { structure: (inchikey) => window.molqDrawing?.(inchikey) ?? null };
    window.molqCharts?.(payload.charts, context);
    const tree = find("scaffold-tree");
    if (tree && payload.tree) window.molqScaffolds?.(tree, payload.tree, context);
  }

  // what is folded on the screen is open on paper
  function unfolded() {
    const folded = document.querySelectorAll("#dropped details:not([open]), #provenance details:not([open])");
    for (const one of folded) one.open = true;
    addEventListener("afterprint", () => {
      for (const one of folded) one.open = false;
    }, { once: true });
  }

  const payload = start();
  if (payload.leads.length) {
    workbench(payload);
    (window.requestIdleCallback ?? setTimeout)(() => pictures(payload));
    addEventListener("beforeprint", () => pictures(payload));
  }
  addEventListener("beforeprint", unfolded);
  charts(payload);
  window.molqReady = Promise.resolve(payload);
  root.dataset.ready = "true";
})();
