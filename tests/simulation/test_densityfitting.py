import numpy as np
import pytest
from pyscf import df, gto, scf

from simulation.densityfitting import FittedRepulsion

WATER = "O 0 0 0; H 0 0.757 0.587; H 0 -0.757 0.587"


@pytest.fixture(scope="module")
def molecule() -> gto.Mole:
    return gto.M(atom=WATER, basis="6-31g*", verbose=0)


@pytest.fixture(scope="module")
def density(molecule: gto.Mole) -> np.ndarray:
    return scf.RHF(molecule).run(max_cycle=3).make_rdm1()


def test_coulomb_and_exchange_are_pyscfs(molecule: gto.Mole, density: np.ndarray) -> None:
    ours = FittedRepulsion(molecule).get_jk(density)
    peer = df.DF(molecule).get_jk(density)
    for matrix, expected in zip(ours, peer, strict=True):
        assert matrix == pytest.approx(np.asarray(expected), abs=1e-12)


def test_integrals_on_disk_give_the_same(molecule: gto.Mole, density: np.ndarray) -> None:
    spilled = FittedRepulsion(molecule)
    spilled.max_memory = 0  # nothing fits: PySCF writes the integrals to a file
    spilled.build()
    assert not isinstance(spilled._cderi, np.ndarray)
    for matrix, expected in zip(
        spilled.get_jk(density), FittedRepulsion(molecule).get_jk(density), strict=True
    ):
        assert matrix == pytest.approx(expected, abs=1e-12)


def test_densities_without_orbitals_go_to_pyscf(molecule: gto.Mole, density: np.ndarray) -> None:
    plain = np.asarray(density)
    ours = FittedRepulsion(molecule)
    peer = df.DF(molecule)
    several = np.array([plain, plain / 2])
    for dm in (plain, several):
        for matrix, expected in zip(ours.get_jk(dm), peer.get_jk(dm), strict=True):
            assert np.asarray(matrix) == pytest.approx(np.asarray(expected), abs=1e-12)


def test_only_what_is_asked_for_is_made(molecule: gto.Mole, density: np.ndarray) -> None:
    ours = FittedRepulsion(molecule)
    assert ours.get_jk(density, with_j=False)[0] is None
    assert ours.get_jk(density, with_k=False)[1] is None
