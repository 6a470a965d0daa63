import pytest

from simulation.errors import ConvergenceError, InputError
from simulation.recipes.recipe import find
from simulation.recipes.redox import RECIPE
from simulation.settings import SimulationSettings
from simulation.workup import Workup

QUICK = SimulationSettings(conformers=1, solver="casci", basis="sto-3g")


def test_ionisation_and_affinity_of_ethene_and_butadiene() -> None:
    # vertical ionisation potentials: ethene 10.5 eV, butadiene 9.1 eV
    ethene, butadiene = (
        find("redox").score(Workup(smiles, QUICK, seed=1)) for smiles in ("C=C", "C=CC=C")
    )
    assert ethene.value > butadiene.value
    assert [s.name.split(",")[0] for s in ethene.sites] == ["oxidation", "reduction"]
    assert ethene.sites[1].value < butadiene.sites[1].value < 0
    assert ethene.value == pytest.approx(ethene.casci_value)
    assert set(ethene.baselines) == {
        "delta_scf_ip", "koopmans_ip", "pi_space_ea", "delta_scf_ea", "gfn2_lumo",
    }  # fmt: skip
    # relaxed orbitals bind the remaining electrons better than frozen ones
    assert ethene.baselines["delta_scf_ip"].value < ethene.baselines["koopmans_ip"].value
    assert [(s.n_alpha, s.n_beta) for s in ethene.sites[0].solutions] == [(1, 1), (1, 0)]


def test_no_pi_system_is_refused_before_anything_is_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from simulation import geometry

    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("computed")

    monkeypatch.setattr(geometry, "embed", never)
    with pytest.raises(InputError, match="no conjugated pi system"):
        RECIPE.score(Workup("CCO", QUICK, seed=1))


def test_an_ion_without_a_mean_field_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulation import meanfield

    genuine = meanfield.solve

    def failing(*args, **kwargs):  # type: ignore[no-untyped-def]
        if kwargs.get("charge") == -1:
            raise ConvergenceError("meanfield", "not converged")
        return genuine(*args, **kwargs)

    monkeypatch.setattr(meanfield, "solve", failing)
    score = RECIPE.score(Workup("C=C", QUICK, seed=1))
    assert "delta_scf_ea" not in score.baselines
    assert "delta_scf_ip" in score.baselines
    assert any("no Delta-SCF of the anion: not converged" in flag for flag in score.flags)
