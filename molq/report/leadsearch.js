"use strict";
// The search above the grid: by the text of names, SMILES and keys, or by a fragment that the
// structures contain.
window.molqLeadSearch = (() => {
  const PAUSE = 250; // ms after the last key
  const MOST_REPEATED = 60; // letters of a fragment that are said again
  const HINTS = { text: "text of name, SMILES as shown, InChIKey", substructure: "SMARTS or SMILES, such as C=CC(=O)N" };
  const find = (id) => document.getElementById(id);
  const short = (text) => (text.length > MOST_REPEATED ? `${[...text.slice(0, 2 * MOST_REPEATED)].slice(0, MOST_REPEATED).join("")} …` : text);
  const counted = (count) => `${count} ${count === 1 ? "lead" : "leads"}`;

  function create(payload, grid) {
    const field = find("find");
    let molecules = null; // made when a fragment is first looked for
    let timer = null;

    const mode = () => document.querySelector("input[name=search]:checked").value;

    function say(text, isRefused = false) {
      if (find("fragment").textContent !== text) find("fragment").textContent = text;
      find("fragment").classList.toggle("refused", isRefused);
      field.setAttribute("aria-invalid", String(isRefused));
    }

    function contained(text) {
      const fragment = molqSubstructure.fragment(text);
      molecules ??= payload.leads.filter((lead) => lead.graph).map((lead) => [lead, molqSubstructure.molecule(lead.graph)]);
      const found = new Map();
      for (const [lead, molecule] of molecules) {
        const places = fragment.in(molecule);
        if (places) found.set(lead.inchikey, places);
      }
      return { found, notes: fragment.notes };
    }

    function fragment() {
      const text = field.value.trim();
      if (!text) {
        grid.contain(null, "");
        say("");
        return;
      }
      try {
        const { found, notes } = contained(text);
        grid.contain(found, text);
        const left = payload.leads.length - molecules.length;
        say([
          `${found.size} of ${counted(payload.leads.length)} ${found.size === 1 ? "contains" : "contain"} ${short(text)}${found.size ? ", marked in the drawings" : ""}.`,
          ...notes, left ? `${counted(left)} could not be searched: the SMILES is not readable.` : "",
        ].filter(Boolean).join(" "));
      } catch (error) {
        if (!(error instanceof molqSubstructure.Unreadable)) throw error;
        grid.contain(null, "");
        say(`${short(text)} was not searched for, all leads are shown: ${error.message}.`, true);
      }
    }

    function search() {
      clearTimeout(timer);
      const isText = mode() === "text";
      field.placeholder = HINTS[mode()];
      grid.search(isText ? field.value : "");
      if (isText) {
        grid.contain(null, "");
        say("");
      } else {
        fragment();
      }
    }

    field.addEventListener("input", () => {
      clearTimeout(timer);
      if (mode() === "text") search();
      else timer = setTimeout(search, PAUSE);
    });
    field.addEventListener("change", search);
    for (const radio of document.querySelectorAll("input[name=search]")) radio.addEventListener("change", search);

    return {
      clear: () => {
        field.value = "";
        search();
      },
      // why nothing is found: text is compared, and a molecule has many SMILES
      nothing: (count) => {
        const isText = mode() === "text" && field.value.trim();
        const text = count ? "" : isText
          ? "No lead has this text and passes the filters. The text of names, SMILES and InChIKeys is compared, not structures: " +
            "a SMILES is found as it is written here, or a part of it. Choose substructure to find a fragment however it is written."
          : "No lead passes these filters.";
        if (find("nothing").textContent !== text) find("nothing").textContent = text;
      },
    };
  }

  return { create };
})();
