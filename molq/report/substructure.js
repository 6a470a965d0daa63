"use strict";
// Which leads contain a fragment, and where: patterns of molqSmarts on the graphs that RDKit made.
// A ring that is written with alternating double bonds is also looked for as an aromatic one.
window.molqSubstructure = (() => {
  const { read, typed, Unreadable } = window.molqSmarts;
  const MOST_STEPS = 5_000_000; // in all leads together, before the search is given up
  const MOST_PLACES = 400; // of a fragment in one lead that are marked
  const MOST_RINGS = 5; // that are read in two ways
  const SIZES = new Set([5, 6, 7]); // sizes of rings that may be aromatic

  // --- leads ------------------------------------------------------------------------------

  // shape: a list for each atom or bond; what SMARTS asks for
  function molecule(graph) {
    const count = graph.numbers.length;
    const zeros = () => new Array(count).fill(0);
    const made = {
      ...graph, charges: zeros(), isotopes: zeros(), neighbours: graph.numbers.map(() => []),
      ringCounts: zeros(), ringBonds: zeros(), smallest: zeros(), inRing: [],
    };
    for (const [atom, charge] of graph.charges) made.charges[atom] = charge;
    for (const [atom, isotope] of graph.isotopes) made.isotopes[atom] = isotope;
    const beside = new Set(); // pairs of atoms that follow each other in a ring
    for (const ring of graph.rings) {
      ring.forEach((atom, place) => {
        const next = ring[(place + 1) % ring.length];
        beside.add(`${Math.min(atom, next)} ${Math.max(atom, next)}`);
        made.ringCounts[atom] += 1;
        made.smallest[atom] = Math.min(made.smallest[atom] || Infinity, ring.length);
      });
    }
    for (let bond = 0; bond < graph.orders.length; bond += 1) {
      const [a, b] = [graph.bonds[2 * bond], graph.bonds[2 * bond + 1]];
      made.neighbours[a].push([b, bond]);
      made.neighbours[b].push([a, bond]);
      made.inRing.push(beside.has(`${Math.min(a, b)} ${Math.max(a, b)}`));
      if (made.inRing[bond]) {
        made.ringBonds[a] += 1;
        made.ringBonds[b] += 1;
      }
    }
    return made;
  }

  // --- matching ---------------------------------------------------------------------------

  // Every way in which a pattern lies on a molecule, until `found` says stop by true. An atom of
  // a pattern is written after one that it is bound to, so that only neighbours are tried.
  function lay(pattern, m, first, budget, found) {
    const places = [];
    const used = new Set();
    const search = (inner, mol, atom) => lay(inner, mol, atom, budget, () => true);

    function next() {
      const k = places.length;
      if (k === pattern.atoms.length) return found(places);
      const known = pattern.neighbours[k].filter((one) => one.atom < k);
      const candidates = known.length ? m.neighbours[places[known[0].atom]].map(([atom]) => atom)
        : k === 0 && first !== null ? [first] : m.numbers.keys();
      for (const atom of candidates) {
        if ((budget.left -= 1) < 0) throw new Unreadable("this fragment lies in so many ways that looking for it takes too long: make it more definite");
        if (used.has(atom) || !pattern.atoms[k].test(m, atom, search)) continue;
        const isBound = known.every((one) => {
          const bond = m.neighbours[atom].find(([other]) => other === places[one.atom]);
          return bond && one.bond.test(m, bond[1]);
        });
        if (!isBound) continue;
        places.push(atom);
        used.add(atom);
        if (next()) return true;
        places.pop();
        used.delete(atom);
      }
      return false;
    }
    return next();
  }

  // --- rings with fixed double bonds --------------------------------------------------------

  const isDouble = (bond) => bond.text === "=";
  const isPlain = (bond) => ["", "-", "="].includes(bond.text);

  // could it be a part of an aromatic ring: has a double bond, a lone pair or a charge
  const lends = (pattern, k) => pattern.neighbours[k].some((one) => isDouble(one.bond)) ||
    [7, 8, 15, 16, 34].includes(pattern.atoms[k].bare.number) || pattern.atoms[k].bare.charge !== 0;

  // rings of the pattern as lists of atoms
  function alternating(pattern) {
    const rings = [];
    function walk(path) {
      const last = path.at(-1);
      for (const { atom, bond } of pattern.neighbours[last]) {
        if (!isPlain(bond)) continue;
        if (atom === path[0] && SIZES.has(path.length) && path[1] < last) rings.push([...path]);
        if (atom > path[0] && path.length < 7 && !path.includes(atom) && pattern.atoms[atom].bare && lends(pattern, atom)) walk([...path, atom]);
      }
    }
    pattern.atoms.forEach((atom, k) => {
      if (atom.bare && lends(pattern, k)) walk([k]);
    });
    // the middle ring of carbazole has its double bonds in the rings beside it
    const beside = new Set(rings.flatMap((ring) => bondsOf(pattern, ring)).filter(isDouble));
    return rings.filter((ring) => bondsOf(pattern, ring).some(isDouble) ||
      ring.some((k) => pattern.neighbours[k].some((one) => beside.has(one.bond))));
  }

  const bondsOf = (pattern, ring) => ring.map((atom, place) =>
    pattern.neighbours[atom].find((one) => one.atom === ring[(place + 1) % ring.length]).bond);

  // the pattern with some of its rings aromatic
  function aromatic(pattern, rings) {
    const atoms = new Set(rings.flat());
    const times = new Map();
    for (const bond of rings.flatMap((ring) => bondsOf(pattern, ring))) times.set(bond, (times.get(bond) ?? 0) + 1);
    // what two rings share need not be aromatic itself, as in azulene
    const bonds = new Map([...times].map(([bond, count]) => [bond,
      { ...bond, test: (m, b) => m.orders[b] === ":" || (count > 1 && bond.test(m, b)) }]));
    return {
      atoms: pattern.atoms.map((atom, k) => {
        if (!atoms.has(k)) return atom;
        const type = typed(atom.bare.number, 1);
        return { test: (m, i) => type(m, i) && atom.bare.rest(m, i) };
      }),
      bonds: pattern.bonds.map((bond) => bonds.get(bond) ?? bond),
      neighbours: pattern.neighbours.map((near) => near.map((one) => ({ ...one, bond: bonds.get(one.bond) ?? one.bond }))),
    };
  }

  // --- what the page asks -------------------------------------------------------------------

  // {notes, in(molecule)}: `in` gives null, or the atoms and bonds of the molecule that match.
  // Both throw an Unreadable where the text is no fragment that this page can look for.
  function fragment(text) {
    const { pattern, inner, notes } = read(text);
    if (inner.some((one) => alternating(one).length)) throw new Unreadable("in $() an aromatic ring is written in small letters, as in c1ccccc1");
    const rings = alternating(pattern);
    if (rings.length > MOST_RINGS) throw new Unreadable("so many rings with fixed double bonds are not told apart here: write aromatic rings in small letters, as in c1ccccc1");
    const patterns = [];
    for (let chosen = 0; chosen < 2 ** rings.length; chosen += 1) {
      const some = rings.filter((_, place) => chosen & (1 << place));
      patterns.push(some.length ? aromatic(pattern, some) : pattern);
    }
    if (rings.length) notes.add("A ring written with double bonds is also looked for as an aromatic one.");
    const budget = { left: MOST_STEPS };
    function within(m) {
      const atoms = new Set();
      const bonds = new Set();
      let places = 0;
      for (const one of patterns) {
        lay(one, m, null, budget, (found) => {
          for (const atom of found) atoms.add(atom);
          for (const { a, b } of one.bonds) bonds.add(m.neighbours[found[a]].find(([other]) => other === found[b])[1]);
          places += 1;
          return places >= MOST_PLACES;
        });
        if (places >= MOST_PLACES) break;
      }
      return places ? { atoms, bonds } : null;
    }
    return { notes: [...notes], in: within };
  }

  return { molecule, fragment, Unreadable };
})();
