"""Buying a labelled library anew."""

from __future__ import annotations

import gzip
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import Crippen

from screening.acquisition import AcquisitionSettings
from screening.intake.library import LibraryError
from screening.surrogate import SurrogateSettings
from screening.validation import baselines, labelled, retrospective
from screening.validation.labelled import LabelledLibrary
from screening.validation.policies import Bought, CampaignPolicy
from screening.validation.retrospective import POLICIES, Schedule, replay

ARYL = ("H", "F", "Cl", "Br", "C", "OC", "C#N", "C(F)(F)F", "N(C)C", "CC", "O", "SC")


def _anilides() -> list[str]:
    """Acrylamides of para- and meta-substituted anilines, canonical."""
    found = []
    for a, b in product(ARYL, ARYL):
        text = f"C=CC(=O)Nc1ccc({a})c({b})c1".replace("(H)", "")
        found.append(Chem.CanonSmiles(text))
    return list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> LabelledLibrary:
    """Crippen's logP of 144 anilides, higher better."""
    path = tmp_path_factory.mktemp("library") / "logp.csv"
    rows = [f"{s},{Crippen.MolLogP(Chem.MolFromSmiles(s)):.4f}" for s in _anilides()]
    path.write_text("smiles,logp\n" + "\n".join(rows) + "\n")
    return labelled.read(path, "logp", minimize=False)


class TestLibrary:
    def test_values_stand_beside_their_molecules(self, library: LabelledLibrary) -> None:
        assert len(library) == library.rows == len(_anilides())
        for candidate, value in zip(library.candidates, library.values, strict=True):
            assert value == pytest.approx(
                Crippen.MolLogP(Chem.MolFromSmiles(candidate.smiles)), abs=1e-4
            )

    def test_hostile_rows_are_refused_with_a_reason(self, tmp_path: Path) -> None:
        path = tmp_path / "hostile.csv.gz"
        rows = (
            "CCO,1.5,a", "CCN,nan,b", "C(C)(C)(C)(C)C,2,c", "CCCl,,d", "CCBr,>100,e",
            "OCC,2.5,f", "OCC,9.5,f", "CCF,inf,g", "not a molecule,3,h", "CCC,1e2,i",
            "CC#N,=cmd(),j", "CCS,-3",
        )  # fmt: skip
        path.write_bytes(gzip.compress(("smiles,y,id\n" + "\n".join(rows) + "\n").encode()))
        found = labelled.read(path, "y")
        assert {c.smiles: v for c, v in zip(found.candidates, found.values, strict=True)} == {
            "CCO": 2.5, "CCC": 100.0, "CCS": -3.0,
        }  # fmt: skip
        assert found.rows == 12
        assert found.repeated == 2
        assert found.widest == 8.0
        assert [r.row for r in found.refused] == [2, 3, 4, 5, 8, 9, 11]
        reasons = {r.row: r.failure.message for r in found.refused}
        assert "not finite" in reasons[2]
        assert "no value" in reasons[4]
        assert "bound cannot be ranked" in reasons[5]
        assert "no number" in reasons[11]

    def test_a_later_row_may_hold_the_value(self, tmp_path: Path) -> None:
        path = tmp_path / "late.csv"
        path.write_text("smiles,y\nCCO,\nOCC,4\nCCC,5\n")
        found = labelled.read(path, "y")
        assert [c.smiles for c in found.candidates] == ["CCO", "CCC"]
        assert found.values.tolist() == [4.0, 5.0]

    def test_an_sdf_has_its_values_in_a_data_field(self, tmp_path: Path) -> None:
        path = tmp_path / "set.sdf"
        with Chem.SDWriter(str(path)) as writer:
            for smiles, value in (("CCO", "1.25"), ("CCN", "0.5")):
                mol = Chem.MolFromSmiles(smiles)
                mol.SetProp("pic50", value)
                writer.write(mol)
        assert labelled.read(path, "pic50").values.tolist() == [1.25, 0.5]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("smiles,x\nCCO,1\nCCN,2\n", "no column 'y' of values"),
            ("smiles,y\nCCO,a\nCCN,2\n", "two are the least; row 1"),
        ],
    )
    def test_unusable_files_are_refused(self, tmp_path: Path, text: str, message: str) -> None:
        path = tmp_path / "bad.csv"
        path.write_text(text)
        with pytest.raises(LibraryError, match=message):
            labelled.read(path, "y")


