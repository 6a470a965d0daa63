"""The hands that propose molecules, in one place.

prior
    The generator, taught by the best scored molecules (``replay``) on a leash.
crossover
    Two scored molecules exchange parts (``edits``).
mutation
    One scored molecule is changed by an atom, a ring or a group (``edits``).
edit
    One place of a scored molecule is changed to what the network finds likely there
    (``regrowth``, ``atomedits``).

Without a surrogate the hands propose from the best scored molecules. With one, its
acquisition is climbed by an evolution: the best scored molecules and fresh ones of the
prior are crossed, mutated and edited for some generations, and the most promising come
back, spread over scaffolds (as Tripp et al. maximise theirs, arXiv:2106.14808).

What comes out is a function of the scored molecules and the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from generative.acceptance import acceptance
from generative.constraints import Constraints
from generative.diversity import Buckets, collapse, diversity, spread
from generative.finetuning import LEASH
from generative.generator import Generator
from generative.handshares import divided, shares
from generative.mating import Mating
from generative.motifs import parse
from generative.proposal import Proposal, Scored, Worth
from generative.replay import Replay, rank_weights, replay
from generative.settings import GeneratorSettings

# Molecules of the prior that the taught one is compared with.
PROBE = 64
# Scored proposals that count as recent.
RECENT = 64
# What answers a collapse: the divergence from the prior weighs more, the prior proposes at
# least so much, half of that untaught, and fewer molecules of a scaffold are taken.
FIRMER = 4.0
PRIOR_SHARE = 0.5
NARROWER = 5
# Promising molecules that breed beside the best scored ones.
PROMISING = 64

_PURPOSES = ("finetune", "sample", "own", "breed")


@dataclass(frozen=True)
class Proposed:
    """What came of one call, and how."""

    proposals: tuple[Proposal, ...]
    shares: Mapping[str, float]  # of each hand; they sum to one
    taught_by: int  # molecules that the prior was taught by; 0: untaught
    collapse: str | None  # what showed it, where the taught prior had collapsed
    judged: int  # molecules whose worth was asked for

    @property
    def note(self) -> str:
        """One line for a log."""
        taught = f"the prior taught by {self.taught_by} leads" if self.taught_by else "the prior"
        others = [name for name in self.shares if name != "prior" and self.shares[name] > 0]
        if others and len(self.shares) > 1:
            parts = ", ".join(f"{100 * x:.0f} % {name}" for name, x in self.shares.items() if x)
            taught += f" and edits of the best leads ({parts})"
        if self.judged:
            taught += f", chosen of {self.judged} by the acquisition,"
        return taught

    @property
    def warning(self) -> str:
        """One line where the proposals had collapsed, else nothing."""
        if self.collapse is None:
            return ""
        return (
            f"proposals had narrowed ({self.collapse}): taught again nearer to the prior, half "
            "of its share untaught, fewer molecules of one scaffold"
        )


class Proposer:
    """Proposes molecules from what is scored so far."""

    def __init__(self, generator: Generator, settings: GeneratorSettings | None = None) -> None:
        """Take a generator and the hands' settings; scaffold and limits come with each call."""
        self.generator = generator
        self.settings = settings or GeneratorSettings()

    def propose(
        self,
        n: int,
        scored: Sequence[Scored],
        *,
        seed: int,
        worth: Worth | None = None,
        scaffold: str | None = None,
        constraints: Constraints | None = None,
    ) -> list[Proposal]:
        """At most ``n`` distinct molecules that are not scored; see :meth:`proposed`."""
        return list(
            self.proposed(
                n, scored, seed=seed, worth=worth, scaffold=scaffold, constraints=constraints
            ).proposals
        )

    def proposed(
        self,
        n: int,
        scored: Sequence[Scored],
        *,
        seed: int,
        worth: Worth | None = None,
        scaffold: str | None = None,
        constraints: Constraints | None = None,
    ) -> Proposed:
        """At most ``n`` distinct molecules that are not scored, and how they were found.

        Args:
            n: molecules wanted.
            scored: all molecules scored so far, canonical SMILES, in the order of scoring.
            seed: of this call.
            worth: the surrogate's acquisition; the most promising come first. Without it
                they come hand by hand.
            scaffold: kept in every molecule.
            constraints: what a molecule must and must not be.

        Raises:
            ValueError: a bad scaffold or constraint, a negative number or seed, or hands
                of which none can propose.
        """
        if n < 0 or seed < 0:
            raise ValueError("the number of molecules and the seed must not be negative")
        return _Call(self, scored, seed, scaffold, constraints).proposed(n, worth)


