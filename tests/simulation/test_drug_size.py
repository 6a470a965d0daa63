"""A whole drug: minutes of mean field, and the same promises."""

import pytest

from simulation.recipes.recipe import find
from simulation.settings import SimulationSettings
from simulation.workup import Workup

RITLECITINIB = "C[C@H]1CC[C@H](CN1C(=O)C=C)Nc1ncnc2[nH]ccc12"


@pytest.mark.slow
def test_an_approved_covalent_drug_is_scored() -> None:
    score = find("warhead-ea").score(Workup(RITLECITINIB, SimulationSettings(conformers=3), seed=1))
    (site,) = score.sites
    assert "acrylamide" in site.name
    assert abs(score.casci_deviation_mha) < 0.15  # up to 0.1 in a sector
    assert -6.5 < score.value < -4
    assert score.baselines["hf_lumo"].value > 0
    assert score.provenance.charge == 0
    assert min(score.active_space.weights) > 0.5