class TestSchedule:
    def test_shares_and_numbers(self) -> None:
        shares = Schedule.of(10446, start=0.01, batch=0.01, batches=5)
        assert shares.evaluations == (104, 208, 312, 416, 520, 624)
        numbers = Schedule.of(500, start=10, batch=25, batches=2, top_up=10)
        assert numbers.evaluations == (10, 35, 60)
        assert numbers.purchases == (10, 10, 5)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"start": 0.0}, "start 0"),
            ({"start": float("inf")}, "start inf"),
            ({"batch": float("nan")}, "batch nan"),
            ({"batch": 2.5}, "batch 2.5"),
            ({"batches": 0}, "0 batches"),
            ({"batch": 60}, "to be bought of 100"),
            ({"top_up": 11}, "top-ups of 11 in batches of 10"),
        ],
    )
    def test_impossible_ones_are_refused(self, given: dict[str, float], message: str) -> None:
        call = {"start": 10, "batch": 10, "batches": 2, "top_up": None} | given
        with pytest.raises(ValueError, match=message):
            Schedule.of(100, **call)  # type: ignore[arg-type]


class Spy:
    """Takes what comes first and notes what it was shown."""

    name = "spy"
    meaning = "takes what comes first"

    def __init__(self, size: int, *, cheats: bool = False) -> None:
        self.size, self.cheats = size, cheats
        self.shown: list[Bought] = []
        self.relearned: list[bool] = []

    def choose(self, bought: Bought, n: int, seed: int, *, relearn: bool) -> np.ndarray:
        self.shown.append(bought)
        self.relearned.append(relearn)
        if self.cheats:
            return bought.molecules[:n]
        return np.setdiff1d(np.arange(self.size), bought.molecules)[:n]


class TestReplay:
    def test_only_bought_values_are_shown(self, library: LabelledLibrary) -> None:
        spy = Spy(len(library))
        found = replay(spy, library, Schedule(6, 4, 2, 2), 3, top=10)
        assert [len(b.molecules) for b in spy.shown] == [6, 8, 10, 12]
        assert spy.relearned == [True, False, True, False]
        for bought in spy.shown:
            np.testing.assert_array_equal(bought.merits, library.merits[bought.molecules])
        best = set(np.argsort(-library.merits)[:10].tolist())
        assert found.found[-1] == len(best & set(found.molecules)) / 10
        assert found.best[-1] == max(library.values[list(found.molecules)])

    def test_ties_do_not_pass_one(self, tmp_path: Path) -> None:
        path = tmp_path / "ties.csv"
        path.write_text("smiles,y\n" + "".join(f"{'C' * n},{min(n, 4)}\n" for n in range(2, 10)))
        flat = labelled.read(path, "y", minimize=False)
        found = replay(Spy(len(flat)), flat, Schedule(2, 3, 2), 0, top=2)
        assert found.found[-1] == 1.0
        assert found.found == tuple(sorted(found.found))

    def test_a_molecule_is_bought_once(self, library: LabelledLibrary) -> None:
        with pytest.raises(RuntimeError, match="spy chose 4 molecules, 4 new ones"):
            replay(Spy(len(library), cheats=True), library, Schedule(6, 4, 1), 0, top=10)

    @pytest.mark.parametrize("name", POLICIES)
    def test_every_policy_repeats_itself(self, library: LabelledLibrary, name: str) -> None:
        schedule = Schedule(12, 8, 2)
        acquisition = AcquisitionSettings(samples=64)
        first, again = (
            replay(
                retrospective.policy(name, library, acquisition=acquisition),
                library,
                schedule,
                1,
                top=15,
            )
            for _ in range(2)
        )
        assert first.molecules == again.molecules
        assert len(set(first.molecules)) == 28

    def test_models_find_more_than_the_lot(self, library: LabelledLibrary) -> None:
        schedule = Schedule(12, 10, 2)
        shares = {
            name: replay(retrospective.policy(name, library), library, schedule, 0, top=15).found[
                -1
            ]
            for name in POLICIES
        }
        assert all(shares[name] > shares["random"] for name in POLICIES if name != "random")
        # logP adds up over fragments, and 22 labels span most of them
        assert shares["molq"] >= 0.6

    def test_there_is_no_other_policy(self, library: LabelledLibrary) -> None:
        with pytest.raises(ValueError, match="no policy 'oracle'; there are: molq"):
            retrospective.policy("oracle", library)


