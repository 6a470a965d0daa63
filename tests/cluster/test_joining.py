"""A driver that joins a real cluster whose nodes differ in size."""

import json

import pytest

import molq
from screening.store.journal import Journal

ALONE = {"basis": "sto-3g", "density_fit": False, "conformers": 1, "solver": "casci"}
FAST = (
    "--set", "simulation.basis=sto-3g", "--set", "simulation.density_fit=false",
    "--set", "simulation.conformers=1", "--set", "simulation.solver=casci",
)  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "library.csv"
    molecules = ["C=CC(N)=O", "C=CC(=O)NC", "CC(=C)C(N)=O", "CC=CC(N)=O"]
    path.write_text("smiles\n" + "\n".join(molecules) + "\n")
    return path


def test_a_screen_by_address_computes_on_the_nodes(cluster, library, tmp_path):
    run = tmp_path / "run"
    code, out, err = cluster.run(
        "screen", library, "--out", run, "--address", cluster.address, "--json", *FAST,
        "--set", "library.limit=2",
    )  # fmt: skip
    assert code == 0, err
    assert len(json.loads(out)) == 2
    with Journal.open(run, readonly=True) as journal:
        assert journal.settings()["compute"]["address"] == cluster.address
        assert [a.outcome for a in journal.attempts()] == ["scored", "scored"]
    # the same numbers as in a process of one's own
    alone = molq.score("C=CC(N)=O", **ALONE)
    with Journal.open(run, readonly=True) as journal:
        (there,) = [r for r in journal.results() if r.candidate.smiles == alone.score.smiles]
    assert there.score.value == pytest.approx(alone.score.value, abs=1e-7)


@pytest.mark.slow
def test_a_campaign_by_its_file_gives_the_leads_of_one_alone(cluster, library, tmp_path):
    text = (
        "[campaign]\nrounds = 2\nbatch = 2\nbarrier = true\n"
        f'[library]\npath = "{library}"\n[generator]\nshare = 0.0\n'
        '[[objective]]\nname = "warhead-ea"\ntransform = "window"\nlow = -8.0\nhigh = -7.5\n'
    )
    (tmp_path / "alone.toml").write_text(text)
    (tmp_path / "joined.toml").write_text(f'{text}[compute]\naddress = "{cluster.address}"\n')
    leads = {}
    for name in ("alone", "joined"):
        code, out, err = cluster.run(
            "run", tmp_path / f"{name}.toml", "--out", tmp_path / name, "--json", *FAST
        )
        assert code == 0, err
        leads[name] = [(lead["inchikey"], lead["utility"]) for lead in json.loads(out)]
    assert [key for key, _ in leads["joined"]] == [key for key, _ in leads["alone"]]
    for (_, there), (_, here) in zip(leads["joined"], leads["alone"], strict=True):
        assert there == pytest.approx(here, abs=1e-6)


@pytest.mark.slow
def test_a_wrong_token_is_one_line(cluster, library, tmp_path):
    wrong = cluster.folder / "joiner"
    wrong.write_text("f" * 64)
    code, out, err = cluster.run(
        "screen", library, "--out", tmp_path / "run", "--address", cluster.address,
        RAY_AUTH_TOKEN_PATH=str(wrong),
    )  # fmt: skip
    assert (code, out) == (1, "")
    line = err.splitlines()[-1]
    assert line.startswith("molq: cannot join the Ray cluster at")
    assert "RAY_AUTH_TOKEN_PATH" in line
    assert "f" * 64 not in err
