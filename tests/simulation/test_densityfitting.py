import errno
import os
from pathlib import Path

import numpy as np
import pytest
from pyscf import df, gto, lib, scf

from simulation import threeindex
from simulation.densityfitting import SINGLE_PRECISION_ABOVE, FittedRepulsion
from simulation.errors import ResourceError

WATER = "O 0 0 0; H 0 0.757 0.587; H 0 -0.757 0.587"
# two waters so far apart that no function of one overlaps with one of the other
APART = WATER + "; O 0 0 12; H 0 0.757 12.587; H 0 -0.757 12.587"


@pytest.fixture(scope="module", params=[WATER, APART], ids=["water", "two waters"])
def molecule(request: pytest.FixtureRequest) -> gto.Mole:
    return gto.M(atom=request.param, basis="6-31g*", verbose=0)


@pytest.fixture(scope="module")
def density(molecule: gto.Mole) -> np.ndarray:
    return scf.RHF(molecule).run(max_cycle=3).make_rdm1()


def _compare(ours: tuple, peer: tuple, tolerance: float = 1e-9) -> None:
    for matrix, expected in zip(ours, peer, strict=True):
        assert matrix == pytest.approx(np.asarray(expected), abs=tolerance)
        assert np.shape(matrix) == np.shape(expected)


def test_coulomb_and_exchange_are_pyscfs(molecule: gto.Mole, density: np.ndarray) -> None:
    _compare(FittedRepulsion(molecule).get_jk(density), df.DF(molecule).get_jk(density))


def test_only_pairs_that_overlap_are_kept() -> None:
    one, two = (
        FittedRepulsion(gto.M(atom=atoms, basis="6-31g*", verbose=0)).integrals
        for atoms in (WATER, APART)
    )
    assert two.values.shape[1] == 2 * one.values.shape[1]
    assert two.auxiliary == 2 * one.auxiliary
    large = threeindex.overlapping_shells(gto.M(atom=APART, basis="6-31g*", verbose=0))
    half = len(large) // 2
    assert not large[:half, half:].any()
    assert large[:half, :half].all()


def test_integrals_on_disk_give_the_same(molecule: gto.Mole, density: np.ndarray) -> None:
    spilled = FittedRepulsion(molecule)
    spilled.max_memory = 0  # nothing fits: the integrals go to a file
    assert spilled.integrals.file is not None
    held = FittedRepulsion(molecule)
    assert held.integrals.file is None
    _compare(spilled.get_jk(density), held.get_jk(density), 1e-12)
    _compare(next(spilled.loop()), next(held.loop()), 1e-12)


def test_no_room_for_the_file_is_a_resource_failure(
    molecule: gto.Mole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    spilled = FittedRepulsion(molecule)
    spilled.max_memory = 0
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(ResourceError, match=r"GB of integrals .* No space left on device"):
        spilled.build()
    monkeypatch.undo()
    monkeypatch.setattr(lib.param, "TMPDIR", str(tmp_path / "missing"))
    with pytest.raises(ResourceError, match=r"No such file or directory; .*PYSCF_TMPDIR"):
        spilled.build()


def test_densities_without_orbitals(molecule: gto.Mole, density: np.ndarray) -> None:
    plain = np.asarray(density)
    response = plain @ plain  # neither idempotent nor positive
    response -= np.trace(response) / len(response) * np.eye(len(response))
    ours, peer = FittedRepulsion(molecule), df.DF(molecule)
    for dm in (plain, response, np.array([plain, response])):
        _compare(ours.get_jk(dm), peer.get_jk(dm))


def test_densities_that_are_not_symmetric_and_other_repulsions_go_to_pyscf(
    molecule: gto.Mole, density: np.ndarray
) -> None:
    lopsided = np.triu(np.asarray(density))
    ours, peer = FittedRepulsion(molecule), df.DF(molecule)
    _compare(ours.get_jk(lopsided, hermi=0), peer.get_jk(lopsided, hermi=0))
    _compare(ours.get_jk(density, omega=0.3), peer.get_jk(density, omega=0.3))


def test_restricted_open_shells(molecule: gto.Mole) -> None:
    iteration = scf.ROHF(molecule)
    coefficients = scf.RHF(molecule).run(max_cycle=2).mo_coeff
    occupations = np.zeros(molecule.nao)
    occupations[: molecule.nelectron // 2 - 1] = 2
    occupations[molecule.nelectron // 2 - 1 : molecule.nelectron // 2 + 1] = 1
    dm = iteration.make_rdm1(coefficients, occupations)
    _compare(FittedRepulsion(molecule).get_jk(dm), df.DF(molecule).get_jk(np.asarray(dm)))
    # a guess whose spins share the orbitals of their sum must not be taken for that
    guess = lib.tag_array(
        np.array([dm[0] + dm[1]] * 2) / 2, mo_coeff=coefficients, mo_occ=occupations
    )
    _compare(FittedRepulsion(molecule).get_jk(guess), df.DF(molecule).get_jk(np.asarray(guess)))


def test_integrals_in_pyscfs_form(molecule: gto.Mole) -> None:
    ours, peer = FittedRepulsion(molecule), df.DF(molecule)
    assert ours.get_naoaux() == peer.get_naoaux()
    blocks = list(ours.loop(10))
    assert max(map(len, blocks)) == 10
    assert np.vstack(blocks) == pytest.approx(np.vstack(list(peer.loop())), abs=1e-9)


def test_single_precision_keeps_six_figures_and_follows_the_density(
    molecule: gto.Mole, density: np.ndarray
) -> None:
    rounded = FittedRepulsion(molecule, single_precision=True)
    assert rounded.integrals.values.dtype == np.float32
    peer = df.DF(molecule)
    other = scf.RHF(molecule).run().make_rdm1()
    for dm in (density, other):  # the second J is built from the difference to the first
        _compare(rounded.get_jk(dm), peer.get_jk(dm), 2e-5)


def test_precision_depends_on_the_size(molecule: gto.Mole) -> None:
    assert not FittedRepulsion(molecule).single_precision
    large = gto.M(atom=[("He", (0, 0, 3 * i)) for i in range(60)], basis="cc-pvdz", verbose=0)
    assert large.nao > SINGLE_PRECISION_ABOVE
    assert FittedRepulsion(large).single_precision


def test_dependent_auxiliary_functions_are_left_out(molecule: gto.Mole) -> None:
    exponents = [[0, [a, 1.0]] for a in (0.3, 1.0, 3.0, 9.0)]
    twice = dict.fromkeys(("O", "H"), exponents + exponents[:2])
    once = dict.fromkeys(("O", "H"), exponents)
    dm = np.eye(molecule.nao)
    ours, peer = (FittedRepulsion(molecule, functions) for functions in (twice, once))
    _compare(ours.get_jk(dm), peer.get_jk(dm), 1e-6)


def test_only_what_is_asked_for_is_made(molecule: gto.Mole, density: np.ndarray) -> None:
    ours = FittedRepulsion(molecule)
    assert ours.get_jk(density, with_j=False)[0] is None
    assert ours.get_jk(density, with_k=False)[1] is None
    ours.reset()
    assert ours.get_jk(density)[0].shape == density.shape
