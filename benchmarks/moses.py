"""The MOSES table: what a prior generates beside published models (n = 30,000).

    python benchmarks/moses.py                       sample from the prior `moses`, then score
    python benchmarks/moses.py --samples FILE.smi    score molecules of any origin
    python benchmarks/moses.py --training-set        score training molecules: the best possible
    python benchmarks/moses.py --check               the metrics against the published statistics
    python benchmarks/moses.py --speed               molecules for a second of CPU, one thread
    python benchmarks/moses.py --assembly            ZINC250k built from text and by editing

Sampled molecules are written to ``--out`` (default: runs/moses/) as they come, one line
an attempt, duplicates included; an interrupted run goes on where it stopped. FCD falls
with the number of molecules: compare at n = 30,000 only. The reference data, the
filters' patterns and the training set come from PyPI (``moses_reference.py``;
``--cache`` keeps the wheel). FCD needs ``fcd-torch`` 1.0.7. See docs/moses.md.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import moses_metrics as metrics
import moses_reference as reference
import numpy as np
import torch
from moses_anchors import ANCHORS, COLUMNS
from rdkit import Chem, rdBase

from generative import assembly, corpus, dataset, generator, motifs
from generative.constraints import Constraints
from generative.sampling import Growth, MotifGenerator
from generative.threads import limited

SPLITS = {"Test": "test", "TestSF": "test_scaffolds"}
ATTEMPTS = 1024  # sampled between two writes of the file
SCAFFOLD = "C=CC(=O)N[*:1]"


def row(cells: Iterable[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def head(cells: Sequence[str]) -> None:
    row(cells)
    row("---" for _ in cells)


def number(value: float | None, digits: int = 4) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def find(name: str) -> MotifGenerator:
    prior = generator.find(name)
    if not isinstance(prior, MotifGenerator):
        raise ValueError(f"{name} is not a motif-tree prior")
    return prior


def fingerprint(prior: MotifGenerator) -> str:
    """A short name of a network: molecules of another one must not be mixed with its own."""
    digest = hashlib.sha256()
    for name, value in sorted(prior.prior.policy.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()[:16]


def sampled(prior: MotifGenerator, n: int, seed: int, path: Path) -> list[str]:
    """The first ``n`` attempts of a prior, from the file as far as it goes.

    The first line of the file says whose they are; an attempt that gave no molecule is
    an empty line.

    Raises:
        ValueError: the file is that of another prior or seed.
    """
    title = f"# {prior.name} {fingerprint(prior)}, seed {seed}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        path.write_text(f"{title}\n")
    lines = path.read_text().split("\n")
    if lines[0] != title:
        raise ValueError(f"{path} begins with {lines[0]!r}, not {title!r}: name another --out")
    # What follows the last line end was cut off in the middle of a write.
    known = lines[1:-1][:n]
    if len(lines) - 2 < n:
        path.write_text("\n".join([title, *known, ""]))
    with limited(1), torch.inference_mode(), path.open("a") as file:
        call = Growth(prior.prior, seed, None, Constraints())
        while len(known) < n:
            trees = call.grow(range(len(known), min(n, len(known) + ATTEMPTS)))
            fresh = [call.finish(tree) or "" for tree in trees]
            file.write("".join(f"{smiles}\n" for smiles in fresh))
            file.flush()
            known.extend(fresh)
    return known


def distinct_share(smiles: Sequence[str], first: int) -> float:
    return len(set(smiles[:first])) / len(smiles[:first])


def score(
    smiles: Sequence[str], cache: Path, told: Callable[[str], None]
) -> tuple[dict[str, float], dict[str, float]]:
    """The table's columns, and the Wasserstein distances of properties to Test.

    Raises:
        ValueError: fewer than two of them are molecules.
    """
    mols = [mol for mol in metrics.read(smiles) if mol is not None]
    if len(mols) < 2:
        raise ValueError("fewer than two valid molecules: nothing to score")
    valid = [Chem.MolToSmiles(mol) for mol in mols]
    found = {"valid": len(mols) / len(smiles)}
    found["unique@1k"] = distinct_share(valid, 1000)
    found["unique@10k"] = distinct_share(valid, 10_000)
    training = set(reference.molecules(cache, "train"))
    found["Novelty"] = float(np.mean([s not in training for s in sorted(set(valid))]))
    del training
    told("fingerprints, fragments and scaffolds")
    prints = metrics.fingerprints(mols)
    pieces, frames = metrics.fragments(mols), metrics.scaffolds(mols)
    found["IntDiv"], found["IntDiv2"] = metrics.internal_diversity(prints)
    told("ChemNet activations")
    mean, covariance = metrics.gaussian(metrics.activations(valid))
    told("properties")
    values = metrics.properties(mols)
    shifts: dict[str, float] = {}
    for name, split in SPLITS.items():
        told(f"comparison with {name}")
        known = reference.statistics(cache, split)
        found[f"FCD/{name}"] = metrics.frechet(mean, covariance, known.mean, known.covariance)
        found[f"SNN/{name}"] = float(metrics.nearest(prints, known.fingerprints).mean())
        found[f"Frag/{name}"] = metrics.cosine(pieces, known.fragments)
        found[f"Scaf/{name}"] = metrics.cosine(frames, known.scaffolds)
        if name == "Test":
            shifts = {k: metrics.distance(v, known.properties[k]) for k, v in values.items()}
    told("filters")
    alerts = reference.alerts(cache)
    found["Filters"] = float(np.mean([metrics.passes(mol, alerts) for mol in mols]))
    return found, shifts


def table(name: str, count: int, found: dict[str, float], shifts: dict[str, float]) -> None:
    head(["model", *COLUMNS])
    row([f"**{name}**, n = {count}", *(number(found[column]) for column in COLUMNS)])
    for peer, values in ANCHORS.items():
        row([peer, *(number(values.get(column)) for column in COLUMNS)])
    print()
    head(["Wasserstein distance to Test", *shifts])
    row([name, *(number(value) for value in shifts.values())])


def check(cache: Path, count: int, seed: int, told: Callable[[str], None]) -> None:
    """The metrics of today's RDKit against the published statistics of the test set."""
    smiles = reference.molecules(cache, "test")
    known = reference.statistics(cache, "test")
    chosen = np.sort(np.random.default_rng(seed).permutation(len(smiles))[:count])
    mols = [Chem.MolFromSmiles(text) for text in smiles]
    part = [mols[i] for i in chosen]
    told("fragments and scaffolds of the whole test set")
    head(["recomputed from the SMILES of the test set", "difference"])
    for name, ours, theirs in (
        ("BRICS fragments", metrics.fragments(mols), known.fragments),
        ("scaffolds", metrics.scaffolds(mols), known.scaffolds),
    ):
        moved = sum(abs(ours[k] - theirs.get(k, 0)) for k in {*ours, *theirs})
        row(
            [
                f"{name}: occurrences counted otherwise, of {sum(theirs.values())}; 1 - cosine",
                f"{moved}; {1 - metrics.cosine(ours, theirs):.1e}",
            ]
        )
    told(f"fingerprints and properties of {len(part)} molecules")
    same = (metrics.fingerprints(part) == known.fingerprints[chosen]).all(axis=1)
    row([f"fingerprints: molecules that differ, of {len(part)}", str(int((~same).sum()))])
    for name, values in metrics.properties(part).items():
        largest = np.abs(values - known.properties[name][chosen]).max()
        row([f"{name}: largest difference over {len(part)}", f"{largest:.1e}"])
    written = sum(Chem.MolToSmiles(mols[i]) != smiles[i] for i in chosen)
    row([f"canonical SMILES written otherwise, of {len(part)}", str(written)])
    told("ChemNet activations")
    mean, covariance = metrics.gaussian(metrics.activations([smiles[i] for i in chosen]))
    fcd = metrics.frechet(mean, covariance, known.mean, known.covariance)
    row([f"FCD of {len(part)} of its molecules to the published Gaussian", number(fcd)])


