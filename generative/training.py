"""Training a prior: from a list of molecules to one safetensors file.

Each molecule is read, in every pass, in its canonical order of growth or, for a share
of them, from a random root in a random depth-first order, and the policy learns each
step of it (teacher forcing). What a batch looks like is a function of the seed and its
number alone, so a resumed training ends where an uninterrupted one would.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from generative import corpus, dataset, forest, growth, vocabulary
from generative.corpus import Corpus
from generative.forest import Forest
from generative.policy import CANONICAL, COARSE, FINE, Policy, PolicySize, States
from generative.prior import Prior, save
from generative.settings import TrainingSettings
from generative.threads import limited
from generative.vocabulary import Vocabulary

__all__ = ["Progress", "TrainingSettings", "train"]

Progress = Callable[[int, int, str], None]  # done, of how many, what

# Streams of random numbers; each is seeded by (seed, stream, ...).
_SPLIT, _SHUFFLE, _BATCH, _VALIDATION = range(4)
_VALIDATION_BATCH = 128
CLIP = 1.0


@dataclass(frozen=True)
class TrainingSet:
    """The trees of every molecule, once with known acyclic groups whole and once in units."""

    vocabulary: Vocabulary
    coarse: Forest
    fine: Forest
    largest: int  # heavy atoms


def train(settings: TrainingSettings, progress: Progress | None = None) -> Path:
    """Train a prior, or finish a training that was interrupted, and write it.

    Args:
        settings: what to train; see :class:`generative.settings.TrainingSettings`.
        progress: told how far each part of the work is.

    Returns:
        The path of the written ``.safetensors`` file.

    Raises:
        ValueError: the data cannot be used, or the run folder holds another training.
        OSError: the data cannot be downloaded, or a file not be written.
    """
    report = progress or (lambda done, total, what: None)
    _claim(settings)
    trees = _corpus(settings, report)
    molecules = prepare(trees, settings, report)
    with limited(settings.threads), torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        policy = Policy(molecules.vocabulary, _size(settings))
        figures = _fit(policy, molecules, settings, report)
    prior = Prior(settings.name, molecules.vocabulary, policy, molecules.largest)
    source = dataset.DATASETS.get(settings.data)
    save(
        prior,
        settings.output,
        {
            "data": f"{source.requirement} {source.member}" if source else settings.data,
            "licence": source.licence if source else "",
            "molecules": len(trees),
            "left_out": {"repeated": trees.repeated, "skipped": trees.skipped},
            "kept_whole": trees.whole,
            "settings": _comparable(settings),
            "figures": figures,
        },
    )
    return settings.output


def prepare(
    trees: Corpus, settings: TrainingSettings, progress: Progress | None = None
) -> TrainingSet:
    """Build the vocabulary of a corpus and encode its trees with it."""
    report = progress or (lambda done, total, what: None)
    report(0, len(trees), "vocabulary")
    occurring = np.bincount(trees.nodes, minlength=len(trees.motifs))
    words = vocabulary.build(
        dict(zip(trees.motifs, occurring.tolist(), strict=True)),
        min_acyclic=settings.min_acyclic,
        min_unit=settings.min_unit,
        min_environment=settings.min_environment,
    )
    report(0, len(trees), "encoding")
    coarse = forest.plant(trees, words, fine=False)
    roots = np.bincount(coarse.roots, minlength=len(words.motifs))
    words = replace(words, canonical_roots=roots.astype(np.int64))
    largest = int(np.add.reduceat(words.heavy_atoms[coarse.motifs], coarse.starts[:-1]).max())
    return TrainingSet(words, coarse, forest.plant(trees, words, fine=True), largest)


def _size(settings: TrainingSettings) -> PolicySize:
    return PolicySize(
        width=settings.width,
        layers=settings.layers,
        tail_width=settings.tail_width,
        head_actions=settings.head_actions,
        named_motifs=settings.named_motifs,
        modes=3,
        directed=True,
    )


def _comparable(settings: TrainingSettings) -> dict[str, object]:
    paths = {"output", "run", "cache", "threads", "processes"}
    kept: dict[str, object] = settings.model_dump(mode="json", exclude=paths)
    return kept


def _claim(settings: TrainingSettings) -> None:
    """Make the run folder, or check that it is this training's."""
    settings.run.mkdir(parents=True, exist_ok=True)
    settings.output.parent.mkdir(parents=True, exist_ok=True)
    note = settings.run / "settings.json"
    text = json.dumps(_comparable(settings), indent=1)
    if note.is_file() and note.read_text() != text:
        raise ValueError(
            f"{settings.run} holds a training with other settings: choose another run folder "
            "or delete it"
        )
    note.write_text(text)


def _corpus(settings: TrainingSettings, report: Progress) -> Corpus:
    smiles = dataset.read(settings.data, settings.cache)[: settings.limit]
    name = corpus.fingerprint(smiles, neutralise=settings.neutralise)
    path = settings.cache / f"corpus-{name}.npz"
    if path.is_file():
        return Corpus.load(path)
    trees = corpus.build(
        smiles,
        neutralise=settings.neutralise,
        processes=settings.processes,
        progress=lambda done, total: report(done, total, "cutting"),
    )
    trees.save(path)
    return trees


