"""A calculation that was killed goes on where it stood, and ends in the same numbers."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation import checkpoint as module
from simulation import densityfitting
from simulation.checkpoint import Checkpoint, remove
from simulation.geometry import Geometry
from simulation.meanfield import LADDER, MeanField, Rung, solve
from simulation.recipes.recipe import find
from simulation.settings import SimulationSettings
from simulation.workup import Workup

ACRYLAMIDE, QUICK = "C=CC(N)=O", SimulationSettings(conformers=3)


class Killed(BaseException):
    """In the place of a SIGKILL: nothing in the calculation catches it."""


class Doomed(Checkpoint):
    """Writes all it is given, and ends the calculation after some files."""

    def __init__(self, folder: Path, files: int) -> None:
        super().__init__(folder, interval_s=0)
        self.files = files

    def _write(self, path: Path, arrays: Any) -> None:
        super()._write(path, arrays)
        self._write_seconds = 0.0
        self.files -= 1
        if self.files == 0:
            raise Killed


def _saved(folder: Path) -> Path:
    step = Checkpoint(folder, interval_s=0).step("geometry", {"charge": 0}, {"x": np.arange(3.0)})
    step.save({"energies": np.linspace(-1, 1, 7), "none": np.empty((0, 3))})
    return step.path


def _load(folder: Path) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    again = Checkpoint(folder)
    return again.step("geometry", {"charge": 0}, {"x": np.arange(3.0)}).load(), again.notes


def test_what_was_saved_is_found_again_by_the_same_inputs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "molecule"
    assert _load(folder) == (None, ())
    path = _saved(folder)
    found, notes = _load(folder)
    assert found is not None
    assert notes == ()
    assert np.array_equal(found["energies"], np.linspace(-1, 1, 7))
    assert found["none"].shape == (0, 3)
    assert path.stat().st_mode & 0o077 == 0

    other = Checkpoint(folder)
    assert other.step("geometry", {"charge": 1}, {"x": np.arange(3.0)}).load() is None
    nearly = np.nextafter(np.arange(3.0), 9.0)
    assert other.step("geometry", {"charge": 0}, {"x": nearly}).load() is None
    assert other.step("meanfield", {"charge": 0}, {"x": np.arange(3.0)}).load() is None
    monkeypatch.setattr(module, "versions", lambda: {"pyscf": "0.1"})
    assert _load(folder) == (None, ())


@settings(max_examples=150, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
def test_a_damaged_file_is_passed_over(
    tmp_path_factory: pytest.TempPathFactory, place: float, bit: int, cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("run") / "molecule"
    path = _saved(folder)
    content = bytearray(path.read_bytes())
    where = int(place * len(content))
    if cut:
        del content[where:]
    else:
        content[where] ^= 1 << bit
    path.write_bytes(content)
    found, notes = _load(folder)
    if found is None:  # a bit in a date of the archive matters to nobody
        assert len(notes) == 1
        assert "passed over" in notes[0]
    else:
        assert not cut
        assert np.array_equal(found["energies"], np.linspace(-1, 1, 7))


def test_a_file_of_another_kind_is_passed_over_and_never_executed(tmp_path: Path) -> None:
    folder = tmp_path / "molecule"
    path = _saved(folder)
    whole = path.read_bytes()
    proof = tmp_path / "executed"

    class Bomb:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(proof),)

    def pickled() -> None:
        np.savez(path, energies=np.array([Bomb()], dtype=object))

    def compressed() -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("energies.npy", bytes(2**22))

    def of_another_calculation() -> None:
        step = Checkpoint(folder, interval_s=0).step("geometry", {"charge": 5})
        step.save({"energies": np.zeros(7)})
        os.replace(step.path, path)

    def of_another_format() -> None:
        with np.load(path) as archive:
            arrays = dict(archive)
        header = json.loads(arrays["header"].tobytes()) | {"format": module.FORMAT + 1}
        arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
        np.savez(path, **arrays)

    def a_link_out() -> None:
        (tmp_path / "elsewhere.npz").write_bytes(whole)
        path.unlink()
        path.symlink_to(tmp_path / "elsewhere.npz")

    def a_pipe() -> None:
        path.unlink()
        os.mkfifo(path)

    def a_folder() -> None:
        path.unlink()
        path.mkdir()

    kinds = (
        pickled,
        compressed,
        of_another_calculation,
        of_another_format,
        a_link_out,
        a_pipe,
        lambda: path.write_bytes(b""),
        lambda: path.write_bytes(b"\x80\x04c__builtin__\neval\n."),
        a_folder,
    )
    for kind in kinds:
        path.unlink(missing_ok=True)
        path.write_bytes(whole)
        kind()
        found, notes = _load(folder)
        assert found is None, kind
        assert ["passed over" in note for note in notes] == [True], kind
        assert str(tmp_path) not in notes[0]
    assert not proof.exists()


def test_a_folder_that_cannot_be_used_ends_the_checkpoints_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a machine that does not share the run's file system finds no folder to make its own in
    apart = Checkpoint(tmp_path / "not there" / "molecule", interval_s=0)
    step = apart.step("geometry", {})
    step.save({"x": np.zeros(3)})
    assert apart.notes == ("no checkpoint: No such file or directory",)
    assert not step.due()
    assert not (tmp_path / "not there").exists()

    (tmp_path / "file").touch()
    blocked = Checkpoint(tmp_path / "file", interval_s=0)
    blocked.step("geometry", {}).save({"x": np.zeros(3)})
    assert len(blocked.notes) == 1

    small = Checkpoint(tmp_path / "small", interval_s=0, largest_mb=1)
    small.step("geometry", {"of": 1}).save({"x": np.zeros(100_000)})
    small.step("geometry", {"of": 2}).save({"x": np.zeros(100_000)})
    assert small.notes == ("no checkpoint of more than 1 MB",)
    assert sum(p.stat().st_size for p in (tmp_path / "small").iterdir()) < 2**20

    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 2**20}))
    full = Checkpoint(tmp_path / "full", interval_s=0)
    full.step("geometry", {}).save({"x": np.zeros(3)})
    assert full.notes == ("no checkpoint on a disk with less than 512 MB to spare",)
    assert list((tmp_path / "full").iterdir()) == []


def test_files_are_written_when_they_are_worth_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    kept = Checkpoint(tmp_path / "molecule", interval_s=10)
    first, second = kept.step("geometry", {"of": 1}), kept.step("geometry", {"of": 2})
    first.finish({"x": np.zeros(3)})  # so little work that a retry may do it again
    assert not kept.folder.exists()
    assert not second.due()
    now[0] += 11
    assert second.due()
    second.save({"x": np.ones(3)})
    assert first.path.exists()
    assert second.path.exists()
    assert not second.due()
    second.finish({"x": np.full(3, 2.0)})  # at once, over what is there
    found = kept.step("geometry", {"of": 2}).load()
    assert found is not None
    assert found["x"][0] == 2


def test_only_its_own_files_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "molecule"
    _saved(folder)
    (folder / f"{module._UNFINISHED}x").touch()
    remove(folder)
    assert not folder.exists()
    remove(folder)
    path = _saved(folder)
    (folder / "notes.txt").touch()
    remove(folder)
    assert not path.exists()
    assert (folder / "notes.txt").exists()
    _saved(folder)
    link = tmp_path / "link"
    link.symlink_to(folder)
    remove(link)
    assert path.exists()
    assert link.is_symlink()


def test_conformers_that_are_done_are_not_done_again(tmp_path: Path) -> None:
    smiles = "C=CC(=O)NCCO"
    plain = Workup(smiles, QUICK, seed=3).ensemble

    for files in (1, 2, 3, 4):
        folder = tmp_path / str(files)
        with pytest.raises(Killed):
            assert Workup(smiles, QUICK, seed=3, checkpoint=Doomed(folder, files)).ensemble
        resumed = Workup(smiles, QUICK, seed=3, checkpoint=Checkpoint(folder))
        assert len(resumed.ensemble) == len(plain)
        for mine, theirs in zip(resumed.ensemble.geometries, plain.geometries, strict=True):
            assert np.array_equal(mine.coordinates, theirs.coordinates)
            assert (mine.energy, mine.lumo) == (theirs.energy, theirs.lumo)
            assert (mine.conformers, mine.flags) == (theirs.conformers, theirs.flags)
        assert resumed.checkpoint is not None
        expected = ["conformers resumed with 15 structures"]
        if files > 1:
            expected.append(f"geometry resumed after {files - 1} of 3 conformers")
        assert list(resumed.checkpoint.notes) == expected
    other = Workup(smiles, QUICK, seed=4, checkpoint=Checkpoint(folder))
    assert other.ensemble
    assert other.checkpoint is not None
    assert other.checkpoint.notes == ()


@pytest.fixture(scope="module")
def geometry() -> Geometry:
    return Workup("C=O", QUICK, seed=1).geometry


def _interrupted(
    folder: Path, files: int, geometry: Geometry, **named: Any
) -> tuple[MeanField, tuple[str, ...]]:
    with pytest.raises(Killed):
        solve(geometry, QUICK, checkpoint=Doomed(folder, files), **named)
    kept = Checkpoint(folder)
    return solve(geometry, QUICK, checkpoint=kept, **named), kept.notes


def _same(one: MeanField, other: MeanField) -> None:
    assert one.energy == pytest.approx(other.energy, abs=1e-11)
    assert one.coefficients == pytest.approx(other.coefficients, abs=1e-10)
    assert one.fock == pytest.approx(other.fock, abs=1e-10)
    assert (one.rung, one.cycles, one.method) == (other.rung, other.cycles, other.method)


@pytest.mark.parametrize(
    "named",
    [{}, {"charge": 1, "multiplicity": 2}, {"solvent": True}],
    ids=["closed shell", "radical cation", "in water"],
)
def test_a_mean_field_takes_the_cycles_it_would_have_taken(
    tmp_path: Path, geometry: Geometry, named: dict[str, Any]
) -> None:
    plain = solve(geometry, QUICK, **named)
    for files in (1, 7):
        found, notes = _interrupted(tmp_path / str(files), files, geometry, **named)
        assert notes == (f"meanfield resumed after cycle {files}",)
        _same(found, plain)


def test_a_mean_field_in_single_precision_counts_from_the_same_density(
    tmp_path: Path, geometry: Geometry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(densityfitting, "SINGLE_PRECISION_ABOVE", 20)
    plain = solve(geometry, QUICK)
    found, notes = _interrupted(tmp_path / "molecule", 5, geometry)
    assert notes == ("meanfield resumed after cycle 5",)
    _same(found, plain)


def test_a_mean_field_goes_on_on_the_rung_it_had_reached(
    tmp_path: Path, geometry: Geometry
) -> None:
    ladder = (Rung("short", 3), Rung("shifted", 4, level_shift=0.3), LADDER[2])
    plain = solve(geometry, QUICK, ladder=ladder)
    assert plain.rung == "newton"
    # three cycles and the rung's end, then four and the end; the last rung leaves no state
    for files, place in ((3, "cycle 3"), (4, "cycle 0 of rung 2"), (6, "cycle 2 of rung 2")):
        folder = tmp_path / str(files)
        found, notes = _interrupted(folder, files, geometry, ladder=ladder)
        assert notes == (f"meanfield resumed after {place}",)
        _same(found, plain)


def test_a_state_of_another_molecule_is_passed_over(
    tmp_path: Path, geometry: Geometry, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = solve(geometry, QUICK)
    folder = tmp_path / "molecule"
    with pytest.raises(Killed):
        solve(geometry, QUICK, checkpoint=Doomed(folder, 5))
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    with np.load(path) as archive:
        arrays = {n: archive[n] for n in archive.files if n != module._HEADER}
    strange: dict[str, dict[str, Any]] = {
        "orbitals": {"coefficients": np.eye(3)},
        "not numbers": {"coefficients": arrays["coefficients"] * np.nan},
        "electrons": {"occupations": arrays["occupations"] * 0},
        "rung": {"place": np.array([9, 5, 0])},
        "place": {"place": np.array([0])},
        "vectors": {"diis_x0_symmetric": np.zeros(5)},
        "no vectors": {"diis_order": np.array([0, 1, 2, 3, 4, 5, 6])},
        "precision": {"reference": np.zeros((34, 34))},
    }
    address = json.loads(np.load(path)[module._HEADER].tobytes())["address"]
    for name, change in strange.items():
        path.write_bytes(whole)
        step = Checkpoint(folder, interval_s=0).step("meanfield", {})
        step._address = address
        step.save(arrays | change)
        kept = Checkpoint(folder)
        found = solve(geometry, QUICK, checkpoint=kept)
        assert ["passed over" in note for note in kept.notes] == [True], name
        _same(found, plain)


def test_a_molecule_killed_in_its_mean_field_scores_as_if_never_killed(tmp_path: Path) -> None:
    plain = find("warhead-ea").score(Workup(ACRYLAMIDE, QUICK, seed=1))
    folder = tmp_path / "molecule"
    program = f"""
