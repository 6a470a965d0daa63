"""The MOSES benchmark: its metrics by hand, its data by their checksums, its file of samples."""

from __future__ import annotations

import sys
import zipfile
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from generative.sampling import MotifGenerator

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import moses_metrics

    return moses_metrics


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import moses_reference

    return moses_reference


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import moses

    return moses


def test_similarities_are_those_of_rdkit(metrics: ModuleType, molecules: list[str]) -> None:
    mols = [Chem.MolFromSmiles(smiles) for smiles in molecules[:40]]
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    prints = [generator.GetFingerprint(mol) for mol in mols]
    table = np.array([DataStructs.BulkTanimotoSimilarity(one, prints) for one in prints])
    ours = metrics.fingerprints(mols)
    assert metrics.nearest(ours[:10], ours[10:]) == pytest.approx(table[:10, 10:].max(axis=1))
    assert metrics.moments(ours) == pytest.approx(np.stack([table.mean(1), (table**2).mean(1)]))
    diversity = metrics.internal_diversity(ours)
    assert diversity[0] == pytest.approx(1 - table.mean())
    assert diversity[1] == pytest.approx(1 - np.sqrt((table**2).mean(axis=1)).mean())


def test_molecules_are_read_or_not(metrics: ModuleType) -> None:
    found = metrics.read(["CCO", "", "C1CC", "c1ccccc1"])
    assert [mol is None for mol in found] == [False, True, True, False]


def test_fragments_and_scaffolds(metrics: ModuleType) -> None:
    mols = metrics.read(["CC1C2CCC(C2)C1CN(CCO)C(=O)c1ccc(Cl)cc1", "CCO", "c1ccccc1C"])
    # The first molecule of the test set, as MOSES counts it.
    pieces = "[1*]C([6*])=O [15*]C1C2CCC(C2)C1C [16*]c1ccc(Cl)cc1 [4*]CCO [4*]C[8*] [5*]N([5*])[5*]"
    assert metrics.fragments(mols[:1]) == Counter(pieces.split())
    # One ring, or none, is no scaffold.
    assert metrics.scaffolds(mols) == {"O=C(NCC1CC2CCC1C2)c1ccccc1": 1}


def test_cosine_of_counts(metrics: ModuleType) -> None:
    assert metrics.cosine({"a": 3, "b": 4}, {"a": 3, "b": 4}) == pytest.approx(1)
    assert metrics.cosine({"a": 3, "b": 4}, {"b": 1, "c": 9}) == pytest.approx(
        4 / (5 * np.sqrt(82))
    )
    assert metrics.cosine({"a": 1}, {"b": 1}) == 0
    assert np.isnan(metrics.cosine({}, {"a": 1}))


def test_frechet_distance_of_gaussians(metrics: ModuleType) -> None:
    rng = np.random.default_rng(0)
    mean, other = rng.normal(size=(2, 6))
    spread, width = rng.uniform(0.1, 2, size=(2, 6))
    # Independent directions: each adds (m - n)^2 + (s - t)^2 with standard deviations.
    expected = ((mean - other) ** 2).sum() + ((np.sqrt(spread) - np.sqrt(width)) ** 2).sum()
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    one = (turn @ mean, turn @ np.diag(spread) @ turn.T)
    two = (turn @ other, turn @ np.diag(width) @ turn.T)
    assert metrics.frechet(*one, *two) == pytest.approx(expected)
    assert metrics.frechet(*one, *one) == pytest.approx(0, abs=1e-9)
    # Fewer molecules than directions: a singular covariance.
    assert np.isfinite(metrics.frechet(*metrics.gaussian(rng.normal(size=(3, 6))), *two))


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("Cc1ccccc1", True),
        ("C1CCCCCCC1", False),  # a ring of eight
        ("C[N+](C)(C)C", False),
        ("CI", False),
        ("O=[N+]([O-])c1ccccc1", False),  # charges, though none in all
        ("CC(C)=NO", False),  # the pattern below
    ],
)
def test_filters(metrics: ModuleType, smiles: str, expected: bool) -> None:
    alerts = [Chem.MolFromSmarts("[#6]=[#7]-[#8]-[#1]")]
    assert metrics.passes(Chem.MolFromSmiles(smiles), alerts) is expected


def test_fcd_names_the_missing_package(
    metrics: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcd_torch", None)
    with pytest.raises(ImportError, match=r"pip install --no-deps fcd-torch==1\.0\.7"):
        metrics.activations(["CCO"])


def test_another_wheel_is_refused(reference: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / reference.WHEEL
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="is damaged"):
        reference.molecules(tmp_path, "train")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("moses/dataset/data/test_stats.npz", b"other bytes")
    with pytest.raises(ValueError, match="not the expected file"):
        reference.statistics(tmp_path, "test")
    with pytest.raises(ValueError, match="is damaged"):
        reference.alerts(tmp_path)


def test_samples_go_on_where_they_stopped(
    benchmark: ModuleType, tiny: MotifGenerator, tmp_path: Path
) -> None:
    whole = benchmark.sampled(tiny, 30, 1, tmp_path / "whole.smi")
    assert len(whole) == 30
    path = tmp_path / "part.smi"
    first = benchmark.sampled(tiny, 12, 1, path)
    assert first == whole[:12]
    path.write_text(path.read_text() + "CCcut off in the middle")
    assert benchmark.sampled(tiny, 30, 1, path) == whole
    assert path.read_text() == (tmp_path / "whole.smi").read_text()
    before = path.stat().st_mtime_ns
    assert benchmark.sampled(tiny, 20, 1, path) == whole[:20]
    assert path.stat().st_mtime_ns == before
    with pytest.raises(ValueError, match="name another --out"):
        benchmark.sampled(tiny, 30, 2, path)


def test_the_table_stands_beside_the_published(
    benchmark: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    found = dict.fromkeys(benchmark.COLUMNS, 0.5)
    benchmark.table("mine", 30_000, found, {"logP": 0.1})
    lines = capsys.readouterr().out.splitlines()
    widths = {line.count("|") for line in lines[: 3 + len(benchmark.ANCHORS)]}
    assert widths == {len(benchmark.COLUMNS) + 2}
    assert any(line.startswith("| JTN-VAE (graph) | 1.0000 |") for line in lines)
    assert any(line.startswith("| G2PT-large (graph) | 0.9720 | - |") for line in lines)


def test_bad_calls_are_one_clear_line(
    benchmark: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    for arguments, message in (
        (["--n", "1"], "at least 2 molecules"),
        (["--prior", "none.safetensors"], "no such file"),
        (["--samples", str(tmp_path / "none.smi")], "none.smi"),
    ):
        monkeypatch.setattr(sys, "argv", ["moses.py", *arguments])
        with pytest.raises(SystemExit) as end:
            benchmark.main()
        assert end.value.code == 2
        assert message in capsys.readouterr().err.splitlines()[-1]