def _fit(
    policy: Policy, molecules: TrainingSet, settings: TrainingSettings, report: Progress
) -> dict[str, float]:
    from torch.utils.tensorboard import SummaryWriter  # seconds to import

    order = np.random.default_rng([settings.seed, _SPLIT]).permutation(len(molecules.coarse))
    held = min(settings.validation, max(1, len(order) // 10))
    validation, training = order[:held], order[held:]
    per_epoch = math.ceil(len(training) / settings.batch)
    total = per_epoch * settings.epochs
    optimizer = torch.optim.AdamW(
        policy.parameters(),
        settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    checkpoint = settings.run / "checkpoint.safetensors"
    step = _restore(checkpoint, policy, optimizer) if checkpoint.is_file() else 0
    figures: dict[str, float] = {}
    with SummaryWriter(str(settings.run / "tensorboard"), purge_step=step) as log:
        policy.train()
        while step < total:
            epoch, number = divmod(step, per_epoch)
            shuffle = np.random.default_rng([settings.seed, _SHUFFLE, epoch])
            rows = shuffle.permutation(training)[number * settings.batch :][: settings.batch]
            rng = np.random.default_rng([settings.seed, _BATCH, step])
            states, actions = _batch(molecules, rows, settings, rng)
            for group in optimizer.param_groups:
                group["lr"] = _learning_rate(step, total, settings)
            step += 1
            if len(actions):
                with _precision(settings):
                    loss = -policy.log_likelihood(states, actions).mean()
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(policy.parameters(), CLIP)
                optimizer.step()
                if step % 20 == 0:
                    log.add_scalar("loss/training", loss.item(), step)
                    report(step, total, f"training, loss {loss.item():.3f}")
            if step % settings.checkpoint_every == 0 or step == total:
                _save_checkpoint(checkpoint, policy, optimizer, step)
            if step % per_epoch == 0 or step == total:
                figures = evaluate(policy, molecules, validation, settings.seed)
                for name, value in figures.items():
                    log.add_scalar(f"validation/{name}", value, step)
                report(step, total, f"validation, loss {figures['nll_step']:.3f}")
    policy.eval()
    return figures or evaluate(policy, molecules, validation, settings.seed)


def _learning_rate(step: int, total: int, settings: TrainingSettings) -> float:
    warm = min(1.0, (step + 1) / settings.warmup)
    return settings.learning_rate * warm * (0.5 * (1 + math.cos(math.pi * step / total)) + 0.005)


def _batch(
    molecules: TrainingSet,
    rows: Sequence[int] | np.ndarray,
    settings: TrainingSettings,
    rng: np.random.Generator,
) -> tuple[States, Tensor]:
    rows = np.asarray(rows)
    draw = rng.random(len(rows))
    modes = np.full(len(rows), COARSE)
    modes[draw < settings.fine_share] = FINE
    modes[draw >= 1.0 - settings.canonical_share] = CANONICAL
    fine = modes == FINE
    together = Forest.joined(
        [
            forest.traverse(trees, rows[those], modes[those], molecules.vocabulary, rng)
            for trees, those in ((molecules.coarse, ~fine), (molecules.fine, fine))
        ]
    )
    chosen = forest.some_steps(together, settings.steps_per_molecule, rng)
    ordered = np.concatenate([modes[~fine], modes[fine]])
    states, actions, _ = growth.forced(together, chosen, ordered, molecules.vocabulary)
    return states, actions


def _precision(settings: TrainingSettings) -> AbstractContextManager[object]:
    """The linear layers and messages in bfloat16, where the CPU multiplies it fast."""
    low = settings.precision == "bfloat16" or (
        settings.precision == "auto" and _multiplies_bfloat16()
    )
    return torch.autocast("cpu", torch.bfloat16, enabled=low)


def _multiplies_bfloat16() -> bool:
    # An older torch does not tell what the CPU can.
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def evaluate(
    policy: Policy, molecules: TrainingSet, rows: Sequence[int] | np.ndarray, seed: int
) -> dict[str, float]:
    """Negative log-likelihood (nats) of molecules in canonical order.

    Returns:
        ``nll_step``: mean over growth steps; ``nll_molecule``: mean over molecules of the
        sum over steps, the root among them.
    """
    rng = np.random.default_rng([seed, _VALIDATION])
    words = molecules.vocabulary
    was_training = policy.training
    policy.eval()
    steps = 0
    summed = roots = 0.0
    with torch.no_grad():
        root = torch.log_softmax(policy.root, dim=0)
        for part in _parts(rows, _VALIDATION_BATCH):
            modes = [CANONICAL] * len(part)
            trees = forest.traverse(molecules.coarse, part, modes, words, rng)
            every = np.ones(len(trees.motifs), dtype=bool)
            states, actions, _ = growth.forced(trees, every, modes, words)
            roots -= float(root[torch.from_numpy(trees.roots.astype(np.int64))].sum())
            if len(actions):
                summed -= float(policy.log_likelihood(states, actions).sum())
                steps += len(actions)
    policy.train(was_training)
    return {"nll_step": summed / max(1, steps), "nll_molecule": (summed + roots) / len(rows)}


def _parts(rows: Sequence[int] | np.ndarray, size: int) -> Iterator[Sequence[int] | np.ndarray]:
    return (rows[i : i + size] for i in range(0, len(rows), size))


def _save_checkpoint(
    path: Path, policy: Policy, optimizer: torch.optim.Optimizer, step: int
) -> None:
    tensors = {f"policy.{name}": value for name, value in policy.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"optimizer.{number}.{name}"] = value
    part = path.with_suffix(".part")
    save_file({k: v.contiguous() for k, v in tensors.items()}, part, {"step": str(step)})
    part.replace(path)


def _restore(path: Path, policy: Policy, optimizer: torch.optim.Optimizer) -> int:
    try:
        with safe_open(path, framework="pt") as file:
            step = int((file.metadata() or {})["step"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        policy.load_state_dict(
            {k.removeprefix("policy."): v for k, v in tensors.items() if k.startswith("policy.")}
        )
    except (SafetensorError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path}: a damaged checkpoint ({reason}); delete it") from error
    states: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, number, key = name.split(".", 2)
            states.setdefault(int(number), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": states, "param_groups": groups})
    return step
