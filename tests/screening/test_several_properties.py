import csv
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from screening.surrogate import SurrogateSettings, create
from screening.surrogate.conformal import Calibrated, Conformal
from screening.surrogate.gaussianprocess import GaussianProcess
from screening.surrogate.several import predictions

with (Path(__file__).parent / "data" / "electron_affinity.csv").open() as file:
    SCORED = [(line["smiles"], float(line["warhead_ea"])) for line in csv.DictReader(file)]
SMILES = [Chem.CanonSmiles(smiles) for smiles, _ in SCORED]
AFFINITY = np.array([value for _, value in SCORED])  # eV
HEAVY = np.array([Chem.MolFromSmiles(s).GetNumHeavyAtoms() for s in SMILES], dtype=float)


class Nearest:
    """A surrogate of another kind: the mean of its labels."""

    def __init__(self, mean):
        self.mean = mean

    def predict(self, smiles):
        from screening.surrogate import Prediction

        return Prediction(np.full(len(smiles), self.mean), np.ones(len(smiles)))


@pytest.fixture(scope="module")
def models():
    affinity, heavy, level, through = (
        GaussianProcess(),
        GaussianProcess(),
        GaussianProcess(),
        create(SurrogateSettings(exact_labels=20, inducing=15)),
    )
    affinity.fit(SMILES[:30], AFFINITY[:30])
    heavy.fit(SMILES[:30], HEAVY[:30])
    known = np.where(np.arange(len(SMILES)) < 12, AFFINITY, np.nan)
    level.fit(SMILES, known, fidelities={"cheap": AFFINITY + 0.01 * HEAVY})
    through.fit(SMILES[:30], AFFINITY[:30])
    return {
        "affinity": affinity,
        "heavy atoms": heavy.conditioned(SMILES[30:33], HEAVY[30:33]),
        "level": level,
        "through": through,
        "constant": Nearest(2.0),
        "corrected": Calibrated(affinity, Conformal(1.5, 40)),
    }


def test_together_is_what_each_predicts_alone(models):
    pool = SMILES * 20  # more than a chunk
    found = predictions(models, pool)
    assert list(found) == list(models)
    for name, model in models.items():
        alone = model.predict(pool)
        assert found[name].mean == pytest.approx(alone.mean, abs=1e-10)
        assert found[name].std == pytest.approx(alone.std, abs=1e-10)


def test_processes_on_the_same_molecules_compare_with_them_once(models, monkeypatch):
    from screening.surrogate.countprints import Index

    asked = []
    plain = Index.each_combined

    def counted(self, queries, weights):
        asked.append(len(weights))
        return plain(self, queries, weights)

    monkeypatch.setattr(Index, "each_combined", counted)
    predictions({"affinity": models["affinity"], "two": models["affinity"]}, SMILES)
    assert asked == [2]


def test_nothing_to_predict(models):
    assert all(found.mean.shape == (0,) for found in predictions(models, []).values())
    assert predictions({}, SMILES) == {}
    with pytest.raises(ValueError, match="not fitted yet"):
        predictions({"new": GaussianProcess()}, SMILES)
