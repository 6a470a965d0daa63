"""Runs as jobs of a real cluster with its token on: sent, looked at, stopped, gone on with."""

import json
import signal
import time
import urllib.request

import pytest
from raycluster import CANARIES, status_of

from screening.store.journal import Journal

FAST = (
    "--set", "simulation.basis=sto-3g", "--set", "simulation.density_fit=false",
    "--set", "simulation.conformers=1", "--set", "simulation.solver=casci",
)  # fmt: skip
ACRYLAMIDES = {
    "compound-alpha": "C=CC(N)=O",
    "compound-beta": "C=CC(=O)NC",
    "compound-gamma": "CC(=C)C(N)=O",
    "compound-delta": "CC=CC(N)=O",
}
HELD = "C=C(C)C(N)=O"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "project-nightingale.csv"
    rows = "".join(f"{name},{smiles}\n" for name, smiles in ACRYLAMIDES.items())
    path.write_text(f"name,smiles\n{rows}")
    return path


def results(run):
    """By the molecules' names; none before there is a journal."""
    if not (run / "screen.toml").exists() and not (run / "campaign.toml").exists():
        return {}
    with Journal.open(run, readonly=True) as journal:
        return {r.candidate.name: r for r in journal.results()}


def wait_for(condition, what, seconds=180):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"no {what} in time"
        time.sleep(0.2)


def test_the_dashboard_wants_the_token_and_molq_says_so_in_one_line(cluster, library):
    assert status_of(f"{cluster.server}/api/jobs/", None) == 401
    assert status_of(f"{cluster.server}/api/jobs/", "0" * 64) == 403
    wrong = cluster.folder / "wrong"
    wrong.write_text("0" * 64)
    call = ("submit", library, "--address", cluster.server, "--out", cluster.folder / "no")
    for changes, words in (
        ({"RAY_AUTH_TOKEN_PATH": str(wrong)}, "does not accept this token"),
        ({"RAY_AUTH_TOKEN_PATH": None, "RAY_AUTH_MODE": None}, "asks for its token"),
    ):
        code, out, err = cluster.run(*call, **changes)
        assert (code, out) == (1, "")
        (line,) = err.splitlines()
        assert words in line
        assert "RAY_AUTH_TOKEN_PATH" in line
        assert "0" * 64 not in err


def test_a_screen_sent_stopped_and_sent_again_ends_whole(cluster, library, tmp_path):
    run = tmp_path / "run"
    call = (
        "submit", library, "--recipe", "faulty", "--address", cluster.server, "--out", run,
        "--data", "upload",
    )  # fmt: skip
    cluster.plan(**{HELD: "hang"})
    code, out, err = cluster.run(*call, "--no-wait")
    assert code == 0, err
    (job,) = out.splitlines()
    at = (job, "--address", cluster.server)
    assert f"molq stop {job}" in err

    # looked at while it works
    others = len(ACRYLAMIDES) - 1
    wait_for(lambda: len(results(run)) == others, "results")
    code, out, err = cluster.run("status", *at, "--json")
    assert code == 0, err
    status = json.loads(out)
    assert (status["state"], status["run"]) == ("RUNNING", str(run))
    assert status["status"]["state"] == "running"  # the run's own, for its folder is here too

    # stopped: the journal is whole and free
    code, _, err = cluster.run("stop", *at)
    assert code == 0, err
    assert "stopped" in err
    kept = results(run)
    assert len(kept) == others
    with Journal.open(run, readonly=True) as journal:
        assert journal.events()[-1].message == "stopped before its end"
        assert not journal.finished
    assert (run / "results.csv").exists()

    # sent again, followed to its end
    cluster.plan()
    code, out, err = cluster.run(*call)
    assert code == 0, out + err
    assert out.splitlines()[0].startswith("molq-")
    final = results(run)
    assert set(final) == set(ACRYLAMIDES)
    assert all(final[name] == result for name, result in kept.items())
    assert all(result.score is not None for result in final.values())
    with Journal.open(run, readonly=True) as journal:
        assert journal.finished
        scored = [a for a in journal.attempts() if a.outcome == "scored"]
        assert len(scored) == len(ACRYLAMIDES)  # nothing twice
        assert journal.settings()["library"]["path"] == "inputs/library.csv"
        assert len(journal.environment()["library_sha256"]) == 64
    assert (run / "inputs" / "library.csv").read_bytes() == library.read_bytes()

    # nothing of the run but its folder's path stands in the cluster's records
    second = out.splitlines()[0]
    records = _records(cluster)
    assert job in records
    assert second in records
    for secret in (
        *ACRYLAMIDES, *ACRYLAMIDES.values(), "nightingale", cluster.token, *CANARIES.values(),
        *CANARIES,
    ):  # fmt: skip
        assert secret not in records, secret
        assert secret not in out, secret  # nor in the log
    assert "4 scored, 0 failed, 4 leads" in out


@pytest.mark.slow
def test_ctrl_c_leaves_the_job_running(cluster, library, tmp_path):
    run = tmp_path / "left"
    process = cluster.call(
        "submit", library, "--address", cluster.server, "--out", run, *FAST,
        "--set", "library.limit=2",
    )  # fmt: skip
    job = process.stdout.readline().strip()
    wait_for(lambda: (run / "screen.toml").exists(), "journal")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"molq logs {job}" in err
    code, out, err = cluster.run("logs", job, "--address", cluster.server, "--follow")
    assert code == 0, out + err
    assert len(results(run)) == 2


@pytest.mark.slow
def test_a_campaign_sent_by_path_ends_with_its_leads(cluster, library, tmp_path):
    campaign = tmp_path / "campaign.toml"
    campaign.write_text(
        f'[campaign]\nname = "nightingale"\nrounds = 2\nbatch = 2\nbarrier = true\n'
        f'[library]\npath = "{library}"\n[generator]\nshare = 0.0\n'
        '[[objective]]\nname = "warhead-ea"\ntransform = "window"\nlow = -8.0\nhigh = -7.5\n'
    )
    run = tmp_path / "run"
    code, out, err = cluster.run(
        "submit", campaign, "--address", cluster.server, "--out", run, *FAST
    )
    assert code == 0, out + err
    assert len(results(run)) == 4
    assert (run / "leads.csv").exists()
    assert (run / "campaign.source.toml").read_bytes() == campaign.read_bytes()
    code, out, err = cluster.run("verify", run)
    assert code == 0, out + err
    code, out, err = cluster.run("resume", run, "--json")
    assert code == 0, err


@pytest.mark.slow
def test_a_library_that_the_cluster_does_not_see_is_one_line(cluster, tmp_path):
    screen = tmp_path / "screen.toml"
    screen.write_text('[screen]\nrecipe = "warhead-ea"\n[library]\npath = "/nowhere/at/all.csv"\n')
    code, out, err = cluster.run(
        "submit", screen, "--address", cluster.server, "--out", tmp_path / "run"
    )
    assert code == 2, out + err
    assert "--data upload" in out
    assert not (tmp_path / "run" / "journal.sqlite").exists()


def _records(cluster) -> str:
    """All that the cluster keeps of its jobs."""
    call = urllib.request.Request(f"{cluster.server}/api/jobs/")
    call.add_header("Authorization", f"Bearer {cluster.token}")
    with urllib.request.urlopen(call, timeout=10) as answer:
        return answer.read().decode()
