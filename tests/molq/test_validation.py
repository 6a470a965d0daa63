"""`molq validate retrospective` and its API: files, resuming, errors, the page."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import Crippen

import molq
from molq.cli.entry import FAILED, WRONG_CALL, run_arguments
from molq.errors import CallError, MolqError
from molq.validation import curves, page
from screening.validation.retrospective import Replay

ALCOHOLS = [
    f"{'C' * a}C({'C' * b})({'C' * c})O"
    for a in range(1, 6) for b in range(1, a + 1) for c in range(1, b + 1)
][:32]  # fmt: skip
CALL = {"minimize": False, "top": 5, "start": 8, "batch": 4, "batches": 2, "seeds": 2}
QUICK = ("random", "MinMax GP")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Crippen's logP of branched alcohols, and two rows that cannot take part."""
    path = tmp_path_factory.mktemp("alcohols") / "logp.csv"
    rows = [f"{s},{Crippen.MolLogP(Chem.MolFromSmiles(s)):.4f}" for s in ALCOHOLS]
    rows += ["<script>alert(1)</script>,1", "CCO,>3"]
    path.write_text("smiles,logp\n" + "\n".join(rows) + "\n")
    return path


class TestTrial:
    def test_figures_are_those_of_the_replays(self, library: Path, tmp_path: Path) -> None:
        out = tmp_path / "trial"
        found = molq.retrospective(library, "logp", out, policies=QUICK, **CALL)
        assert [row.policy for row in found.rows] == list(QUICK)
        data = json.loads((out / "retrospective.json").read_text())
        for row in data["policies"]:
            shares = [replay["found"] for replay in row["replays"]]
            assert row["found"] == pytest.approx([sum(s) / 2 for s in zip(*shares, strict=True)])
        with (out / "retrospective.csv").open() as file:
            lines = list(csv.DictReader(file))
        assert len(lines) == 2 * 2 * 3
        assert [int(line["molecules bought"]) for line in lines[:3]] == [8, 12, 16]
        assert data["refused"][0]["row"] == len(ALCOHOLS) + 1
        starts = {r.seed: r.molecules[:8] for r in found.rows[0].replays}
        assert all(starts[r.seed] == r.molecules[:8] for r in found.rows[1].replays)

    def test_an_unfinished_trial_goes_on(self, library: Path, tmp_path: Path) -> None:
        out = tmp_path / "trial"
        first = molq.retrospective(
            library, "logp", out, policies=["MinMax GP"], **CALL | {"seeds": 1}
        )
        kept = (out / "replays" / "minmax-gp-0.json").read_bytes()
        seen: list[tuple[int, int]] = []

        def progress(done: int, total: int, last: Replay) -> None:
            seen.append((done, total))

        again = molq.retrospective(
            library, "logp", out, policies=["MinMax GP"], progress=progress, **CALL
        )
        assert seen == [(1, 2), (2, 2)]
        # what was finished is read, its time of choosing too, which a new replay would change
        assert again.rows[0].replays[0] == first.rows[0].replays[0]
        assert (out / "replays" / "minmax-gp-0.json").read_bytes() == kept

    def test_another_call_is_not_mixed_in(self, library: Path, tmp_path: Path) -> None:
        out = tmp_path / "trial"
        molq.retrospective(library, "logp", out, policies=["random"], **CALL)
        with pytest.raises(CallError, match="another top and schedule"):
            molq.retrospective(
                library, "logp", out, policies=["random"], **CALL | {"top": 4, "batch": 3}
            )

    def test_settings_are_those_of_the_campaigns_policies(
        self, library: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "trial"
        greedy = {"policies": ["greedy"], **CALL, "seeds": 1}
        molq.retrospective(library, "logp", out, **greedy)
        with pytest.raises(CallError, match=r"greedy-0\.json is of a policy with other settings"):
            molq.retrospective(library, "logp", out, set=["surrogate.min_labels=9"], **greedy)
        # the lot has no settings, so what it drew stands
        lot = CALL | {"policies": ["random"]}
        first = molq.retrospective(library, "logp", out, **lot)
        again = molq.retrospective(library, "logp", out, set=["surrogate.min_labels=9"], **lot)
        assert again.rows[0] == first.rows[0]

    def test_a_damaged_replay_is_named(self, library: Path, tmp_path: Path) -> None:
        out = tmp_path / "trial"
        molq.retrospective(library, "logp", out, policies=["random"], **CALL)
        (out / "replays" / "random-1.json").write_text("{}")
        with pytest.raises(MolqError, match=r"random-1\.json is damaged; delete it"):
            molq.retrospective(library, "logp", out, policies=["random"], **CALL)

    def test_other_folders_are_left_alone(self, library: Path, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(CallError, match="not empty and holds no trial"):
            molq.retrospective(library, "logp", tmp_path, policies=["random"], **CALL)
        assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]

    def test_the_settings_of_the_policy_can_be_changed(self, library: Path) -> None:
        found = molq.retrospective(
            library,
            "logp",
            policies=["molq"],
            set=["surrogate.min_labels=100", "acquisition.kind=greedy"],
            **CALL | {"seeds": 1},
        )
        assert found.settings["surrogate"]["min_labels"] == 100
        assert "acquisition greedy" in found.rows[0].meaning


class TestPage:
    def test_it_is_self_contained_and_escaped(self, library: Path) -> None:
        found = molq.retrospective(library, "logp", policies=QUICK, **CALL)
        text = page.html(found)
        assert "<script>alert(1)" not in text
        assert "&lt;script&gt;alert(1)" in text
        assert not re.search(r"(src|href)=\"(?!#)", text)
        assert "2 of 34 rows take no part" in text
        for row in found.rows:
            assert row.policy in text

    def test_each_policy_is_a_line_through_its_means(self, library: Path) -> None:
        found = molq.retrospective(library, "logp", policies=QUICK, **CALL)
        share, best = curves.charts(found)
        for figure, values in ((share, lambda row: row.found), (best, lambda row: row.best)):
            lines = {trace["name"]: trace for trace in figure.data}
            assert set(lines) == set(QUICK)
            for row in found.rows:
                assert lines[row.policy]["x"] == list(found.schedule.evaluations)
                assert lines[row.policy]["y"] == list(values(row))
        errors = [trace["error_y"]["array"] for trace in reversed(share.data)]
        assert errors == [list(row.errors) for row in found.rows]
        assert not any("error_y" in trace for trace in best.data)
        assert f"{found.rows[0].found[-1]:.3f}" in share.alt


class TestCommand:
    def test_json_on_stdout(self, library: Path, capsys: pytest.CaptureFixture[str]) -> None:
        arguments = [
            "validate", "retrospective", str(library), "--column", "logp", "--maximize",
            "--top", "5", "--start", "8", "--batch", "4", "--batches", "1", "--seeds", "1",
            "--seed", "7", "--policy", "random", "--json",
        ]  # fmt: skip
        assert run_arguments(arguments) == 0
        data = json.loads(capsys.readouterr().out)
        assert data["better"] == "higher"
        assert data["seeds"] == [7]
        assert data["schedule"]["evaluations"] == [8, 12]

    def test_the_table_names_every_policy(
        self, library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = [
            "validate", "retrospective", str(library), "--column", "logp", "--maximize",
            "--top", "5", "--start", "8", "--batch", "4", "--batches", "1", "--seeds", "2",
            "--policy", "random", "--policy", "MinMax GP", "--out", str(tmp_path / "t"),
        ]  # fmt: skip
        assert run_arguments(arguments) == 0
        told = capsys.readouterr()
        assert all(name in told.out for name in QUICK)
        assert "2 of 34 rows take no part" in told.err
        assert (tmp_path / "t" / "retrospective.html").is_file()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--column", "nothing"], "no column 'nothing' of values"),
            (["--column", "logp", "--policy", "oracle"], "no policy 'oracle'"),
            (["--column", "logp", "--top", "99"], "the best 99 of 32 molecules"),
            (["--column", "logp", "--batch", "0"], "batch 0"),
            (
                ["--column", "logp", "--top", "5", "--set", "surrogate.kin=gp"],
                'did you mean "kind"',
            ),
            (["--column", "logp", "--top", "5", "--set", "library.path=x"], "library"),
        ],
    )
    def test_wrong_calls_say_what_is_wrong(
        self,
        library: Path,
        options: list[str],
        message: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        code = run_arguments(["validate", "retrospective", str(library), *options])
        assert code == WRONG_CALL
        assert message in capsys.readouterr().err

    def test_a_backend_that_is_not_there_is_a_wrong_call(
        self, library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call = ["validate", "retrospective", str(library), "--column", "logp", "--top", "5"]
        call += ["--start", "8", "--batch", "4", "--out", str(tmp_path / "trial")]
        call += ["--set", "acquisition={batch='qaoa', backend='fake:nowhere'}"]
        assert run_arguments(call) == WRONG_CALL
        assert "[acquisition] backend: unknown device" in capsys.readouterr().err
        assert not (tmp_path / "trial").exists()

    def test_a_missing_library_is_a_wrong_call(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "none.csv"
        assert run_arguments(["validate", "retrospective", str(path), "--column", "y"]) in (
            FAILED,
            WRONG_CALL,
        )
        assert "does not exist" in capsys.readouterr().err
