import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from simulation import conformersearch, torsions
from simulation.conformers import distinct, embed, keeps_bonds
from simulation.conformersearch import starts
from simulation.errors import InputError
from simulation.molecule import parse
from simulation.quantum.qubo import lowest
from simulation.settings import SimulationSettings
from simulation.torsionqubo import Encoding, blocks, greedy, whole
from simulation.torsions import TorsionGrid, grid, rotatable, turned
from simulation.workup import Workup

METOPROLOL = "COCCc1ccc(OC[C@@H](O)CNC(C)C)cc1"


def _embedded(smiles: str, conformers: int = 1) -> Chem.Mol:
    settings = SimulationSettings(conformers=conformers)
    return embed(parse(smiles, max_heavy_atoms=80), settings, seed=1)


def _settings(search: str, **more: object) -> SimulationSettings:
    return SimulationSettings.model_validate({"conformer_search": search, "conformers": 2, **more})


@pytest.fixture(scope="module")
def metoprolol() -> TorsionGrid:
    return grid(_embedded(METOPROLOL), 0)


@pytest.mark.parametrize(
    ("smiles", "count"),
    [
        ("CCCC", 1),  # methyl groups are left out
        ("CC(C)(C)C", 0),
        ("CNC(C)=O", 0),  # neither the amide nor its methyl groups
        ("COC(C)=O", 0),
        ("CCN(CC)C(C)=O", 3),  # the tertiary amide turns
        ("OCCO", 3),  # hydroxyl hydrogens count
        ("c1ccccc1-c1ccccc1", 1),
        ("C=CC(=O)C=C", 2),
        ("C1CCCCC1", 0),
        ("CCC#CCC", 0),
        ("FC(F)(F)CC", 0),
    ],
)
def test_which_bonds_are_turned(smiles: str, count: int) -> None:
    assert len(rotatable(_embedded(smiles))) == count


def test_turning_sets_the_dihedral_and_leaves_the_rest() -> None:
    molecule = _embedded("CCCC")
    bonds = grid(molecule, 0)
    (torsion,) = bonds.torsions
    for degrees in (-170.0, -60.0, 0.0, 35.0, 179.0):
        places = turned(bonds.positions, torsion, degrees)
        conformer = Chem.Conformer(molecule.GetNumAtoms())
        conformer.SetPositions(places)
        assert rdMolTransforms.GetDihedralDeg(conformer, *torsion.atoms) == pytest.approx(degrees)
        for bond in molecule.GetBonds():
            ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
            lengths = [np.linalg.norm(p[ends[0]] - p[ends[1]]) for p in (places, bonds.positions)]
            assert lengths[0] == pytest.approx(lengths[1])


def test_butane_prefers_anti_to_gauche() -> None:
    butane = grid(_embedded("CCCC"), 0)
    (torsion,), (energies,) = butane.torsions, butane.own
    assert sorted(torsion.states) == pytest.approx([65, 180, 295], abs=15)
    anti = int(np.argmin(np.abs(torsion.states - 180)))
    assert energies[anti] == 0
    # experiment: gauche 0.6 to 0.9 kcal/mol above anti; rigid rotation gives a little more
    assert 0.3 < np.delete(energies, anti).min() < 1.5


def test_the_syn_pentane_clash_is_a_pair_term() -> None:
    pentane = grid(_embedded("CCCCC"), 0)
    (table,) = pentane.pairs.values()
    first, second = (t.states for t in pentane.torsions)

    def place(states: np.ndarray, degrees: float) -> int:
        return int(np.argmin(np.abs(states - degrees)))

    gauche, other = place(first, 60), place(second, 300)
    assert table[gauche, other] > table[gauche, place(second, 60)] + 1.0
    assert table[gauche, other] > table[place(first, 180), place(second, 180)] + 1.0


def test_a_phenyl_ring_has_no_state_twice() -> None:
    biphenyl = grid(_embedded("c1ccccc1-c1ccccc1Cl"), 0)
    for torsion in biphenyl.torsions:
        assert all(
            abs((a - b + 90) % 180 - 90) > 10
            for i, a in enumerate(torsion.states)
            for b in torsion.states[:i]
        )


