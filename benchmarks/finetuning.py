"""What 32 leads teach the prior: the first acrylamides of the shipped library.

    OMP_NUM_THREADS=1 python benchmarks/finetuning.py [--prior zinc250k] [--leads 32] [-n 1000]

CPU seconds of the fine-tuning, mean log-likelihood of the leads before and after, and of
``n`` molecules sampled without a scaffold the share of acrylamides and of the leads
themselves.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from rdkit import Chem

from generative import generator
from generative.sampling import MotifGenerator

LIBRARY = Path(__file__).parents[1] / "configs" / "libraries" / "acrylamides.csv"
ACRYLAMIDE = Chem.MolFromSmarts("[CH2]=[CH]C(=O)N")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--prior", default="zinc250k")
    parser.add_argument("--leads", type=int, default=32)
    parser.add_argument("-n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    prior = generator.find(arguments.prior)
    if not isinstance(prior, MotifGenerator):
        parser.error(f"{arguments.prior} is not a motif-tree prior")
    with LIBRARY.open(newline="", encoding="utf-8") as file:
        leads = [Chem.CanonSmiles(row["smiles"]) for row in csv.DictReader(file)]
    leads = leads[: arguments.leads]
    begun = time.process_time()
    taught = prior.finetuned(leads, [1.0] * len(leads), seed=arguments.seed)
    seconds = time.process_time() - begun
    print(f"{len(leads)} leads, {seconds:.1f} s of CPU")
    print(f"{'':22}{'prior':>10}{'taught':>10}")
    columns = []
    for one in (prior, taught):
        sampled = one.sample(arguments.n, seed=arguments.seed)
        molecules = [Chem.MolFromSmiles(smiles) for smiles in sampled]
        columns.append(
            (
                float(np.mean(one.log_likelihood(leads))),
                float(np.mean([m.HasSubstructMatch(ACRYLAMIDE) for m in molecules])),
                float(np.mean([smiles in leads for smiles in sampled])),
            )
        )
    heads = ("mean log-likelihood", "acrylamides, share", "leads, share")
    for head, before, after in zip(heads, *columns, strict=True):
        print(f"{head:22}{before:10.3f}{after:10.3f}")


if __name__ == "__main__":
    main()
