"""What the page of a lead is given."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyscf import gto
from rdkit import Chem

import molq
from molq.report import conformerdata, leadview
from molq.report.contents import AgreementRow
from molq.report.orbitalshells import harmonics_json, orbitals_json, shells_json
from screening.candidate import Candidate
from screening.ranking import Lead
from screening.review.opinions import Opinion
from screening.store.records import Review
from simulation.recipes.recipe import find
from simulation.score import Baseline, ConformerRecord, Provenance, Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

QUICK = SimulationSettings(conformers=1)


def lead(*scores: Score, rank: int = 1, name: str = "") -> Lead:
    first = scores[0]
    candidate = Candidate(first.inchikey, first.smiles, name, "library")
    found = {score.recipe: score for score in scores}
    return Lead(rank, candidate, 0.5, dict.fromkeys(found, 0.5), found, {"qed": 0.4}, 1)


@pytest.fixture(scope="module")
def score() -> Score:
    return find("warhead-ea").score(Workup("C=CC(N)=O", QUICK, seed=1))


def bare(smiles: str, geometry: str, **changes: object) -> Score:
    """A score of a recipe without an active space."""
    told = Provenance(0, 1, "6-31g*", 3, {}, {}, {"geometry": 1.0}, 1.0, {}, geometry)
    known = Score(
        smiles=smiles, inchikey="KEY", recipe="thiol-adduct", value=-10.0, unit="kcal/mol",
        solver="none", backend="exact", casci_value=None, casci_deviation_mha=None,
        baselines={"gfn2": Baseline(float("nan"), "kcal/mol", "GFN2-xTB")}, active_space=None,
        sites=(), conformers=ConformerRecord(1, 1, 1, 1, 0.0, "by hand"), provenance=told,
    )  # fmt: skip
    return replace(known, **changes)


def test_the_detail_has_what_the_page_shows(score: Score) -> None:
    rows = (AgreementRow("HF LUMO", "eV", -0.7, 12),)
    found = leadview.details([lead(score)], agreement=rows)
    (detail,) = json.loads(json.dumps(found.leads, allow_nan=False))
    (told,) = detail["scores"]
    assert told["value"] == pytest.approx(score.value, rel=1e-5)
    assert (told["unit"], told["solver"], told["backend"]) == ("eV", "VQE", "exact")
    assert told["deviation"] == pytest.approx(score.casci_deviation_mha, rel=1e-5)
    baselines = {one["name"]: one for one in told["baselines"]}
    assert baselines["HF LUMO"]["ranks"] == [-0.7, 12]
    assert baselines["GFN2 LUMO"]["ranks"] is None
    assert baselines["GFN2 LUMO"]["method"] == "GFN2-xTB ALPB(water) LUMO"
    assert [site["name"] for site in told["sites"]] == [score.sites[0].name]
    assert told["sites"][0]["atoms"] == list(score.sites[0].atoms)
    first = told["sites"][0]["sectors"][0]
    assert first["energy"] == pytest.approx(score.sites[0].solutions[0].energy, abs=1e-8)
    assert first["circuit"]["qubits"] == 8
    assert first["trace"]["steps"][0] == 0
    assert told["spaces"][0]["natural"][0]["label"] == "HONO-1"
    place = told["provenance"]["settings"]
    assert found.shared["settings"][place]["basis"] == "6-31g*"
    assert found.shared["versions"][told["provenance"]["versions"]]["pyscf"][0].isdigit()
    about = found.shared["recipes"]["warhead-ea"]
    assert "glutathione" in about["validity"]
    assert about["page"] == "docs/recipes/warhead-ea.md"


def test_the_conformer_is_the_molecule_with_its_bonds(score: Score) -> None:
    conformer = leadview.details([lead(score)]).leads[0]["conformer"]
    symbols = conformer["symbols"].split()
    built = Chem.RWMol()
    for symbol in symbols:
        built.AddAtom(Chem.Atom(symbol))
    for first, second, order in conformer["bonds"]:
        built.AddBond(first, second, Chem.BondType.values[order])
    Chem.SanitizeMol(built)
    assert Chem.MolToSmiles(Chem.RemoveHs(built)) == score.smiles
    places = np.array(conformer["xyz"]).reshape(-1, 3)
    for first, second, _ in conformer["bonds"]:
        assert 0.9 < np.linalg.norm(places[first] - places[second]) < 1.6
    assert len(places) == len(symbols)
    assert (conformer["charge"], conformer["charges"]) == (0, {})


def test_an_ion_keeps_its_formal_charges() -> None:
    geometry = "\n".join(["5", "by hand", *(f"{s} {i}.0 0 0" for i, s in enumerate("FBFFF"))])
    (detail,) = leadview.details([lead(bare("F[B-](F)(F)F", geometry))]).leads
    assert detail["conformer"]["charges"] == {"1": -1}


def test_a_geometry_that_is_not_the_smiles_has_no_bonds() -> None:
    (detail,) = leadview.details([lead(bare("CO", "3\nwater\nO 0 0 0\nH 0 0 1\nH 0 1 0"))]).leads
    assert detail["conformer"]["bonds"] is None
    assert detail["conformer"]["symbols"] == "O H H"
    assert detail["scores"][0]["baselines"][0]["value"] is None  # no number, not NaN
    assert detail["scores"][0]["solver"] is None
    assert detail["scores"][0]["spaces"] == []


def test_a_score_without_a_geometry_leaves_the_view_to_the_next(score: Score) -> None:
    flat = replace(bare("C=CC(N)=O", ""), recipe="flat")
    first, second = leadview.details([lead(flat, score), lead(flat)]).leads
    assert first["conformer"]["symbols"].startswith("C C C")
    assert [one["conformer"] for one in first["scores"]] == [None, None]
    assert second["conformer"] is None
    assert len(second["scores"]) == 1


def test_what_a_medicinal_chemist_looks_at_first_and_what_reviewers_said(score: Score) -> None:
    words = Review(1, "2026-11-23T07:00:00Z", "Ada", "KEY", "C", "reject", None, "reactive")
    mark = replace(words, id=2, kind="rate", rating=2, text="", time="2026-11-23T06:00:00Z")
    judged = replace(lead(score), review=Opinion(rejections=(words,), ratings=(mark,)))
    (detail,) = leadview.details([judged]).leads
    assert detail["review"]["verdict"] == "rejected"
    assert [line[1:] for line in detail["review"]["said"]] == [
        ["Ada", "rate", 2, ""],
        ["Ada", "reject", None, "reactive"],
    ]
    names = [row[0] for row in detail["medicinal"]]
    assert names[:2] == ["qed", "sa-score"]
    assert dict(row[:2] for row in detail["medicinal"])["qed"] == 0.4
    assert detail["form"][0].startswith("Computed as C=CC(N)=O (neutral)")


def test_leads_without_scores_and_old_records_are_told_apart(score: Score) -> None:
    old = score.to_json()
    for space in (old["active_space"], *(site["active_space"] for site in old["sites"])):
        del space["natural_orbitals"]
    found = leadview.details(
        [replace(lead(score), scores={}), lead(Score.from_json(old)), lead(score)]
    )
    assert found.leads[0] == {}
    (space,) = found.leads[1]["scores"][0]["spaces"]
    assert (space["natural"], space["basis"]) == (None, None)
    assert found.leads[2]["scores"][0]["spaces"][0]["natural"]
    assert len(found.shared["settings"]) == len(found.shared["versions"]) == 1


def test_orbitals_of_other_functions_are_not_drawn(score: Score) -> None:
    kept = score.active_space.natural_orbitals
    symbols = tuple(line.split()[0] for line in score.provenance.geometry.splitlines()[2:])
    assert orbitals_json(kept, symbols) is not None
    assert orbitals_json(replace(kept, functions=kept.functions + 1), symbols) is None
    assert orbitals_json(kept, (*symbols, "Cl")) is None


def evaluated(shells: list, points: np.ndarray) -> np.ndarray:
    """The page's formula for the functions of an atom; # shape: (points, functions)"""
    values = []
    for degree, exponents, weights in shells:
        radial = np.exp(-np.outer((points**2).sum(axis=1), exponents)) @ np.array(weights)
        values += [
            radial * sum(f * np.prod(points ** np.array(p), axis=1) for *p, f in polynomial)
            for polynomial in harmonics_json(degree)
        ]
    return np.array(values).T