def test_boron_goes_by_uff() -> None:
    made = grid(_embedded("CCCB(O)OCC"), 0)
    assert made.torsions
    assert all(np.isfinite(own).all() for own in made.own)


def test_the_qubo_is_the_grid_s_energy(metoprolol: TorsionGrid) -> None:
    encoding = whole(metoprolol)
    qubo = encoding.qubo()
    assert encoding.variables == sum(len(own) - 1 for own in metoprolol.own)
    rng = np.random.default_rng(0)
    for _ in range(50):
        states = tuple(int(rng.integers(len(own))) for own in metoprolol.own)
        bits = _bits(metoprolol, states)
        assert qubo.energy(bits) == pytest.approx(metoprolol.energy(states))
        assert encoding.states(bits) == states


def _bits(torsion_grid: TorsionGrid, states: tuple[int, ...]) -> np.ndarray:
    rows = [
        [1] * s + [0] * (len(own) - 1 - s) for s, own in zip(states, torsion_grid.own, strict=True)
    ]
    return np.array([bit for row in rows for bit in row], dtype=np.int8)


def test_a_part_of_the_torsions_on_the_others_held(metoprolol: TorsionGrid) -> None:
    held = tuple(len(own) - 1 for own in metoprolol.own)
    encoding = Encoding(metoprolol, (1, 3), held)
    qubo = encoding.qubo()
    states = (held[0], 0, held[2], 0, *held[4:])
    assert qubo.energy(np.zeros(encoding.variables)) == pytest.approx(metoprolol.energy(states))
    assert encoding.states(np.zeros(encoding.variables, dtype=np.int8)) == states


def test_rows_that_are_no_state_lie_high() -> None:
    pentane = grid(_embedded("CCCCC"), 0)
    encoding = whole(pentane)
    qubo = encoding.qubo()
    energies = qubo.spectrum()
    valid = []
    for number, energy in enumerate(energies):
        bits = np.array([(number >> i) & 1 for i in range(encoding.variables)], dtype=np.int8)
        if encoding.states(bits) is not None:
            valid.append(energy)
    assert len(valid) == np.prod([len(own) for own in pentane.own])
    assert encoding.states(lowest(qubo, 1).bits[0]) is not None
    assert min(valid) == pytest.approx(energies.min())


def test_greedy_ends_where_no_single_torsion_gains(metoprolol: TorsionGrid) -> None:
    states = greedy(metoprolol)
    for t, own in enumerate(metoprolol.own):
        for other in range(len(own)):
            changed = (*states[:t], other, *states[t + 1 :])
            assert metoprolol.energy(changed) >= metoprolol.energy(states) - 1e-9


def test_blocks_hold_every_torsion_once_within_the_room(metoprolol: TorsionGrid) -> None:
    groups = blocks(metoprolol, 6)
    assert sorted(t for g in groups for t in g) == list(range(len(metoprolol.torsions)))
    for group in groups:
        assert sum(len(metoprolol.own[t]) - 1 for t in group) <= 6
    assert len(blocks(metoprolol, 100)) == 1
    with pytest.raises(ValueError, match="room for 1"):
        blocks(metoprolol, 1)


@pytest.mark.parametrize("search", ["torsion-annealing", "torsion-qaoa"])
def test_the_samples_become_structures_of_the_same_molecule(search: str) -> None:
    molecule = parse("OCCNC(=O)C=C", max_heavy_atoms=80)
    found = starts(molecule, _settings(search), seed=1)
    assert found.method.startswith("torsion grid, ")
    assert 2 <= found.molecule.GetNumConformers() <= 10
    for conformer in found.molecule.GetConformers():
        assert keeps_bonds(found.molecule, conformer.GetPositions())
    again = starts(molecule, _settings(search), seed=1)
    for one, other in zip(
        found.molecule.GetConformers(), again.molecule.GetConformers(), strict=True
    ):
        assert one.GetPositions() == pytest.approx(other.GetPositions(), abs=1e-6)


