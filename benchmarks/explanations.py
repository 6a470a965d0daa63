"""Whether explanations find the atoms that a value is known to come from.

    OMP_NUM_THREADS=1 python benchmarks/explanations.py [--data FILE] [--labels 100,400]
        [--seeds 3] [--kinds "gp;random-forest"] [--molecules 100]

Values are made up so that the truth is known: every amide, halogen, pyridine-like nitrogen,
sulfonyl and ether of a molecule adds its part, shared alike by its atoms, with a tenth of
noise. Surrogates learn them on drawn molecules; the predictions for others are taken apart,
and the shares of the atoms are held against the truth (the test of McCloskey et al., PNAS
116 (2019) 11624). The molecules are those of ``enamine10k_scores.csv.gz`` (examples of the
public repository coleygroup/molpal), whose scores are not used.
"""

# ruff: noqa: E402 - the environment must be right before numpy is loaded
from __future__ import annotations

import argparse
import csv
import gzip
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from screening.surrogate import Surrogate

PARTS = {  # SMARTS -> what each match adds
    "[NX3][CX3]=[OX1]": -1.0,
    "[F,Cl,Br]": 0.8,
    "[nX2]": -0.6,
    "[SX4](=O)=O": 1.2,
    "[OX2;!$(O[C,S]=O)]([#6])[#6]": 0.5,  # the first atom alone
}
NOISE = 0.1
COVERED = "gp, atoms covered"
HEADER = (
    f"{'surrogate':<18} {'labels':>6} {'error':>7} {'spearman':>9} {'found':>7} {'sign':>6} "
    f"{'unexplained':>12} {'CPU s':>7}"
)


def truth(smiles: str) -> NDArray[np.float64]:
    """What each heavy atom adds, shape (atoms,)."""
    from rdkit import Chem

    mol = Chem.MolFromSmiles(smiles)
    found = np.zeros(mol.GetNumAtoms())
    for smarts, part in PARTS.items():
        for match in mol.GetSubstructMatches(Chem.MolFromSmarts(smarts)):
            own = match[:1] if smarts.startswith("[OX2") else match
            found[list(own)] += part / len(own)
    return found


def shares(model: Surrogate, kind: str, smiles: str) -> tuple[NDArray[np.float64], float]:
    """Of the atoms, and what is not shared out to anything."""
    from screening.explanation import attribution
    from screening.explanation.attribution import TOGETHER
    from screening.explanation.occlusion import covered

    if kind == COVERED:
        mean = model.predict([smiles, *covered(smiles)]).mean
        atoms = mean[0] - mean[2:]
        return np.asarray(atoms), abs(float(mean[0] - mean[1] - atoms.sum()))
    parts = attribution(model, smiles)
    together = sum(part.share for part in parts.whole if part.name == TOGETHER)
    return parts.atoms, abs(parts.gap) + abs(together)


def judged(
    smiles: list[str], labels: int, kind: str, seed: int, molecules: int
) -> tuple[float, ...]:
    """Error of the predictions, rank correlation, atoms found, signs, rest, seconds."""
    from screening.surrogate import SurrogateSettings, create
    from screening.surrogate.calibration import ranks

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(smiles))
    known = [smiles[i] for i in order[:labels]]
    wanted = [smiles[i] for i in order[labels : labels + molecules]]
    values = [float(truth(text).sum()) + NOISE * rng.standard_normal() for text in known]
    model = create(SurrogateSettings.model_validate({"kind": "gp" if kind == COVERED else kind}))
    model.fit(known, values)
    real = np.array([truth(text).sum() for text in wanted])
    error = float(np.sqrt(np.mean((model.predict(wanted).mean - real) ** 2)))
    correlations, found, signs, rests, seconds = [], [], [], [], []
    for text in wanted:
        right = truth(text)
        begun = time.process_time()
        atoms, rest = shares(model, kind, text)
        seconds.append(time.process_time() - begun)
        rests.append(rest)
        own = right != 0
        if not own.any() or own.all():
            continue
        correlations.append(np.corrcoef(ranks(atoms), ranks(right))[0, 1])
        larger = np.abs(atoms[own])[:, None] - np.abs(atoms[~own])
        found.append(np.mean((larger > 0) + 0.5 * (larger == 0)))
        signs.append(np.mean(np.sign(atoms[own]) == np.sign(right[own])))
    return (
        error,
        float(np.nanmean(correlations)),
        float(np.mean(found)),
        float(np.mean(signs)),
        float(np.mean(rests)),
        float(np.mean(seconds)),
    )


def read(path: Path) -> list[str]:
    """Canonical SMILES."""
    from rdkit import Chem

    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [Chem.CanonSmiles(line["smiles"]) for line in csv.DictReader(file)]


def lines(
    smiles: list[str], labels: list[int], kinds: list[str], seeds: int, molecules: int
) -> Iterator[str]:
    """The table, a line as soon as it is known."""
    yield HEADER
    for kind in kinds:
        for n in labels:
            figures = np.array([judged(smiles, n, kind, seed, molecules) for seed in range(seeds)])
            mean = figures.mean(axis=0)
            yield (
                f"{kind:<18} {n:>6} {mean[0]:>7.3f} {mean[1]:>9.3f} {mean[2]:>7.3f} "
                f"{mean[3]:>6.2f} {mean[4]:>12.1e} {mean[5]:>7.4f}"
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).parents[2] / "shared/data/enamine10k_scores.csv.gz"
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--labels", default="100,400")
    parser.add_argument("--kinds", default=f"gp;{COVERED};random-forest;d-mpnn", help="by ;")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--molecules", type=int, default=100)
    given = parser.parse_args()
    if not given.data.is_file():
        sys.exit(f"{given.data} is missing: give --data FILE, a gzipped CSV with a column smiles")
    counts = [int(text) for text in given.labels.split(",")]
    molecules = read(given.data)
    table = lines(molecules, counts, given.kinds.split(";"), given.seeds, given.molecules)
    for line in table:
        print(line, flush=True)
    spread = np.std([truth(text).sum() for text in molecules])
    print(
        f"error: root mean square of the predictions (values spread by {spread:.2f}); spearman: "
        "of an\natom's share and its true part; found: probability that an atom of a part has a "
        "larger share\nthan one of none; sign: agreement on the atoms of a part; unexplained: size "
        "of what is shared out\nto nothing; CPU s: of one molecule. Means over molecules and seeds."
    )


if __name__ == "__main__":
    main()
