"""The oracles compared with guacamol's own objects and with known values."""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pmo_oracles as oracles

# Drug-like molecules, the targets and a few that meet SMARTS or formulas.
MOLECULES = (
    oracles.ALBUTEROL,
    oracles.AMLODIPINE,
    oracles.CAMPHOR,
    oracles.CELECOXIB,
    oracles.FEXOFENADINE,
    oracles.HOPPED,
    oracles.MENTHOL,
    oracles.MESTRANOL,
    oracles.OSIMERTINIB,
    oracles.PERINDOPRIL,
    oracles.RANOLAZINE,
    oracles.SILDENAFIL,
    oracles.SITAGLIPTIN,
    oracles.TADALAFIL,
    oracles.THIOTHIXENE,
    oracles.TROGLITAZONE,
    oracles.ZALEPLON,
    "COc1ccc2nc(N)ccc2c1N",
    "CN(C=O)Cc1ccc(-c2ccccc2)cc1",
    "CCCCN(Cc1ccc(-c2ccccc2-c2nnn[nH]2)cc1)C(=O)CC(F)(F)F",
    "CC(=O)Nc1ccc(O)cc1",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "FC(F)(Cl)P(N)OCc1ccncc1",
    "COc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1OC",
    "CCCOc1cc2ncccc2cc1Nc1ccc2ncsc2c1",
)
# The target of a rediscovery scores 1, and so does one of a clipped similarity.
ONES = {
    "albuterol_similarity": oracles.ALBUTEROL,
    "celecoxib_rediscovery": oracles.CELECOXIB,
    "mestranol_similarity": oracles.MESTRANOL,
    "thiothixene_rediscovery": oracles.THIOTHIXENE,
    "troglitazone_rediscovery": oracles.TROGLITAZONE,
}


def _objectives() -> dict[str, Callable[[str], float]]:
    """guacamol's own scoring functions, with the means and thresholds PMO takes."""
    # guacamol 0.5.5 imports a name that scipy no longer has, and the Frechet benchmark's
    # package, which no objective here needs
    import scipy

    if not hasattr(scipy, "histogram"):
        scipy.histogram = np.histogram
    if find_spec("fcd") is None:
        stand_in = types.ModuleType("fcd")
        for name in (
            "get_fcd",
            "load_ref_model",
            "canonical_smiles",
            "get_predictions",
            "calculate_frechet_distance",
        ):
            setattr(stand_in, name, None)
        sys.modules["fcd"] = stand_in
    from guacamol import standard_benchmarks as standard

    def like(target: str, kind: str, threshold: float):  # type: ignore[no-untyped-def]
        return standard.similarity(target, "", kind, threshold)

    benchmarks = {
        "albuterol_similarity": like("CC(C)(C)NCC(O)c1ccc(O)c(CO)c1", "FCFP4", 0.75),
        "amlodipine_mpo": standard.amlodipine_rings(),
        "celecoxib_rediscovery": like(
            "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F", "ECFP4", 1.0
        ),
        "deco_hop": standard.decoration_hop(),
        "fexofenadine_mpo": standard.hard_fexofenadine(),
        "isomers_c7h8n2o2": standard.isomers_c7h8n2o2(),
        "isomers_c9h10n2o2pf2cl": standard.isomers_c9h10n2o2pf2cl(),
        "median1": standard.median_camphor_menthol(),
        "median2": standard.median_tadalafil_sildenafil(),
        "mestranol_similarity": like(
            "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1", "AP", 0.75
        ),
        "osimertinib_mpo": standard.hard_osimertinib(),
        "perindopril_mpo": standard.perindopril_rings(),
        "qed": standard.qed_benchmark(),
        "ranolazine_mpo": standard.ranolazine_mpo(),
        "scaffold_hop": standard.scaffold_hop(),
        "sitagliptin_mpo": standard.sitagliptin_replacement(),
        "thiothixene_rediscovery": like(
            "CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1", "ECFP4", 1.0
        ),
        "troglitazone_rediscovery": like(
            "Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O", "ECFP4", 1.0
        ),
        "valsartan_smarts": standard.valsartan_smarts(),
        "zaleplon_mpo": standard.zaleplon_with_other_formula(),
    }
    return {task: made.objective.score for task, made in benchmarks.items()}


def check(data: Path, molscore: Path) -> bool:
    """Whether all oracles agree; prints one line for each."""
    right = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = _objectives()
    for task in oracles.TASKS:
        ours = oracles.oracle(task, data=data, molscore=molscore)
        values = [ours(smiles) for smiles in MOLECULES]
        bounded = all(0.0 <= value <= 1.0 + 1e-9 for value in values)
        if task in theirs:
            others = [float(theirs[task](smiles)) for smiles in MOLECULES]
            apart = max(abs(a - b) for a, b in zip(values, others, strict=True))
            told = f"differs from guacamol by at most {apart:.1e}"
            agrees = apart < 1e-9
        else:
            told, agrees = "a learnt model, compared with nothing", True
        if task in ONES:
            agrees = agrees and abs(ours(ONES[task]) - 1.0) < 1e-12
            told += ", its target scores 1"
        right = right and agrees and bounded
        print(
            f"{'ok ' if agrees and bounded else 'BAD'} {task}: {len(values)} molecules from "
            f"{min(values):.3g} to {max(values):.3g}; {told}"
        )
    return right