def test_ring_conformations_come_from_the_embedding() -> None:
    # axial and equatorial chlorine: two grids
    embedded = _embedded("ClC1CCCCC1CCO", conformers=3)
    chosen = conformersearch._ring_conformations(embedded)
    assert 2 <= len(chosen) <= conformersearch.RINGS


def test_a_larger_problem_is_split_for_the_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    original = Encoding.qubo

    def counted(self: Encoding) -> object:
        sizes.append(self.variables)
        return original(self)

    monkeypatch.setattr(Encoding, "qubo", counted)
    monkeypatch.setattr(conformersearch, "MOST_QUBITS", 6)
    molecule = parse(METOPROLOL, max_heavy_atoms=80)
    found = starts(molecule, _settings("torsion-qaoa"), seed=1)
    assert len(sizes) >= 2
    assert max(sizes) <= 6
    assert found.molecule.GetNumConformers() >= 5


def test_a_molecule_without_torsions_takes_etkdg() -> None:
    found = starts(parse("C=CC(N)=O", max_heavy_atoms=80), _settings("torsion-qaoa"), seed=1)
    assert found.molecule.GetNumConformers() > 1


def test_a_rigid_molecule_says_that_there_was_nothing_to_search() -> None:
    found = starts(parse("c1ccccc1", max_heavy_atoms=80), _settings("torsion-annealing"), seed=1)
    assert found.method == "ETKDGv3 (no torsion to search)"


def test_an_unknown_backend_is_bad_input() -> None:
    with pytest.raises(InputError, match="unknown backend"):
        starts(
            parse("OCCCO", max_heavy_atoms=80),
            _settings("torsion-qaoa", backend="nowhere"),
            seed=1,
        )


def test_the_record_says_which_search_was_made() -> None:
    work = Workup("OCCO", _settings("torsion-annealing"), seed=1)
    record = work.geometry.conformers
    assert record.method == ("torsion grid, simulated annealing / GFN2-xTB ALPB(water)")
    # the hydrogen bond of gauche glycol is found
    etkdg = Workup("OCCO", _settings("etkdg"), seed=1)
    assert abs(work.geometry.energy - etkdg.geometry.energy) * 627.5 < 0.5


@pytest.mark.parametrize(
    "smiles",
    [
        # atom numbers that run against the chain, branches, and states of different numbers
        "CCOC(=O)C1=C[C@@H](OC(CC)CC)[C@H](NC(C)=O)[C@@H](N)C1",
        "CCCC(C)(COC(N)=O)COC(=O)NC(C)C",
    ],
)
def test_branched_molecules_have_tables_of_the_right_shape(smiles: str) -> None:
    made = grid(_embedded(smiles), 0)
    sizes = [len(t.states) for t in made.torsions]
    assert len(made.pairs) > len(sizes)
    for (i, j), table in made.pairs.items():
        assert i < j
        assert table.shape == (sizes[i], sizes[j])


def test_an_own_term_or_a_pair_is_what_the_atoms_between_do() -> None:
    # in pentane no two atoms depend on more than two torsions: the model is the force field's
    molecule = _embedded("CCCCC")
    pentane = grid(molecule, 0)
    model = torsions._Interactions(molecule)
    far = np.argwhere(np.triu(Chem.GetDistanceMatrix(molecule) >= 3))

    def full(states: tuple[int, ...]) -> float:
        places = pentane.built(states)
        return model.bonded(places) + model.between(places, far)

    for states in ((0, 0), (0, 1), (1, 1), (1, 2)):
        reference = full(states) - full((1, 1))
        assert pentane.energy(states) - pentane.energy((1, 1)) == pytest.approx(reference, abs=1e-6)


def test_structures_that_relax_to_the_same_are_handed_on_once() -> None:
    found = starts(parse("CCCCO", max_heavy_atoms=9), _settings("torsion-annealing"), seed=1)
    places = [c.GetPositions() for c in found.molecule.GetConformers()]
    energies = np.array(list(conformersearch._force_field_energies(found.molecule).values()))
    assert len(distinct(found.molecule, energies, np.array(places))) == len(places)
