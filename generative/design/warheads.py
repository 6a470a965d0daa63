"""Covalent warheads by name: what reacts with a residue, and where in a molecule it sits.

The catalogue follows the reviews of Gehringer and Laufer (J. Med. Chem. 2019, 62, 5673)
and of Boike, Henning and Nomura (Nat. Rev. Drug Discov. 2022, 21, 881); each entry names
one work in which its warhead was used.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Site:
    """Where a kind of warhead is bound."""

    name: str  # as a chemist says it
    smarts: str | None  # its first atom is the one that is bound; None: only grown around
    environment: str  # regular expression: what the network may grow next to the warhead
    replaces: str | None = None  # element of the atom that leaves, when the warhead brings its own


# No amides, sulfonamides, ureas, amidines or hydrazines; no aminoazines and no diarylamines,
# which acylate badly: a molecule's hinge binder is among them more often than not.
_AMINE = (
    "[NX3;{};+0;!$(N[C,S,P]=[O,S,N]);!$(N[#7,#8,#9,#17,#35,#53]);!$(NC#N);!$(Nc:n);"
    "!$(N(c)c);!$(NC=C)]"
)
# In the surroundings of an attachment (``generative.vocabulary``) "a" is an aromatic bond.
AMINE = Site(
    "an amine or aniline N-H",
    _AMINE.format("H1,H2"),
    r"N\+0H[01]r?\|(?!.*a)(?!.*1[NOSFIB])",
)
DIALKYLAMINE = Site(
    "a secondary aliphatic amine",
    _AMINE.format("H1") + "([CX4])[CX4]",
    r"N\+0H0r\|(?!.*a)(?!.*1[NOSFIB])",
)
PRIMARY_AMINE = Site(
    "a primary amine or aniline, whose nitrogen becomes part of it",
    "[#6]" + _AMINE.format("H2"),
    r"C\+0",
    "N",
)
ARENE = Site("an aromatic C-H", "[cH]", r"C\+0H0r\|.*a")
PHENOL = Site("a phenol", "[OX2H1]c", r"O\+0H0\|")
ACTIVATED_CARBON = Site(
    "a C-H next to a ring nitrogen, or to the nitrogen of an amide",
    "[$([cH]:n),$([CX4;!H0][NX3]C=[OX1])]",
    r"C\+0H[01]r?\|(.*a.*N|.*aN|.*1N)",
)
AMIDE_CARBON = Site(
    "an aromatic C-H, or a C-H next to the nitrogen of an amide",
    "[$([cH]),$([CX4;!H0][NX3]C=[OX1])]",
    r"C\+0",
)
CARBON = Site("an aromatic C-H", "[cH]", r"C\+0")
KETONE = Site("a carbon (only grown around)", None, r"C\+0H[12]")


@dataclass(frozen=True)
class Warhead:
    """A reactive group, and what is known of it."""

    name: str
    smiles: str  # [*] is the atom it is bound to
    site: Site
    residues: tuple[str, ...]  # that it is used for, three letters
    reaction: str
    smarts: str  # finds it in a molecule
    reference: str


_ALL = (
    Warhead(
        "acrylamide", "C=CC(=O)[*]", AMINE, ("Cys",), "Michael addition, irreversible",
        "[CH2]=[CH]C(=O)[NX3]",
        "ibrutinib: Pan et al., ChemMedChem 2007, 2, 58",
    ),
    Warhead(
        "2-fluoroacrylamide", "C=C(F)C(=O)[*]", AMINE, ("Cys",), "Michael addition, irreversible",
        "[CH2]=C(F)C(=O)[NX3]",
        "adagrasib: Fell et al., J. Med. Chem. 2020, 63, 6679",
    ),
    Warhead(
        "methacrylamide", "C=C(C)C(=O)[*]", AMINE, ("Cys",), "Michael addition, irreversible, slow",
        "[CH2]=C([CH3])C(=O)[NX3]",
        "Flanagan et al., J. Med. Chem. 2014, 57, 10072",
    ),
    Warhead(
        "4-dimethylaminocrotonamide", "CN(C)C/C=C/C(=O)[*]", AMINE, ("Cys",),
        "Michael addition, irreversible; the amine takes up the thiol's proton",
        "[CH3]N([CH3])[CH2][CH]=[CH]C(=O)[NX3]",
        "afatinib: Li et al., Oncogene 2008, 27, 4702",
    ),
    Warhead(
        "alpha-cyanoacrylamide", "CC(C)(C)/C=C(\\C#N)C(=O)[*]", AMINE, ("Cys",),
        "Michael addition, reversible",
        "[CX3]=[CX3](C#N)C(=O)[NX3]",
        "Serafimova et al., Nat. Chem. Biol. 2012, 8, 471",
    ),
    Warhead(
        "propiolamide", "C#CC(=O)[*]", AMINE, ("Cys",), "Michael addition, irreversible",
        "[CH]#CC(=O)[NX3]",
        "Gehringer and Laufer, J. Med. Chem. 2019, 62, 5673",
    ),
    Warhead(
        "but-2-ynamide", "CC#CC(=O)[*]", AMINE, ("Cys",), "Michael addition, irreversible",
        "[CH3]C#CC(=O)[NX3]",
        "acalabrutinib: Barf et al., J. Pharmacol. Exp. Ther. 2017, 363, 240",
    ),
    Warhead(
        "vinyl sulfonamide", "C=CS(=O)(=O)[*]", AMINE, ("Cys",), "Michael addition, irreversible",
        "[CH2]=[CH]S(=O)(=O)[NX3]",
        "Roush et al., J. Am. Chem. Soc. 1998, 120, 10994",
    ),
    Warhead(
        "vinyl sulfone", "C=CS(=O)(=O)[*]", CARBON, ("Cys",), "Michael addition, irreversible",
        "[CH2]=[CH]S(=O)(=O)[#6]",
        "Palmer et al., J. Med. Chem. 1995, 38, 3193",
    ),
    Warhead(
        "chloroacetamide", "ClCC(=O)[*]", AMINE, ("Cys",), "nucleophilic substitution",
        "Cl[CH2]C(=O)[NX3]",
        "Backus et al., Nature 2016, 534, 570",
    ),
    Warhead(
        "chlorofluoroacetamide", "FC(Cl)C(=O)[*]", AMINE, ("Cys",),
        "nucleophilic substitution; the adduct hydrolyses",
        "F[CH](Cl)C(=O)[NX3]",
        "Shindo et al., Nat. Chem. Biol. 2019, 15, 250",
    ),
    Warhead(
        "bicyclobutane amide", "O=C([*])C12CC1C2", AMINE, ("Cys",),
        "addition to the strained central bond",
        "[NX3]C(=O)C12CC1C2",
        "Tokunaga et al., J. Am. Chem. Soc. 2020, 142, 18522",
    ),
    Warhead(
        "epoxide", "O=C([*])C1CO1", AMINE, ("Cys", "Asp"), "ring opening, irreversible",
        "[NX3]C(=O)C1CO1",
        "Gehringer and Laufer, J. Med. Chem. 2019, 62, 5673",
    ),
    Warhead(
        "epoxyketone", "C[C@]1(CO1)C(=O)[*]", KETONE, ("Thr",),
        "ring opening by the N-terminal threonine of the proteasome",
        "[CH3]C1(CO1)C(=O)[#6]",
        "carfilzomib: Kim and Crews, Nat. Prod. Rep. 2013, 30, 600",
    ),
    Warhead(
        "nitrile", "N#C[*]", ACTIVATED_CARBON, ("Cys", "Ser"),
        "addition to the nitrile, reversible",
        "[$(C(#N)c:n),$(C(#N)[CX4][NX3]C=O)]#N",
        "nirmatrelvir: Owen et al., Science 2021, 374, 1586",
    ),
    Warhead(
        "cyanamide", "N#C[*]", DIALKYLAMINE, ("Cys",), "addition to the nitrile, reversible",
        "N#C[NX3]([CX4])[CX4]",
        "Falgueyret et al., J. Med. Chem. 2001, 44, 94",
    ),
    Warhead(
        "alpha-ketoamide", "NC(=O)C(=O)[*]", KETONE, ("Cys", "Ser"),
        "addition to the ketone, reversible",
        "[NX3]C(=O)C(=O)[#6]",
        "Zhang et al., Science 2020, 368, 409",
    ),
    Warhead(
        "aldehyde", "O=C[*]", ARENE, ("Lys",), "imine, reversible",
        "[CX3H1](=O)c",
        "voxelotor: Metcalf et al., ACS Med. Chem. Lett. 2017, 8, 321",
    ),
    Warhead(
        "boronic acid", "OB(O)[*]", AMIDE_CARBON, ("Ser", "Thr"), "boronate, reversible",
        "[OH]B([OH])[#6]",
        "vaborbactam: Hecker et al., J. Med. Chem. 2015, 58, 3682",
    ),
    Warhead(
        "sulfonyl fluoride", "FS(=O)(=O)[*]", ARENE, ("Tyr", "Lys", "Ser"),
        "sulfur(VI) fluoride exchange",
        "FS(=O)(=O)c",
        "Narayanan and Jones, Chem. Sci. 2015, 6, 2650",
    ),
    Warhead(
        "fluorosulfate", "FS(=O)(=O)[*]", PHENOL, ("Tyr", "Lys", "Ser"),
        "sulfur(VI) fluoride exchange",
        "FS(=O)(=O)Oc",
        "Jones, ACS Med. Chem. Lett. 2018, 9, 584",
    ),
    Warhead(
        "maleimide", "O=C1C=CC(=O)N1[*]", PRIMARY_AMINE, ("Cys",), "Michael addition",
        "O=C1C=CC(=O)N1",
        "Ravasco et al., Chem. Eur. J. 2019, 25, 43",
    ),
    Warhead(
        "beta-lactam", "O=C1CCN1[*]", PRIMARY_AMINE, ("Ser",), "acylation by ring opening",
        "O=C1CCN1",
        "Boettcher and Sieber, MedChemComm 2012, 3, 408",
    ),
)  # fmt: skip

WARHEADS: Mapping[str, Warhead] = MappingProxyType({warhead.name: warhead for warhead in _ALL})


def find(name: str) -> Warhead:
    """A warhead by its name.

    Raises:
        ValueError: the catalogue has none of that name.
    """
    found = WARHEADS.get(name)
    if found is None:
        close = difflib.get_close_matches(name, WARHEADS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(WARHEADS)}"
        raise ValueError(f"unknown warhead {name!r}; {hint}")
    return found
