"use strict";
// The page of one lead as a dialog: the molecule in three dimensions with its active orbitals,
// and beside it what molqScoreView writes. molqLeadView(dialog, detail, context) fills and opens it.
window.molqLeadView = (() => {
  const {
    h, number, counted, pairs, scorePart, medicinalPart, reviewPart, whyPart, provenancePart,
  } = molqScoreView;
  const NOT_FROM = "input, select, textarea, .lead-stage, .plot"; // arrow keys are theirs there
  let scene = null, orbitalsOf = null; // of the lead that is shown

  // --- the structure in three dimensions --------------------------------------------------

  // What the viewer can show: the molecule by each score and site, then further species.
  function viewsOf(detail, shared) {
    const views = [];
    for (const score of detail.scores) {
      const conformer = score.conformer ?? detail.conformer;
      if (!conformer) continue;
      const forecast = detail.why?.forecasts.find((one) => one.recipe === score.recipe);
      for (const site of score.sites.length ? score.sites : [{ name: "", atoms: [], space: null }]) {
        const space = site.space === null ? null : score.spaces[site.space];
        const heavy = conformer.symbols.split(" ").filter((symbol) => symbol !== "H").length;
        views.push({
          title: `${score.recipe}${site.name ? `: ${site.name}` : ""}`,
          conformer, atoms: site.atoms.length < heavy ? site.atoms : [], turn: site.turn,
          natural: space?.natural ?? null, basis: space?.basis ?? null,
          shares: forecast && forecast.atoms.length === heavy ? forecast : null,
          without: missing(score, space),
        });
      }
      for (const species of score.species) {
        views.push({ title: `${score.recipe}: ${species.name}`, conformer: species, atoms: [], natural: null,
          shares: null, without: "Orbitals are recorded of the molecule itself." });
      }
    }
    // sites of one score that differ in nothing that is drawn are one view
    const known = new Set();
    return views.filter((view) => {
      const key = JSON.stringify([view.conformer.xyz, view.natural ? view.title : view.atoms, view.natural]);
      return !known.has(key) && known.add(key);
    });
  }

  function missing(score, space) {
    if (score.solver === null) return "No active space is solved for this value, so there are no active orbitals.";
    if (space === null) return "No active space was solved for this site.";
    if (space.natural) return "";
    return space.basis
      ? "The recorded orbitals do not fit the basis functions that are installed now."
      : "This score was recorded without its orbitals, and they cannot be added to this run. To compute them anew: " +
        `molq score '${score.smiles}' --recipe ${score.recipe} --verbose --json`;
  }

  function radio(name, options, chosen, onchange) {
    return options.map(([value, label, title]) => h("label", { title },
      h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => onchange(value) }),
      h("span", {}, label)));
  }

  function structure(detail, context) {
    const views = viewsOf(detail, context.shared);
    const host = h("div", { class: "lead-stage", tabindex: 0, role: "group", "aria-roledescription": "three-dimensional structure",
      "aria-label": "Conformer. Arrow keys turn it, plus and minus zoom, 0 resets the view." });
    const controls = h("div", { class: "lead-controls" });
    const said = h("p", { class: "lead-said", "aria-live": "polite" });
    const part = h("section", { class: "lead-structure", "aria-label": "Structure in three dimensions" }, host, controls, said);
    const chooser = views.length < 2 ? null : h("label", { class: "lead-view" }, "Show ", h("select", {
      onchange: (event) => show(Number(event.target.value)) }, views.map((view, place) => h("option", { value: place }, view.title))));
    let current = 0;

    function show(place) {
      current = place;
      const view = views[place];
      orbitalsOf = null;
      if (!drawable(host, view)) {
        controls.replaceChildren(...[chooser].filter(Boolean));
        said.textContent = view.without;
        return;
      }
      scene = new molqConformer.Scene(host, view, context.shared);
      host.setAttribute("aria-label", `${view.title}. Arrow keys turn it, plus and minus zoom, 0 resets the view.`);
      const frontier = view.natural ? Math.max(0, view.natural.findIndex((one) => one.label === "LUNO")) : null;
      controls.replaceChildren(...[chooser, view.natural && orbitals(view, frontier), toggles(view)].filter(Boolean));
      said.textContent = view.without;
      if (context.shares && view.shares) scene.colour(true);
      if (view.natural) choose(view, frontier);
    }

    function choose(view, place) {
      const share = scene.orbital(place);
      const one = place === null ? null : view.natural[place];
      said.textContent = one === null ? "No orbital is shown." :
        `${one.label} holds ${number(one.occupation, 3)} electrons; the surface encloses ${number(100 * share, 0)} % of it. ` +
        `Drawn from ${counted(one.terms.length / 4, "basis function")} that keep ${number(100 * one.kept, 1)} % of the orbital.`;
      const input = controls.querySelector(`input[value="${place ?? "none"}"]`);
      if (input) input.checked = true;
    }

    function orbitals(view, chosen) {
      const options = [["none", "none", "No orbital"], ...view.natural.map((one, place) =>
        [String(place), `${one.label} ${number(one.occupation, 2)}`, `Natural orbital with ${number(one.occupation, 4)} electrons`])];
      orbitalsOf = (step) => {
        const places = [null, ...view.natural.keys()];
        const next = (places.indexOf(scene.shown) + step + places.length) % places.length;
        choose(view, places[next]);
      };
      const value = h("output", {}, number(molqConformer.ISOVALUE, 3));
      const slider = h("input", { type: "range", min: 0.01, max: 0.15, step: 0.005, value: molqConformer.ISOVALUE,
        "aria-label": "Isovalue", oninput: () => {
          scene.isovalue = Number(slider.value);
          value.textContent = number(scene.isovalue, 3);
          slider.setAttribute("aria-valuetext", `${slider.value} per Bohr to the three halves`);
          choose(view, scene.shown);
        } });
      return h("div", { class: "lead-orbitals" },
        h("fieldset", { class: "lead-choice" }, h("legend", {}, "Active orbital, with its electrons"),
          radio("lead-orbital", options, String(chosen), (v) => choose(view, v === "none" ? null : Number(v)))),
        h("label", { class: "lead-iso" }, "Isovalue ", slider, " ", value, h("span", { class: "unit" }, " a", h("sub", {}, "0"), h("sup", {}, "\u22123/2"))),
        h("span", { class: "lead-lobes" }, molqConformer.LOBES.map((color, lobe) =>
          h("span", {}, h("i", { style: `background:${color}` }), lobe ? " negative" : " positive"))));
    }

    function toggles(view) {
      const box = (text, checked, act) => h("label", {}, h("input", { type: "checkbox", checked,
        onchange: (event) => act(event.target.checked) }), ` ${text}`);
      return h("div", { class: "lead-toggles" },
        box("Atom numbers", false, (on) => scene.numbers(on)),
        view.shares ? box(`Atoms' shares of the forecast (orange raises ${view.shares.recipe}, blue lowers it)`, context.shares,
          (on) => scene.colour(on)) : null,
        h("button", { type: "button", onclick: () => scene.aim() }, "Reset view"));
    }

    host.addEventListener("keydown", (event) => {
      if (scene && !event.ctrlKey && !event.metaKey && !event.altKey && scene.turn(event.key)) {
        event.preventDefault();
        event.stopPropagation();
      }
    });
    return { part, start: () => show(current) };
  }

  function drawable(host, view) {
    const reason = typeof $3Dmol === "undefined" ? "the library that draws it is missing"
      : molqConformer.supported() ? "" : "this browser has no WebGL, or it is switched off";
    if (!reason) return true;
    host.replaceChildren(h("p", { class: "lead-flat" },
      `The structure cannot be shown in three dimensions: ${reason}. Its coordinates can be downloaded as XYZ, for any molecular viewer.`));
    scene = null;
    return false;
  }

  async function copy(text, button) {
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch (refused) {
      // a page opened from disk may not: select and copy as a reader would
      const field = h("textarea", { class: "visually-hidden", "aria-hidden": "true" }, text);
      button.after(field);
      field.select();
      done = document.execCommand("copy");
      field.remove();
      button.focus();
    }
    button.textContent = done ? "Copied" : "Not copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  }

  const copied = (name, text) => h("span", { class: "lead-copied" }, h("code", {}, text), " ",
    h("button", { type: "button", class: "lead-copy", "aria-label": `Copy ${name}`, "aria-live": "polite",
      onclick: (event) => copy(text, event.currentTarget) }, "Copy"));

  // --- the page --------------------------------------------------------------------------

  function identity(detail, lead, context) {
    const file = (lead.label || lead.inchikey).replace(/[^\w.-]+/g, "_").slice(0, 60);
    const drawing = h("div", { class: "lead-drawing", role: "img", "aria-label": lead.alt ?? `Structure of ${lead.label}` });
    drawing.innerHTML = lead.svg ?? ""; // drawn by molq itself
    drawing.classList.toggle("shares", Boolean(context.shares));
    return h("aside", { class: "lead-identity" }, drawing,
      pairs([
        ["SMILES", copied("SMILES", lead.smiles)], ["InChIKey", copied("InChIKey", lead.inchikey)],
        ["Given as", detail.given && detail.given !== lead.smiles ? h("code", {}, detail.given) : null],
        ["Form", detail.form ? detail.form.join(" ") : null],
        ["Found", [lead.origin, lead.found].filter(Boolean).join(", ")], ["Made by", lead.made],
      ]),
      lead.notes?.length ? h("ul", { class: "tags" }, lead.notes.map((note) => h("li", { class: "tag" }, note))) : null,
      h("div", { class: "lead-files" },
        context.sdf ? h("button", { type: "button", onclick: () => save(context, `${file}.sdf`, "chemical/x-mdl-sdfile", context.sdf(lead)) }, "Download SDF") : null,
        detail.conformer ? h("button", { type: "button", onclick: () => save(context, `${file}.xyz`, "chemical/x-xyz",
          molqConformer.xyzText(detail.conformer, `${lead.smiles} ${detail.scores[0].provenance.origin}`)) }, "Download XYZ") : null));
  }

  function save(context, name, mime, text) {
    if (context.save) return context.save(name, mime, text);
    const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: mime })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    return undefined;
  }

  function heading(lead, context) {
    const step = (by, text, isOut) => h("button", { type: "button", class: "lead-step", "data-step": by, disabled: isOut, onclick: () => context.go(by) }, text);
    return h("header", { class: "lead-head" },
      h("h2", { id: "lead-title", tabindex: -1 }, h("span", { class: "rank" }, String(lead.rank)), " ", lead.label),
      h("nav", { "aria-label": "Leads" }, step(-1, "\u2039 Previous", context.position <= 0),
        h("span", { class: "lead-place" }, `${context.position + 1} of ${context.count}`), step(1, "Next \u203a", context.position >= context.count - 1),
        h("button", { type: "button", class: "lead-close", onclick: () => close(context) }, "Close")));
  }

  const close = (context) => (context.close ? context.close() : document.querySelector("dialog[open]")?.close());

  function keys(event) {
    const { context } = event.currentTarget.molqLead;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTheirs = event.target.closest(NOT_FROM) !== null;
    const steps = { "[": -1, "]": 1, ...(isTheirs ? {} : { ArrowLeft: -1, ArrowRight: 1 }) };
    if (event.key in steps) {
      const next = context.position + steps[event.key];
      if (next >= 0 && next < context.count) context.go(steps[event.key]);
    } else if (event.key.toLowerCase() === "o" && !event.target.matches("input[type=text], select, textarea") && orbitalsOf) {
      orbitalsOf(event.shiftKey ? -1 : 1);
    } else return;
    event.preventDefault();
  }

  function released() {
    scene = null;
    orbitalsOf = null;
    molqConformer.release();
  }

  function view(container, detail, context) {
    const { lead } = context;
    const held = container.contains(document.activeElement) ? document.activeElement.dataset.step : undefined;
    if (!container.molqLead) {
      container.addEventListener("keydown", keys);
      container.addEventListener("close", released);
    }
    container.molqLead = { context };
    container.setAttribute("aria-labelledby", "lead-title");
    released();
    const hasScores = Boolean(detail.scores);
    const solid = detail.conformer ? structure(detail, context) : null;
    container.replaceChildren(heading(lead, context),
      h("div", { class: "lead-body" },
        h("div", { class: "lead-top" }, solid ? solid.part : null, identity(detail, lead, context)),
        hasScores ? detail.scores.map((score) => scorePart(score, detail, context)) : h("p", { class: "empty" }, "This molecule has no score: nothing was computed for it."),
        medicinalPart(detail, context), reviewPart(detail.review), whyPart(detail.why, context), hasScores ? provenancePart(detail, context) : null,
        h("p", { class: "hint lead-keys" }, "Keys: \u2190 and \u2192 (or [ and ]) go to the previous and the next lead, o to the next orbital, Escape closes.")));
    if (!container.open) container.showModal();
    container.scrollTop = 0;
    const again = held && container.querySelector(`[data-step="${held}"]:not(:disabled)`);
    (again || container.querySelector("#lead-title")).focus();
    solid?.start();
    for (const figure of container.querySelectorAll("figure.lead-chart")) {
      if (window.molqChart && window.Plotly) window.molqChart(figure, figure.molqSpec, context);
      else figure.remove(); // the sentence under it has the numbers
    }
  }

  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("dialog.lead[open] details")) part.open = true;
  });

  return view;
})();
