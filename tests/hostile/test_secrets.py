"""A device's token is in the environment, and nowhere in what a run writes or says."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leakyrecipe import SOURCE, TOKEN
from qiskit_ibm_runtime.exceptions import IBMRuntimeError

from molq.campaignfile import ScreenFile
from molq.cli.entry import run_arguments
from molq.environment import environment
from molq.run import Run
from screening.compute.evaluation import Job, decode, encode
from screening.compute.executor import Inline
from screening.compute.isolation import Isolation
from screening.failure import Failure
from screening.screen import ScreenPlan, run_screen
from screening.store.journal import Journal
from simulation.errors import ResourceError, SimulationError
from simulation.quantum.ibm import IBMFamily
from simulation.redaction import redacted, without_known
from simulation.settings import SimulationSettings


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> str:
    """A token in the environment that no file holds by chance."""
    token = "canary-" + secrets.token_hex(16)
    monkeypatch.setenv(TOKEN, token)
    return token


def _check(folder: Path, canary: str) -> int:
    """That no file below a folder holds the canary, in any usual encoding; how many there are."""
    forms = [canary.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    forms += [canary.encode().hex().encode(), canary[7:].encode()]
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        content = path.read_bytes()
        for form in forms:
            assert form not in content, path
    return len(files)


def test_nothing_that_a_screen_writes_or_says_holds_a_token(
    canary: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    library = tmp_path / "library.csv"
    library.write_text("smiles,name\nCCO,a\nCN,b\nCO,c\nCCN,d\n")
    file = ScreenFile.from_document(
        {"library": {"path": str(library)}, "simulation": {"technical_file": True}},
        folder=tmp_path,
        source="screen",
    )
    out = tmp_path / "run"
    with Journal.create(
        out, kind="screen", settings=file.to_document(), environment=environment()
    ) as journal:
        plan = ScreenPlan(file.library, file.recipes, simulation=file.simulation)
        run_screen(journal=journal, plan=plan, executor=Inline(1), sources={"warhead-ea": SOURCE})
        failures = [r.failure for r in journal.results() if r.failure is not None]
    assert len(failures) == 2
    assert all("[secret]" in failure.message for failure in failures)
    Run.open(out).report()
    capfd.readouterr()  # what the recipe itself prints is its author's
    for verb in (["status"], ["leads"], ["leads", "--json"], ["status", "--json"]):
        run_arguments([verb[0], str(out), *verb[1:]])
    shown = capfd.readouterr()
    assert canary not in shown.out + shown.err
    assert _check(tmp_path, canary) >= 5


def test_the_last_words_of_a_process_and_a_score_s_flags_are_told_without_it(canary: str) -> None:
    job = Job(
        id=1,
        inchikey="",
        smiles="CF",
        recipes=("warhead-ea",),
        settings=SimulationSettings().model_dump(mode="json"),
        seed=1,
        time_limit_s=60.0,
        memory_limit_mb=4000,
        sources={"warhead-ea": SOURCE},
    )
    with Isolation() as child:
        (answer,) = child.run(job)
    assert canary not in answer.outcome
    failure = decode(answer.outcome)
    assert isinstance(failure, Failure)
    assert "connecting with [secret]" in failure.message

    from leakyrecipe import RECIPE

    from simulation.workup import Workup

    score = RECIPE.score(Workup("CCO", SimulationSettings(), seed=1))
    text = encode(score)
    assert canary not in text
    assert "[secret]" in text
    assert decode(text) is not None


def test_what_a_device_s_service_answers_is_told_without_it(canary: str) -> None:
    class Service:
        def backend(self, name: str) -> None:
            raise IBMRuntimeError(f"401 Client Error: invalid token: {canary}")

    def refuse() -> None:
        raise OSError(f"https://user:{canary}@quantum.example/ cannot be reached")

    with pytest.raises(ResourceError) as raised:
        IBMFamily(connect=Service).device("torino")
    assert canary not in str(raised.value)
    assert "401" in str(raised.value)
    with pytest.raises((SimulationError, OSError)) as refused:
        IBMFamily(connect=refuse).device("torino")
    assert canary not in redacted(str(refused.value))


CAMPAIGN = """
library.path = "library.csv"
[[objective]]
name = "warhead-ea"
transform = "at_least"
low = -4.95
"""


@pytest.mark.parametrize(
    "line",
    [
        '[simulation]\nbackend = "{}"',
        "# {}",
        "[campaign]\nname = 'my token={}'",
        "# api key: x\n# api_key = {}",
        "[simulation]\ntoken = '{}'",
        '[campaign]\nname = "a"  # password: "{}"',
        "[compute]\naddress = 'ray://head:10001?token={}'",
    ],
)
def test_a_campaign_file_that_holds_a_token_is_refused(
    line: str, canary: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "library.csv").write_text("smiles\nC=CC(N)=O\n")
    path = tmp_path / "campaign.toml"
    path.write_text(CAMPAIGN + line.format(canary) + "\n")
    out = tmp_path / "run"
    assert run_arguments(["run", str(path), "--out", str(out)]) == 2
    shown = capsys.readouterr()
    assert canary not in shown.out + shown.err
    assert "token" in shown.err
    assert not out.exists()


def test_a_setting_of_the_command_line_that_is_a_token_is_refused(
    canary: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "campaign.toml"
    path.write_text(CAMPAIGN)
    (tmp_path / "library.csv").write_text("smiles\nC=CC(N)=O\n")
    for setting in (f"simulation.token={canary}", f"campaign.name={canary}"):
        code = run_arguments(["run", str(path), "--out", str(tmp_path / "run"), "--set", setting])
        assert code == 2
        shown = capsys.readouterr()
        assert canary not in shown.out + shown.err
    assert not (tmp_path / "run").exists()


@settings(max_examples=100, deadline=None)
@given(
    token=st.text(st.characters(codec="ascii", exclude_categories=("Cc", "Zs")), min_size=12),
    before=st.text(max_size=30),
    after=st.text(max_size=30),
)
def test_a_known_secret_is_found_wherever_it_stands(token: str, before: str, after: str) -> None:
    found = redacted(before + token + after, environment={"SOME_API_KEY": token, "HOME": "/x"})
    assert token not in found


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcd1234efgh5678",
        "apikey=abcd1234efgh5678&instance=open",
        '{"token": "abcd1234efgh5678"}',
        "https://somebody:abcd1234efgh5678@host/file",
        "IBM_CLOUD_API_KEY=abcd1234efgh5678",
        "Password: abcd1234efgh5678.",
    ],
)
def test_what_looks_like_a_secret_goes(text: str) -> None:
    assert "abcd1234efgh5678" not in redacted(text, environment={"HOME": "/x"})


@pytest.mark.parametrize(
    "text",
    [
        "none of 10 conformers gave a geometry: 3 GFN2-xTB optimisations did not converge",
        "the token is missing or wrong: set RAY_AUTH_TOKEN_PATH=/etc/molq/token",
        "Hartree-Fock in 6-31g* did not converge: tried diis (60 cycles)",
        "https://example.org/library.csv: 404",
        "password: none",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert redacted(text, environment={"HOME": "/x"}) == text


def test_saved_accounts_and_ray_s_token_are_known(tmp_path: Path) -> None:
    (tmp_path / ".qiskit").mkdir()
    (tmp_path / ".ray").mkdir()
    saved = {"default": {"token": "saved-account-token", "instance": "crn"}, "broken": 3}
    (tmp_path / ".qiskit" / "qiskit-ibm.json").write_text(json.dumps(saved))
    (tmp_path / ".ray" / "auth_token").write_text("token-of-the-cluster\n")
    home = {"HOME": str(tmp_path), "A_TOKEN_PATH": str(tmp_path), "SHORT_TOKEN": "abc"}
    text = f"saved-account-token token-of-the-cluster crn abc {tmp_path}"
    assert without_known(text, environment=home) == f"[secret] [secret] crn abc {tmp_path}"
    (tmp_path / ".qiskit" / "qiskit-ibm.json").write_text("[" * 100000)
    assert "[secret]" in without_known(text, environment=home)


@pytest.mark.slow
def test_a_screen_on_ray_leaves_no_token_in_any_file(canary: str, tmp_path: Path) -> None:
    (tmp_path / "library.csv").write_text("smiles,name\nC=CC(N)=O,acrylamide\nCC,ethane\n")
    home = tmp_path / "home"
    home.mkdir()
    # Ray's sockets need a short path
    done = subprocess.run(
        [sys.executable, "-m", "molq", "screen", "library.csv", "--out", "run", "--workers", "1",
         "--set", "simulation.basis=sto-3g", "--set", "simulation.density_fit=false",
         "--set", "simulation.conformers=1"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "HOME": str(home), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert canary not in done.stdout + done.stderr
    subprocess.run(
        [sys.executable, "-m", "molq", "report", "run"], cwd=tmp_path, check=True,
        capture_output=True,
    )  # fmt: skip
    assert _check(tmp_path, canary) >= 5