class _Call:
    def __init__(
        self,
        proposer: Proposer,
        scored: Sequence[Scored],
        seed: int,
        scaffold: str | None,
        constraints: Constraints | None,
    ) -> None:
        self.settings = proposer.settings
        self.own = proposer.generator
        self.generator = proposer.generator
        self.scored = scored
        self.known = {molecule.smiles for molecule in scored}
        self.seed = seed
        self.scaffold = scaffold
        self.constraints = constraints
        self.accepts = acceptance(scaffold, constraints)
        self.best = replay(scored, self.settings.finetune_top, self.settings.per_scaffold)
        self.per_scaffold = self.settings.per_scaffold
        self.taught_by = 0
        self.collapse: str | None = None

    def proposed(self, n: int, worth: Worth | None) -> Proposed:
        self._teach()
        breeding = _kept(self.best, self.accepts)
        settings = self.settings
        mating = Mating(self.generator, self._limit(), self.accepts)
        hands = {"prior", "crossover", "mutation", "edit"} - mating.unable
        part: Mapping[str, float] = {"prior": 1.0}  # alone while there is nothing to breed from
        if breeding.smiles:
            part = shares(self.scored, settings.hands, hands, adapt=settings.adapt)
        if self.collapse is not None and part.get("prior", 1.0) < PRIOR_SHARE:
            others = 1 - part.get("prior", 0.0)
            part = {
                name: PRIOR_SHARE if name == "prior" else share * (1 - PRIOR_SHARE) / others
                for name, share in {"prior": 0.0, **part}.items()
            }
        if worth is None or settings.generations == 0:
            found = self._by_hand(n, part, breeding, mating)
            chosen, judged = found, 0
            if worth is not None:
                chosen, judged = self._most_promising(found, n, self._judged(found, worth))
        else:
            chosen, judged = self._evolved(n, part, breeding, mating, worth)
        return Proposed(tuple(chosen), part, self.taught_by, self.collapse, judged)

    def _limit(self) -> int | None:
        return None if self.constraints is None else self.constraints.max_heavy_atoms

    def _seed(self, purpose: str, number: int = 0) -> int:
        sequence = np.random.SeedSequence((self.seed, _PURPOSES.index(purpose), number))
        return int(sequence.generate_state(1, np.uint32)[0]) >> 1

    # teaching

    def _teach(self) -> None:
        settings = self.settings
        if not (settings.finetune and self.best.smiles):
            return
        self._taught(settings.kl)
        self.collapse = self._narrowed()
        if self.collapse is not None:
            self._taught(FIRMER * max(settings.kl, LEASH))
            self.per_scaffold = max(1, settings.per_scaffold // NARROWER)

    def _taught(self, kl: float) -> None:
        seed = self._seed("finetune")
        smiles, weights = self.best.smiles, self.best.weights
        self.generator = self.own.finetuned(smiles, weights, seed=seed, kl=kl)
        self.taught_by = len(smiles)

    def _narrowed(self) -> str | None:
        """What shows that the taught prior, or what was lately scored of it, has collapsed."""
        own = self._sampled(self.own, PROBE, "own")
        now = self._sampled(self.generator, PROBE, "sample")
        beside = diversity(own, self.known)
        signs = collapse(diversity(now, self.known), beside)
        recent = [molecule.smiles for molecule in self.scored if molecule.hand][-RECENT:]
        if signs is None and recent:
            as_many = own[: len(recent)]
            signs = collapse(diversity(recent), diversity(as_many))
        return signs

    def _sampled(self, generator: Generator, n: int, purpose: str) -> list[str]:
        return generator.sample(
            n, seed=self._seed(purpose), scaffold=self.scaffold, constraints=self.constraints
        )

    def _fresh(self, n: int) -> list[Proposal]:
        """Molecules of the prior that are not scored: taught ones, half of them untaught
        after a collapse."""
        spare = n + min(n, len(self.known))  # some of them may be known
        untaught = n // 2 if self.collapse is not None else 0
        found: dict[str, None] = {}
        for generator, purpose, wanted in (
            (self.own, "own", untaught),
            (self.generator, "sample", n),
        ):
            if len(found) < wanted:
                for smiles in self._sampled(generator, spare, purpose):
                    if len(found) < wanted and smiles not in self.known:
                        found[smiles] = None
        return [Proposal(smiles, "prior") for smiles in found]

    # the hands

    def _by_hand(
        self, n: int, part: Mapping[str, float], breeding: Replay, mating: Mating
    ) -> list[Proposal]:
        wanted = divided(n, part)
        first = wanted.pop("prior", 0)
        made = mating.children(
            breeding.smiles, breeding.weights, wanted, self.known, self._seed("breed")
        )
        if part.get("prior", 0.0) > 0:
            first = n - len(made)
        seen = {child.smiles for child in made}
        fresh = [x for x in self._fresh(first) if x.smiles not in seen]
        return [*fresh, *made][:n]

    def _evolved(
        self,
        n: int,
        part: Mapping[str, float],
        breeding: Replay,
        mating: Mating,
        worth: Worth,
    ) -> tuple[list[Proposal], int]:
        settings = self.settings
        prior = part.get("prior", 0.0)
        fresh = self._fresh(max(PROBE, round(n * prior))) if prior > 0 else []
        found = {proposal.smiles: proposal for proposal in fresh}
        values = self._judged(fresh, worth)
        others = {name: share for name, share in part.items() if name != "prior" and share > 0}
        total = sum(others.values())
        for generation in range(settings.generations if others else 0):
            parents, weights = self._parents(values, breeding)
            wanted = divided(
                settings.offspring, {name: share / total for name, share in others.items()}
            )
            children = mating.children(
                parents,
                weights,
                wanted,
                self.known | found.keys(),
                self._seed("breed", generation),
            )
            found.update((child.smiles, child) for child in children)
            values.update(self._judged(children, worth))
        return self._most_promising(list(found.values()), n, values)

    def _parents(
        self, values: Mapping[str, float], breeding: Replay
    ) -> tuple[list[str], list[float]]:
        """The best scored and the most promising molecules, one half of the weight each."""
        ranked = sorted((x for x in values if np.isfinite(values[x])), key=lambda x: -values[x])
        promising = spread(ranked, PROMISING, Buckets(self.per_scaffold))
        weights = rank_weights(len(promising)).tolist() if promising else []
        return [*breeding.smiles, *promising], [*breeding.weights, *weights]

    def _judged(self, proposals: Sequence[Proposal], worth: Worth) -> dict[str, float]:
        smiles = [proposal.smiles for proposal in proposals]
        if not smiles:
            return {}
        values = np.asarray(worth(smiles), dtype=float)
        if values.shape != (len(smiles),):
            raise ValueError(f"{len(smiles)} molecules but worths of shape {values.shape}")
        values = np.where(np.isnan(values), -np.inf, values)
        return dict(zip(smiles, values.tolist(), strict=True))

    def _most_promising(
        self, found: Sequence[Proposal], n: int, values: Mapping[str, float]
    ) -> tuple[list[Proposal], int]:
        by_smiles = {proposal.smiles: proposal for proposal in found}
        worthwhile = [x for x in by_smiles if values[x] > -np.inf]
        ranked = sorted(worthwhile, key=lambda x: (-values[x], x))
        buckets = Buckets(self.per_scaffold, [m.smiles for m in self.scored if m.hand])
        return [by_smiles[x] for x in spread(ranked, n, buckets)], len(values)


def _kept(best: Replay, accepts: Callable[[Chem.Mol], bool]) -> Replay:
    """The replayed molecules that keep the scaffold and meet the constraints."""
    chosen = tuple(smiles for smiles in best.smiles if accepts(parse(smiles)))
    return Replay(chosen, tuple(rank_weights(len(chosen)).tolist()) if chosen else ())
