"""Typical pKa values of ionisable groups, as a table of SMARTS patterns.

Values are those of the class in water at 25 C, rounded to what a class is good
for (half a unit). Sources: Perrin, Dempsey and Serjeant, pKa Prediction for
Organic Acids and Bases (Chapman and Hall 1981); Clark and Perrin, Q. Rev. Chem.
Soc. 18, 295 (1964), for amines; Morgenthaler et al., ChemMedChem 2, 1100 (2007),
for the way in which substituents add up along the chain of an aliphatic amine;
Manallack, Perspect. Med. Chem. 1, 25 (2007), for drugs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from rdkit import Chem


@dataclass(frozen=True)
class Group:
    """A class of acids (which lose a proton) or bases (which take one up)."""

    name: str
    smarts: str  # the first atom is the one that changes its charge
    pka: float
    example: str  # a compound of the class and its pKa

    @cached_property
    def pattern(self) -> Chem.Mol:
        """The compiled SMARTS."""
        return compiled(self.smarts)


@dataclass(frozen=True)
class Shift:
    """What a substituent adds to the pKa of an aliphatic amine, once for each occurrence."""

    name: str
    smarts: str  # the first atom is the amine's nitrogen
    change: float
    example: str

    @cached_property
    def pattern(self) -> Chem.Mol:
        """The compiled SMARTS."""
        return compiled(self.smarts)


def compiled(smarts: str) -> Chem.Mol:
    """The query molecule of a SMARTS pattern.

    Raises:
        ValueError: it is not SMARTS.
    """
    pattern = Chem.MolFromSmarts(smarts)
    if pattern is None:
        raise ValueError(f"not a SMARTS pattern: {smarts}")
    return pattern


# The first group that an atom belongs to counts.
ACIDS: tuple[Group, ...] = (
    Group("sulfonic acid", "[OX2H1]S(=O)=O", -1.0, "benzenesulfonic acid -2.8"),
    Group("sulfinic acid", "[OX2H1][SX3]=O", 2.0, "benzenesulfinic acid 1.8"),
    Group("phosphonic acid, second", "[OX2H1]P(=O)([O-])[#6]", 7.7, "methylphosphonic 7.9"),
    Group("phosphoric acid, second", "[OX2H1]P(=O)[O-]", 6.6, "methyl phosphate 6.6"),
    Group("phosphoric or phosphonic acid", "[OX2H1]P(=O)", 2.0, "methyl phosphate 1.5"),
    Group("carboxylic acid", "[OX2H1]C=O", 4.3, "acetic acid 4.8, benzoic acid 4.2"),
    Group("thioacid", "[SX2H1]C=[O,S]", 3.4, "thioacetic acid 3.3"),
    Group("thionoacid", "[OX2H1]C=S", 3.4, "thioacetic acid 3.3"),
    Group("tetrazole", "[nX3H1]1:n:n:n:c1", 4.9, "5-methyltetrazole 5.6, 5-phenyl 4.5"),
    Group("tetrazole", "[nX3H1]1:n:n:c:n1", 4.9, "5-methyltetrazole 5.6, 5-phenyl 4.5"),
    Group(
        "acylsulfonamide or sulfonylurea",
        "[NX3;H1,H2](S(=O)=O)C=[O,S]",
        4.9,
        "saccharin 1.8, N-acetylsulfanilamide 5.4, tolbutamide 5.3",
    ),
    Group("sulfonimide", "[NX3H1](S(=O)=O)S(=O)=O", 1.5, "dibenzenesulfonimide 1.5"),
    Group(
        "perfluoroalkylsulfonamide",
        "[NX3;H1,H2]S(=O)(=O)C(F)F",
        5.5,
        "triflamide 6.3, triflanilide 4.5",
    ),
    Group(
        "sulfonamide on an electron-poor heteroaromatic ring",
        "[NX3H1](S(=O)=O)[$(c1nc[s,o]c1),$(c1nnc[s,o]1),$(c1ccon1),$(c1cnoc1),$(c1ncccn1),"
        "$(c1nccnc1),$(c1nncc[cH]1),$(c1nsnc1),$(c1ncncc1)]",
        6.2,
        "sulfamethoxazole 5.7, sulfadiazine 6.4, sulfathiazole 7.1",
    ),
    Group(
        "tetronic acid or 4-hydroxycoumarin",
        "[OX2H1][#6;R]=,:[#6;R][#6;R](=O)[#8;R]",
        4.5,
        "ascorbic acid 4.1, warfarin 5.1",
    ),
    Group(
        "thiazolidinedione",
        "[NX3H1]1C(=O)[#6]SC1=[O,S]",
        6.6,
        "pioglitazone 6.4, rosiglitazone 6.8",
    ),
    Group("N-hydroxyimide", "[OX2H1]N(C=O)C=O", 6.0, "N-hydroxysuccinimide 6.0"),
    Group(
        "dinitrophenol",
        "[OX2H1]c1c([$([N+](=O)[O-])])cc([$([N+](=O)[O-])])cc1",
        4.1,
        "2,4-dinitrophenol 4.1",
    ),
    Group("4-nitrophenol", "[OX2H1]c1ccc([$([N+](=O)[O-])])cc1", 7.1, "4-nitrophenol 7.15"),
    Group("2-nitrophenol", "[OX2H1]c1c([$([N+](=O)[O-])])cccc1", 7.2, "2-nitrophenol 7.2"),
    Group(
        "pentahalophenol",
        "[OX2H1]c1c([F,Cl])c([F,Cl])c([F,Cl])c([F,Cl])c1[F,Cl]",
        5.2,
        "pentafluorophenol 5.5, pentachlorophenol 4.7",
    ),
    Group("thiophenol", "[SX2H1]c", 6.6, "thiophenol 6.6"),
    Group("thiol", "[SX2H1][CX4]", 9.8, "ethanethiol 10.6, cysteine 8.3"),
    Group("phenol", "[OX2H1]c", 9.9, "phenol 10.0"),
    Group("hydroxamic acid", "[OX2H1]NC=O", 9.0, "acetohydroxamic acid 9.4, vorinostat 9.2"),
    Group("barbiturate", "[NX3H1]1C(=O)NC(=O)[CX4]C1=O", 7.8, "barbital 8.0, phenobarbital 7.4"),
    Group("hydantoin", "[NX3H1]1C(=O)NCC1=O", 8.6, "phenytoin 8.3"),
    Group("imide", "[NX3H1](C=O)C=O", 9.6, "succinimide 9.6, uracil 9.5"),
    Group("sulfonamide", "[NX3;H1,H2]S(=O)=O", 9.8, "benzenesulfonamide 10.1, sulfanilide 8.3"),
)

_ALIPHATIC = "[NX3;+0;!$(N-[!#6;!#1]);!$(N-[CX3,CX2,c])]"  # on hydrogen and saturated carbon

BASES: tuple[Group, ...] = (
    # A group that pulls electrons from an amidine or guanidine takes its basicity.
    Group(
        "guanidine on an electron-withdrawing group",
        "[NX2;+0]=C([#7])[#7;$(*-C#N),$(*-[N+](=O)[O-]),$(*-S(=O)=O)]",
        0.0,
        "cyanoguanidine -0.4, nitroguanidine -0.9",
    ),
    Group(
        "guanidine on an electron-withdrawing group",
        "[NX2;+0;$(*-C#N),$(*-[N+](=O)[O-]),$(*-S(=O)=O)]=C([#7])",
        0.0,
        "cimetidine's guanidine -0.4, sulfaguanidine 2.8",
    ),
    Group(
        "acylguanidine",
        "[NX2;+0]=C([NX3;!$(N-C=[O,S])])[NX3;$(N-C=[O,S])]",
        8.2,
        "acetylguanidine 8.3, amiloride 8.7",
    ),
    Group(
        "acylguanidine",
        "[NX2;+0;$(N-C=[O,S])]=C([NX3;!$(N-C=[O,S])])[NX3;!$(N-C=[O,S])]",
        8.2,
        "acetylguanidine 8.3, amiloride 8.7",
    ),
    Group("guanidine on thiazole", "[NX2;+0]=C(N)[NX3]c1nccs1", 6.7, "famotidine 6.7"),
    Group("guanidine on thiazole", "[NX2;+0](c1nccs1)=C(N)N", 6.7, "famotidine 6.7"),
    Group(
        "N-aryl guanidine with two ortho halogens",
        "[NX2;+0;$(N-,=c1c([F,Cl,Br])cccc1[F,Cl,Br])]=C(N)N",
        8.1,
        "clonidine 8.1",
    ),
    Group(
        "N-aryl guanidine with two ortho halogens",
        "[NX2;+0]=C(N)[NX3]c1c([F,Cl,Br])cccc1[F,Cl,Br]",
        8.1,
        "clonidine 8.1",
    ),
    Group("arylguanidine", "[NX2;+0]=C(N)[NX3]a", 10.8, "phenylguanidine 10.8"),
    Group("arylguanidine", "[NX2;+0;$(N-a)]=C([NX3])[NX3]", 10.8, "phenylguanidine 10.8"),
    Group(
        "guanidine",
        "[NX2;+0;!$(N-[!#6;!#1]);!$(N-C=[N+])]=C([NX3;!$(N-C=[O,S,N+])])[NX3;!$(N-C=[O,S,N+])]",
        13.0,
        "guanidine 13.6, arginine 12.5, metformin 12.4",
    ),
    Group("isothiourea", "[NX2;+0;!$(N-a)]=C([NX3H2])[SX2;!$(S-a)]", 9.6, "methylisothiourea 9.8"),
    Group(
        "amidine",
        "[NX2;+0;!$(N-[!#6;!#1]);!$(N-[CX3,a])]=[CX3;!$(C-[O,S,Cl,F,Br]);!$(C(-[#7])-[#7])]"
        "[NX3;!$(N-C=[O,S]);!$(N-a);!$(N-[!#6;!#1])]",
        11.8,
        "acetamidine 12.5, benzamidine 11.6",
    ),
    Group(
        "N-aryl amidine",
        "[NX2;+0;!$(N-[!#6;!#1]);!$(N-[CX3])]=[CX3;!$(C-[O,S,Cl,F,Br,a]);!$(C(-[#7])-[#7])]"
        "[NX3;!$(N-C=[O,S]);!$(N-[!#6;!#1])]",
        8.3,
        "N-phenylacetamidine 8.3",
    ),
    Group(
        "4-dialkylaminopyridine or 4-aminopyridine",
        "[nX2;+0;r6]1ccc([NX3;+0;!$(N-C=[O,S,N]);!$(N(-a)-a);!$(N-[!#6;!#1])])cc1",
        9.2,
        "4-aminopyridine 9.1, 4-dimethylaminopyridine 9.7, 4-aminoquinoline 9.2",
    ),
    Group("benzimidazole or purine", "[nX2;+0;r5]1c[nX3]c2aaaac12", 5.5, "benzimidazole 5.5"),
    Group(
        "2-aminoimidazole",
        "[nX2;+0;r5]1c([NX3;+0;!$(N-C=[O,S,N]);!$(N(-a)-a);!$(N-[!#6;!#1])])[nX3]cc1",
        8.4,
        "2-aminoimidazole 8.5",
    ),
    Group("imidazole", "[nX2;+0;r5]1c[nX3]cc1", 6.9, "imidazole 7.0, 4-methylimidazole 7.5"),
    Group("pyridine", "[nX2;+0;r6]1ccccc1", 5.2, "pyridine 5.2, quinoline 4.9"),
    Group("aziridine", f"{_ALIPHATIC[:-1]};r3]", 8.0, "aziridine 8.0"),
    Group("primary amine", f"{_ALIPHATIC[:-1]};H2]", 10.7, "ethylamine 10.7"),
    Group("secondary amine", f"{_ALIPHATIC[:-1]};H1]", 11.1, "diethylamine 11.0, piperidine 11.1"),
    Group(
        "tertiary amine without methyl",
        f"{_ALIPHATIC[:-1]};H0;!R;!$(N-[CH3])]",
        10.6,
        "triethylamine 10.7",
    ),
    Group(
        "tertiary amine",
        f"{_ALIPHATIC[:-1]};H0]",
        10.1,
        "trimethylamine 9.8, N-methylpiperidine 10.1, triethylamine 10.7",
    ),
    Group("aniline", "[NX3;+0;!$(N-[CX3,SX4]);!$(N-[!#6;!#1])]-c", 4.6, "aniline 4.6"),
    Group("alkylhydrazine", "[NX3H2;+0][NX3;+0;!$(N-[CX3,c,S,P])]", 7.9, "methylhydrazine 7.9"),
)

_AMINE = "[NX3;+0]"
SHIFTS: tuple[Shift, ...] = (
    # on the alpha carbon
    Shift("aryl on the alpha carbon", f"{_AMINE}[CX4]a", -1.4, "benzylamine 9.3"),
    Shift("vinyl on the alpha carbon", f"{_AMINE}[CX4][CX3]=[#6]", -1.1, "allylamine 9.5"),
    Shift("ethynyl on the alpha carbon", f"{_AMINE}[CX4][CX2]#[#6]", -2.6, "propargylamine 8.1"),
    Shift("nitrile on the alpha carbon", f"{_AMINE}[CX4]C#N", -5.4, "aminoacetonitrile 5.3"),
    Shift(
        "carbonyl on the alpha carbon",
        f"{_AMINE}[CX4][CX3;!$(C[O-])]=[O,S,N]",
        -2.8,
        "glycinamide 8.0, glycine ethyl ester 7.7",
    ),
    Shift("carboxylate on the alpha carbon", f"{_AMINE}[CX4]C(=O)[O-]", -1.0, "glycine 9.8"),
    Shift("oxygen on the alpha carbon", f"{_AMINE}[CX4][OX2]", -2.5, "N,O-acetals"),
    Shift("nitrogen on the alpha carbon", f"{_AMINE}[CX4][#7;+0;!$(N-[CX3,a])]", -1.5, "aminals"),
    Shift(
        "acyl or aryl nitrogen on the alpha carbon",
        f"{_AMINE}[CX4][#7;$(*-[CX3,a]),n]",
        -3.0,
        "N-Mannich bases 7 to 8",
    ),
    Shift("cyclopropyl", "[NX3;+0;!r3][CX4;r3]", -1.6, "cyclopropylamine 9.1"),
    # on the beta carbon
    Shift(
        "hydroxy or ether on the beta carbon",
        f"{_AMINE}[CX4][CX4][OX2]",
        -1.2,
        "ethanolamine 9.5, morpholine 8.4",
    ),
    Shift(
        "amine on the beta carbon",
        f"{_AMINE}[CX4][CX4][NX3;+0;!$(N-[CX3,c,S,P])]",
        -0.9,
        "ethylenediamine 9.9, piperazine 9.8",
    ),
    Shift(
        "arylamine on the beta carbon",
        f"{_AMINE}[CX4][CX4][#7;+0;$(*-a),n]",
        -1.1,
        "N-phenylpiperazine 8.7",
    ),
    Shift(
        "amide on the beta carbon",
        f"{_AMINE}[CX4][CX4][NX3;+0;$(N-[CX3,S,P]);!$(N-a)]",
        -1.5,
        "N-acetylpiperazine 7.9",
    ),
    Shift("fluorine on the beta carbon", f"{_AMINE}[CX4][CX4]F", -1.7, "trifluoroethylamine 5.7"),
    Shift("halogen on the beta carbon", f"{_AMINE}[CX4][CX4][Cl,Br,I]", -1.7, "mustards 6 to 7"),
    Shift("thioether on the beta carbon", f"{_AMINE}[CX4][CX4][SX2]", -1.2, "thiomorpholine 9.0"),
    Shift("sulfone on the beta carbon", f"{_AMINE}[CX4][CX4][SX4](=O)=O", -2.6, "lapatinib 7.2"),
    Shift(
        "sulfoxide on the beta carbon", f"{_AMINE}[CX4][CX4][SX3]=O", -2.0, "thiomorpholine oxide"
    ),
    Shift("aryl on the beta carbon", f"{_AMINE}[CX4][CX4]a", -0.8, "phenethylamine 9.8"),
    Shift("nitrile on the beta carbon", f"{_AMINE}[CX4][CX4]C#N", -2.9, "3-aminopropionitrile 7.8"),
    Shift(
        "carbonyl on the beta carbon",
        f"{_AMINE}[CX4][CX4][CX3;!$(C[O-])]=O",
        -1.4,
        "beta-alanine ethyl ester 9.1",
    ),
    # through the double bond, and further along the chain
    Shift("carbonyl at the end of the vinyl", f"{_AMINE}[CX4][#6]=[#6]C=O", -0.8, "afatinib 8.2"),
    Shift(
        "oxygen on the gamma carbon",
        f"{_AMINE}[CX4][CX4][CX4][OX2]",
        -0.4,
        "3-methoxypropylamine 10.1",
    ),
    Shift(
        "fluorine on the gamma carbon",
        f"{_AMINE}[CX4][CX4][CX4]F",
        -0.7,
        "4,4-difluoropiperidine 9.3",
    ),
)

# Another positive charge so many bonds away: ethylenediamine 6.9, piperazine 5.4,
# propanediamine 8.9, putrescine 9.4 for the second proton.
REPULSION = {1: -9.0, 2: -6.0, 3: -3.9, 4: -1.8, 5: -1.2, 6: -0.7}
RING_REPULSION = -5.6  # across a ring, where two paths of three bonds add up
