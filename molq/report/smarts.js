"use strict";
// SMARTS into a pattern: atoms with a test each, bonds with a test each. What cannot be read, or
// not be answered by this page, is refused in words: molqSmarts.read throws an Unreadable.
window.molqSmarts = (() => {
  const SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo " +
    "Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn " +
    "Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn"
  ).split(" ");
  // RDKit's SMARTS has no Nh, Mc, Ts and Og: [Nh] is a nitrogen with an implicit hydrogen
  const NUMBERS = new Map([...SYMBOLS.map((symbol, place) => [symbol, place + 1]), ["Fl", 114], ["Lv", 116]]);
  const AROMATIC = new Map(["b", "c", "n", "o", "p", "s", "se", "as", "te", "si"].map(
    (symbol) => [symbol, NUMBERS.get(symbol[0].toUpperCase() + symbol.slice(1))]));
  const PLAIN = /^(?:Cl|Br|[BCNOPSFI]|[bcnops])/; // stand without brackets
  const BOND = /^[-=#$:~@/\\!]/;
  const SIMPLE = /^\[(\d*)(Se|[BCNOPS])(@*)(H\d*)?([+-]+\d*)?(?::\d+)?\]$/; // an atom as a SMILES has it
  const MOST = 300; // letters of a fragment
  const HANDED = "Handedness and E/Z are not compared.";

  class Unreadable extends Error {}

  const any = () => true;
  const element = (number) => (m, i) => m.numbers[i] === number;
  const all = (tests) => (tests.length === 1 ? tests[0] : (...at) => tests.every((test) => test(...at)));
  const some = (tests) => (tests.length === 1 ? tests[0] : (...at) => tests.some((test) => test(...at)));
  const not = (test) => (...at) => !test(...at);
  const typed = (number, isAromatic) => (m, i) => m.numbers[i] === number && m.aromatic[i] === isAromatic;

  const COUNTS = {
    D: (n) => (m, i) => m.neighbours[i].length === (n ?? 1),
    H: (n) => (m, i) => m.hydrogens[i] === (n ?? 1),
    X: (n) => (m, i) => m.connections[i] === (n ?? 1),
    v: (n) => (m, i) => m.valences[i] === (n ?? 1),
    x: (n) => (m, i) => (n === null ? m.ringBonds[i] > 0 : m.ringBonds[i] === n),
    R: (n) => (m, i) => (n === null ? m.ringCounts[i] > 0 : m.ringCounts[i] === n),
    r: (n) => (m, i) => (n === null ? m.ringCounts[i] > 0 : m.smallest[i] === n),
  };
  const BONDS = {
    "-": (m, b) => m.orders[b] === "-",
    "=": (m, b) => m.orders[b] === "=",
    "#": (m, b) => m.orders[b] === "#",
    $: (m, b) => m.orders[b] === "$",
    ":": (m, b) => m.orders[b] === ":",
    "~": any,
    "@": (m, b) => m.inRing[b],
  };
  const unsaid = (m, b) => m.orders[b] === "-" || m.orders[b] === ":";

  // --- reading ---------------------------------------------------------------------------

  class Reader {
    constructor(text, shared, shift = 0) {
      this.text = text;
      this.shift = shift; // where the text stands in what was typed; 0 for all of it
      this.notes = shared.notes;
      this.shared = shared;
      this.at = 0;
      this.pattern = { atoms: [], bonds: [], neighbours: [] };
    }

    fail(why, at = this.at) {
      throw new Unreadable(`${why} (position ${this.shift + at + 1})`);
    }

    take(expression) {
      const found = expression.exec(this.text.slice(this.at));
      if (!found) return null;
      this.at += found[0].length;
      return found;
    }

    number() {
      const found = this.take(/^\d+/);
      return found ? Number(found[0]) : null;
    }

    atom(atom) {
      this.pattern.atoms.push({ bare: null, ...atom });
      this.pattern.neighbours.push([]);
      return this.pattern.atoms.length - 1;
    }

    bond(a, b, bond) {
      if (a === b || this.pattern.neighbours[a].some((one) => one.atom === b)) this.fail("a ring is closed where there is a bond already");
      const made = { a, b, test: bond?.test ?? unsaid, text: bond?.text ?? "" };
      this.pattern.bonds.push(made);
      this.pattern.neighbours[a].push({ atom: b, bond: made });
      this.pattern.neighbours[b].push({ atom: a, bond: made });
    }

    read() {
      const open = new Map(); // ring number -> where it was opened
      const branches = [];
      let last = null, bond = null, fresh = false; // fresh: a branch has no atom yet
      const { text } = this;
      while (this.at < text.length) {
        const letter = text[this.at];
        if (letter === "(") {
          if (last === null) this.fail("a fragment in parentheses of its own is not known here: write it without them");
          if (bond || fresh) this.fail(`"(" where an atom is due`);
          branches.push([last, this.at++]);
          fresh = true;
        } else if (letter === ")") {
          if (!branches.length) this.fail(`")" without "("`);
          if (bond || fresh) this.fail(`")" where an atom is due`);
          [last] = branches.pop();
          this.at += 1;
        } else if (letter === ".") {
          if (this.shift) this.fail(`"." inside "$()" is not known here`);
          if (last === null || bond || fresh || branches.length) this.fail(`"." where an atom is due, or inside a branch`);
          last = null;
          this.at += 1;
        } else if (/[\d%]/.test(letter)) {
          if (last === null || fresh) this.fail("a ring number where an atom is due");
          this.ring(open, last, bond);
          bond = null;
        } else if (BOND.test(letter)) {
          if (last === null || bond) this.fail(`"${letter}" where an atom is due`);
          bond = this.bonds();
        } else {
          const place = this.oneAtom();
          if (last !== null) this.bond(last, place, bond);
          [last, bond, fresh] = [place, null, false];
        }
      }
      if (branches.length) this.fail(`"(" is not closed`, branches[0][1]);
      if (last === null || bond || fresh) this.fail(`an atom is missing at the end`);
      for (const [number, ring] of open) this.fail(`ring ${number} is opened and not closed`, ring.at);
      return this.pattern;
    }

    ring(open, atom, bond) {
      const { at } = this;
      const found = this.take(/^(?:%\((\d{1,5})\)|%(\d\d)|(\d))/);
      if (!found) this.fail(`"%" without two digits behind it`);
      const number = found[1] ?? found[2] ?? found[3];
      const other = open.get(Number(number));
      if (!other) {
        open.set(Number(number), { atom, bond, at });
        return;
      }
      if (bond && other.bond && bond.text !== other.bond.text) this.fail(`ring ${number} is closed by another bond than it was opened with`, at);
      open.delete(Number(number));
      this.bond(other.atom, atom, bond ?? other.bond);
    }

    // --- bonds

    bonds() {
      const begun = this.at;
      const test = this.logic(() => this.oneBond(), BOND);
      const text = this.text.slice(begun, this.at);
      if (/[/\\]/.test(text)) {
        if (text.length > 1) this.fail(`"/" and "\\" stand for themselves only`, begun);
        this.notes.add(HANDED);
      }
      return { test, text };
    }

    oneBond() {
      const letter = this.text[this.at];
      if (letter === "/" || letter === "\\") {
        this.at += 1;
        return unsaid;
      }
      if (!Object.hasOwn(BONDS, letter ?? "")) this.fail(`${letter ? `"${letter}"` : "the end"} where a bond is due`);
      this.at += 1;
      return BONDS[letter];
    }

    // "!" binds strongest, then "&" or nothing, ",", ";"; `begins` tells where a further one begins
    logic(one, begins) {
      const negated = () => {
        let odd = false;
        while (this.text[this.at] === "!") {
          odd = !odd;
          this.at += 1;
        }
        const test = one(odd);
        return odd ? not(test) : test;
      };
      const both = () => {
        const tests = [negated()];
        while (this.take(/^&/) || begins.test(this.text.slice(this.at))) tests.push(negated());
        return all(tests);
      };
      const either = () => {
        const tests = [both()];
        while (this.take(/^,/)) tests.push(both());
        return some(tests);
      };
      const tests = [either()];
      while (this.take(/^;/)) tests.push(either());
      return all(tests);
    }

    // --- atoms

    oneAtom() {
      if (this.text[this.at] === "[") return this.bracket();
      const star = this.take(/^[*aA]/);
      if (star) return this.atom({ test: { "*": any, a: (m, i) => m.aromatic[i] === 1, A: (m, i) => m.aromatic[i] === 0 }[star[0]] });
      const plain = this.take(PLAIN);
      if (plain) {
        const number = AROMATIC.get(plain[0]) ?? NUMBERS.get(plain[0]);
        const isUpper = !AROMATIC.has(plain[0]);
        if (isUpper && /^[a-z]/.test(this.text.slice(this.at)) && NUMBERS.has(plain[0] + this.text[this.at]) && !PLAIN.test(this.text.slice(this.at))) {
          this.fail(`${plain[0] + this.text[this.at]} stands in brackets: [${plain[0] + this.text[this.at]}]`, this.at - 1);
        }
        return this.atom({ test: typed(number, isUpper ? 0 : 1), bare: isUpper ? { number, rest: any, charge: 0 } : null });
      }
      const letter = String.fromCodePoint(this.text.codePointAt(this.at));
      if (letter === "H") this.fail("hydrogens are written in brackets with their atom, as in [NH2]");
      if (letter === ">") this.fail("reactions are not known here");
      return this.fail(/\s/.test(letter) ? "a space" : `"${letter}" is no atom; all but B C N O P S F Cl Br I stand in brackets${/\p{L}/u.test(letter) ? "; for a name choose text" : ""}`);
    }

    bracket() {
      const begun = this.at;
      const whole = this.text.slice(begun);
      const hydrogen = /^\[(\d*)H(?:[+-]+\d*)?(?::\d+)?\]/.exec(whole);
      if (hydrogen && !hydrogen[1]) this.fail("hydrogens are no atoms of their own here: write their number with their atom, as in [NH2] or [!H0]");
      this.at += 1;
      if (hydrogen) {
        this.at = begun + hydrogen[0].length;
        if (!/^\[\d+H\]$/.test(hydrogen[0])) this.fail("of hydrogen only an isotope is known here, as in [2H]", begun);
        return this.atom({ test: all([element(1), (m, i) => m.isotopes[i] === Number(hydrogen[1])]) });
      }
      const test = this.logic((negated) => this.primitive(negated), /^[^\],;&:]/);
      this.take(/^:\d+/); // an atom's number in a reaction says nothing here
      if (this.text[this.at] !== "]") this.fail(this.at < this.text.length ? `"${this.text[this.at]}" is not understood in brackets` : `"[" is not closed`, this.at < this.text.length ? this.at : begun);
      this.at += 1;
      const simple = SIMPLE.exec(this.text.slice(begun, this.at));
      return this.atom({ test, bare: simple ? this.bare(simple) : null });
    }

    // an atom that a SMILES could have, without whether it is aromatic
    bare([, isotope, symbol, , hydrogens, charge]) {
      const rest = [any];
      if (isotope) rest.push((m, i) => m.isotopes[i] === Number(isotope));
      if (hydrogens) rest.push(COUNTS.H(hydrogens.length > 1 ? Number(hydrogens.slice(1)) : 1));
      const amount = charge ? charged(charge) : 0;
      if (charge) rest.push((m, i) => m.charges[i] === amount);
      return { number: NUMBERS.get(symbol), rest: all(rest), charge: amount };
    }

    primitive(negated) {
      const text = this.text.slice(this.at);
      const begun = this.at;
      if (!text || /^[\]&,;]/.test(text)) this.fail(`${text ? `"${text[0]}"` : "the end"} where a property of an atom is due`);
      if (text.startsWith("$(")) return this.inner();
      const hash = this.take(/^#(\d+)/);
      if (hash) {
        if (Number(hash[1]) === 1 && !negated) this.fail("hydrogens are no atoms of their own here: write their number with their atom, as in [NH2] or [!H0]", begun);
        return element(Number(hash[1]));
      }
      const charge = this.take(/^(?:\++\d*|-+\d*)/);
      if (charge) {
        const amount = charged(charge[0]);
        if (amount === null) this.fail(`the charge ${charge[0]} is written in two ways`, begun);
        return (m, i) => m.charges[i] === amount;
      }
      if (this.take(/^@{1,2}/)) {
        if (/^[?A-Z]/.test(this.text.slice(this.at)) && !/^H/.test(this.text.slice(this.at))) this.fail("of handedness only @ and @@ are known here");
        this.notes.add(HANDED);
        return any;
      }
      const isotope = this.number();
      if (isotope !== null) return (m, i) => m.isotopes[i] === isotope;
      const two = text.slice(0, 2);
      if (AROMATIC.has(two) && two.length === 2) {
        this.at += 2;
        return typed(AROMATIC.get(two), 1);
      }
      if (two.length === 2 && NUMBERS.has(two)) {
        this.at += 2;
        return element(NUMBERS.get(two)); // as RDKit: [Se] is also aromatic selenium
      }
      const [letter] = text;
      this.at += 1;
      if (Object.hasOwn(COUNTS, letter)) {
        const count = this.number();
        if (this.text[this.at] === "{") this.fail("a range is not known here: write every number, as in [D2,D3]");
        return COUNTS[letter](count);
      }
      if (letter === "*") return any;
      if (letter === "a") return (m, i) => m.aromatic[i] === 1;
      if (letter === "A") return (m, i) => m.aromatic[i] === 0;
      if (AROMATIC.has(letter)) return typed(AROMATIC.get(letter), 1);
      if (NUMBERS.has(letter)) return typed(NUMBERS.get(letter), 0);
      if (letter === "h") this.fail("implicit hydrogens are not told apart here: H counts all of an atom's", begun);
      if (/[\^zZ]/.test(letter)) this.fail(`${letter} (hybridisation, hetero neighbours) is not known here`, begun);
      return this.fail(`"${letter}" is not understood in brackets`, begun);
    }

    // an environment of the atom, in $( )
    inner() {
      const begun = this.at + 2;
      let depth = 1, end = begun;
      while (end < this.text.length && depth > 0) {
        depth += { "(": 1, ")": -1 }[this.text[end]] ?? 0;
        end += 1;
      }
      if (depth > 0) this.fail(`"$(" is not closed`);
      const text = this.text.slice(begun, end - 1);
      if (!text) this.fail(`nothing stands in "$()"`);
      const pattern = new Reader(text, this.shared, this.shift + begun).read();
      this.shared.inner.push(pattern);
      this.at = end;
      return (m, i, search) => search(pattern, m, i);
    }
  }

  // "+", "++", "+2", "-"; null for "++2"
  function charged(text) {
    const [, signs, digits] = /^([+-]+)(\d*)$/.exec(text);
    if (signs.length > 1 && digits) return null;
    return (signs[0] === "+" ? 1 : -1) * (digits ? Number(digits) : signs.length);
  }

  // {pattern, inner, notes}: inner patterns are those in $( )
  function read(text) {
    if (text.length > MOST) throw new Unreadable(`a fragment has at most ${MOST} letters`);
    const shared = { notes: new Set(), inner: [] };
    return { pattern: new Reader(text, shared).read(), ...shared };
  }

  return { read, typed, Unreadable };
})();
