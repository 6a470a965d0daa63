"use strict";
// Leads as files that the reader takes away: the columns of leads.csv, the conformers as computed.
window.molqLeadFiles = (() => {
  const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
  const FORMULA = /^[=+\-@]/;
  const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

  // a cell that a spreadsheet would compute gets a quote in front
  function cell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return Number.isFinite(value) ? String(Number(value.toPrecision(10))) : "";
    const text = String(value).replace(CONTROL, " ");
    return FORMULA.test(text.trimStart()) && !NUMBER.test(text) ? `'${text}` : text;
  }

  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  function csv(header, leads) {
    const rows = [header, ...leads.map((lead) => lead.exported)];
    return rows.map((row) => row.map((value) => quoted(cell(value))).join(",")).join("\n") + "\n";
  }

  const oneLine = (text) => String(text).replace(CONTROL, " ").trim();
  const titled = (lead) => oneLine(lead.named ? lead.label : lead.inchikey);

  function smiles(leads) {
    return leads.map((lead) => `${lead.smiles} ${titled(lead).replaceAll(" ", "_")}`).join("\n") + "\n";
  }

  // a lead whose score has a conformer with bonds can stand in an SD file
  const hasConformer = (lead) => Boolean(lead.detail?.conformer?.bonds);

  // one record of an SD file: V2000, the hydrogens explicit, the data items of leads.csv
  function sdf(header, lead) {
    const { symbols, xyz, bonds, charges } = lead.detail.conformer;
    const elements = symbols.split(" ");
    const count = (value, width = 3) => String(value).padStart(width);
    const coordinate = (value) => value.toFixed(4).padStart(10);
    const lines = [titled(lead).slice(0, 80), `${" ".repeat(20)}3D`, ""];
    lines.push(`${count(elements.length)}${count(bonds.length)}  0  0  0  0  0  0  0  0999 V2000`);
    elements.forEach((element, atom) => {
      const place = xyz.slice(3 * atom, 3 * atom + 3).map(coordinate).join("");
      lines.push(`${place} ${element.padEnd(3)} 0${"  0".repeat(11)}`);
    });
    for (const [from, to, order] of bonds) lines.push(`${count(from + 1)}${count(to + 1)}${count(order)}  0`);
    const charged = Object.entries(charges ?? {}).filter(([, charge]) => charge !== 0);
    for (let start = 0; start < charged.length; start += 8) {
      const part = charged.slice(start, start + 8);
      lines.push(`M  CHG${count(part.length)}${part.map(([atom, charge]) => `${count(Number(atom) + 1, 4)}${count(charge, 4)}`).join("")}`);
    }
    lines.push("M  END");
    header.forEach((title, column) => {
      const value = oneLine(cell(lead.exported[column]).replace(/^'/, ""));
      if (value) lines.push(`>  <${title.replaceAll("<", "(").replaceAll(">", ")")}>`, value, "");
    });
    return [...lines, "$$$$", ""].join("\n");
  }

  function save(name, kind, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  return { csv, smiles, sdf, hasConformer, save };
})();
