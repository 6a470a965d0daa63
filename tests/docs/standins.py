"""Files of the form of public data sets: real molecules, values that mean nothing.

The benchmarks of the documentation name public files that do not come with molq. With these
they run as they would with the public ones; what they print is not looked at.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

from rdkit import Chem
from rdkit.Chem import Crippen

COLUMNS = {
    "enamine10k_scores.csv.gz": ("smiles", "score"),
    "covalent_barriers.csv": ("smiles", "Delta_G_ts", "omega_ground_state"),
    "FreeSolv.csv": ("smiles", "expt"),
    "ESOL.csv": ("smiles", "measured log solubility in mols per litre"),
}


def write(folder: Path, molecules: int = 500) -> None:
    """Write every file into the folder, where the commands look for them.

    The documentation calls a folder of files ``FOLDER`` and one file ``FILE``.
    """
    done = subprocess.run(
        [sys.executable, "-m", "molq", "sample", "-n", str(molecules), "--seed", "5"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    smiles = done.stdout.split()
    values = [Crippen.MolLogP(Chem.MolFromSmiles(one)) for one in smiles]
    data = folder / "FOLDER"
    data.mkdir(exist_ok=True)
    for name, columns in COLUMNS.items():
        lines = [",".join(columns)]
        lines += [
            ",".join([one, *[f"{value:.3f}"] * (len(columns) - 1)])
            for one, value in zip(smiles, values, strict=True)
        ]
        text = ("\n".join(lines) + "\n").encode()
        (data / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    for name in ("FILE", "enamine10k_scores.csv.gz"):
        target = folder / ("FILE.csv.gz" if name == "FILE" else name)
        target.write_bytes((data / "enamine10k_scores.csv.gz").read_bytes())
    (folder / "mine.smi").write_text("\n".join(smiles) + "\n", encoding="utf-8")
