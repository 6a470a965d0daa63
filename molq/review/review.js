// The review page: lists of molecules, one of them open, and what its reader says of it.
// The journal is the truth: the page says something, and shows what the server then reads.
import { $, h, number, toast } from "./dom.js";
import { badges, figures, history } from "./sheet.js";

const LISTS = ["proposals", "leads", "ideas", "offers", "rejected"];
const HINTS = {
  proposals: "Chosen for the next calculations and not computed yet. What you reject is replaced.",
  leads: "Computed and ranked. What you reject ranks last and teaches the generator nothing.",
  ideas: "What reviewers asked for, and what became of it.",
  offers: "What the generator offered this round and the round did not choose so far.",
  rejected: "What somebody rejects, and what a round left out for it. Whoever rejected it can take that back.",
};
const NOTHING = {
  proposals: "Nothing waits to be computed.",
  leads: "There are no leads yet.",
  ideas: "Nobody has added an idea yet: press i.",
  offers: "The generator offers nothing now.",
  rejected: "Nobody rejects anything.",
};
const REASONS = ["not synthesisable", "unstable or reactive elsewhere", "known or made before", "wrong chemotype", "solubility or lipophilicity"];
const POLL_MS = 2000;

const secret = $("secret");
const page = { data: null, list: "proposals", key: null, saying: null, done: [], sending: Promise.resolve(), editor: null, ended: false };

// what the server says

