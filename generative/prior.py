"""A trained prior: its vocabulary and its network, in one safetensors file."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from generative.policy import Policy, PolicySize
from generative.vocabulary import Vocabulary

FORMAT = "molq-prior-1"
_KEY = "molq"  # one entry of the file's metadata: the order of several is not fixed
_TEXTS = ("motifs", "environments", "pieces")
_ARRAYS = {
    "counts": np.int32,
    "roots": np.int32,
    "canonical_roots": np.int32,
    "heavy_atoms": np.int16,
    "starts": np.int32,
    "orders": np.uint8,
    "environment": np.int16,
    "feature_starts": np.int32,
    "feature_index": np.int16,
    "feature_count": np.uint8,
    "actions": np.int32,
    "action_counts": np.int32,
}


@dataclass(frozen=True)
class Prior:
    """What a generator samples from."""

    name: str
    vocabulary: Vocabulary
    policy: Policy
    largest: int  # heavy atoms of the largest training molecule

    def tempered(self, temperature: float) -> Prior:
        """The same prior, its choices flatter (above 1) or sharper (below 1).

        Every softmax is taken of the logits divided by the temperature: of the root, of the
        frequent actions with the rare ones together as one, and among the rare ones.

        Raises:
            ValueError: the temperature is not a positive number.
        """
        if not 0 < temperature < float("inf"):
            raise ValueError(f"the temperature must be a positive number, not {temperature:g}")
        policy = copy.deepcopy(self.policy)
        with torch.no_grad():
            for part in (
                policy.root,
                *policy.main.parameters(),
                *policy.rare.parameters(),
            ):
                part.div_(temperature)
        return dataclasses.replace(self, policy=policy)


def save(prior: Prior, path: Path, notes: Mapping[str, object]) -> None:
    """Write a prior; the network in half precision. The file appears whole or not at all.

    Args:
        prior: to be written.
        path: a ``.safetensors`` file.
        notes: what else the file's metadata tell (data, licence, settings), as JSON.
    """
    vocabulary = prior.vocabulary
    tensors = {
        f"vocabulary.{name}": torch.from_numpy(getattr(vocabulary, name).astype(dtype))
        for name, dtype in _ARRAYS.items()
    }
    for name in _TEXTS:
        texts = getattr(vocabulary, name)
        lines = "\n".join(texts if isinstance(texts, tuple) else sorted(texts))
        tensors[f"vocabulary.{name}"] = torch.frombuffer(
            bytearray(lines.encode()), dtype=torch.uint8
        )
    for name, value in prior.policy.state_dict().items():
        tensors[f"policy.{name}"] = value.detach().half().contiguous()
    metadata = {
        **notes,
        "format": FORMAT,
        "name": prior.name,
        "size": dataclasses.asdict(prior.policy.size),
        "largest": prior.largest,
    }
    part = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, part, {_KEY: json.dumps(metadata, sort_keys=True)})
    part.chmod(0o644)
    part.replace(path)


def notes(path: Path) -> dict[str, Any]:
    """What a prior file tells of itself: data, licence, settings, figures.

    Raises:
        ValueError: the file is missing, damaged or not a prior of molq.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file; name an installed generator or a trained prior")
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_KEY, "{}")
        found: Any = json.loads(text)
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"{path}: not a safetensors file, or damaged ({reason}); get it anew or train it "
            "with molq train"
        ) from error
    if not isinstance(found, dict):
        raise ValueError(f"{path}: not a prior of molq (its notes are no table); train it anew")
    if found.get("format") != FORMAT:
        raise ValueError(
            f"{path}: not a prior of this version of molq (its format is "
            f"{str(found.get('format'))[:40]!r}, expected {FORMAT!r}); train it with molq train"
        )
    return found


def load(path: Path) -> Prior:
    """Read a prior.

    Raises:
        ValueError: the file is missing, damaged or not a prior of molq.
    """
    metadata = notes(path)
    try:
        tensors = load_file(path)
        size = PolicySize(**metadata["size"])
        _check_size(size, tensors)
        vocabulary = _vocabulary(tensors)
        policy = Policy(vocabulary, size)
        weights = {
            name.removeprefix("policy."): value.float()
            for name, value in tensors.items()
            if name.startswith("policy.")
        }
        policy.load_state_dict(weights)
        loaded = Prior(str(metadata["name"]), vocabulary, policy, int(metadata["largest"]))
    except (SafetensorError, LookupError, TypeError, ValueError, RuntimeError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise ValueError(f"{path}: an inconsistent prior ({reason}); train it anew") from error
    policy.eval()
    policy.requires_grad_(False)
    return loaded


def _check_size(size: PolicySize, tensors: Mapping[str, torch.Tensor]) -> None:
    """That the file holds a network of this size, before one is made: it may be said enormous."""
    layers = sum(name.startswith("policy.norms.") for name in tensors) // 2
    said = (size.width, size.layers, size.tail_width, size.modes)
    held = (
        tensors["policy.structure.weight"].shape[0],
        layers,
        tensors["policy.rare_map.weight"].shape[0],
        tensors["policy.mode.weight"].shape[0],
    )
    if said != held or min(size.head_actions, size.named_motifs) < 0:
        raise ValueError(f"said to be a network of {said}, and one of {held} is in it")


def _vocabulary(tensors: Mapping[str, torch.Tensor]) -> Vocabulary:
    def lines(name: str) -> tuple[str, ...]:
        return tuple(tensors[f"vocabulary.{name}"].numpy().tobytes().decode().split("\n"))

    # A prior of the first kind knows no canonical roots.
    tensors = {
        "vocabulary.canonical_roots": torch.zeros_like(tensors["vocabulary.roots"]),
        **tensors,
    }
    arrays = {name: tensors[f"vocabulary.{name}"].numpy().astype(np.int64) for name in _ARRAYS}
    return Vocabulary(
        motifs=lines("motifs"),
        environments=lines("environments"),
        pieces=frozenset(lines("pieces")),
        **arrays,
    )
