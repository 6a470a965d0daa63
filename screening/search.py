"""Search for molecules of high value, asking for as few values as possible.

    search = Search.with_prior("zinc250k", seed=1)
    while labels < budget:
        molecules = search.ask(search.batch)
        search.tell(molecules, [value(smiles) for smiles in molecules])

The values are all it learns of the objective, and what it does next depends on how many it
was told, not on how many will follow. Each round conditions a Gaussian process over
structures and properties on the values so far (``surrogate.sumkernel``), evolves a
population under its upper confidence bound, as Tripp et al. (arXiv:2106.14808) maximise
theirs, and asks for those molecules of it that are promising together. Where the process
foresees little, or the best have not risen for long, a part of the round goes to the
offspring of the best known molecules, whatever the process thinks of them.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from generative import edits
from generative.generator import Generator
from screening.surrogate import hyperparameters, sumkernel
from screening.surrogate.calibration import ranks
from screening.surrogate.countprints import Index
from screening.surrogate.regression import Scale
from screening.surrogate.sumkernel import Posterior, SumCovariance

TEACHING = 64  # best molecules that teach the prior
FORESIGHT = 100  # last expectations that are compared with the values that came
RISE = 1e-3  # of the mean of the ten best that counts as one
KEPT_AWAY = 5  # regions that an excursion avoids
# From how many values on, how many molecules are asked for at a time.
BATCHES = ((2500, 150), (1000, 50), (500, 20), (150, 10), (0, 5))
JUDGED_ANEW = 20  # rounds between two looks at the whole reservoir


@dataclass(frozen=True)
class SearchSettings:
    """How a search divides its effort."""

    start: int = 30  # molecules of the prior asked for before any choice
    reservoir: int = 1000  # molecules of the prior whose worth is judged now and then
    generations: int = 3  # of the inner evolution, for each batch
    offspring: int = 100  # of each generation; twice as many for batches beyond 20
    elite: int = 200  # best known molecules that breed
    carried: int = 100  # most promising molecules not asked for, kept for the next round
    mates: int = 50  # molecules of the reservoir that breed beside the population
    mates_share: float = 0.1  # of all parents
    taught_every: int = 300  # values between two teachings of the prior; 0 for never
    learnt_from: int = 400  # labels the hyper-parameters are learnt from
    noise_floor: float = 1e-4  # least noise variance, in units of the labels' variance
    most_labels: int = 2000  # labels the posterior takes before it is thinned
    thinned_to: int = 1500
    beta_low: float = -1.5  # beta = 10 ** uniform(low, high), drawn for each molecule
    beta_high: float = 0.7
    improving: float = 0.5  # share chosen by the improvement expected on the tenth best
    patience: int = 200  # values without a rise of the ten best that count as standing still
    excursion: int = 250  # least values told while the region of the best is left
    apart: float = 0.4  # similarity to the best from which a molecule is in their region
    max_heavy_atoms: int = 50


class Search:
    """Ask and tell. The same seed and the same values give the same molecules."""

    def __init__(
        self,
        generator: Generator,
        *,
        seed: int,
        pieces: edits.Pieces | None = None,
        settings: SearchSettings | None = None,
    ) -> None:
        """Take a prior and a seed.

        Args:
            generator: where the first molecules come from, and fresh ones later.
            seed: of everything random.
            pieces: groups that mutations bring in.
            settings: how effort is divided.
        """
        self.settings = settings or SearchSettings()
        self._prior = generator
        self._taught = generator
        self._pieces = pieces
        self._rng = np.random.default_rng(np.random.SeedSequence([seed, 7]))
        self._values: dict[str, float] = {}
        self._expected: dict[str, float] = {}  # of molecules asked for, by the process
        self._foreseen: list[tuple[float, float]] = []  # expectation and the value that came
        self._reservoir: list[str] = []
        self._promising: list[str] = []
        self._carried: list[str] = []
        self._model: Posterior | None = None
        self._inside = 0  # molecules the model is conditioned on
        self._seen = 0  # values told when it was last conditioned
        self._covariance: SumCovariance | None = None
        self._learn_at = 0
        self._teach_at = self.settings.taught_every
        self._rounds = 0
        self._ten: list[float] = []  # the ten best values, a heap
        self._best = -math.inf  # their mean when it last rose
        self._risen = 0  # number of values when it last rose
        self._left: list[str] = []  # best molecules whose regions have been left
        self._away_until = 0  # number of values at which an excursion ends
        self._next_away = 0  # and from which the next one may begin

    @staticmethod
    def with_prior(name: str, *, seed: int, settings: SearchSettings | None = None) -> Search:
        """A search that starts from an installed prior.

        Raises:
            ValueError: no prior of this name.
        """
        from generative import generator
        from generative.sampling import MotifGenerator

        prior = generator.find(name)
        pieces = None
        if isinstance(prior, MotifGenerator):
            pieces = edits.Pieces.of(prior.prior.vocabulary)
        return Search(prior, seed=seed, pieces=pieces, settings=settings)

    @property
    def batch(self) -> int:
        """Molecules to ask for now; depends on the number of values told alone."""
        n = len(self._values)
        if n < self.settings.start:
            return self.settings.start - n
        return next(size for least, size in BATCHES if n >= least)

    @property
    def values(self) -> dict[str, float]:
        """What was told, in order."""
        return dict(self._values)

    @property
    def foresight(self) -> float:
        """Rank correlation of the last expectations with the values that came; 0 at first."""
        last = self._foreseen[-FORESIGHT:]
        if len(last) < 20:
            return 0.0
        expected, came = (ranks(column) for column in zip(*last, strict=True))
        if expected.std() == 0 or came.std() == 0:
            return 0.0
        return float(np.corrcoef(expected, came)[0, 1])

    def tell(self, molecules: Sequence[str], values: Sequence[float]) -> None:
        """Learn the values of molecules, larger being better.

        Raises:
            ValueError: another number of values than of molecules, or one not finite.
        """
        if len(molecules) != len(values):
            raise ValueError(f"{len(molecules)} molecules but {len(values)} values")
        for smiles, value in zip(molecules, values, strict=True):
            if not math.isfinite(value):
                raise ValueError(f"the value of {smiles} is not finite; leave it out")
            self._values[smiles] = float(value)
            if smiles in self._expected:
                self._foreseen.append((self._expected.pop(smiles), float(value)))
            push = heapq.heappush if len(self._ten) < 10 else heapq.heappushpop
            push(self._ten, float(value))
            mean = sum(self._ten) / len(self._ten)
            if mean > self._best + RISE or len(self._ten) < 10:
                self._best, self._risen = mean, len(self._values)

    def ask(self, n: int) -> list[str]:
        """``n`` distinct molecules whose value is not known yet."""
        if not self._reservoir:
            self._reservoir = self._prior.sample(self.settings.reservoir, seed=self._seed())
        if len(self._values) < self.settings.start or self._flat():
            return self._fresh(n)
        if self.settings.taught_every and len(self._values) >= self._teach_at:
            self._teach()
        self._condition()
        return self._choose(n)

    def _seed(self) -> int:
        return int(self._rng.integers(2**31))

    def _flat(self) -> bool:
        values = self._values.values()
        return max(values) - min(values) < 1e-12

    @property
    def _still(self) -> bool:
        return len(self._values) - self._risen >= self.settings.patience

    def _fresh(self, n: int, taken: Collection[str] = ()) -> list[str]:
        """Molecules of the prior that are neither known nor taken."""
        unseen = [s for s in self._reservoir if s not in self._values and s not in taken]
        while len(unseen) < n:
            known = {*unseen, *taken, *self._values}
            more = self._prior.sample(max(200, 2 * n), seed=self._seed())
            unseen += [s for s in more if s not in known]
            self._reservoir = [*self._reservoir, *more][-2 * self.settings.reservoir :]
        return unseen[:n]

    def _teach(self) -> None:
        """Teach the prior by the best; what it then proposes joins the reservoir."""
        ranked = sorted(self._values, key=lambda s: -self._values[s])[:TEACHING]
        weights = 1.0 / (1.0 + np.arange(len(ranked)))
        self._taught = self._prior.finetuned(ranked, weights.tolist(), seed=self._seed())
        fresh = self._taught.sample(self.settings.reservoir // 4, seed=self._seed())
        self._reservoir = [*self._reservoir, *fresh][-self.settings.reservoir :]
        self._promising = fresh
        self._teach_at = len(self._values) + max(self.settings.taught_every, len(self._values))

    # the model

    def _condition(self) -> None:
        told = len(self._values)
        new = list(self._values)[self._seen :]
        learn = told >= self._learn_at
        if self._model is None or learn or self._inside + len(new) > self.settings.most_labels:
            self._rebuild(learn)
        elif new:
            self._model = self._model.extended(sumkernel.molecules_of(new), self._array(new))
            self._inside += len(new)
        self._seen = told

    def _array(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        return np.array([self._values[s] for s in smiles])

    def _rebuild(self, learn: bool) -> None:
        settings = self.settings
        names = self._part(list(self._values), settings.thinned_to)
        molecules = sumkernel.molecules_of(names)
        if learn or self._covariance is None:
            part = set(self._part(names, settings.learnt_from))
            rows = np.array([i for i, s in enumerate(names) if s in part])
            labels = self._array([names[i] for i in rows])
            some = molecules[rows]
            self._covariance = hyperparameters.learn(
                some,
                Scale.of(labels).standardised(labels),
                self._covariance or hyperparameters.prior(hyperparameters.widths(some.properties)),
                noise_floor=settings.noise_floor,
            )
            self._learn_at = int(len(self._values) * 1.4)
        self._model = Posterior.of(self._covariance, molecules, self._array(names))
        self._inside = len(names)

    def _part(self, names: list[str], n: int) -> list[str]:
        """The best half, the newest fifth and some of the others, in the order told."""
        if len(names) <= n:
            return names
        ranked = sorted(names, key=lambda s: -self._values[s])
        kept = {*ranked[: n // 2], *names[-(n // 5) :]}
        others = [s for s in names if s not in kept]
        extra = self._rng.permutation(len(others))[: max(0, n - len(kept))]
        kept |= {others[i] for i in extra}
        return [s for s in names if s in kept]

    # the batch

    def _choose(self, n: int) -> list[str]:
        settings, model = self.settings, self._model
        assert model is not None
        self._rounds += 1
        high = settings.beta_high + (0.5 if self._still and self._rounds % 2 else 0.0)
        beta = 10 ** self._rng.uniform(settings.beta_low, high)
        known = sorted(self._values, key=lambda s: -self._values[s])
        avoided = self._avoided(known)
        elite = self._outside(known[: 10 * settings.elite], avoided)[: settings.elite]
        if len(elite) < settings.elite // 4:
            elite, avoided = known[: settings.elite], None
        fitness = {s: self._values[s] for s in elite}
        bound: dict[str, float] = {}  # expected value of what was judged

        def judge(molecules: Sequence[str]) -> None:
            new = [s for s in dict.fromkeys(molecules) if s not in bound and s not in self._values]
            new = self._outside(new, avoided)
            if new:
                outlook = model.outlook(sumkernel.molecules_of(new))
                bound.update(zip(new, outlook.mean.tolist(), strict=True))
                worth = outlook.mean + beta * np.sqrt(outlook.variance)
                fitness.update(zip(new, worth.tolist(), strict=True))

        if self._rounds % JUDGED_ANEW == 1:
            judge(self._reservoir)
            self._promising = sorted(bound, key=lambda s: -fitness[s])[: settings.carried]
        judge(self._carried)
        judge(self._promising)
        count = settings.offspring * (2 if n > 20 else 1)
        for _ in range(settings.generations):
            judge(self._offspring(sorted(fitness, key=lambda s: -fitness[s]), count))
        candidates = sorted(bound, key=lambda s: -fitness[s])[: max(200, 4 * n)]
        blind = self._blind(elite, n)
        picks = self._pick(model, candidates, n - len(blind), high)
        for smiles in picks:
            self._expected[smiles] = bound[smiles]
        chosen = set(picks)
        self._carried = [s for s in candidates if s not in chosen][: settings.carried]
        picks += [s for s in blind if s not in chosen]
        return [*picks, *self._fresh(n - len(picks), {*picks})] if len(picks) < n else picks

    def _avoided(self, known: Sequence[str]) -> Index | None:
        """The best molecules of the regions that are left, while an excursion lasts.

        When the best have stood still, the search goes on apart from them for a while; what
        it finds there breeds with them afterwards.
        """
        told, settings = len(self._values), self.settings
        if told >= self._away_until and self._still and told >= self._next_away:
            self._left = [*self._left, known[0]][-KEPT_AWAY:]
            length = max(settings.excursion, told // 8)
            self._away_until, self._next_away = told + length, told + 2 * length
            self._carried = []
        if told >= self._away_until:
            return None
        return Index(sumkernel.molecules_of(list(dict.fromkeys(self._left))).prints)

    def _outside(self, molecules: Sequence[str], avoided: Index | None) -> list[str]:
        """Those that are in no avoided region."""
        if avoided is None or not molecules:
            return list(molecules)
        prints = sumkernel.molecules_of(molecules).prints
        nearest = avoided.similarities(prints)[0].max(axis=1)
        return [s for s, x in zip(molecules, nearest, strict=True) if x < self.settings.apart]

    def _blind(self, elite: Sequence[str], n: int) -> list[str]:
        """Offspring of the best taken unjudged, the more the less the process foresees."""
        foresight = self.foresight if len(self._foreseen) >= 50 else 1.0
        share = 0.4 if foresight < 0.1 else 0.2 if foresight < 0.3 or self._still else 0.0
        wanted = int(self._rng.binomial(n, share))
        if not wanted:
            return []
        return self._offspring(list(elite[: self.settings.elite // 4]), wanted)

    def _offspring(self, ranked: list[str], n: int) -> list[str]:
        """New molecules of ranked parents, the better ones breeding more often."""
        settings = self.settings
        weights = 1.0 / (1.0 + np.arange(len(ranked)) + len(ranked) / 300)
        present = set(ranked)
        drawn = self._rng.choice(len(self._reservoir), size=settings.mates)
        mates = [s for s in dict.fromkeys(self._reservoir[i] for i in drawn) if s not in present]
        share = settings.mates_share * weights.sum() / max(1, len(mates))
        made = edits.offspring(
            [*ranked, *mates],
            np.concatenate([weights, np.full(len(mates), share)]),
            n,
            self._rng,
            pieces=self._pieces,
            limits=edits.Limits(max_heavy_atoms=settings.max_heavy_atoms),
            known=self._values.keys(),
        )
        return [proposal.smiles for proposal in made]

    def _pick(
        self, model: Posterior, candidates: Sequence[str], n: int, beta_high: float
    ) -> list[str]:
        """One after the other, the process believing its mean of those before."""
        if not candidates or n <= 0:
            return []
        outlook = model.outlook(sumkernel.molecules_of(candidates))
        variance = outlook.variance.copy()
        noise = model.covariance.noise * model.spread**2
        tenth = self._ten[0]
        free = np.ones(len(candidates), dtype=bool)
        believed: list[NDArray[np.float64]] = []
        picks: list[str] = []
        for _ in range(min(n, len(candidates))):
            deviation = np.sqrt(np.maximum(variance, 1e-12))
            if self._rng.random() < self.settings.improving:
                worth = _expected_improvement(outlook.mean - tenth, deviation)
            else:
                beta = 10 ** self._rng.uniform(self.settings.beta_low, beta_high)
                worth = outlook.mean + beta * deviation
                # what cannot join the ten best comes last; a molecule with the very features
                # of a known one is such when it is not better than them
                worth = worth - np.where(outlook.mean + 3 * deviation <= tenth + 1e-6, 1e3, 0.0)
            i = int(np.argmax(np.where(free, worth, -np.inf)))
            free[i] = False
            picks.append(candidates[i])
            column = model.covariances(outlook, i)
            for before in believed:
                column = column - before * before[i]
            column = column / math.sqrt(max(column[i] + noise, 1e-12))
            believed.append(column)
            variance = variance - column**2
        return picks


def _expected_improvement(
    gain: NDArray[np.float64], deviation: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of normal values with mean ``gain`` over what is to be exceeded."""
    z = gain / deviation
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    return np.asarray(gain * ndtr(z) + deviation * density)
