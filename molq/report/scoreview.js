"use strict";
// The written parts of a lead's page: its scores beside their baselines, how its energies
// converged, the active space and its circuits, why the lead is here, how it was computed.
window.molqScoreView = (() => {
  const CHEMICAL_ACCURACY = 1.6; // mHa
  const LEAST = 1e-6; // mHa; a logarithmic axis has no zero
  const SPINS = ["singlet", "doublet", "triplet", "quartet", "quintet"];

  // --- text ----------------------------------------------------------------------------

  function number(value, digits = 3) {
    if (value === null || value === undefined || Number.isNaN(value)) return "\u2013";
    const [whole, rest] = Math.abs(value).toFixed(digits).split(".");
    const text = whole.replace(/\B(?=(\d{3})+$)/g, "\u2009") + (rest ? `.${rest}` : "");
    return value < 0 && /[1-9]/.test(text) ? `\u2212${text}` : text;
  }
  const signed = (value, digits) => (value > 0 && Number(value.toFixed(digits)) > 0 ? "+" : "") + number(value, digits);
  // Digits after the point at which an error has one significant figure.
  const digitsFor = (error) => (error > 0 ? Math.min(6, Math.max(0, -Math.floor(Math.log10(error)))) : 3);
  const exponential = (value) => value.toExponential(1).replaceAll("-", "\u2212");
  const withUnit = (text, unit) => (unit ? `${text}\u00a0${unit}` : text);
  const counted = (n, one, many = `${one}s`) => `${number(n, 0)} ${n === 1 ? one : many}`;

  // --- elements ------------------------------------------------------------------------

  function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "class") element.className = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else element.setAttribute(name, value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  }

  const pairs = (rows) => h("dl", { class: "lead-pairs" }, rows
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

  function table(caption, header, rows) {
    const numeric = header.map((_, column) => column > 0 && rows.some((row) => /\d/.test(row[column])) &&
      rows.every((row) => /^([\u2212+<]?\s*[\d.\u2009]+.*|\u2013|)$/.test(String(row[column]))));
    const cell = (tag, text, column, extra = {}) =>
      h(tag, { class: numeric[column] ? "num" : null, ...extra }, text);
    return h("div", { class: "lead-scroll", role: "region", "aria-label": caption, tabindex: 0 }, h("table", { class: header.length < 4 && numeric.some(Boolean) ? "narrow" : null },
      h("caption", {}, caption),
      h("thead", {}, h("tr", {}, header.map((text, column) => cell("th", text, column, { scope: "col" })))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((text, column) =>
        (column === 0 ? cell("th", text, 0, { scope: "row" }) : cell("td", text, column))))))));
  }

  const section = (title, ...children) => h("section", { class: "lead-part" }, h("h3", {}, title), ...children);
  const more = (title, ...children) => h("details", { class: "lead-more" }, h("summary", {}, title), ...children);

  // --- scores --------------------------------------------------------------------------

  function stated(value, error, unit) {
    const text = error ? `${number(value, digitsFor(error))} \u00b1 ${number(error, digitsFor(error))}` : number(value, 3);
    return withUnit(text, unit);
  }

  function scorePart(score, detail, context) {
    const about = context.shared.recipes[score.recipe];
    const wanted = detail.desirabilities[score.recipe];
    const method = score.solver === null ? "no active space is solved for it" : `${score.solver}, backend ${score.backend}`;
    const ranks = score.baselines.some((baseline) => baseline.ranks);
    const header = ["Quantity", "Value", "Unit", ...(ranks ? ["Rank agreement in this run"] : []), "Method"];
    const rows = [[score.recipe, stated(score.value, score.error, ""), score.unit, ...(ranks ? ["\u2013"] : []), method]];
    if (score.casci !== null) {
      rows.push(["CASCI", number(score.casci, 3), score.unit, ...(ranks ? ["\u2013"] : []), "exact in the same active space"]);
    }
    for (const one of score.baselines) {
      const [rho, n] = one.ranks ?? [null, 0];
      const agreement = rho === null || rho === undefined ? "\u2013" : `${number(rho, 2)} (${counted(n, "molecule")})`;
      rows.push([one.name, number(one.value, 3), one.unit, ...(ranks ? [agreement] : []), one.method]);
    }
    return section(score.recipe,
      h("p", { class: "lead-value" }, h("strong", {}, stated(score.value, score.error, score.unit)),
        score.interval ? ` 95\u202f%: ${number(score.interval[0], 2)} to ${number(score.interval[1], 2)}` : "",
        wanted === undefined || wanted === null ? "" : ` \u00b7 desirability ${number(wanted, 2)}`,
        score.deviation === null ? "" : ` \u00b7 ${score.solver}, CASCI deviation ${deviation(score.deviation)}`),
      about ? h("p", {}, sentence(about.summary)) : null,
      score.flags.length ? h("ul", { class: "tags" }, score.flags.map((flag) => h("li", { class: "tag flag" }, flag))) : null,
      table(`${score.recipe} beside its baselines`, header, rows),
      about ? h("p", { class: "lead-error" }, h("b", {}, "How far to trust it: "), sentence(about.validity),
        about.page ? h("span", {}, " Data and sources: ", h("code", {}, about.page), ".") : null) : null,
      score.sites.length > 1 ? table("Every site", ["Site", "Value", "CASCI", "CASCI deviation"], score.sites.map((site) =>
        [site.name, withUnit(number(site.value, 3), score.unit), number(site.casci, 3), deviation(site.deviation)])) : null,
      termsPart(score), convergencePart(score), spacePart(score), circuitPart(score),
      score.species.length ? table("Other species of the difference", ["Species", "Energy (Ha)", "Charge", "Multiplicity", "SMILES", "Method"],
        score.species.map((one) => [one.name, number(one.energy, 6), signed(one.charge, 0), one.multiplicity, h("code", {}, one.smiles), one.method])) : null);
  }

  const sentence = (text) => (text ? `${text[0].toUpperCase()}${text.slice(1)}.`.replace(/(?<![\w-])-(?=\d)/g, "\u2212") : "");
  const deviation = (mha) => (mha === null ? "\u2013" : Math.abs(mha) < 5e-4 ? "< 0.001\u00a0mHa" : `${signed(mha, 3)}\u00a0mHa`);

  function bars(steps) {
    const ends = [0];
    for (const step of steps) ends.push(ends.at(-1) + step);
    const low = Math.min(...ends), high = Math.max(...ends), scale = high > low ? 100 / (high - low) : 0;
    return steps.map((step, place) => ({
      start: (Math.min(ends[place], ends[place + 1]) - low) * scale, width: Math.abs(step) * scale }));
  }

  function waterfall(caption, header, rows, total) {
    const spans = bars(rows.map((row) => row.step));
    const bar = (kind, span) => h("td", { class: "lead-bar", "aria-hidden": "true" },
      h("i", { class: kind, style: `margin-left:${span.start.toFixed(1)}%;width:${span.width.toFixed(1)}%` }));
    return h("table", { class: "lead-waterfall" }, h("caption", {}, caption),
      h("thead", {}, h("tr", {}, header.map((text, column) => h("th", { scope: "col", class: column ? "num" : null }, text)), h("td"))),
      h("tbody", {}, rows.map((row, place) => h("tr", {}, h("th", { scope: "row" }, row.name, " ", h("small", { class: row.kind }, row.note)),
        row.cells.map((text) => h("td", { class: "num" }, text)), bar(row.kind, spans[place]))),
        h("tr", { class: "total" }, h("th", { scope: "row" }, total[0]), total.slice(1).map((text) => h("td", { class: "num" }, text)), h("td"))));
  }

  function termsPart(score) {
    if (!score.terms.length) return null;
    const rows = score.terms.map((term) => ({ name: term.name, note: term.kind, kind: term.kind, step: term.contribution,
      cells: [withUnit(number(term.value, 3), term.unit), signed(term.contribution, 3)] }));
    const sum = score.terms.reduce((all, term) => all + term.contribution, 0);
    return waterfall("What the value is made of; each bar begins where the one before ended", ["Term", "Value", `Adds (${score.unit})`],
      rows, ["Sum", "", number(sum, 3)]);
  }

  // --- solver --------------------------------------------------------------------------

  // Every sector that was solved, once, by a name that tells it from the others.
  function solved(score) {
    const sites = score.sites.filter((site) => site.sectors.length);
    const found = sites.flatMap((site) => site.sectors.map((sector) => {
      const [alpha, beta] = sector.spins;
      const name = `${sector.sector} ${SPINS[Math.abs(alpha - beta)] ?? ""}`.trim();
      return { ...sector, name: sites.length > 1 ? `${site.name}, ${name}` : name };
    }));
    return found.filter((one, place) => found.findIndex((other) => other.name === one.name) === place);
  }

  function convergencePart(score) {
    const traces = solved(score).filter((sector) => sector.trace);
    if (score.solver === null || !score.sites.some((site) => site.sectors.length)) return null;
    if (!traces.length) {
      return h("p", { class: "empty" }, score.solver === "CASCI" ? "CASCI diagonalises at once: there is no convergence to show."
        : "This score was recorded without the way its energies converged.");
    }
    const step = traces[0].trace.step;
    const said = traces.map(({ name, trace }) =>
      `${name}: ${signed(trace.above_casci[0], 2)} to ${signed(trace.above_casci.at(-1), 4)} mHa in ${counted(trace.taken, "step")}`).join("; ");
    const measured = traces.filter((sector) => sector.error).map((sector) =>
      ` ${sector.name} was measured then: ${signed(1e3 * (sector.energy - sector.casci), 2)} \u00b1 ${number(1e3 * sector.error, 2)} mHa above CASCI.`);
    const thinned = traces.some(({ trace }) => trace.taken + 1 > trace.steps.length);
    const spec = {
      id: `convergence-${score.recipe.replace(/\W+/g, "-")}`, title: "Convergence", alt: `Energy above CASCI by ${step}. ${said}`, height: 280,
      data: traces.map(({ name, trace }, place) => ({
        type: "scatter", mode: "lines+markers", name, x: trace.steps, y: trace.above_casci.map((value) => Math.max(value, LEAST)),
        line: { color: ["@blue", "@vermillion", "@green", "@rose"][place % 4], dash: place % 2 ? "dot" : "solid" },
        marker: { size: 6, symbol: ["circle", "diamond", "square", "cross"][place % 4] },
        hovertext: trace.steps.map((at, k) => `${name}, ${step} ${at}: ${signed(trace.above_casci[k], 4)} mHa${trace.parameters.length ? `, ${counted(trace.parameters[k], "parameter")}` : ""}`),
        hoverinfo: "text",
      })),
      layout: {
        xaxis: { title: { text: step }, rangemode: "tozero" },
        yaxis: { title: { text: "above CASCI (mHa)" }, type: "log", exponentformat: "power" },
        shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: CHEMICAL_ACCURACY, y1: CHEMICAL_ACCURACY, line: { color: "@faint", dash: "dash", width: 1 } }],
        annotations: [{ xref: "paper", x: 1, y: Math.log10(CHEMICAL_ACCURACY), xanchor: "right", yanchor: "bottom", text: "1.6 mHa, chemical accuracy", showarrow: false, font: { size: 11, color: "@soft" } }],
      },
    };
    const figure = h("figure", { class: "chart lead-chart" }, h("figcaption", {}, "How the energies converged"), h("div", { class: "plot" }));
    figure.molqSpec = spec;
    return h("div", {}, figure,
      h("p", { class: "hint" }, `Energy above the exact one (CASCI) of the same space, by ${step}. ${said}.`, measured,
        thinned ? ` Of longer ways ${Math.max(...traces.map(({ trace }) => trace.steps.length))} evenly spaced steps are kept, the first and the last among them.` : "",
        step === "ADAPT cycle" ? " The last step takes out the factors that turned out dispensable, within the error asked for." : ""));
  }

  // A natural orbital by its place from the highest occupied and the lowest unoccupied one.
  function frontier(place, occupied) {
    const away = place < occupied ? occupied - 1 - place : place - occupied;
    return place < occupied ? `HONO${away ? `-${away}` : ""}` : `LUNO${away ? `+${away}` : ""}`;
  }

  function spacePart(score) {
    if (!score.spaces.length) return null;
    return more(`Active space${score.spaces.length > 1 ? "s" : ""} and energies`, score.spaces.map((space) => h("div", {},
      pairs([
        ["Space", `(${space.electrons}e, ${space.orbitals}o)`], ["AVAS threshold", number(space.threshold, 2)],
        ["Targets", space.targets.join(", ")], ["Weights on them", space.weights.map((weight) => number(weight, 2)).join(", ")], ["Triplet energy", withUnit(number(space.triplet, 2), "eV")],
        ["Out of plane", withUnit(number(space.planarity, 2), "\u00c5 rms")],
      ]),
      table("Natural orbitals of the exact state", ["Orbital", "Electrons", "Kept in this record"],
        space.occupations.map((electrons, place) => [frontier(place, space.electrons / 2), number(electrons, 4),
          space.natural ? `${number(100 * space.natural[place].kept, 1)} %` : "\u2013"])))),
      table("Energies", ["Sector", "Energy (Ha)", "CASCI (Ha)", "Above CASCI (mHa)", "Parameters", "Evaluations", "Gradient (Ha)"],
        solved(score).map((one) => [`${one.name} (${one.spins[0]}\u2191\u2009${one.spins[1]}\u2193)`,
          one.error ? `${number(one.energy, 6)} \u00b1 ${number(one.error, 6)}` : number(one.energy, 6), number(one.casci, 6),
          signed(1e3 * (one.energy - one.casci), 3), number(one.parameters, 0), number(one.evaluations, 0), one.gradient ? exponential(one.gradient) : "\u2013"])));
  }

  function circuitPart(score) {
    const all = solved(score);
    const circuits = all.filter((one) => one.circuit);
    const mitigated = all.flatMap((one) => one.mitigation.map((step) => [one.name, step]));
    const reduced = all.filter((one) => one.reduced), subspaces = all.filter((one) => one.subspace);
    if (!circuits.length && !mitigated.length && !reduced.length && !subspaces.length) return null;
    return more("Circuits and mitigation",
      circuits.length ? table("What the states would cost on a quantum computer; all qubits connected; rz, sx, x and cx",
        ["Sector", "Qubits", "Parameters", "Two-qubit gates", "Depth", "Trial state", "Mapping"], circuits.map(({ name, circuit }) =>
          [name, number(circuit.qubits, 0), number(circuit.parameters, 0), number(circuit.two_qubit_gates, 0), number(circuit.depth, 0), circuit.ansatz, circuit.mapping])) : null,
      mitigated.length ? table("Error mitigation, in the order of its steps", ["Sector", "Step", "Before (Ha)", "After (Ha)", "How"], mitigated.map(([name, step]) =>
        [name, step.name, `${number(step.before, 5)} \u00b1 ${number(step.before_standard_error, 5)}`, `${number(step.after, 5)} \u00b1 ${number(step.after_standard_error, 5)}`, step.method])) : null,
      reduced.map((one) => h("p", {}, `${one.name}: a smaller space of (${one.reduced.electrons}e, ${one.reduced.orbitals}o) was measured, ${one.reduced.reason}; exact in it: ${number(one.reduced.casci_energy, 6)} Ha.`)),
      subspaces.map((one) => h("p", {}, `${one.name}: ${number(one.subspace.samples, 0)} samples, diagonalised among ${number(one.subspace.dimension, 0)} of ${number(one.subspace.determinants, 0)} determinants.`)));
  }

  // --- medicinal chemistry, review -----------------------------------------------------------

  function medicinalPart(detail, context) {
    if (!detail.medicinal?.length) return null;
    return section("Medicinal chemistry", table("Read off the structure; nothing is computed for it", ["Property", "Value", "What it rests on", "Meaning"],
      detail.medicinal.map(([name, value, note]) => {
        const [unit, meaning] = context.shared.scorers[name];
        return [name, withUnit(number(value, Number.isInteger(value) ? 0 : 3), unit), note || "\u2013", meaning];
      })));
  }

  function reviewPart(review) {
    if (!review) return null;
    const mean = review.rating === null ? "" : `, rated ${number(review.rating, 1)} of 5 in the mean`;
    return section("Review", h("p", {}, h("b", {}, review.verdict ? sentence(review.verdict).slice(0, -1) : "Without a verdict"), mean, "."),
      table("What stands of the reviewers' words", ["When (UTC)", "Who", "What", "Words"], review.said.map(([time, who, kind, rating, text]) =>
        [time.slice(0, 16).replace("T", " "), who, rating === null ? kind : `${kind} ${rating}`, text || "\u2013"])));
  }

  // --- why, provenance -------------------------------------------------------------------

  function unexplained(context) {
    const count = context.shared.explained;
    const which = count ? `This report explains the first ${counted(count, "lead")}: the forecast of each is fitted without its own score.` : "This report explains no lead.";
    return section("Why it is here", h("p", {}, `${which} What stands behind this one, as text, with DIR the run's folder: `, h("code", {}, `molq leads DIR --explain ${context.lead.rank}`)));
  }

  function whyPart(why, context) {
    if (!why) return unexplained(context);
    const facts = why.facts.length ? ` (${why.facts.map((fact) => fact.join(" ")).join("; ")})` : "";
    return section("Why it is here", h("p", {}, why.restraint), why.choice ? h("p", {}, why.choice, h("span", { class: "lead-soft" }, facts)) : null,
      why.unexplained.map((text) => h("p", { class: "empty" }, text)),
      why.forecasts.map((one) => h("div", { class: "lead-forecast" },
        h("p", {}, h("b", {}, one.recipe), ` ${one.says} ${one.verdict}`),
        waterfall(`What makes up the forecast of ${one.recipe}`, ["Part", `Adds${one.unit ? ` (${one.unit})` : ""}`],
          [{ name: "baseline", note: "", kind: "baseline", step: 0, cells: [number(one.baseline, one.digits)] }, ...one.shares.map(([name, kind, share]) => ({
            name: kind === "atoms" ? h("code", {}, name) : name, note: kind === "atoms" ? "" : "whole molecule",
            kind: share > 0 ? "raises" : "lowers", step: share, cells: [signed(share, one.digits)] }))],
          ["Prediction", number(one.prediction, one.digits)]),
        one.neighbours.length ? table("Most similar scored molecules", ["Molecule", "Similarity", `Computed${one.unit ? ` (${one.unit})` : ""}`, "SMILES"],
          one.neighbours.map(([name, smiles, similarity, value]) => [name, number(similarity, 2), number(value, 3), h("code", {}, smiles)])) : null)),
      context.shared.explained_by ? h("p", { class: "hint" }, context.shared.explained_by) : null);
  }

  function written(value) {
    if (value === null || value === undefined) return "none";
    if (Array.isArray(value)) return value.length ? value.map(written).join(", ") : "none";
    if (typeof value === "object") return Object.entries(value).map(([key, entry]) => `${key} ${written(entry)}`).join(", ");
    if (typeof value === "number" && value !== 0 && Math.abs(value) < 1e-3) return exponential(value);
    return value === true ? "yes" : value === false ? "no" : String(value);
  }

  function provenancePart(detail, context) {
    return section("How it was computed", detail.scores.map((score) => {
      const told = score.provenance, search = score.search;
      const total = Object.values(told.timings).reduce((sum, spent) => sum + spent, 0);
      return more(`${score.recipe}: ${withUnit(number(total, 1), "s")} of CPU, seed ${told.seed}`,
        pairs([
          ["Form computed", `${score.smiles}, charge ${signed(told.charge, 0)}, multiplicity ${told.multiplicity}`],
          ["Geometry", told.origin], ["Basis", told.basis], ["Wall time", withUnit(number(told.wall, 1), "s")],
          ["Conformers", `${search.distinct} distinct of ${search.optimised} optimised, ${search.embedded} embedded, at most ${search.requested} asked for; spread ${number(search.spread, 1)} kcal/mol; ${search.method}`],
          ["Method", context.shared.recipes[score.recipe]?.method], ...Object.entries(told.convergence).map(([step, value]) => [`Converged: ${step.replaceAll("_", " ")}`, written(value)]),
        ]),
        table("CPU time by step", ["Step", "Seconds"], Object.entries(told.timings).map(([step, spent]) => [step, number(spent, 2)])),
        table("Versions", ["Package", "Version"], Object.entries(context.shared.versions[told.versions])),
        table("Settings", ["Setting", "Value"], Object.entries(context.shared.settings[told.settings]).map(([key, value]) => [key, written(value)])));
    }));
  }

  return { h, number, signed, counted, withUnit, pairs, scorePart, medicinalPart, reviewPart, whyPart, provenancePart };
})();