def speed(prior: MotifGenerator, count: int, seed: int) -> None:
    """CPU seconds of growth and of assembly to canonical SMILES, on one thread."""
    head([f"{prior.name}, {count} attempts, one thread", "growth", "assembly", "together"])
    for name, text, limits in (
        ("de novo", None, Constraints()),
        (f"{SCAFFOLD}, at most 25 heavy atoms", SCAFFOLD, Constraints(max_heavy_atoms=25)),
    ):
        growing = assembling = 0.0
        with limited(1), torch.inference_mode():
            call = Growth(prior.prior, seed, text, limits)
            for tree in call.grow(range(count, count + 64)):  # warm caches, as a second call has
                call.finish(tree)
            for start in range(0, count, ATTEMPTS):
                begin = time.process_time()
                trees = call.grow(range(start, min(count, start + ATTEMPTS)))
                middle = time.process_time()
                for tree in trees:
                    call.finish(tree)
                growing += middle - begin
                assembling += time.process_time() - middle
        rates = (count / growing, count / assembling, count / (growing + assembling))
        row([f"{name}, molecules/s", *(f"{rate:.0f}" for rate in rates)])


def compare_assembly(smiles: Sequence[str]) -> None:
    """Molecules built from text beside the same built by editing, and the CPU time of both."""
    differing = by_text = stereo = 0
    text_seconds = edit_seconds = 0.0
    for line in smiles:
        tree = motifs.decompose(corpus.standard(line, neutralise=True))
        links = [(x.first, x.first_label, x.second, x.second_label) for x in tree.links]
        by_text += assembly.joined(tree.motifs, links) is not None  # motifs are read here
        begin = time.process_time()
        edited = motifs.canonical(motifs.assemble(tree))
        middle = time.process_time()
        built = assembly.smiles(tree)
        edit_seconds += middle - begin
        text_seconds += time.process_time() - middle
        differing += built != edited
        stereo += any(mark in edited for mark in "@/\\")
    count = len(smiles)
    head([f"{count} molecules", "built from text"])
    row(["differ from the edited ones", str(differing)])
    row(["have stereochemistry", f"{stereo / count:.3f}"])
    row(["can be said as text", f"{by_text / count:.4f}"])
    row(["CPU, text / editing", f"{text_seconds / edit_seconds:.2f}"])


