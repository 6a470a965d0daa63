"""Calls that compute nothing: help, wrong calls, wrong campaign files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from molq.cli.entry import run_arguments

VERBS = (
    "score", "screen", "run", "resume", "submit", "status", "logs", "stop", "leads", "report",
    "export", "verify", "reproduce", "sample", "train", "recipes",
)  # fmt: skip
HEAVY = ("torch", "pyscf", "qiskit", "ray", "rdkit", "pandas", "scipy", "pydantic")


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """The five lines of the smallest campaign, and its library."""
    (tmp_path / "library.csv").write_text("name,smiles\na,C=CC(N)=O\n")
    path = tmp_path / "smallest.toml"
    path.write_text(
        'library.path = "library.csv"\n'
        "[[objective]]\n"
        'name = "warhead-ea"\n'
        'transform = "at_least"\n'
        "low = -4.95\n"
    )
    return path


def _errors(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_arguments([verb, "--help"]) == 0
    assert f"Example: molq {verb}" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys, molq\n"
        "from molq.cli.entry import run_arguments\n"
        "assert run_arguments(['--help']) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert "score" in done.stdout


def test_the_version_is_the_installed_one() -> None:
    from importlib.metadata import version

    done = subprocess.run(
        [sys.executable, "-m", "molq", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"molq {version('molq')}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scor"], "Did you mean 'score'"),
        (["score"], "no SMILES: give one or more"),
        (["score", "C", "--jsn"], "--json"),
        (["score", "C", "--recipe", "warhead_ea"], "did you mean 'warhead-ea'?"),
        (["score", "C", "--solver", "vqee"], "did you mean 'vqe'?"),
        (["score", "C", "--backend", "ear"], "did you mean 'aer'?"),
        (["score", "C", "--backend", "aer", "--solver", "casci"], "the solver 'casci' makes none"),
        (["score", "C", "--set", "mitigation=['zne']"], "no errors to mitigate"),
        (["score", "C", "--basis", "6-31"], "unknown basis '6-31'; use for example 6-31g*"),
        (["sample", "--scaffold", "C1CC"], "check rings, brackets and valences"),
        (["score", "C", "--set", "layers=2"], "'auto' chooses its own length"),
        (["score", "C", *["--recipe", "warhead-ea"] * 2], "'warhead-ea' is given twice"),
        (["recipes", "warhead_ea"], "did you mean 'warhead-ea'?"),
        (["score", "C", "--conformers", "0"], "--conformers"),
        (["score", "C", "--set", "basiss=x"], 'did you mean "basis"?'),
        (["score", "C", "--set", "conformers=many"], "simulation.conformers"),
        (["status", "nowhere"], "nowhere does not exist"),
        (["resume", "nowhere"], "nowhere does not exist"),
        (["leads", "nowhere", "--json", "--format", "csv"], "contradict"),
        (["leads", "nowhere", "--output", "x"], "--format"),
        (["run"], "needs a campaign file"),
        (["run", "nowhere.toml"], "nowhere.toml does not exist"),
        (["train", "nowhere.toml"], "nowhere.toml does not exist"),
        (["screen", "nowhere.csv", "--out", "x"], "nowhere.csv does not exist"),
        (["screen", "nowhere.csv", "--out", "x", "--set", "screen.recip=x"], '"recipe"'),
        (["sample", "--prior", "nowhere"], "zinc250k"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_arguments(arguments) == 2
    lines = _errors(capsys)
    assert len(lines) == 1
    assert lines[0].startswith("molq: ")
    assert said in lines[0]
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("simulation.conformer=3", '[simulation] unknown key "conformer"; did you mean "conf'),
        ("campaign.rounds=0", "campaign.rounds: "),
        ("objective.0.name=warhead_ea", "did you mean 'warhead-ea'?"),
        ("objective.1.name=qed", "no entry '1' in the list"),
        ("objective.0.transform=window", "window needs high"),
        ("simulation.solver=vqee", "did you mean 'vqe'?"),
        ("simulation.backend=aer", 'add solver = "vqe-circuit"'),
        ("simulation={backend='aer', solver='vqe-circuit'}", "the backend 'aer' samples"),
        ("simulation.solver=sqd", "set ranking.sampled = true"),
        (
            "simulation={backend='ibm:fez', solver='vqe-circuit', queue_limit_s=3600}",
            "compute.time_limit_s, 3600 s",
        ),
        ("library.path=elsewhere.csv", "elsewhere.csv does not exist"),
        ("generator.prior=nobody", "[generator] unknown generator 'nobody'"),
        ("generator.scaffold=C=(", "[generator] not a valid SMILES"),
        ("filters.required=['[#']", "filters"),
        ("acquisition={batch='qaoa', backend='ear'}", "[acquisition] backend: unknown backend"),
        ("acquisition={batch='qaoa', backend='fake:nowhere'}", "[acquisition] backend: unknown de"),
        ("surrogate={kind='random-forest', quantum_kernel=true}", 'set kind = "gp"'),
    ],
)
def test_a_wrong_campaign_is_one_line_and_no_folder(
    change: str,
    said: str,
    campaign: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "run"
    assert run_arguments(["run", str(campaign), "--out", str(out), "--set", change]) == 2
    lines = _errors(capsys)
    assert len(lines) == 1
    assert said in lines[0]
    assert not out.exists()


@pytest.mark.parametrize("change", ["campaign.stop_below=0.1", "acquisition.cost_aware=true"])
def test_a_campaign_that_computes_nothing_has_no_cost(
    change: str, campaign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exact = "objective.0={name='qed', transform='maximize', low=0, high=1}"
    call = ["run", str(campaign), "--out", str(tmp_path / "run"), "--set", exact, "--set", change]
    assert run_arguments(call) == 2
    (line,) = _errors(capsys)
    assert line.startswith(f"molq: {change.split('=')[0]}: the campaign computes nothing")
    assert not (tmp_path / "run").exists()


def test_each_problem_of_a_campaign_has_its_line(
    campaign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = ["--set", "simulation.basiss=x", "--set", "campaign.rounds=many"]
    assert run_arguments(["run", str(campaign), *wrong]) == 2
    lines = _errors(capsys)
    assert len(lines) == 2
    assert all(line.startswith("molq: smallest.toml: ") for line in lines)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[campaign\n", "line 1"),
        (b"\xff\xfe[campaign]", "not UTF-8"),
        (b"", "objective: this key is required"),
    ],
)
def test_what_is_no_campaign_file_is_said(
    content: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(content)
    assert run_arguments(["run", str(path)]) == 2
    assert said in _errors(capsys)[0]


def test_a_folder_with_something_in_it_is_left_alone(
    campaign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "notes.txt").write_text("keep me")
    assert run_arguments(["run", str(campaign), "--out", str(out)]) == 2
    assert "not empty" in _errors(capsys)[0]
    assert [path.name for path in out.iterdir()] == ["notes.txt"]


def test_what_a_killed_start_left_is_said(
    campaign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "killed"
    out.mkdir()
    (out / "journal.sqlite").touch()
    assert run_arguments(["run", str(campaign), "--out", str(out)]) == 2
    (line,) = _errors(capsys)
    assert "not a run's folder" in line
    assert "another --out" in line


def test_the_schema_describes_the_campaign_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_arguments(["run", "--schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["properties"]) >= {"campaign", "library", "objective", "simulation"}
    assert schema["additionalProperties"] is False


def test_recipes_are_listed_with_unit_and_cost(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_arguments(["recipes", "--json"]) == 0
    recipes = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert recipes["warhead-ea"]["unit"] == "eV"
    assert recipes["warhead-ea"]["cost"]


def test_one_recipe_is_explained_with_its_patterns_and_page(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from simulation.recipes import recipe

    assert run_arguments(["recipes", "warhead-ea"]) == 0
    told = capsys.readouterr().out
    for text in (*recipe.find("warhead-ea").applies_to, "docs/recipes/warhead-ea.md"):
        assert text in told
    assert run_arguments(["recipes", "warhead-ea", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["applies_to"] == list(recipe.find("warhead-ea").applies_to)
    assert (record["better"], "higher, which a screen" in told) == ("higher", True)


def test_every_recipe_says_what_it_is_and_has_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    from simulation.recipes import recipe

    assert run_arguments(["recipes", "--json"]) == 0
    for record in json.loads(capsys.readouterr().out):
        told = ("summary", "method", "applies_to", "cost", "validity")
        assert all(record[key] for key in told), record["name"]
        assert record["better"] in ("higher", "lower")
        assert recipe.find(record["name"]).better == record["better"]
        assert (Path(__file__).parents[2] / record["page"]).is_file()


def test_debug_lets_the_error_through() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "molq", "status", "nowhere", "--debug"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" in done.stderr
    assert "CallError" in done.stderr


@pytest.mark.parametrize("verb", ["run", "screen", "resume"])
def test_an_interrupt_ends_with_the_command_that_goes_on(
    verb: str,
    campaign: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from molq import execution, reading

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(execution, "begin", interrupted)
    monkeypatch.setattr(execution, "go_on", interrupted)
    monkeypatch.setattr(reading, "check_run", lambda directory: None)
    monkeypatch.setattr(reading, "is_finished", lambda directory: False)
    out = tmp_path / "a run"
    calls = {
        "run": ["run", str(campaign), "--out", str(out), "--set", "generator.share=0.0"],
        "screen": ["screen", str(campaign.parent / "library.csv"), "--out", str(out)],
        "resume": ["resume", str(out)],
    }
    assert run_arguments(calls[verb]) == 130
    lines = _errors(capsys)
    assert lines[0].endswith(f"molq resume '{out}'")
    command = lines[0].removeprefix("If it is interrupted, go on with: ")
    assert f"molq: interrupted; go on with: {command}" in lines


def test_the_command_that_goes_on_is_one_that_this_shell_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from molq.cli.watching import resume_command

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["an env/bin/molq"])
    assert resume_command(Path("runs/a")) == "'an env/bin/molq' resume runs/a"
    monkeypatch.setattr(sys, "argv", ["/somewhere/molq/__main__.py"])
    assert resume_command(Path("runs/a")) == f"{sys.executable} -m molq resume runs/a"
    monkeypatch.setattr(sys, "argv", ["-c"])
    assert resume_command(Path("runs/a")) == f"{sys.executable} -m molq resume runs/a"
    (tmp_path / "molq").touch(mode=0o755)
    assert resume_command(Path("runs/a")) == "molq resume runs/a"


def test_a_cluster_that_is_not_there_leaves_no_folder_in_the_way(
    campaign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = campaign.parent / "run"
    assert run_arguments(["run", str(campaign), "--out", str(out), "--address", "127.0.0.1:9"]) == 1
    assert "cannot join the Ray cluster at 127.0.0.1:9" in _errors(capsys)[-1]
    assert not out.exists()