@pytest.mark.parametrize(
    ("symbol", "basis"),
    [("C", "6-31g*"), ("H", "sto-3g"), ("I", "def2-svp"), ("S", "cc-pvtz"), ("O", "cc-pvqz")],
)
@given(seed=st.integers(0, 1000), spread=st.floats(0.1, 4.0))
@settings(max_examples=5, deadline=None)
def test_the_formula_is_pyscfs(symbol: str, basis: str, seed: int, spread: float) -> None:
    points = np.random.default_rng(seed).normal(scale=spread, size=(20, 3))  # Bohr
    atom = gto.M(atom=[(symbol, (0, 0, 0))], basis=basis, spin=None, verbose=0)
    expected = atom.eval_gto("GTOval_sph", points)
    assert evaluated(shells_json(symbol, basis), points) == pytest.approx(expected, abs=1e-6)


@given(
    site=st.lists(st.integers(0, 9), min_size=3, max_size=6, unique=True),
    seed=st.integers(0, 1000),
)
@settings(max_examples=30, deadline=None)
def test_the_site_faces_the_reader(site: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(10, 3))
    places[site, 2] = 0.0  # in a plane
    tumbled = places @ np.linalg.qr(rng.normal(size=(3, 3)))[0].T
    x, y, z, w = conformerdata.turn(tumbled, site)
    assert math.hypot(x, y, z, w) == pytest.approx(1)
    axes = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    seen = (tumbled[site] - tumbled[site].mean(axis=0)) @ axes.T
    normal = np.linalg.svd(seen)[2][2]
    assert abs(normal[2]) == pytest.approx(math.cos(math.radians(35)), abs=1e-6)
    assert abs(normal[0]) < 1e-6  # tilted about the horizontal alone


