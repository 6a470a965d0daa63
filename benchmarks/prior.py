"""What a prior generates, and how fast: one table for one thread of a CPU.

    python benchmarks/prior.py
    python benchmarks/prior.py --prior runs/train_zinc250k/zinc250k.safetensors -n 2000
    python benchmarks/prior.py --prior moses --data moses -n 0 --coverage 20000   coverage alone

Attempts are counted as they come, before duplicates are taken out:

- validity: share that RDKit reads as one neutral-or-charged molecule without open points;
- uniqueness: distinct share of the valid; novelty: share of the distinct that is not in
  the training set (protonation standardised as in the training);
- internal diversity: 1 - mean Tanimoto similarity over all pairs of distinct molecules
  (Morgan radius 2, 1,024 bits, as MOSES defines it), and the same of as many training
  molecules;
- properties: Wasserstein distance to as many training molecules, with the distance of
  two halves of the training sample as the floor;
- coverage: training molecules that the vocabulary gives back, cut coarsely and finely;
- speed: trees grown, and with assembly to canonical SMILES, molecules for a second of CPU.

The training set is taken from PyPI as in ``molq train`` (``--cache`` keeps it).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rdkit import Chem, rdBase
from rdkit.Chem import QED, Crippen, Descriptors, rdFingerprintGenerator
from rdkit.Contrib.SA_Score import sascorer
from scipy.stats import wasserstein_distance

from generative import corpus, dataset, generator, motifs
from generative.constraints import Constraints
from generative.sampling import Growth, MotifGenerator

PROPERTIES = {
    "heavy atoms": lambda mol: mol.GetNumHeavyAtoms(),
    "molecular weight": Descriptors.MolWt,
    "logP": Crippen.MolLogP,
    "QED": QED.qed,
    "SA score": sascorer.calculateScore,
}
SCAFFOLD = "C=CC(=O)N[*:1]"


def internal_diversity(smiles: Sequence[str]) -> float:
    generator_ = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    bits = np.stack(
        [generator_.GetFingerprintAsNumPy(Chem.MolFromSmiles(s)) for s in smiles]
    ).astype(np.float32)
    sizes = bits.sum(axis=1)
    total = 0.0
    for start in range(0, len(bits), 500):
        common = bits[start : start + 500] @ bits.T
        total += float(
            (common / (sizes[start : start + 500, None] + sizes[None, :] - common)).sum()
        )
    return 1.0 - total / len(bits) ** 2


def properties(smiles: Sequence[str]) -> dict[str, np.ndarray]:
    mols = [Chem.MolFromSmiles(s) for s in smiles]
    return {name: np.array([f(mol) for mol in mols]) for name, f in PROPERTIES.items()}


def is_valid(smiles: str | None) -> bool:
    mol = Chem.MolFromSmiles(smiles) if smiles else None
    return mol is not None and "." not in smiles and "*" not in smiles


def attempts(
    prior: MotifGenerator, n: int, seed: int, scaffold: str | None, limits: Constraints
) -> tuple[list[str | None], float, float]:
    """Raw results, and CPU seconds for the trees and for the assembly."""
    results: list[str | None] = []
    growing = assembling = 0.0
    with torch.no_grad():
        call = Growth(prior.prior, seed, scaffold, limits)
        for start in range(0, n, 256):
            begin = time.process_time()
            trees = call.grow(range(start, min(n, start + 256)))
            middle = time.process_time()
            results.extend(call.finish(tree) for tree in trees)
            growing += middle - begin
            assembling += time.process_time() - middle
    return results, growing, assembling


def coverage(prior: MotifGenerator, molecules: Sequence[str]) -> tuple[float, float]:
    words = prior.prior.vocabulary
    kept = np.zeros(2)
    for smiles in molecules:
        whole = motifs.cut(motifs.parse(smiles))
        for column, fine in enumerate((False, True)):
            tree = words.refined(whole, fine=fine).tree
            kept[column] += all(m in words.index for m in tree.motifs) and (
                motifs.canonical(motifs.assemble(tree)) == smiles
            )
    return tuple(kept / len(molecules))


def standardised(rows: Sequence[str]) -> list[str]:
    with rdBase.BlockLogs():
        mols = (corpus.standard(text, neutralise=True) for text in rows)
        return list(dict.fromkeys(motifs.canonical(mol) for mol in mols))


def cover(prior: MotifGenerator, checked: Sequence[str]) -> None:
    coarse, fine = coverage(prior, checked)
    row(f"coverage of {len(checked)} training molecules, coarse", f"{coarse:.5f}")
    row("the same, in units", f"{fine:.5f}")


def row(name: str, value: str) -> None:
    print(f"| {name} | {value} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prior", default="zinc250k", help="installed generator or its path")
    parser.add_argument("--data", default="zinc250k", help="the prior's training set")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "molq")
    parser.add_argument("-n", type=int, default=10_000, help="attempts; 0: coverage alone")
    parser.add_argument("--coverage", type=int, default=None, help="molecules (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    prior = generator.find(arguments.prior)
    if not isinstance(prior, MotifGenerator):
        parser.error(f"{arguments.prior} is not a motif-tree prior")
    rows = dataset.read(arguments.data, arguments.cache)
    rng = np.random.default_rng(arguments.seed)
    n = arguments.n
    if not n:
        chosen = rng.permutation(len(rows))[: arguments.coverage]
        cover(prior, standardised([rows[i] for i in chosen]))
        return
    training = standardised(rows)
    shuffled = [training[i] for i in rng.permutation(len(training))]

    results, growing, assembling = attempts(prior, n, arguments.seed, None, Constraints())
    valid = [s for s in results if s is not None and is_valid(s)]
    distinct = list(dict.fromkeys(valid))
    known = set(training)
    print(f"\n| {prior.name}, {n} attempts | |\n|---|---|")
    row("validity", f"{len(valid) / n:.4f}")
    row("uniqueness", f"{len(distinct) / len(valid):.4f}")
    row("novelty", f"{np.mean([s not in known for s in distinct]):.4f}")
    reference = shuffled[: len(distinct)]
    row(
        "internal diversity (training set)",
        f"{internal_diversity(distinct):.4f} ({internal_diversity(reference):.4f})",
    )
    ours, theirs = properties(distinct), properties(reference)
    half = len(reference) // 2
    for name in PROPERTIES:
        distance = wasserstein_distance(ours[name], theirs[name])
        floor = wasserstein_distance(theirs[name][:half], theirs[name][half:])
        row(
            f"{name}: mean (training set), distance (floor)",
            f"{ours[name].mean():.3f} ({theirs[name].mean():.3f}), {distance:.3f} ({floor:.3f})",
        )
    row("growth, molecules/s", f"{n / growing:.0f}")
    row("growth and assembly, molecules/s", f"{n / (growing + assembling):.0f}")
    kept, kept_growing, kept_assembling = attempts(
        prior, n // 10, arguments.seed, SCAFFOLD, Constraints(max_heavy_atoms=18)
    )
    row(
        f"{SCAFFOLD}, at most 18 heavy atoms: valid, distinct, novel",
        f"{np.mean([s is not None and is_valid(s) for s in kept]):.4f}, "
        f"{len(set(kept)) / len(kept):.4f}, {np.mean([s not in known for s in set(kept)]):.4f}",
    )
    row("the same, molecules/s", f"{len(kept) / (kept_growing + kept_assembling):.0f}")
    cover(prior, shuffled[: arguments.coverage])


if __name__ == "__main__":
    main()
