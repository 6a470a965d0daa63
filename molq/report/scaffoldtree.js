"use strict";
// The scaffold tree of a run (molq/report/scaffoldtree.py), with the keys of a tree view (WAI-ARIA).
window.molqScaffolds = (() => {
  const OPEN_AT_FIRST = 2; // levels

  function made(tag, className, parent, text = "") {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text) element.textContent = text;
    parent?.append(element);
    return element;
  }

  const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

  function says(node, tree) {
    const own = node.own && node.own < node.count ? `, ${node.own} on it alone` : "";
    const best = node.best === null ? "" : `, best ${tree.worth} ${node.best.toFixed(3)}`;
    return `${node.label}: ${counted(node.count, "molecule")}${own}${best}`;
  }

  function item(node, level, tree, parent) {
    const li = made("li", "", parent);
    li.setAttribute("role", "treeitem");
    li.setAttribute("aria-level", String(level));
    li.setAttribute("aria-label", `${says(node, tree)}${node.smiles ? `, ${node.smiles}` : ""}`);
    li.tabIndex = -1;
    const row = made("div", "node", li);
    made("span", node.children.length ? "twist" : "blank", row);
    const drawing = made("div", "drawing", row);
    if (node.drawing) drawing.innerHTML = node.drawing;
    else made("small", "", drawing, node.label);
    const text = made("div", "says", row);
    made("b", "", text, counted(node.count, "molecule"));
    text.append(node.own && node.own < node.count ? `, ${node.own} without further rings` : "");
    if (node.best !== null) {
      const bar = made("span", "worth", text);
      made("i", "", bar).style.width = `${Math.max(0, Math.min(1, node.best)) * 100}%`;
      text.append(`best ${tree.worth} ${node.best.toFixed(3)}`);
    }
    if (node.smiles) made("code", "smiles", text, node.smiles);
    if (node.members.length) {
      const members = made("div", "members", text);
      for (const [inchikey, name] of node.members) {
        const button = made("button", "", members, name);
        button.type = "button";
        button.tabIndex = -1;
        button.dataset.inchikey = inchikey;
      }
      if (node.own > node.members.length) made("span", "more", members, `and ${node.own - node.members.length} more`);
    }
    if (node.children.length) {
      li.setAttribute("aria-expanded", String(level < OPEN_AT_FIRST));
      const group = made("ul", "", li);
      group.setAttribute("role", "group");
      group.hidden = level >= OPEN_AT_FIRST;
      for (const child of node.children) item(child, level + 1, tree, group);
    }
    return li;
  }

  function expand(li, isOpen) {
    if (!li.hasAttribute("aria-expanded")) return;
    li.setAttribute("aria-expanded", String(isOpen));
    li.querySelector(":scope > ul").hidden = !isOpen;
  }

  const above = (li) => li.parentElement.closest('[role="treeitem"]');

  const isOpen = (li) => li.getAttribute("aria-expanded") === "true";

  return (container, tree) => {
    container.replaceChildren();
    const tools = made("div", "scaffold-tools", container);
    const list = made("ul", "", container);
    list.setAttribute("role", "tree");
    list.setAttribute("aria-label", "Scaffolds of the leads");
    for (const root of tree.roots) item(root, 1, tree, list);
    const items = () => [...list.querySelectorAll('[role="treeitem"]')];
    const seen = () => items().filter((li) => !li.closest("ul[hidden]"));
    for (const [name, open] of [["Open all", true], ["Close all", false]]) {
      const button = made("button", "", tools, name);
      button.type = "button";
      button.addEventListener("click", () => items().forEach((li) => expand(li, open)));
    }

    function go(li) {
      items().forEach((other) => { other.tabIndex = -1; });
      li.tabIndex = 0;
      li.focus();
    }

    function openLead(button) {
      const detail = { inchikey: button.dataset.inchikey };
      button.dispatchEvent(new CustomEvent("molq:lead", { bubbles: true, detail }));
    }

    if (list.firstElementChild) list.firstElementChild.tabIndex = 0;
    list.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-inchikey]");
      if (button) return openLead(button);
      const li = event.target.closest(".node")?.parentElement;
      if (li) {
        expand(li, !isOpen(li));
        go(li);
      }
      return undefined;
    });
    list.addEventListener("keydown", (event) => {
      const li = event.target.closest('[role="treeitem"]');
      if (!li || event.altKey || event.ctrlKey || event.metaKey) return;
      const inside = event.target.closest("button[data-inchikey]");
      const buttons = [...li.querySelectorAll(":scope > .node button[data-inchikey]")];
      const all = seen();
      const at = all.indexOf(li);
      const up = above(li);
      if (inside) {
        // among the molecules of a scaffold; Escape goes back to it
        const place = buttons.indexOf(inside);
        const to = { ArrowRight: place + 1, ArrowDown: place + 1, ArrowLeft: place - 1, ArrowUp: place - 1 }[event.key];
        if (to !== undefined) buttons[Math.min(buttons.length - 1, Math.max(0, to))].focus();
        else if (event.key === "Escape") go(li);
        else return; // Enter and Space press the button
      } else if (event.key === "ArrowDown") all[at + 1] && go(all[at + 1]);
      else if (event.key === "ArrowUp") all[at - 1] && go(all[at - 1]);
      else if (event.key === "Home") go(all[0]);
      else if (event.key === "End") go(all.at(-1));
      else if (event.key === "ArrowRight") {
        if (li.hasAttribute("aria-expanded") && !isOpen(li)) expand(li, true);
        else if (isOpen(li)) go(li.querySelector('[role="treeitem"]'));
      } else if (event.key === "ArrowLeft") {
        if (isOpen(li)) expand(li, false);
        else if (up) go(up);
      } else if (event.key === "Enter") {
        const first = li.querySelector("button[data-inchikey]"); // its own, or the first below it
        if (first) {
          for (let at = first.closest('[role="treeitem"]'); at !== li; at = above(at)) expand(above(at), true);
          first.focus();
        } else expand(li, !isOpen(li));
      } else if (event.key === " ") expand(li, !isOpen(li));
      else return;
      event.preventDefault();
    });
    // on paper nothing can be opened
    addEventListener("beforeprint", () => items().forEach((li) => {
      li.dataset.was = String(isOpen(li));
      expand(li, true);
    }));
    addEventListener("afterprint", () => items().forEach((li) => expand(li, li.dataset.was === "true")));
  };
})();
