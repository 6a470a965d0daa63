"""The campaign files and libraries that come with molq work as they stand."""

from pathlib import Path

import pytest
from rdkit import Chem

from molq.campaignfile import CampaignFile
from screening.intake.library import LibrarySettings, read
from simulation.recipes.recipe import find

CONFIGS = Path(__file__).parents[1] / "configs"
CAMPAIGNS = sorted(
    path for path in CONFIGS.glob("*.toml") if not path.name.startswith(("train_", "prices"))
)


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.stem)
def test_campaign_file_reads(path: Path) -> None:
    campaign = CampaignFile.from_toml(path)
    assert any(objective.name == "warhead-ea" for objective in campaign.objective)


@pytest.mark.parametrize(
    ("library", "least", "largest"), [("acrylamides", 60, 18), ("covalent_drugs", 25, 50)]
)
def test_library_is_whole(library: str, least: int, largest: int) -> None:
    recipe = find("warhead-ea")
    rows = list(read(LibrarySettings(path=CONFIGS / "libraries" / f"{library}.csv")))
    assert [row for row in rows if row.candidate is None] == []
    molecules = [Chem.MolFromSmiles(row.candidate.smiles) for row in rows if row.candidate]
    assert len(molecules) >= least
    assert max(molecule.GetNumHeavyAtoms() for molecule in molecules) <= largest
    assert all(recipe.sites(molecule) for molecule in molecules)