import os, signal
from simulation.checkpoint import Checkpoint
from simulation.recipes.recipe import find
from simulation.settings import SimulationSettings
from simulation.workup import Workup
class Doomed(Checkpoint):
    def _write(self, path, arrays):
        super()._write(path, arrays)
        self._write_seconds = 0.0
        if path.name.startswith("meanfield"):
            self.cycles = getattr(self, "cycles", 0) + 1
            if self.cycles == 6:
                os.kill(os.getpid(), signal.SIGKILL)
kept = Doomed({str(folder)!r}, interval_s=0)
find("warhead-ea").score(
    Workup({ACRYLAMIDE!r}, SimulationSettings(conformers=3), seed=1, checkpoint=kept)
)
"""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert ended.returncode == -9
    work = Workup(ACRYLAMIDE, QUICK, seed=1, checkpoint=Checkpoint(folder))
    found = find("warhead-ea").score(work)
    resumed = found.provenance.convergence.pop("checkpoint")
    assert resumed == [
        "conformers resumed with 15 structures",
        "geometry resumed after 3 of 3 conformers",
        "meanfield resumed after cycle 6",
    ]
    assert found.provenance.geometry == plain.provenance.geometry
    assert found.value == pytest.approx(plain.value, abs=1e-9)
    assert found.provenance.convergence == pytest.approx(plain.provenance.convergence)
    assert found.baselines == plain.baselines
