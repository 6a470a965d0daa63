"""What proposes molecules, and the register of installed generators."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from generative.constraints import Constraints

GROUP = "molq.generators"


class Generator(Protocol):
    """Proposes molecules. The same seed gives the same molecules in the same order."""

    name: str

    def sample(
        self,
        n: int,
        *,
        seed: int,
        scaffold: str | None = None,
        constraints: Constraints | None = None,
    ) -> list[str]:
        """At most ``n`` distinct canonical SMILES (fewer when the space is exhausted).

        Args:
            n: number of molecules wanted.
            seed: of this call; nothing else is random.
            scaffold: SMILES kept in every molecule. Growth starts at its
                attachment points ``[*]``, or at every free position if it has none.
            constraints: what a molecule must and must not be.

        Raises:
            ValueError: the scaffold is not a valid SMILES or has no free position.
        """
        ...

    def finetuned(
        self, smiles: Sequence[str], weights: Sequence[float], *, seed: int, kl: float = 0.5
    ) -> Generator:
        """A generator taught by these molecules; this one is unchanged.

        Args:
            smiles: ranked leads.
            weights: non-negative, one for each molecule; they need not sum to one.
            seed: of the training.
            kl: weight of the divergence from this generator; larger stays nearer to it.
        """
        ...


class GeneratorFactory(Protocol):
    """What an entry point of the group ``molq.generators`` names."""

    def __call__(self) -> Generator:
        """The generator, ready to sample."""
        ...


def names() -> tuple[str, ...]:
    """The installed generators, in alphabetical order."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


def find(name: str) -> Generator:
    """The generator of that name, or of a trained prior by its path.

    Args:
        name: an installed generator, or the path of a ``.safetensors`` file.

    Raises:
        ValueError: no installed package provides it, or the file is not a prior.
    """
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            factory: GeneratorFactory = entry.load()
            return factory()
    if name.endswith(".safetensors") or Path(name).is_file():
        from generative import weights

        return weights.load(name)
    raise ValueError(
        f"unknown generator {name!r}; installed: {', '.join(names())}; "
        "or give the path of a trained .safetensors file"
    )
