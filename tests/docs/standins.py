"""Files of the form of public data sets: real molecules, values that mean nothing.

The benchmarks of the documentation name public files that do not come with molq. With these
they run as they would with the public ones; what they print is not looked at.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from rdkit import Chem
from rdkit.Chem import Crippen

BARRIERS = ("name", "smiles", "Delta_G_ts", "omega_ground_state")
HALF_LIVES = ("Name", "SMILES", "GSH_half_life_min")
COLUMNS = {  # of files of many molecules, as a chemical space has them
    "enamine10k_scores.csv.gz": ("smiles", "score"),
    "covalent_barriers.csv": BARRIERS,
    "FreeSolv.csv": ("smiles", "expt"),
    "ESOL.csv": ("smiles", "measured log solubility in mols per litre"),
}

# Small molecules of one warhead each, for what calculates instead of learning.
ACRYLAMIDES = (
    "C=CC(N)=O",
    "C=CC(=O)NC",
    "C=CC(=O)NCC",
    "CC=CC(N)=O",
    "CC(=C)C(N)=O",
    "C=CC(=O)N(C)C",
)
CHLOROACETAMIDES = (
    "NC(=O)CCl",
    "CNC(=O)CCl",
    "CCNC(=O)CCl",
    "CN(C)C(=O)CCl",
    "CC(C)NC(=O)CCl",
    "CCN(C)C(=O)CCl",
    "O=C(CCl)N1CCCC1",
    "O=C(CCl)Nc1ccccc1",
)
BARRIER_MOLECULES = (*ACRYLAMIDES, "C=CC(=O)NCCC", "C=CC(=O)NC(C)C", *CHLOROACETAMIDES)
LONSDALE = (*ACRYLAMIDES, "C=CC(=O)N1CCCC1", "CC=CC(=O)NC")
CEE = (*ACRYLAMIDES[:4], "C=CC(=O)Nc1ccccc1")


def write(folder: Path, molecules: int = 500) -> None:
    """Write every file into the folder and its ``FOLDER``, where the commands look for them.

    The documentation calls a folder of files ``FOLDER`` and one file ``FILE``. A file of few
    molecules has ``few_`` before the name of the public one, where there is one of many.
    """
    done = subprocess.run(
        [sys.executable, "-m", "molq", "sample", "-n", str(molecules), "--seed", "5"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    smiles = done.stdout.split()
    files = {name: _table(columns, smiles) for name, columns in COLUMNS.items()}
    files["few_covalent_barriers.csv"] = _table(BARRIERS, BARRIER_MOLECULES)
    files["gsh_lonsdale.csv"] = _table(HALF_LIVES, LONSDALE)
    # the last half-life is a bound, as public ones are
    files["gsh_cee.csv"] = _table(HALF_LIVES, CEE) + "unreactive,CC(C)=CC(N)=O,>8640\n"
    data = folder / "FOLDER"
    data.mkdir(exist_ok=True)
    for name, text in files.items():
        content = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
        (data / name).write_bytes(content)
        (folder / name).write_bytes(content)
    (folder / "FILE.csv.gz").write_bytes((data / "enamine10k_scores.csv.gz").read_bytes())
    (folder / "mine.smi").write_text("\n".join(smiles) + "\n", encoding="utf-8")


def _table(columns: Sequence[str], smiles: Iterable[str]) -> str:
    """A CSV; a name is the molecule's number, and every value one that is soon computed."""
    lines = [",".join(columns)]
    for number, one in enumerate(smiles, 1):
        value = f"{10 + Crippen.MolLogP(Chem.MolFromSmiles(one)):.3f}"
        texts = {"name": str(number), "smiles": one}
        lines.append(",".join(texts.get(column.lower(), value) for column in columns))
    return "\n".join(lines) + "\n"
