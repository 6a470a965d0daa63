"""``molq.Scorer`` and what it shares with ``molq score --reinvent``."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

import molq
from molq import batchscoring, reinvent
from molq.batchscoring import Answered, Asked
from screening.compute import evaluation
from screening.compute.evaluation import Job, Usage
from screening.compute.isolation import Answer
from screening.failure import Failure
from screening.filters import FilterSettings
from screening.intake.standardise import Parent
from screening.objective import ObjectiveSettings
from screening.ranking import RankingSettings
from simulation.score import Score
from simulation.settings import SimulationSettings

PROPERTIES = ["qed", "logp", "tpsa"]


@pytest.fixture(scope="module")
def simulation(fast: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key.removeprefix("simulation."): value for key, value in fast.items()},
        "solver": "casci",
    }


@pytest.fixture(scope="module")
def scorer(simulation: dict[str, Any]) -> Any:
    """Asked about acrylamide twice, about what the recipe is not for, and about no molecule."""
    made = molq.Scorer(["warhead-ea/gfn2_lumo", "qed", "warhead-ea"], simulation=simulation)
    values = made.transform(["C=CC(N)=O", "CCO", "C(", "NC(=O)C=C"])
    return made, values


def test_values_are_those_of_molq_score(scorer: Any, simulation: dict[str, Any]) -> None:
    _, values = scorer
    expected = molq.score("C=CC(N)=O", "warhead-ea", **simulation)
    assert expected.score is not None
    assert values.shape == (4, 3)
    assert values.dtype == np.float64
    assert values[0, 2] == pytest.approx(expected.value, abs=1e-9)
    assert values[0, 0] == pytest.approx(expected.score.baselines["gfn2_lumo"].value, abs=1e-9)
    assert values[0, 1] == pytest.approx(0.422, abs=1e-3)


def test_a_molecule_is_computed_once_however_it_is_drawn(scorer: Any) -> None:
    made, values = scorer
    assert values[3].tolist() == values[0].tolist()
    assert made.answers_[3].scores["warhead-ea"] is made.answers_[0].scores["warhead-ea"]


def test_what_has_no_value_is_nan_and_says_why(scorer: Any) -> None:
    made, values = scorer
    assert np.isnan(values).tolist()[1:3] == [[True, False, True], [True, True, True]]
    assert set(made.failures_) == {1, 2}
    assert "no alpha,beta-unsaturated" in made.failures_[1]["warhead-ea"].message
    assert made.failures_[2]["qed"].kind == "input"


def test_it_is_an_estimator_of_scikit_learn(scorer: Any) -> None:
    made, _ = scorer
    twin = clone(made)
    assert twin.get_params() == made.get_params()
    assert not hasattr(twin, "failures_")
    assert twin.set_params(names="qed", seed=3).get_params()["seed"] == 3
    assert made.get_feature_names_out().tolist() == [
        "warhead-ea/gfn2_lumo [eV]", "qed", "warhead-ea [eV]",
    ]  # fmt: skip


def test_it_works_in_a_pipeline_and_gives_frames() -> None:
    frame = pd.DataFrame({"smiles": ["CCO", "no molecule", "CCC"]})
    pipeline = make_pipeline(molq.Scorer(PROPERTIES), SimpleImputer())
    values = pipeline.fit_transform(frame[["smiles"]])
    assert np.isfinite(values).all()
    assert values[1] == pytest.approx((values[0] + values[2]) / 2)
    named = molq.Scorer(PROPERTIES).set_output(transform="pandas").transform(frame["smiles"])
    assert list(named.columns)[:2] == ["qed", "logp"]
    assert named["logp"].isna().tolist() == [False, True, False]
    molecules = [Chem.MolFromSmiles("OCC"), Chem.MolFromSmiles("CCC")]
    assert molq.Scorer(PROPERTIES).fit(molecules).transform(molecules) == pytest.approx(
        values[[0, 2]]
    )
    assert molq.Scorer(PROPERTIES).transform([]).shape == (0, 3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"names": "warhead_ea"}, "did you mean 'warhead-ea'"),
        ({"names": ["qed", "qed"]}, "'qed' is given twice"),
        ({"names": ["warhead-ea/nothing"]}, "has no baseline 'nothing'"),
        ({"names": ["warhead-ea/gfn2_lumo"] * 2}, "given twice"),
        ({"names": []}, "give the name of a recipe"),
        ({"names": "qed", "workers": -1}, "workers is 0 or more"),
        ({"names": "qed", "simulation": {"conformer": 3}}, 'did you mean "conformers"'),
        ({"names": "qed", "scorer_settings": {"logp": {"x": 1}}}, "no scorer that is asked for"),
        ({"names": "qed", "scorer_settings": {"qed": {"x": 1}}}, "takes no settings"),
    ],
)
def test_a_wrong_call_raises_before_anything_is_computed(
    arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(molq.CallError, match=said):
        molq.Scorer(**arguments).fit()
    with pytest.raises(molq.CallError, match=said):
        molq.Scorer(**arguments).transform(["CCO"])


def test_one_smiles_is_no_list() -> None:
    with pytest.raises(molq.CallError, match="not one SMILES"):
        molq.Scorer("qed").transform("CCO")
    with pytest.raises(molq.CallError, match=r"the shape \(1, 2\)"):
        molq.Scorer("qed").transform([["CCO", "C"]])


class Process:
    """A calculator that says what it is told to, and remembers what it was asked."""

    def __init__(self, *outcomes: Sequence[Score | Failure]) -> None:
        self.outcomes = list(outcomes)
        self.jobs: list[Job] = []
        self.threads: set[str] = set()

    def run(self, job: Job) -> Sequence[Answer]:
        self.jobs.append(job)
        self.threads.add(threading.current_thread().name)
        return [
            Answer(recipe, evaluation.encode(outcome), Usage())
            for recipe, outcome in zip(job.recipes, self.outcomes.pop(0), strict=False)
        ]


ACRYLAMIDE = Parent("C=CC(N)=O", "HRPVXLWXLXDGHG-UHFFFAOYSA-N")


def outcomes_of(process: Process, *recipes: str) -> dict[str, Any]:
    settings = SimulationSettings()
    molecule = batchscoring._Molecule(ACRYLAMIDE, recipes, settings, 0, 10.0, 100)
    return molecule.outcomes(process, is_limited=True)


def failed(kind: Any, step: str = "solver") -> Failure:
    return Failure(kind, step, f"{kind} trouble")


def test_retries_go_up_the_ladder_of_a_campaign(scorer: Any) -> None:
    score = scorer[0].answers_[0].scores["warhead-ea"]
    process = Process([failed("convergence"), failed("input")], [failed("resource")], [score])
    found = outcomes_of(process, "a", "b")
    assert found == {"a": score, "b": failed("input")}
    first, second, third = process.jobs
    assert (first.recipes, second.recipes, third.recipes) == (("a", "b"), ("a",), ("a",))
    assert second.seed != first.seed
    assert third.seed == second.seed
    assert (second.time_limit_s, third.time_limit_s) == (10.0, 20.0)


def test_a_recipe_that_ends_its_process_leaves_the_others_their_turn(scorer: Any) -> None:
    score = scorer[0].answers_[0].scores["warhead-ea"]
    lost = failed("random", evaluation.LOST_WORKER)
    process = Process([lost], *([lost, score] for _ in range(1)), *([lost] for _ in range(9)))
    found = outcomes_of(process, "a", "b")
    assert found["b"] == score
    assert "set aside" in found["a"].message


def test_a_device_that_gives_no_answer_is_not_asked_for_ever() -> None:
    process = Process([failed("resource", evaluation.REMOTE)])
    assert outcomes_of(process, "a") == {"a": failed("resource", evaluation.REMOTE)}
    assert len(process.jobs) == 1


def test_trouble_with_processes_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_process(self: Any, job: Job) -> Any:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(batchscoring.Isolation, "run", no_process)
    with pytest.raises(molq.MolqError, match="Resource temporarily unavailable"):
        batchscoring.answered(
            ["C=CC(N)=O"], Asked(("warhead-ea",)), SimulationSettings(), seed=0, workers=2
        )


WISHES = (
    ObjectiveSettings(name="warhead-ea", transform="window", low=-8, high=-7.7),
    ObjectiveSettings(name="qed", transform="at_least", low=0.3, hard=True),
)


def utilities(*answers: Answered) -> Any:
    return reinvent.utilities(answers, WISHES, FilterSettings(), RankingSettings())


def test_a_utility_is_the_campaigns(scorer: Any, simulation: dict[str, Any]) -> None:
    payload = utilities(*scorer[0].answers_)
    assert payload["utility"] == [pytest.approx(1.0), 0.0, 0.0, pytest.approx(1.0)]
    assert payload["qed desirability"] == [1.0, 1.0, 0.0, 1.0]
    assert payload["warhead-ea desirability"][1:3] == [0.0, 0.0]
    assert payload["failure"][2].startswith("not a SMILES")


def test_a_failed_calculation_is_nan_and_a_broken_limit_is_nothing(scorer: Any) -> None:
    good = scorer[0].answers_[0]
    failed_one = Answered("C", good.parent, {}, {"qed": 0.4}, {"warhead-ea": failed("convergence")})
    payload = utilities(failed_one)
    assert math.isnan(payload["utility"][0])
    assert math.isnan(payload["warhead-ea desirability"][0])
    strict = (WISHES[0], WISHES[1].model_copy(update={"low": 0.9}))
    payload = reinvent.utilities([good], strict, FilterSettings(), RankingSettings())
    assert payload["utility"] == [0.0]
    assert payload["failure"] == ["qed 0.422 is below the limit 0.9"]


def test_raw_values_are_nan_unless_told_otherwise(scorer: Any) -> None:
    answers = scorer[0].answers_
    payload = reinvent.raw(answers, ["warhead-ea", "qed"])
    assert [math.isnan(value) for value in payload["warhead-ea"]] == [False, True, True, False]
    assert payload["predictions"][0] == payload["warhead-ea"][0]
    assert reinvent.raw(answers, ["warhead-ea"], -9.0)["warhead-ea"][1] == -9.0
    lost = Answered("C", None, {}, {}, {"warhead-ea": failed("random")})
    assert math.isnan(reinvent.raw([lost], ["warhead-ea"], -9.0)["warhead-ea"][0])
    assert "NaN" in reinvent.document(payload)
