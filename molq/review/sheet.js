// What the page says of one molecule: its marks, its figures and what was said of it.
import { h, number, withUnit } from "./dom.js";

export function badges(entry) {
  const found = [];
  if (entry.verdict) found.push(h("span", { class: `mark mark-${entry.verdict}` }, entry.verdict));
  if (entry.rating !== null) found.push(h("span", { class: "mark" }, `rated ${Number.isInteger(entry.rating) ? entry.rating : number(entry.rating, 1)}`));
  if (entry.said.some((one) => one.kind === "comment")) found.push(h("span", { class: "mark" }, "comment"));
  return h("span", { class: "marks" }, ...found);
}

function table(caption, heads, rows) {
  return h("table", { class: "figures" },
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, ...heads.map((head, i) => h("th", { scope: "col", class: i ? "num" : "" }, head)))),
    h("tbody", {}, ...rows.map((cells) => h("tr", {}, ...cells.map((cell, i) => (i ? h("td", { class: "num" }, cell) : h("th", { scope: "row" }, cell)))))),
  );
}

export function figures(entry) {
  const found = [];
  if (entry.scores?.length) {
    for (const score of entry.scores) {
      const value = number(score.value) + (score.standard_error === null ? "" : ` ± ${number(score.standard_error)}`);
      const rows = [[score.name, withUnit(value, score.unit)], ...score.baselines.map((one) => [`baseline ${one.name}`, withUnit(number(one.value), one.unit)])];
      found.push(table(`Computed: ${score.name}`, ["", "value"], rows));
      if (score.flags.length) found.push(h("p", { class: "doubts" }, `Doubts: ${score.flags.join("; ")}`));
    }
  }
  if (entry.wishes?.length) {
    const rows = entry.wishes.map((wish) => [wish.name, number(wish.value, 2)]);
    found.push(table("How far each wish is met, 0 to 1", ["wish", "met"], [...rows, ["utility", number(entry.utility, 3)]]));
  }
  if (entry.alerts?.length) found.push(h("p", { class: "doubts" }, `Structural alerts: ${entry.alerts.join("; ")}`));
  if (entry.predicted?.length) {
    const rows = entry.predicted.map((one) => [one.name, withUnit(`${number(one.mean)} ± ${number(one.std)}`, one.unit)]);
    found.push(table("Predicted, not computed yet", ["", "mean ± standard deviation"], [...rows, ["expected utility", `${number(entry.utility, 2)} ± ${number(entry.utility_std, 2)}`]]));
  } else if (entry.has_forecast === false) {
    found.push(h("p", { class: "hint" }, "Nothing is predicted before the first results."));
  }
  if (entry.reason) found.push(h("p", { class: "why" }, h("b", {}, "Why it was chosen: "), entry.reason));
  return found;
}

const VERBS = { approve: "approved", reject: "rejected", comment: "commented", idea: "asked for it", withdraw: "took back" };

// onTakeBack(entry, id): the reader takes an own word back
export function history(entry, onTakeBack) {
  if (!entry.said.length) return [h("li", { class: "empty" }, "Nobody has said anything.")];
  const gone = new Set(entry.said.map((one) => one.withdraws).filter(Boolean));
  return entry.said.map((one) => {
    const when = new Date(one.time).toLocaleString();
    const verb = one.kind === "rate" ? `rated ${one.rating}` : VERBS[one.kind];
    const own = entry.mine.standing.includes(one.id) ? h("button", { type: "button", class: "small", onclick: () => onTakeBack(entry, one.id) }, "Take back") : "";
    return h("li", { class: gone.has(one.id) || one.kind === "withdraw" ? "gone" : "" },
      h("b", {}, one.reviewer), ` ${verb}`, one.text ? h("q", {}, one.text) : "", h("time", { datetime: one.time }, when), own);
  });
}
