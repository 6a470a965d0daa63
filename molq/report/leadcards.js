"use strict";
// The same leads as cards, in the order and choice of the grid; grouped by scaffold where wanted.
window.molqLeadCards = (() => {
  const { element, drawing, reviewed, tags, written } = window.molqLeadGrid;
  const STEP = 48; // cards that are made at once

  function card(lead, payload, grid, open) {
    const box = element("input", { type: "checkbox", checked: grid.isSelected(lead) });
    box.setAttribute("aria-label", `Select ${lead.label}`);
    const name = element("button", { type: "button", className: lead.named ? "open name" : "open key", textContent: lead.label });
    name.addEventListener("click", () => open(lead));
    const picture = grid.marked(drawing(lead), lead);
    picture.addEventListener("click", () => open(lead));
    const facts = element("dl");
    payload.columns.forEach((column, place) => {
      if (!grid.api.getColumn(column.key)?.isVisible()) return;
      const unit = column.unit ? ` ${column.unit}` : "";
      const [number, digits, error] = lead.cells[place];
      const text = `${written(number, digits)}${error === null ? "" : ` \u00b1 ${written(error, digits)}`}${number === null ? "" : unit}`;
      facts.append(element("div", {}, element("dt", { textContent: column.header }), element("dd", { textContent: text })));
    });
    const made = element("article", { className: "card" },
      element("header", {}, element("label", { className: "pick" }, box, element("span", { className: "rank", textContent: String(lead.rank) })), name),
      picture, facts, tags(lead), lead.review ? element("p", { className: `verdict ${lead.review.verdict}`, textContent: reviewed(lead.review), title: lead.review.words }) : null);
    made.classList.toggle("selected", box.checked);
    made.dataset.inchikey = lead.inchikey;
    box.addEventListener("change", () => {
      grid.select(lead, box.checked);
      made.classList.toggle("selected", box.checked);
    });
    return made;
  }

  const ALONE = Symbol("scaffolds with one lead each");

  // leads by scaffold, that of the best lead first; those alone on theirs together at the end
  function groups(leads, payload, grouped) {
    if (!grouped || !payload.scaffolds.length) return [{ heading: null, leads }];
    const found = new Map();
    for (const lead of leads) {
      if (!found.has(lead.scaffold)) found.set(lead.scaffold, []);
      found.get(lead.scaffold).push(lead);
    }
    const alone = [];
    const parts = [];
    for (const [scaffold, members] of found) {
      if (members.length > 1) parts.push({ heading: heading(payload.scaffolds[scaffold], members), leads: members });
      else alone.push(...members);
    }
    if (alone.length) parts.push({ heading: parts.length ? heading(ALONE, alone) : null, leads: alone });
    return parts;
  }

  function heading(scaffold, members) {
    const count = `${members.length} ${members.length === 1 ? "lead" : "leads"}`;
    const text = element("h3", { className: "as-written" },
      scaffold === ALONE ? "Scaffolds with one lead each" : scaffold ? element("code", { textContent: scaffold.smiles }) : "Without a ring",
      " ", element("span", { className: "count", textContent: `${count}, the best has rank ${Math.min(...members.map((lead) => lead.rank))}` }));
    if (!scaffold || scaffold === ALONE) return element("div", { className: "scaffold" }, text);
    const picture = element("div", { className: "drawing" });
    picture.setAttribute("aria-hidden", "true");
    picture.innerHTML = scaffold.svg;
    return element("div", { className: "scaffold" }, picture, text);
  }

  // arrow keys go from card to card, space selects, enter opens
  function keys(container, event) {
    const here = event.target.closest(".card");
    if (!here || !["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"].includes(event.key)) return;
    const all = [...container.querySelectorAll(".card")];
    const top = here.offsetTop;
    const row = event.key === "ArrowDown" || event.key === "ArrowUp";
    const step = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : -1;
    let place = all.indexOf(here) + step;
    if (row) {
      while (all[place] && (all[place].offsetTop === top || Math.abs(all[place].offsetLeft - here.offsetLeft) > 20)) place += step;
    }
    const wanted = all[place];
    if (!wanted) return;
    event.preventDefault();
    wanted.querySelector(".open").focus();
  }

  function show(container, payload, grid, open, grouped) {
    const parts = groups(grid.shown(), payload, grouped);
    const todo = [];
    container.replaceChildren();
    for (const part of parts) {
      const list = element("div", { className: "deck" });
      container.append(...(part.heading ? [part.heading, list] : [list]));
      for (const lead of part.leads) todo.push([list, lead]);
    }
    if (!todo.length) container.append(element("p", { className: "empty", textContent: "No lead passes these filters." }));
    const end = element("p", { className: "more" });
    container.append(end);
    const more = () => {
      for (const [list, lead] of todo.splice(0, STEP)) list.append(card(lead, payload, grid, open));
      end.textContent = todo.length ? `${todo.length} more \u2026` : "";
      if (!todo.length) watcher.disconnect();
    };
    const watcher = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) more();
    }, { rootMargin: "800px" });
    more();
    watcher.observe(end);
    container.onkeydown = (event) => keys(container, event);
  }

  return { show };
})();