async function ask(path, body) {
  const own = { [secret.name]: secret.content };
  const options = body === undefined ? { headers: own } : {
    method: "POST",
    headers: { "Content-Type": "application/json", ...own },
    body: JSON.stringify(body),
  };
  let answer;
  try {
    answer = await fetch(path, { ...options, credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new Error("the review's server does not answer: start `molq review` again and open its new link");
  }
  const text = await answer.text();
  let found = null;
  try { found = JSON.parse(text); } catch { /* an answer in words */ }
  if (!answer.ok) throw Object.assign(new Error(found?.error || text.trim() || `the server answered ${answer.status}`), { status: answer.status });
  return found;
}

async function refresh() {
  if (page.ended) return;
  try {
    const since = page.data ? `?since=${encodeURIComponent(page.data.stamp)}` : "";
    const found = await ask(`api/state${since}`);
    $("banner").hidden = true;
    if (found.lists) {
      page.data = found;
      render();
    }
  } catch (error) {
    $("banner").textContent = error.message;
    $("banner").hidden = false;
  }
}

async function say(entry, body, done) {
  const sent = ask("api/review", { key: entry.key, ...body }).then(({ id }) => {
    if (body.kind !== "withdraw") page.done.push({ key: entry.key, label: entry.label, id });
  });
  page.sending = sent.catch(() => {});
  try {
    await sent;
    await refresh();
    toast(done);
    return true;
  } catch (error) {
    // what could not be sent may be taken back later; what was refused is taken back already
    if (body.kind === "withdraw" && !error.status) page.done.push({ key: entry.key, label: entry.label, id: body.withdraws });
    toast(error.message, true);
    return false;
  }
}

// what is shown

function entries() {
  if (!page.data) return [];
  const words = $("search").value.trim().toLowerCase();
  const open = $("undecided").checked;
  return page.data.lists[page.list].filter((entry) => {
    if (open && (entry.mine.verdict || entry.mine.rating)) return false;
    if (!words) return true;
    const said = entry.said.map((one) => `${one.reviewer} ${one.text}`).join(" ");
    return `${entry.label} ${entry.smiles} ${entry.key} ${entry.origin} ${entry.status} ${said}`.toLowerCase().includes(words);
  });
}

const chosen = () => entries().find((entry) => entry.key === page.key) || null;

function render() {
  const { run, counts, reviewer } = page.data;
  document.title = `Review of ${run.name}`;
  $("name").textContent = run.name;
  $("state").textContent = run.state;
  $("state").className = `badge badge-${run.state}`;
  const waits = counts.waiting ? ` · ${counts.waiting} ${counts.waiting === 1 ? "waits" : "wait"} for approval` : "";
  $("progress").textContent = (run.rounds ? `round ${run.round} of ${run.rounds}` : run.kind) + waits;
  $("reviewer").textContent = reviewer;
  $("new-idea").disabled = !run.takes_ideas;
  $("new-idea").title = run.takes_ideas ? "" : "nothing more is computed in this run";
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const list = tab.dataset.list;
    tab.setAttribute("aria-selected", String(list === page.list));
    tab.tabIndex = list === page.list ? 0 : -1;
    tab.querySelector(".count").textContent = counts[list];
  }
  renderList();
  renderSheet();
}

function renderList() {
  const found = entries();
  const list = $("list");
  const top = list.scrollTop;
  if (!found.some((entry) => entry.key === page.key)) page.key = found.length ? found[0].key : null;
  const total = page.data.counts[page.list];
  const held = page.data.lists[page.list].length;
  $("list-hint").textContent = HINTS[page.list] + (total > held ? ` The first ${held} of ${total}.` : "");
  // what has not changed stays where it is: somebody may be about to click on it
  const shown = new Map([...list.children].map((option) => [option.dataset.entry, option]));
  const options = found.map((entry) => shown.get(JSON.stringify(entry)) || item(entry));
  if (options.length !== list.children.length || options.some((option, i) => option !== list.children[i])) {
    list.replaceChildren(...options);
    list.scrollTop = top;
  }
  list.setAttribute("aria-label", `${page.list}, ${found.length}`);
  $("nothing").hidden = found.length > 0;
  $("nothing").textContent = held ? "No molecule of this list is meant by the search." : NOTHING[page.list];
  mark();
}

function item(entry) {
  const worth = entry.utility === undefined || entry.has_forecast === false ? "" : h("span", { class: "worth", title: entry.list === "leads" ? "utility" : "expected utility" }, number(entry.utility, 2));
  return h(
    "li",
    { role: "option", id: `m-${entry.key}`, "data-key": entry.key, "data-entry": JSON.stringify(entry), class: `molecule verdict-${entry.verdict || "none"}`, onclick: () => choose(entry.key) },
    h("img", { src: `structure/${entry.key}.svg?small`, alt: "", width: 112, height: 72, loading: "lazy" }),
    h("span", { class: "molecule-words" },
      h("span", { class: "molecule-name", title: entry.label }, entry.label),
      h("span", { class: "molecule-status" }, entry.status),
      badges(entry)),
    worth,
  );
}

function mark() {
  const list = $("list");
  for (const option of list.children) option.setAttribute("aria-selected", String(option.dataset.key === page.key));
  if (page.key) list.setAttribute("aria-activedescendant", `m-${page.key}`);
  else list.removeAttribute("aria-activedescendant");
}

function choose(key) {
  page.key = key;
  stopSaying();
  mark();
  renderSheet();
  document.getElementById(`m-${key}`)?.scrollIntoView({ block: "nearest" });
}

function move(by) {
  const found = entries();
  if (!found.length) return;
  const place = found.findIndex((entry) => entry.key === page.key);
  choose(found[Math.min(found.length - 1, Math.max(0, place + by))].key);
}

function show(list) {
  page.list = list;
  page.key = null;
  stopSaying();
  render();
}

function renderSheet() {
  const entry = chosen();
  $("sheet-body").hidden = entry === null;
  $("sheet-empty").hidden = entry !== null;
  if (entry === null) return;
  $("label").textContent = entry.label;
  const where = entry.made_by ? `${entry.origin}, ${entry.made_by}` : entry.origin;
  $("line").textContent = [entry.status, entry.round && entry.list !== "offers" ? `round ${entry.round}` : "", where].filter(Boolean).join(" · ");
  const drawing = $("drawing");
  if (!drawing.src.endsWith(`/structure/${entry.key}.svg`)) drawing.src = `structure/${entry.key}.svg`;
  drawing.alt = `Structure of ${entry.label}, SMILES ${entry.smiles}`;
  $("smiles").textContent = entry.smiles;
  $("inchikey").textContent = entry.key;
  $("verdicts").replaceChildren(badges(entry));
  for (const [id, kind] of [["approve", "approve"], ["reject", "reject"]]) {
    $(id).setAttribute("aria-pressed", String(entry.mine.verdict === kind));
  }
  $("ask").hidden = entry.list !== "offers" || !page.data.run.takes_ideas;
  $("undo").disabled = !page.done.length;
  $("stars").replaceChildren(...[1, 2, 3, 4, 5].map((stars) => h(
    "button",
    { type: "button", role: "radio", "aria-checked": String(entry.mine.rating === stars), "aria-label": `${stars} of 5`, class: entry.mine.rating >= stars ? "star on" : "star", onclick: () => rate(stars) },
    String(stars),
  )));
  $("figures").replaceChildren(...figures(entry));
  $("said").replaceChildren(...history(entry, takeBack));
}

// what the reader says

function following() {
  const found = entries();
  const place = found.findIndex((entry) => entry.key === page.key);
  const later = [...found.slice(place + 1), ...found.slice(0, Math.max(place, 0))];
  return (later.find((entry) => !entry.mine.verdict) || found[place + 1] || found[place])?.key;
}

async function approve() {
  const entry = chosen();
  if (!entry) return;
  if (entry.mine.verdict === "approve") { toast("you approve it already"); return; }
  const next = following();
  if (await say(entry, { kind: "approve" }, `approved ${entry.label}; u takes it back`)) goOn(entry, next);
}

// to the next molecule, unless the reader has gone somewhere else or writes something
function goOn(entry, next) {
  if (next && !page.saying && (page.key === entry.key || !chosen())) choose(next);
}

async function rate(stars) {
  const entry = chosen();
  if (entry && entry.mine.rating !== stars) await say(entry, { kind: "rate", rating: stars }, `rated ${stars}; u takes it back`);
}

function startSaying(kind) {
  const entry = chosen();
  if (!entry) return;
  page.saying = kind;
  const rejects = kind === "reject";
  $("text-label").textContent = rejects ? "Why do you reject it?" : "Your comment";
  $("send").textContent = rejects ? "Reject" : "Send";
  $("text").value = "";
  $("reasons").replaceChildren(...(rejects ? REASONS : []).map((reason) => h("button", { type: "button", class: "small", onclick: () => { $("text").value = reason; $("text").focus(); } }, reason)));
  $("words").hidden = false;
  $("text").focus();
}

function stopSaying() {
  page.saying = null;
  $("words").hidden = true;
}

async function send() {
  const entry = chosen();
  const text = $("text").value.trim();
  if (!entry || !page.saying) return;
  if (!text) { toast("say why in a few words", true); $("text").focus(); return; }
  const kind = page.saying;
  const rejects = kind === "reject";
  const next = rejects ? following() : null;
  const done = rejects ? `rejected ${entry.label}; u takes it back` : "comment sent";
  stopSaying(); // whoever is quick goes on meanwhile
  $("list").focus();
  if (await say(entry, { kind, text }, done)) goOn(entry, next);
  else if (page.key === entry.key && !page.saying) {
    startSaying(kind);
    $("text").value = text;
  }
}

async function takeBack(entry, id) {
  page.done = page.done.filter((one) => one.id !== id);
  await say(entry, { kind: "withdraw", withdraws: id }, `taken back for ${entry.label}`);
}

// What was said last is taken back wherever its molecule is now, and nothing else in its place:
// it may have left the lists, and the one that is open is another.
async function undo() {
  await page.sending;
  const last = page.done[page.done.length - 1];
  if (last) await takeBack(last, last.id);
  else toast("nothing that you said since the page was opened is left to take back; what was said before has its own button");
}

// ideas

async function openIdea() {
  if (!page.data?.run.takes_ideas) { toast("nothing more is computed in this run", true); return; }
  $("answer").textContent = "";
  $("idea").showModal();
  if (!page.editor) {
    const { openEditor } = await import("./drawing.js");
    page.editor = openEditor($("editor"), () => { $("idea-text").value = page.editor.smiles(); });
  }
}

async function sendIdea(structure, name) {
  try {
    const sent = ask("api/idea", { structure, name }).then((found) => {
      if (found.id) page.done.push({ key: found.key, label: name || found.smiles, id: found.id });
      return found;
    });
    page.sending = sent.catch(() => {});
    const found = await sent;
    await refresh();
    return found;
  } catch (error) {
    return { fate: "refused", message: error.message, notes: [] };
  }
}

async function askForDrawing() {
  const text = $("idea-text").value;
  const isDrawn = page.editor && !page.editor.isEmpty();
  const drawn = isDrawn && (!text.trim() || text.trim() === page.editor.smiles().trim());
  const found = await sendIdea(drawn ? page.editor.molfile() : text, $("idea-name").value);
  const words = { taken: "Taken", known: "Known already", refused: "Not taken" };
  const answer = $("answer");
  answer.className = `answer answer-${found.fate}`;
  answer.replaceChildren(h("b", {}, `${words[found.fate]}: `), found.message, found.smiles ? h("code", {}, found.smiles) : "", found.notes.length ? h("span", { class: "hint" }, ` ${found.notes.join("; ")}`) : "");
  if (found.fate === "taken") {
    $("idea-text").value = "";
    $("idea-name").value = "";
    page.editor?.clear();
  }
}

async function askForOffer() {
  const entry = chosen();
  if (!entry || entry.list !== "offers") return;
  const found = await sendIdea(entry.smiles, entry.label === entry.key.slice(0, 14) ? "" : entry.label);
  toast(found.message, found.fate !== "taken");
}

// keys and clicks

const KEYS = {
  j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1),
  Home: () => move(-1e9), End: () => move(1e9),
  a: approve, r: () => startSaying("reject"), c: () => startSaying("comment"), u: undo,
  n: askForOffer, i: openIdea, "/": () => $("search").focus(), "?": () => $("help").showModal(),
  "[": () => show(LISTS[(LISTS.indexOf(page.list) + LISTS.length - 1) % LISTS.length]),
  "]": () => show(LISTS[(LISTS.indexOf(page.list) + 1) % LISTS.length]),
  1: () => rate(1), 2: () => rate(2), 3: () => rate(3), 4: () => rate(4), 5: () => rate(5),
};

