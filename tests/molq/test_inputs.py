"""A run knows whether what it reads is still what it began with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from generative import weights
from molq import CallError, companions
from molq.campaignfile import CampaignFile
from molq.environment import environment
from molq.inputs import COMPANIONS, LIBRARY, PRIOR, Source, changes, checksums
from screening.intake.intake import COMPLETE
from screening.store.journal import Journal

NOW = "1.2.3"


@pytest.fixture
def campaign(tmp_path: Path) -> CampaignFile:
    (tmp_path / "library.smi").write_text("C=CC(N)=O\n")
    (tmp_path / "own.safetensors").write_bytes(b"a prior")
    document: dict[str, Any] = {
        "library": {"path": str(tmp_path / "library.smi")},
        "generator": {"prior": str(tmp_path / "own.safetensors")},
        "objective": [{"name": "qed", "transform": "maximize", "low": 0, "high": 1}],
    }
    return CampaignFile.model_validate(document)


@pytest.fixture
def journal(campaign: CampaignFile, tmp_path: Path) -> Any:
    stated = {"versions": {"molq": NOW}, **checksums(campaign)}
    with Journal.create(
        tmp_path / "run", kind="campaign", settings={}, environment=stated
    ) as journal:
        yield journal


def test_checksums_are_those_of_the_files(campaign: CampaignFile) -> None:
    assert checksums(campaign) == {
        LIBRARY: hashlib.sha256(b"C=CC(N)=O\n").hexdigest(),
        PRIOR: hashlib.sha256(b"a prior").hexdigest(),
    }


def test_a_shipped_prior_has_a_file_and_a_foreign_generator_none() -> None:
    shipped = weights.file_of("zinc250k")
    assert shipped is not None
    assert shipped.stat().st_size > 1_000_000
    assert weights.file_of("somebody-elses") is None


def test_nothing_changed_is_nothing_said(journal: Journal, campaign: CampaignFile) -> None:
    assert changes(journal, campaign, NOW) == ()


def test_another_version_and_another_prior_are_named(
    journal: Journal, campaign: CampaignFile, tmp_path: Path
) -> None:
    (tmp_path / "own.safetensors").write_bytes(b"another prior")
    version, prior = changes(journal, campaign, "9.9.9")
    assert version.startswith("the run began with molq 1.2.3, this is 9.9.9:")
    assert "own.safetensors is not the one the run began with" in prior
    (tmp_path / "own.safetensors").unlink()
    assert len(changes(journal, campaign, NOW)) == 1


def test_another_library_is_refused_until_all_of_it_was_read(
    journal: Journal, campaign: CampaignFile, tmp_path: Path
) -> None:
    (tmp_path / "library.smi").write_text("CC(N)=O\n")
    with pytest.raises(CallError, match="is not the file the run began with: put that back"):
        changes(journal, campaign, NOW)
    (tmp_path / "library.smi").unlink()
    with pytest.raises(CallError, match=r"cannot read .*No such file"):
        changes(journal, campaign, NOW)
    journal.mark(COMPLETE, "yes")
    assert changes(journal, campaign, NOW) == ()


def _two_lists(tmp_path: Path) -> CampaignFile:
    for place in ("one", "two"):
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / "known.smi").write_text(f"{'C' * len(place)}O {place}\n")
    wishes = [
        {
            "name": f"novelty:{place}", "transform": "maximize", "low": 0, "high": 1,
            "settings": {"known": str(tmp_path / place / "known.smi")},
        }
        for place in ("one", "two")
    ]  # fmt: skip
    return CampaignFile.model_validate({"objective": wishes})


def test_two_files_of_one_name_have_a_sum_each(tmp_path: Path) -> None:
    file = _two_lists(tmp_path)
    (tmp_path / "two" / "known.smi").write_text("CCCO other\n")
    sums = checksums(file)[COMPANIONS]
    assert list(sums) == ["objective 1 novelty:one known", "objective 2 novelty:two known"]
    assert len(set(sums.values())) == 2
    with Journal.create(
        tmp_path / "run", kind="campaign", settings={},
        environment={"versions": {"molq": NOW}, **checksums(file)},
    ) as journal:  # fmt: skip
        assert changes(journal, file, NOW) == ()
        (tmp_path / "one" / "known.smi").write_text("CCCCO other\n")
        with pytest.raises(CallError, match=r"one/known\.smi is not the file the run began with"):
            changes(journal, file, NOW)


def test_copies_are_named_the_same_wherever_the_files_lie(tmp_path: Path) -> None:
    names = []
    for place in ("here", "elsewhere"):
        (tmp_path / place).mkdir()
        found = companions.named_apart(companions.paths(_two_lists(tmp_path / place)))
        names.append(list(found.values()))
    assert names[0] == names[1] == ["known.smi", "known-2.smi"]
    third = [Path("a/known.smi"), Path("b/known.smi"), Path("c/known-2.smi"), Path("library.csv")]
    told = list(companions.named_apart(third).values())
    assert told == ["known.smi", "known-3.smi", "known-2.smi", "library-2.csv"]


def test_the_campaign_file_is_kept_byte_for_byte_with_what_the_call_changed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "campaign.toml"
    raw = b'# ours\r\n[campaign]\nname = "a"  \n'
    path.write_bytes(raw)
    source = Source.read(path, {"campaign.rounds": 2})
    assert source.content == raw
    digest = hashlib.sha256(raw).hexdigest()
    assert source.facts() == {"source_sha256": digest, "changes": ["campaign.rounds=2"]}
    assert Source.read(path, ["campaign.rounds=2"]).facts() == source.facts()
    assert Source.read(path).facts() == {"source_sha256": digest}
    with pytest.raises(CallError, match=r"cannot read .*none\.toml"):
        Source.read(tmp_path / "none.toml")


def test_the_environment_names_versions_machine_and_container(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("MOLQ_IMAGE", "MOLQ_REVISION", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    found = environment()
    assert {"python", "system", "host", "processor", "cores", "memory"} <= found.keys()
    assert found["packages"]["rdkit"] == found["versions"]["rdkit"]
    assert "image" not in found
    monkeypatch.setenv("MOLQ_IMAGE", "registry.example/molq@sha256:ab")
    monkeypatch.setenv("MOLQ_REVISION", "c0ffee")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    found = environment()
    assert found["image"] == "registry.example/molq@sha256:ab"
    assert (found["image_revision"], found["slurm_job"]) == ("c0ffee", "17")
