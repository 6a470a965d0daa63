import numpy as np
import pytest
from rdkit import Chem

from simulation.ensemble import Ensemble
from simulation.errors import ConvergenceError, InputError, StochasticError
from simulation.geometry import Geometry, embed, optimise, optimise_all
from simulation.molecule import parse
from simulation.recipes.recipe import find
from simulation.score import ConformerRecord
from simulation.settings import SimulationSettings
from simulation.workup import Workup

QUICK = SimulationSettings(conformers=3)


def _work(smiles: str, seed: int = 1, settings: SimulationSettings = QUICK) -> Workup:
    return Workup(smiles, settings, seed=seed)


def _geometry(energy: float) -> Geometry:
    return Geometry(
        molecule=Chem.MolFromSmiles("[He]"),
        symbols=("He",),
        coordinates=np.zeros((1, 3)),
        charge=0,
        energy=energy,
        lumo=1.0,
        method="none",
        conformers=ConformerRecord(1, 1, 1, 1, 0.0, "none"),
    )


def test_weights_are_boltzmann_s() -> None:
    # one kcal/mol is a factor of 5.41 at 298.15 K
    ensemble = Ensemble((_geometry(-1.0), _geometry(-1.0 + 1 / 627.5094740631)))
    assert ensemble.energies == pytest.approx([0.0, 1.0], abs=1e-9)
    weights = ensemble.weights()
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] / weights[1] == pytest.approx(5.4073, abs=1e-3)
    assert ensemble.average([2.0, 4.0]) == pytest.approx(2 * weights[0] + 4 * weights[1])
    assert ensemble.weights(1e-3) == pytest.approx([1.0, 0.0])
    assert len(ensemble.within(0.5)) == 1
    assert ensemble.within(1.01) == ensemble


def test_an_ensemble_refuses_what_it_cannot_weigh() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Ensemble(())
    with pytest.raises(ValueError, match="lowest first"):
        Ensemble((_geometry(-1.0), _geometry(-2.0)))
    pair = Ensemble((_geometry(-2.0), _geometry(-1.0)))
    with pytest.raises(ValueError, match="2 conformers"):
        pair.average([1.0])
    with pytest.raises(ValueError, match="above 0 K"):
        pair.weights(0.0)


def test_the_ensemble_holds_the_distinct_conformers_and_the_geometry_is_its_lowest() -> None:
    work = _work("C=CC(=O)NCCO")
    ensemble = work.ensemble
    assert len(ensemble) == work.geometry.conformers.distinct
    assert work.geometry is ensemble.lowest
    assert ensemble.energies[0] == 0
    assert (np.diff(ensemble.energies) >= 0).all()
    assert ensemble.energies.max() <= work.geometry.conformers.spread + 1e-9
    alone = optimise(embed(work.molecule, QUICK, seed=1), QUICK)
    assert alone.coordinates == pytest.approx(work.geometry.coordinates, abs=1e-4)
    assert set(work.clock.timings) == {"embedding", "geometry"}


def test_a_species_follows_from_its_parent_and_shares_its_clock() -> None:
    work = _work("C=CC(N)=O")
    anion = work.species("CSCC=C(N)[O-]", name="adduct")
    assert (anion.charge, anion.multiplicity, anion.name) == (-1, 1, "adduct")
    assert anion.clock is work.clock
    assert anion.settings is work.settings
    assert work.species("[O-]C(N)=CCSC") is anion
    assert anion.seed != work.seed
    assert _work("C=CC(N)=O").species("CSCC=C(N)[O-]").seed == anion.seed
    assert _work("C=CC(N)=O", seed=2).species("CSCC=C(N)[O-]").seed != anion.seed
    assert work.species("C=CC(=O)O").seed != anion.seed


def test_a_molecule_keeps_its_atom_order_where_a_smiles_takes_the_canonical_one() -> None:
    work = _work("C=CC(N)=O")
    backwards = Chem.RenumberAtoms(work.molecule, [4, 3, 2, 1, 0])
    kept = work.species(backwards)
    assert [a.GetSymbol() for a in kept.molecule.GetAtoms()] == ["O", "N", "C", "C", "C"]
    assert kept.geometry.symbols[:5] == ("O", "N", "C", "C", "C")
    assert work.species(Chem.MolToSmiles(backwards)) is not kept
    assert kept.smiles == work.smiles


def test_radicals_are_species_and_never_input() -> None:
    with pytest.raises(InputError, match="open shell"):
        _work("[CH2]C(N)=O")
    work = _work("CC(N)=O")
    radical = work.species("[CH2]C(N)=O", multiplicity=2, name="radical")
    assert radical.geometry.multiplicity == 2
    record = radical.record()
    assert (record.name, record.charge, record.multiplicity) == ("radical", 0, 2)
    assert record.energy == radical.geometry.energy
    assert record.geometry.splitlines()[0] == "8"
    assert radical.record("other").name == "other"