document.addEventListener("keydown", (event) => {
  if (!page.data || document.querySelector("dialog[open]")) return;
  const writes = event.target.matches("input:not([type=checkbox]), textarea");
  if (event.key === "Escape") {
    stopSaying();
    $("list").focus();
    return;
  }
  if (writes) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); send(); }
    else if (event.target.id === "search" && (event.key === "Enter" || event.key === "ArrowDown")) { event.preventDefault(); $("list").focus(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("[role=tablist]") && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    event.preventDefault();
    KEYS[event.key === "ArrowRight" ? "]" : "["]();
    $(`tab-${page.list}`).focus();
    return;
  }
  const act = KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

for (const tab of document.querySelectorAll("[role=tab]")) tab.addEventListener("click", () => show(tab.dataset.list));
$("search").addEventListener("input", () => { renderList(); renderSheet(); });
$("undecided").addEventListener("change", () => { renderList(); renderSheet(); });
$("approve").addEventListener("click", approve);
$("reject").addEventListener("click", () => startSaying("reject"));
$("comment").addEventListener("click", () => startSaying("comment"));
$("undo").addEventListener("click", undo);
$("ask").addEventListener("click", askForOffer);
$("words").addEventListener("submit", (event) => { event.preventDefault(); send(); });
$("cancel").addEventListener("click", () => { stopSaying(); $("list").focus(); });
$("new-idea").addEventListener("click", openIdea);
$("idea-send").addEventListener("click", askForDrawing);
$("idea-close").addEventListener("click", () => $("idea").close());
$("idea-text").addEventListener("change", () => {
  if ($("idea-text").value.trim()) page.editor?.show($("idea-text").value);
});
$("show-help").addEventListener("click", () => $("help").showModal());
$("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText($("smiles").textContent);
  toast("SMILES copied");
});

await refresh();
// begin where there is something to judge
if (page.data && !page.data.counts.proposals && page.data.counts.leads) show("leads");
$("list").focus();
setInterval(refresh, POLL_MS);
