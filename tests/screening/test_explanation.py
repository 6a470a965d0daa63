"""A prediction and its parts: the sums are exact, and the parts are where they belong."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from screening.explanation import Attribution, Part, attribution, conformal_factor, explain
from screening.explanation.environments import environments, on_atoms
from screening.explanation.forecast import NEIGHBOURS
from screening.explanation.fragments import fragment_shares
from screening.explanation.lead import restraints
from screening.explanation.occlusion import covered
from screening.explanation.shapley import of_counts, of_properties
from screening.intake.standardise import candidate as standardised
from screening.objective import ObjectiveSettings
from screening.ranking import rank
from screening.scorers import value as scored_value
from screening.store.records import Result, RoundRecord, SelectionRecord
from screening.surrogate import SurrogateSettings, create, sumkernel
from screening.surrogate.conformal import Calibrated, Conformal
from screening.surrogate.countprints import KINDS, SIZE, CountPrints, Index, Row, row
from screening.surrogate.properties import NAMES
from simulation.score import Baseline, ConformerRecord, Provenance, Score

with (Path(__file__).parent / "data" / "electron_affinity.csv").open() as file:
    SCORED = [(line["smiles"], float(line["warhead_ea"])) for line in csv.DictReader(file)]
SMILES = [Chem.CanonSmiles(smiles) for smiles, _ in SCORED]
VALUES = np.array([value for _, value in SCORED])  # eV
ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
KNOWN = sumkernel.molecules_of([*SMILES[:30], "C", "O", "CCO"])  # few atoms: some kinds empty
RNG = np.random.default_rng(5)
COEFFICIENTS, WEIGHTS = RNG.normal(size=len(KNOWN)), RNG.random(len(KINDS))


@pytest.fixture(scope="module")
def process():
    model = create(SurrogateSettings(kind="gp"))
    model.fit(SMILES[:50], VALUES[:50])
    return model


# shares of counts and properties


@pytest.mark.parametrize("smiles", [ASPIRIN, SMILES[40], "CC(C)(C)C", "CCO", "C"])
def test_shares_of_counts_sum_to_the_kernels(smiles):
    shares = of_counts(row(smiles), KNOWN.prints, COEFFICIENTS, WEIGHTS)
    kernel = Index(KNOWN.prints).combined(CountPrints.of([row(smiles)]), WEIGHTS)[0]
    assert shares.reference + shares.parts.sum() == pytest.approx(
        float(kernel @ COEFFICIENTS), abs=1e-12
    )


def test_shares_of_counts_are_the_integrals_of_the_gradient():
    """Against the definition, by a midpoint rule and a derivative written out."""
    query, steps = row(ASPIRIN), 4000
    shares = of_counts(query, KNOWN.prints, COEFFICIENTS, np.eye(len(KINDS))[3])
    own = query.columns // SIZE == 3
    x = query.counts[own].astype(float)
    dense = np.zeros((len(KNOWN), len(KINDS) * SIZE))
    for i in range(len(KNOWN)):
        entries = slice(KNOWN.prints.start[i], KNOWN.prints.start[i + 1])
        dense[i, KNOWN.prints.columns[entries]] = KNOWN.prints.counts[entries]
    y, totals = dense[:, query.columns[own]], KNOWN.prints.totals[:, 3]
    some = totals > 0
    expected = np.zeros(len(x))
    for t in (np.arange(steps) + 0.5) / steps:
        low = np.minimum(t * x, y[some]).sum(axis=1)
        high = t * x.sum() + totals[some] - low
        rises = (t * x < y[some]).astype(float)
        slope = (rises * high[:, None] - low[:, None] * (1 - rises)) / high[:, None] ** 2
        expected += x * (COEFFICIENTS[some] @ slope) / steps
    assert shares.parts[own] == pytest.approx(expected, abs=2e-4)
    assert np.abs(shares.parts[own]).max() > 0.01
    assert np.all(shares.parts[~own] == 0)


_counts = st.dictionaries(st.integers(0, 9), st.integers(1, 6), max_size=6)


@settings(max_examples=60)
@given(_counts, st.lists(_counts, min_size=1, max_size=5))
def test_any_counts_are_shared_out_to_the_last_bit(own, others):
    def made(counts):
        columns = np.array(sorted(counts), dtype=np.int32)
        totals = np.zeros(len(KINDS))
        totals[0] = sum(counts.values())
        return Row(columns, np.array([counts[int(c)] for c in columns], dtype=np.int32), totals)

    known = CountPrints.of([made(counts) for counts in others])
    coefficients = np.linspace(-1, 2, len(others))
    weights = np.eye(len(KINDS))[0]
    shares = of_counts(made(own), known, coefficients, weights)
    kernel = Index(known).combined(CountPrints.of([made(own)]), weights)[0]
    assert shares.reference + shares.parts.sum() == pytest.approx(
        float(kernel @ coefficients), abs=1e-12
    )


def test_shares_of_properties_are_the_integrals_of_the_gradient():
    properties = KNOWN.properties
    lengths = 2 * np.where(properties.std(axis=0) > 0, properties.std(axis=0), 1.0)
    query, middle = sumkernel.molecules_of([ASPIRIN]).properties[0], properties.mean(axis=0)
    shares = of_properties(query, middle, properties, COEFFICIENTS, lengths)

    def kernel(at):
        return COEFFICIENTS @ np.exp(-0.5 * (((at - properties) / lengths) ** 2).sum(axis=1))

    assert shares.reference == pytest.approx(kernel(middle))
    assert shares.reference + shares.parts.sum() == pytest.approx(kernel(query), abs=1e-12)
    steps, expected = 2000, np.zeros(len(query))
    for t in (np.arange(steps) + 0.5) / steps:
        away = (middle + t * (query - middle) - properties) / lengths
        pull = COEFFICIENTS * np.exp(-0.5 * (away**2).sum(axis=1))
        expected -= (query - middle) / lengths * (pull @ away) / steps
    assert shares.parts == pytest.approx(expected, abs=1e-6)


# where substructures stand


def test_environments_are_placed_on_their_atoms():
    smiles = "OCC"
    places = dict(zip(row(smiles).columns.tolist(), environments(smiles), strict=True))
    circles = sorted(atoms for c, p in places.items() if c // SIZE == 0 for atoms in p)
    assert [tuple(sorted(atoms)) for atoms in circles] == [
        (0,), (0, 1), (1,), (0, 1, 2), (2,), (1, 2),
    ]  # fmt: skip
    pairs = {frozenset(atoms) for c, p in places.items() if c // SIZE == 3 for atoms in p}
    assert pairs == {frozenset({0, 1}), frozenset({1, 2}), frozenset({0, 2})}
    assert not [c for c in places if c // SIZE == 4]  # three atoms make no torsion


def test_atoms_share_alike_and_lose_nothing():
    shares = np.array([1.0, -0.5])
    found = on_atoms(shares, (((0, 1), (2,)), ((2,),)), 4)
    assert found == pytest.approx([0.25, 0.25, 0.5 - 0.5, 0.0])


@pytest.mark.parametrize("smiles", [ASPIRIN, "C[N+](C)(C)CC(=O)[O-]", "c1cc[nH]c1", "O"])
def test_each_atom_is_covered_once(smiles):
    mol = Chem.MolFromSmiles(smiles)
    everything, *each = covered(smiles)
    assert len(each) == mol.GetNumAtoms()
    hidden = Chem.MolFromSmiles(everything)
    assert {atom.GetAtomicNum() for atom in hidden.GetAtoms()} == {0}
    for atom, text in zip(mol.GetAtoms(), each, strict=True):
        left = sorted(a.GetAtomicNum() for a in Chem.MolFromSmiles(text).GetAtoms())
        rest = sorted(a.GetAtomicNum() for a in mol.GetAtoms() if a.GetIdx() != atom.GetIdx())
        assert left == [0, *rest]


# attributions


def test_parts_of_a_prediction_sum_to_it(process):
    for smiles in [*SMILES[50:60], SMILES[0], ASPIRIN]:
        parts = attribution(process, smiles)
        assert parts.method == "aumann-shapley"
        assert parts.prediction == process.predict([smiles]).mean[0]
        assert parts.total == pytest.approx(parts.prediction, abs=1e-9)
        assert len(parts.atoms) == Chem.MolFromSmiles(smiles).GetNumAtoms()


def test_atoms_that_look_alike_have_the_same_share(process):
    parts = attribution(process, "C=CC(=O)Nc1ccc(C(C)(C)C)cc1")
    ranks = list(Chem.CanonicalRankAtoms(Chem.MolFromSmiles(parts.smiles), breakTies=False))
    for left, right in [(6, 14), (7, 13), (10, 11), (10, 12)]:
        assert ranks[left] == ranks[right]
        assert parts.atoms[left] == pytest.approx(parts.atoms[right], abs=1e-12)
    assert parts.atoms[6] != pytest.approx(parts.atoms[7], abs=1e-6)


def test_a_property_that_is_a_sum_of_atoms_is_found_on_its_atoms():
    """Molar counts of halogens: the model must put them on the halogen atoms."""
    alkyl = ["C" * n for n in range(2, 9)]
    smiles = [*alkyl, *(x + chain for chain in alkyl for x in ("F", "Cl", "Br"))]
    values = [sum(text.count(x) for x in ("F", "Cl", "Br")) * 1.0 for text in smiles]
    model = create(SurrogateSettings(kind="gp"))
    model.fit(smiles, values)
    parts = attribution(model, "ClCCCCCCCCC")
    assert parts.prediction == pytest.approx(1.0, abs=0.2)
    assert int(np.argmax(parts.atoms)) in (0, 1)
    near, far = parts.atoms[:4].sum(), parts.atoms[4:].sum()
    assert near > 0
    assert near > far


def test_the_attribution_of_another_surrogate_is_refused(process):
    parts = attribution(process, SMILES[51])
    with pytest.raises(ValueError, match="not the one that was taken apart"):
        replace(parts, prediction=parts.prediction + 1e-3)
    with pytest.raises(ValueError, match="sum to"):
        Attribution("C", "occlusion", float("nan"), 0.0, np.zeros(1), (Part("x", 0.0),))


def test_correcting_deviations_leaves_the_parts_as_they_are(process):
    widened = Calibrated(process, Conformal(2.0, 40))
    assert attribution(widened, ASPIRIN).atoms == pytest.approx(attribution(process, ASPIRIN).atoms)


def test_added_labels_are_in_the_parts_too(process):
    more = process.conditioned(SMILES[50:55], VALUES[50:55])
    parts = attribution(more, SMILES[56])
    assert parts.total == pytest.approx(more.predict([SMILES[56]]).mean[0], abs=1e-9)
    assert parts.prediction != attribution(process, SMILES[56]).prediction


@pytest.mark.parametrize(
    ("settings", "labels", "terms"),
    [
        (SurrogateSettings(exact_labels=10, inducing=20), 50, 1),
        (SurrogateSettings(quantum_kernel=True), 50, 1),
        (SurrogateSettings(trend="descriptors"), 50, 1),
        (SurrogateSettings(), 15, 2),  # with a cheap value of every molecule: two levels
    ],
    ids=["inducing", "quantum-kernel", "trends", "multi-fidelity"],
)
def test_every_form_of_the_process_is_taken_apart(settings, labels, terms):
    model = create(settings)
    heavy = np.array([Chem.MolFromSmiles(text).GetNumHeavyAtoms() for text in SMILES[:50]])
    dear = 2 * VALUES[:50] + 0.02 * heavy - 3
    values = np.where(np.arange(50) < labels, dear, np.nan)
    model.fit(SMILES[:50], values, fidelities={"cheap": VALUES[:50]} if labels < 50 else None)
    more = model.conditioned(SMILES[50:53], VALUES[50:53])
    assert len(model.representers()) == terms
    for known in (model, more):
        parts = attribution(known, SMILES[55])
        assert parts.total == pytest.approx(known.predict([SMILES[55]]).mean[0], abs=1e-9)
    named = [part.name for part in parts.whole]
    further = {"quantum fidelity"} if settings.quantum_kernel else set()
    further |= {"trend over descriptors"} if settings.trend == "descriptors" else set()
    assert sorted(named) == sorted([*NAMES, *further])  # a trend over properties is theirs


def test_other_models_are_explained_by_covering_atoms():
    model = create(SurrogateSettings(kind="random-forest"))
    model.fit(SMILES[:40], VALUES[:40])
    smiles = SMILES[45]
    parts = attribution(model, smiles)
    assert parts.method == "occlusion"
    without = model.predict([covered(smiles)[1]]).mean[0]
    assert parts.atoms[0] == pytest.approx(parts.prediction - without)
    assert [part.name for part in parts.whole] == ["atoms together"]
    assert parts.total == pytest.approx(parts.prediction)
    assert np.abs(parts.atoms).max() > 0


def test_fragments_hold_every_atom_once(process):
    parts = attribution(process, "C=CC(=O)Nc1ccc(Cl)cc1CN1CCOCC1")
    found = fragment_shares(parts)
    assert sorted(atom for f in found for atom in f.atoms) == list(range(len(parts.atoms)))
    assert sum(f.share for f in found) == pytest.approx(float(parts.atoms.sum()))
    assert {f.smiles for f in found} == {"C=CC(N)=O", "Clc1ccccc1", "C", "C1COCCN1"}
    sizes = [abs(f.share) for f in found]
    assert sizes == sorted(sizes, reverse=True)


# leads

EA = ObjectiveSettings(name="warhead-ea", transform="window", low=-5.0, high=-4.5, weight=2.0)
QED = ObjectiveSettings(name="qed", transform="maximize", low=0.2, high=0.9)


def _score(candidate, value, recipe="warhead-ea", error=None):
    return Score(
        smiles=candidate.smiles, inchikey=candidate.inchikey, recipe=recipe, value=value,
        unit="eV", solver="casci", backend="exact", casci_value=None, casci_deviation_mha=None,
        baselines={"gfn2_lumo": Baseline(value - 2, "eV", "GFN2-xTB")}, active_space=None,
        sites=(), conformers=ConformerRecord(1, 1, 1, 1, 0.0, "none"),
        provenance=Provenance(0, 1, "6-31g*", 1, {}, {}, {}, 0.0, {}, ""), standard_error=error,
    )  # fmt: skip


def _results(n, start=0):
    found = []
    for smiles, value in zip(SMILES[start : start + n], VALUES[start : start + n], strict=True):
        molecule = standardised(smiles, origin="library")
        found.append(
            Result(molecule, "warhead-ea", _score(molecule, float(value)), 1, 1, 1.0, 1.0, 1.0)
        )
    return found


def _leads(results, objectives):
    return rank(((r.candidate, {r.recipe: r.outcome}, r.round) for r in results), objectives)


def _explained(results, objectives=(EA, QED), top=None, **more):
    leads = _leads(results, objectives)[:top]
    known = {"selections": (), "rounds": (), **more}
    return explain(leads, results=results, objectives=objectives, **known)


def test_a_lead_is_explained_without_its_own_score():
    results = _results(12)
    (best, *_) = _explained(results)
    own = next(r for r in results if r.candidate == best.lead.candidate)
    changed = [
        r if r is not own else replace(r, outcome=_score(r.candidate, r.outcome.value + 0.4))
        for r in results
    ]
    again = next(e for e in _explained(changed) if e.lead.candidate == best.lead.candidate)
    assert again.forecasts[0].computed == pytest.approx(best.forecasts[0].computed + 0.4)
    assert again.forecasts[0].attribution.prediction == pytest.approx(
        best.forecasts[0].attribution.prediction, abs=1e-9
    )
    assert best.forecasts[0].labels == 11
    assert own.candidate not in [near.candidate for near in best.forecasts[0].neighbours]


def test_neighbours_are_the_most_similar_scored_molecules():
    results = _results(20)
    for one in _explained(results, top=3):
        (forecast,) = one.forecasts
        others = [r for r in results if r.candidate != one.lead.candidate]
        prints = CountPrints.of([row(r.candidate.smiles) for r in others])
        alike = Index(prints).similarities(CountPrints.of([row(one.lead.candidate.smiles)]))[0, 0]
        assert len(forecast.neighbours) == NEIGHBOURS
        assert [n.similarity for n in forecast.neighbours] == sorted(alike, reverse=True)[:3]
        first = others[int(np.argmax(alike))]
        assert forecast.neighbours[0].value == first.outcome.value


def test_too_few_scores_explain_nothing_and_say_so():
    (one,) = _explained(_results(1))
    assert one.forecasts == ()
    assert one.unexplained == {"warhead-ea": "0 other scores; a forecast needs two"}
    assert "needs two" in one.rests_on
    assert [e.unexplained for e in _explained(_results(3))] == [{}] * 3


def test_sampled_scores_are_not_learned_from():
    results = _results(6)
    noisy = replace(results[0], outcome=_score(results[0].candidate, -40.0, error=0.5))
    leads = _leads(results[1:], (EA, QED))
    found = explain(
        leads, results=[noisy, *results[1:]], selections=(), rounds=(), objectives=(EA, QED)
    )
    assert {f.labels for one in found for f in one.forecasts} == {4}


def test_exact_properties_need_no_forecast():
    (one, *_) = explain(
        rank([(standardised(SMILES[0], origin="library"), {}, None)], [QED]),
        results=(), selections=(), rounds=(), objectives=[QED],
    )  # fmt: skip
    assert one.forecasts == ()
    assert one.unexplained == {}
    assert one.rests_on == "exact properties alone"


def test_the_interval_is_widened_by_the_last_stated_factor():
    def finished(round, factor):
        figures = {} if factor is None else {"warhead-ea": {"conformal_factor": factor}}
        return RoundRecord(round, 1, 9, "", "", "", "", {"calibration": figures})

    rounds = [finished(1, 3.0), finished(2, 1.5), finished(3, None)]
    assert conformal_factor(rounds, "warhead-ea") == 1.5
    assert conformal_factor(rounds, "redox") == 1.0
    results = _results(10)
    plain, wide = _explained(results, top=1), _explained(results, top=1, rounds=rounds)
    low, high = plain[0].forecasts[0].interval
    wider = wide[0].forecasts[0].interval
    assert wider[1] - wider[0] == pytest.approx(1.5 * (high - low))
    assert sum(wider) == pytest.approx(low + high)
    assert high - low == pytest.approx(2 * 1.96 * plain[0].forecasts[0].std, rel=1e-4)


def test_the_objective_that_costs_most_utility_is_named():
    lead = _leads(_results(8), (EA, QED))[0]
    lead = replace(lead, desirabilities={"warhead-ea": 0.5, "qed": 0.9})
    first, second = restraints(lead, (EA, QED))
    cost = {"warhead-ea": 2 / 3 * math.log(2), "qed": -math.log(0.9) / 3}
    assert first.objective == "warhead-ea"
    assert first.share == pytest.approx(cost["warhead-ea"] / sum(cost.values()))
    assert first.utility_if_met == pytest.approx(0.9 ** (1 / 3))
    assert second.utility_if_met == pytest.approx(0.5 ** (2 / 3))
    failed = replace(lead, desirabilities={"warhead-ea": 0.5, "qed": 0.0})
    assert [(r.objective, r.share) for r in restraints(failed, (EA, QED))] == [
        ("qed", 1.0), ("warhead-ea", 0.0),
    ]  # fmt: skip
    perfect = replace(lead, desirabilities={"warhead-ea": 1.0, "qed": 1.0})
    assert {r.share for r in restraints(perfect, (EA, QED))} == {0.0}


def test_the_choice_of_its_round_is_told_as_plain_json():
    results = _results(8)
    chosen = [
        SelectionRecord(
            1, r.candidate, i, {"warhead-ea": (-4.8, 0.2)}, 0.7, 0.1, 0.03, "highest mean",
            facts={"success": 0.9, "limiting": "qed", "core_seconds": math.inf},
        )
        for i, r in enumerate(results, 1)
    ]  # fmt: skip
    one = _explained(results, top=1, selections=chosen)[0]
    document = json.loads(json.dumps(one.to_json(), allow_nan=False))
    assert document["choice"]["reason"] == "highest mean"
    assert document["choice"]["facts"] == {"success": 0.9, "limiting": "qed", "core_seconds": None}
    parts = document["forecasts"][0]["attribution"]
    total = parts["baseline"] + sum(parts["atoms"]) + sum(parts["whole"].values())
    assert total == pytest.approx(document["forecasts"][0]["predicted"], abs=1e-6)
    assert document["objectives"][0]["objective"] == document["limiting"]
    assert scored_value("qed", document["smiles"]) == pytest.approx(one.lead.properties["qed"])
