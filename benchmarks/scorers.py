"""What each scorer costs: CPU milliseconds a molecule, on drug-like molecules.

OMP_NUM_THREADS=1 python benchmarks/scorers.py
"""

from __future__ import annotations

import time
from pathlib import Path

from rdkit import Chem

from screening import scorers
from screening.scorersettings import ScorerSettings

ROOT = Path(__file__).parents[1]
MOLECULES = ROOT / "tests" / "generative" / "molecules.smi"
KNOWN = ScorerSettings(known=str(ROOT / "configs" / "libraries" / "covalent_drugs.csv"))
NEEDS_PROGRAMS = "lilly-demerits"


def main() -> None:
    lines = (line for line in MOLECULES.read_text().splitlines() if line.strip())
    read = [Chem.MolFromSmiles(line.split()[0]) for line in lines if not line.startswith("#")]
    molecules = [mol for mol in read if mol is not None]
    print(f"{len(molecules)} molecules")
    for name in scorers.names():
        if name == NEEDS_PROGRAMS:
            continue
        settings = KNOWN if scorers.path_keys(name) else ScorerSettings()
        scorer = scorers.find(name, settings)
        scorer.score(molecules[0])  # reads its tables
        begun = time.process_time()
        for mol in molecules:
            scorer.score(mol)
        spent = 1e3 * (time.process_time() - begun) / len(molecules)
        print(f"{name:22s} {spent:6.2f} ms")


if __name__ == "__main__":
    main()