class TestCampaignPolicy:
    def test_within_a_batch_values_come_in_without_learning_anew(
        self, library: LabelledLibrary, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from screening.surrogate.gaussianprocess import GaussianProcess

        calls: list[str] = []
        for name in ("fit", "conditioned"):
            original = getattr(GaussianProcess, name)

            def noted(self, smiles, *args, _name=name, _original=original, **kwargs):  # type: ignore[no-untyped-def]
                calls.append(f"{_name} {len(smiles)}")
                return _original(self, smiles, *args, **kwargs)

            monkeypatch.setattr(GaussianProcess, name, noted)
        chooser = CampaignPolicy(library, SurrogateSettings(), AcquisitionSettings(samples=64))
        taught = _teachings(chooser, library, Schedule(12, 8, 2, 4), calls)
        assert taught == ["fit 12", "conditioned 4", "fit 20", "conditioned 4"]

    def test_the_direction_of_the_values_decides(self, tmp_path: Path) -> None:
        path = tmp_path / "size.csv"
        path.write_text("smiles,y\n" + "".join(f"{'C' * n},{n}\n" for n in range(2, 40)))
        ends = {}
        for minimize in (True, False):
            chain = labelled.read(path, "y", minimize=minimize)
            chooser = retrospective.policy("greedy", chain)
            found = replay(chooser, chain, Schedule(12, 6, 2), 0, top=6)
            ends[minimize] = found.best[-1]
        assert ends == {True: 2.0, False: 39.0}


def _teachings(
    chooser: CampaignPolicy, library: LabelledLibrary, schedule: Schedule, calls: list[str]
) -> list[str]:
    """What the policy's own model was told; beliefs within a choice are not its labels."""
    told = []
    choose = chooser._taught

    def watched(bought: Bought, *, relearn: bool):  # type: ignore[no-untyped-def]
        before = len(calls)
        model = choose(bought, relearn=relearn)
        told.extend(calls[before:])
        return model

    chooser._taught = watched  # type: ignore[method-assign]
    replay(chooser, library, schedule, 0, top=10)
    return told


class TestBaselines:
    def test_the_kernel_is_minmax_of_counts(self, library: LabelledLibrary) -> None:
        from rdkit.Chem import rdFingerprintGenerator

        process = baselines.MinMaxProcess(library, descriptors=False, beta=0.0)
        make = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
        counts = [
            make.GetCountFingerprintAsNumPy(Chem.MolFromSmiles(s)) for s in library.smiles[:5]
        ]
        wanted = [[np.minimum(a, b).sum() / np.maximum(a, b).sum() for b in counts] for a in counts]
        places = np.arange(5)
        np.testing.assert_allclose(process._kernel(places, places), wanted, rtol=1e-12)

    def test_descriptors_share_the_variance(self, library: LabelledLibrary) -> None:
        process = baselines.MinMaxProcess(library, descriptors=True, beta=1.0)
        kernel = process._kernel(np.arange(20), np.arange(20))
        np.testing.assert_allclose(np.diag(kernel), 1.0, rtol=1e-12)
        assert np.linalg.eigvalsh(kernel).min() > -1e-9