def given(arguments: argparse.Namespace, told: Callable[[str], None]) -> tuple[str, list[str]]:
    """What is scored: its name, and SMILES of any validity."""
    if arguments.samples is not None:
        lines = arguments.samples.read_text().split("\n")
        smiles = [s.split()[0] if s.strip() else "" for s in lines if not s.startswith("#")]
        smiles = smiles[:-1] if smiles[-1:] == [""] else smiles
        return arguments.samples.name, smiles[: arguments.n]
    if arguments.training_set:
        training = reference.molecules(arguments.cache, "train")
        rng = np.random.default_rng(arguments.seed)
        chosen = rng.permutation(len(training))[: arguments.n]
        return "training molecules", [training[i] for i in chosen]
    prior = find(arguments.prior)
    label = prior.name
    if arguments.temperature != 1.0:
        prior = prior.tempered(arguments.temperature)
        label += f" at {arguments.temperature:g}"
    name = f"{label.replace(' ', '-')}-{arguments.seed}.smi"
    path = arguments.out or Path("runs/moses") / name
    told(f"sampling {arguments.n} molecules into {path}")
    return label, sampled(prior, arguments.n, arguments.seed, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prior", default="moses", help="installed generator or its path")
    parser.add_argument("--samples", type=Path, help="file of SMILES to score, one a line")
    parser.add_argument("--training-set", action="store_true", help="score training molecules")
    parser.add_argument("--check", action="store_true", help="check the metrics")
    parser.add_argument("--speed", action="store_true", help="measure the speed of sampling")
    parser.add_argument("--assembly", action="store_true", help="compare text with editing")
    parser.add_argument("--n", type=int, default=30_000, help="molecules (default: 30000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--temperature", type=float, default=1.0, help="of the sampling")
    parser.add_argument("--out", type=Path, help="file of the sampled SMILES")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "molq")
    arguments = parser.parse_args()
    if arguments.n < 2:
        parser.error("--n: at least 2 molecules")
    begin = time.process_time()

    def told(step: str) -> None:
        print(f"<!-- {time.process_time() - begin:.0f} s of CPU: {step} -->", flush=True)

    try:
        with limited(1), rdBase.BlockLogs():
            if arguments.check:
                check(arguments.cache, arguments.n, arguments.seed, told)
            elif arguments.assembly:
                rows = dataset.read("zinc250k", arguments.cache)
                rng = np.random.default_rng(arguments.seed)
                compare_assembly([rows[i] for i in rng.permutation(len(rows))[: arguments.n]])
            elif arguments.speed:
                speed(find(arguments.prior), arguments.n, arguments.seed)
            else:
                name, smiles = given(arguments, told)
                found, shifts = score(smiles, arguments.cache, told)
                told("done")
                table(name, len(smiles), found, shifts)
    except (ValueError, OSError, ImportError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