def test_why_a_lead_is_here_and_which_atoms_say_so(campaign_run: Any) -> None:
    told = molq.Run.open(campaign_run.directory).explain(1).explanation
    key = told.lead.candidate.inchikey
    (detail,) = leadview.details([told.lead], {key: told}).leads
    forecast, shown = told.forecasts[0], detail["why"]["forecasts"][0]
    assert shown["prediction"] == pytest.approx(forecast.attribution.prediction, rel=1e-5)
    parts = shown["baseline"] + sum(share for _, _, share in shown["shares"])
    assert parts == pytest.approx(shown["prediction"], abs=1e-4)
    heavy = [s for s in detail["conformer"]["symbols"].split() if s != "H"]
    assert len(shown["atoms"]) == len(heavy)
    assert len(shown["neighbours"]) == len(forecast.neighbours)
    # shares of atoms in another order than the geometry's are not put on it
    written = Chem.MolToSmiles(
        Chem.MolFromSmiles(forecast.attribution.smiles), rootedAtAtom=len(heavy) - 1
    )
    other = replace(forecast, attribution=replace(forecast.attribution, smiles=written))
    (detail,) = leadview.details([told.lead], {key: replace(told, forecasts=(other,))}).leads
    assert detail["why"]["forecasts"][0]["atoms"] == []


def test_numbers_are_as_long_as_a_reader_can_use_them() -> None:
    told = leadview._plain({"value": 1 / 3, "energy": -245.123456789012, "x": [math.inf, 2]})
    assert told == {"value": 0.333333, "energy": -245.123456789, "x": [None, 2]}