def test_the_total_charge_can_differ_from_the_formal_charges() -> None:
    # benzoquinone holds an extra electron: the semiquinone anion lies below it
    work = _work("O=C1C=CC(=O)C=C1")
    anion = work.species(work.molecule, charge=-1, multiplicity=2, name="radical anion")
    assert anion.geometry.charge == -1
    assert anion.geometry.energy < work.geometry.energy
    assert anion.smiles == work.smiles


@pytest.mark.parametrize(
    ("species", "charge", "multiplicity", "reason"),
    [
        ("[CH2]C(N)=O", None, 1, "31 electrons"),
        ("CC(N)=O", None, 2, "32 electrons"),
        ("CC(N)=O", -1, 1, "33 electrons"),
        ("[Cl-].CC(N)=O", None, 1, "fragments"),
        ("CC(N)=[O", None, 1, "cannot read"),
    ],
)
def test_a_species_that_cannot_be_is_refused(
    species: str, charge: int | None, multiplicity: int, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        _work("CC(N)=O").species(species, charge=charge, multiplicity=multiplicity)


def test_a_failed_mean_field_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulation import meanfield

    attempts = []

    def failing(geometry: Geometry, *args: object, **kwargs: object) -> None:
        attempts.append(geometry)
        raise ConvergenceError("meanfield", "no rung converged")

    monkeypatch.setattr(meanfield, "solve", failing)
    work = _work("C=CC(N)=O", settings=SimulationSettings(conformers=1))
    for recipe in ("warhead-ea", "warhead-st", "photo-st-gap"):
        with pytest.raises(ConvergenceError, match="meanfield: no rung converged"):
            find(recipe).score(work)
    assert len(attempts) == 1
    # another molecule, and a species of this one, have their own
    with pytest.raises(ConvergenceError):
        _ = work.species("CC(N)=O").field
    assert len(attempts) == 2


def test_a_failed_search_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulation import conformersearch

    attempts = []

    def failing(molecule: Chem.Mol, *args: object, **kwargs: object) -> None:
        attempts.append(molecule)
        raise StochasticError("geometry", "no conformer with this seed")

    monkeypatch.setattr(conformersearch, "starts", failing)
    work = _work("C=CC(N)=O")
    with pytest.raises(StochasticError) as first:
        _ = work.ensemble
    with pytest.raises(StochasticError) as second:
        _ = work.geometry
    with pytest.raises(StochasticError):
        _ = work.field
    assert (second.value.step, second.value.message) == (first.value.step, first.value.message)
    assert len(attempts) == 1


def test_a_species_made_by_hand_with_a_wrong_valence_is_refused() -> None:
    made = Chem.RWMol(Chem.MolFromSmiles("C=CC(N)=O"))
    made.AddBond(0, 2, Chem.BondType.DOUBLE)
    with pytest.raises(InputError, match="cannot exist"):
        _work("CC(N)=O").species(made.GetMol())


@pytest.mark.parametrize(
    ("smiles", "charge", "multiplicity"),
    [
        ("CS(=O)(=O)C=C", 0, 1),
        ("ClCC(=O)NC", 0, 1),
        ("Brc1ccccc1", 0, 1),
        ("ICC(N)=O", 0, 1),
        ("COP(=O)(OC)OC", 0, 1),
        ("C[Si](C)(C)C=C", 0, 1),
        ("OB(O)c1ccccc1", 0, 1),
        ("C[NH+](C)C", 1, 1),
        ("CC(=O)[O-]", -1, 1),
        ("C[S-]", -1, 1),
        ("[Cl-]", -1, 1),
        ("C[CH]C", 0, 2),
        ("[O]c1ccccc1", 0, 2),
        ("C[S]", 0, 2),
    ],
)
def test_gfn2_geometries_over_the_elements_charges_and_radicals(
    smiles: str, charge: int, multiplicity: int
) -> None:
    settings = SimulationSettings(conformers=1)
    molecule = parse(smiles, max_heavy_atoms=20, open_shell=True)
    (geometry,) = optimise_all(
        embed(molecule, settings, seed=1), settings, multiplicity=multiplicity
    )
    assert (geometry.charge, geometry.multiplicity) == (charge, multiplicity)
    assert geometry.flags == ()


@pytest.mark.parametrize(
    ("smiles", "pattern", "angstrom"),
    [
        # gas-phase electron diffraction and microwave bond lengths, to a few hundredths
        ("CSC", "CS", 1.81),
        ("CCl", "CCl", 1.78),
        ("CBr", "CBr", 1.94),
        ("CI", "CI", 2.14),
        ("CP", "CP", 1.86),
        ("C[SiH3]", "C[Si]", 1.87),
        ("CB(C)C", "CB", 1.58),
    ],
)
def test_bond_lengths_are_those_of_experiment(smiles: str, pattern: str, angstrom: float) -> None:
    settings = SimulationSettings(conformers=1, solvent=None)
    geometry = optimise(embed(parse(smiles, max_heavy_atoms=9), settings, seed=1), settings)
    one, other = geometry.molecule.GetSubstructMatch(Chem.MolFromSmarts(pattern))
    length = np.linalg.norm(geometry.coordinates[one] - geometry.coordinates[other])
    assert length == pytest.approx(angstrom, abs=0.04)
