"""What each hand adds: rounds of proposals without a surrogate, scored by likeness to a drug.

    python benchmarks/hands.py --rounds 6 --batch 25 --seeds 1

The value is the Tanimoto similarity (counted Morgan, radius 2) to celecoxib and to
perindopril. Printed is the mean of the ten best values after all rounds, of the same
number of scored molecules, and the CPU time of proposing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from generative import generator
from generative.proposal import Scored
from generative.proposing import Proposer
from generative.settings import GeneratorSettings, HandSettings

TARGETS = {
    "celecoxib": "Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1",
    "perindopril": "CCCC(NC(C)C(=O)N1C2CCCCC2CC1C(=O)O)C(=O)OCC",
}
PRIOR_ALONE = HandSettings(prior=1, crossover=0, mutation=0, edit=0)
WAYS = {
    "prior, untaught": GeneratorSettings(hands=PRIOR_ALONE, finetune=False),
    "all hands, prior untaught": GeneratorSettings(finetune=False),
    "prior, taught": GeneratorSettings(hands=PRIOR_ALONE),
    "all hands, prior taught (the default)": GeneratorSettings(),
}


def likeness(target: str) -> Callable[[str], float]:
    """Similarity to a molecule, 0..1."""
    prints = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    wanted = prints.GetCountFingerprint(Chem.MolFromSmiles(target))
    return lambda smiles: DataStructs.TanimotoSimilarity(
        wanted, prints.GetCountFingerprint(Chem.MolFromSmiles(smiles))
    )


def run(
    proposer: Proposer, value: Callable[[str], float], rounds: int, batch: int, seed: int
) -> float:
    """Mean of the ten best values after all rounds."""
    scored: list[Scored] = []
    for number in range(rounds):
        for made in proposer.propose(batch, scored, seed=1000 * seed + number):
            scored.append(Scored(made.smiles, value(made.smiles), made.hand))
    return float(np.mean(sorted(m.value for m in scored)[-10:]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prior", default="zinc250k")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--batch", type=int, default=25)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    prior = generator.find(arguments.prior)
    print(f"| {arguments.rounds} rounds of {arguments.batch}, {arguments.seeds} seeds |", end="")
    print("".join(f" {name} |" for name in TARGETS), "CPU s a round |")
    print("|---|" + "---|" * (len(TARGETS) + 1))
    for name, settings in WAYS.items():
        begun = time.process_time()
        means = [
            np.mean(
                [
                    run(
                        Proposer(prior, settings),
                        likeness(target),
                        arguments.rounds,
                        arguments.batch,
                        seed,
                    )
                    for seed in range(arguments.seeds)
                ]
            )
            for target in TARGETS.values()
        ]
        spent = time.process_time() - begun
        rounds = len(TARGETS) * arguments.seeds * arguments.rounds
        cells = "".join(f" {mean:.3f} |" for mean in means)
        print(f"| {name} |{cells} {spent / rounds:.2f} |", flush=True)


if __name__ == "__main__":
    main()
