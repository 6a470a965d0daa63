"""The campaign file: read, resolved, written out with every default, read again."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from molq import CallError, tomlreader
from molq.campaignfile import CampaignFile, ScreenFile

SMALLEST = """library.path = "library.csv"
[[objective]]
name = "warhead-ea"
transform = "at_least"
low = -4.95
"""


@pytest.fixture
def smallest(tmp_path: Path) -> Path:
    path = tmp_path / "campaign.toml"
    path.write_text(SMALLEST)
    return path


def test_five_lines_are_enough(smallest: Path) -> None:
    assert len(SMALLEST.splitlines()) == 5
    file = CampaignFile.from_toml(smallest)
    assert file.campaign.rounds == 3
    assert file.simulation.solver == "vqe"
    assert file.objective[0].low == -4.95


def test_paths_are_meant_from_the_files_folder(smallest: Path) -> None:
    file = CampaignFile.from_toml(smallest, ["generator.prior=mine.safetensors"])
    assert file.library is not None
    assert file.library.path == smallest.parent / "library.csv"
    assert file.generator.prior == str(smallest.parent / "mine.safetensors")
    assert CampaignFile.from_toml(smallest).generator.prior == "zinc250k"
    starts = CampaignFile.from_toml(
        smallest, ["generator.prior=qcbm", "generator.base=mine.safetensors"]
    )
    assert starts.generator.prior == "qcbm"
    assert starts.generator.network == str(smallest.parent / "mine.safetensors")


def test_absolute_paths_stay(smallest: Path) -> None:
    file = CampaignFile.from_toml(smallest, {"library.path": "/data/library.smi"})
    assert file.library is not None
    assert file.library.path == Path("/data/library.smi")


def test_the_written_file_reads_back_the_same(smallest: Path, tmp_path: Path) -> None:
    file = CampaignFile.from_toml(
        smallest,
        {
            "simulation.solvent": "none",
            "campaign.name": 'a "quoted" name\nin two lines',
            "library.delimiter": "tab",
            "filters.required": ["[#6]=[#6]"],
            "generator.max_heavy_atoms": 20,
        },
    )
    written = tmp_path / "again.toml"
    written.write_text(file.to_toml())
    assert CampaignFile.from_toml(written) == file
    assert file.simulation.solvent is None
    document = tomlreader.read(written)
    assert set(document) == set(CampaignFile.model_fields)
    assert document["simulation"]["conformers"] == 10


def test_a_screen_reads_back_the_same(tmp_path: Path) -> None:
    file = ScreenFile.from_document(
        {"library": {"path": "x.smi"}}, folder=tmp_path, source="the test"
    )
    written = tmp_path / "screen.toml"
    written.write_text(file.to_toml())
    assert ScreenFile.from_toml(written) == file


def test_none_unsets_only_what_can_be_unset(smallest: Path) -> None:
    assert CampaignFile.from_toml(smallest, ["campaign.budget=none"]).campaign.budget is None
    with pytest.raises(CallError, match=r"campaign\.rounds"):
        CampaignFile.from_toml(smallest, ["campaign.rounds=none"])


def test_without_library_and_generator_there_is_nothing_to_choose(tmp_path: Path) -> None:
    document = {"objective": [{"name": "qed", "transform": "maximize", "low": 0, "high": 1}]}
    assert CampaignFile.from_document(document, folder=tmp_path, source="x").library is None
    with pytest.raises(CallError, match="no molecules to choose from"):
        CampaignFile.from_document(
            {**document, "generator": {"share": 0.0}}, folder=tmp_path, source="x"
        )


def test_the_schema_accepts_what_the_reader_accepts(smallest: Path) -> None:
    schema = CampaignFile.json_schema()
    jsonschema.validate(tomlreader.read(smallest), schema)
    jsonschema.validate(CampaignFile.from_toml(smallest).to_document(), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**tomlreader.read(smallest), "simulation": {"conformer": 1}}, schema)


def test_every_key_says_what_it_is() -> None:
    for name, field in CampaignFile.model_fields.items():
        from molq.diagnosis import model_in

        model = model_in(field.annotation)
        assert model is not None
        for key, setting in model.model_fields.items():
            assert setting.description, f"{name}.{key}"


def test_the_page_of_the_campaign_file_names_every_key() -> None:
    from molq.diagnosis import model_in

    page = (Path(__file__).parents[2] / "docs" / "campaign-file.md").read_text()
    for name, field in CampaignFile.model_fields.items():
        section = page.partition(f"## `[{name}]`")[2] or page.partition(f"## `[[{name}]]`")[2]
        section = section.partition("\n## ")[0]
        model = model_in(field.annotation)
        assert model is not None
        for key in model.model_fields:
            assert f"| `{key}` |" in section, f"docs/campaign-file.md lacks {name}.{key}"
