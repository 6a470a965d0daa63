"""Choosing a batch from proposals and library together.

Of the whole pool the most promising molecules are kept (``shortlist``). Among these the batch
is chosen, by a criterion that knows what was chosen before (``rules``) or as a whole
(``wholebatch``). Molecules whose values are still being computed count as if they were known.
Before the first label the batch is spread over structures instead (``firstbatch``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from screening import pareto
from screening.acquisition import reasons, rules, shortlist
from screening.acquisition.firstbatch import spread
from screening.acquisition.outlook import Basis
from screening.acquisition.pool import Pool
from screening.acquisition.rules import Rule
from screening.acquisition.selection import BatchValue, Choice, Selection
from screening.acquisition.settings import AcquisitionSettings
from screening.acquisition.wholebatch import choose_whole
from screening.batch import Pick, fill
from screening.candidate import Candidate
from screening.objective import ObjectiveSettings, recipe_names
from screening.surrogate import Surrogate
from simulation.errors import InputError
from simulation.quantum import backends

if TYPE_CHECKING:
    from screening.surrogate.outcome import OutcomeModel

# wishes -> draws at most where the growth of the front decides: its boxes grow with both
FRONT_DRAWS = {2: 256, 3: 128, 4: 64}


def choose(
    pool: Sequence[Candidate],
    *,
    n: int,
    n_generator: int | None,
    surrogates: Mapping[str, Surrogate],
    objectives: Sequence[ObjectiveSettings],
    best_utility: float,
    settings: AcquisitionSettings,
    seed: int,
    pending: Sequence[Candidate] = (),
    desirabilities: NDArray[np.float64] | None = None,
    outcomes: OutcomeModel | None = None,
) -> Choice:
    """Choose a batch.

    The result depends on the set of molecules in the pool and the seed, not on the
    pool's order; ties go to the smaller InChIKey. Molecules whose exact properties
    break a hard limit are left out.

    Args:
        pool: molecules not computed yet; of two with one InChIKey the library's is kept.
        n: size of the batch.
        n_generator: proposals in it, the rest being the library's; what one of them
            lacks the other fills. None to choose by value whatever the origin.
        surrogates: fitted, by recipe. A recipe without one (no label yet) does not count.
        objectives: the wishes, recipes and exact properties.
        best_utility: of the molecules computed so far, 0 when there are none.
        settings: the criterion.
        seed: of the posterior draws.
        pending: molecules chosen before whose values are not known yet. None of them is
            chosen again, and the batch is chosen as if they were part of it.
        desirabilities: of the molecules computed so far, shape (molecules, objectives), 0..1,
            nan where not known; what ``qnehvi`` measures the front's growth from.
        outcomes: whether a calculation succeeds and what it costs; None if not known.

    Returns:
        at most ``n`` selections, in the order of choosing, and what they promise together.

    Raises:
        ValueError: no objective is given, more of them than ``qnehvi`` takes, or
            desirabilities of another shape.
    """
    check(settings, objectives)
    left = Pool.allowed(pool, objectives, {candidate.inchikey for candidate in pending})
    if len(left) == 0 or n < 1:
        return Choice((), "nothing to choose from", 0.0, None)
    occasion = _Occasion(
        n,
        n_generator,
        tuple(objectives),
        Basis.of(objectives, surrogates, outcomes),
        best_utility,
        settings,
        seed,
        tuple(pending),
        desirabilities,
    )
    rng = np.random.default_rng(np.random.SeedSequence([seed, 2]))
    if settings.kind == "random":
        numbers = rng.random(len(left))
        rows = shortlist.kept(numbers[np.newaxis], left.proposed, shortlist.size(n))
        left = left[rows]
        outlook = occasion.basis.alone(left, rules.ALONE)
        return _grown(left, rules.Lottery(outlook, settings, numbers[rows]), occasion)
    if not occasion.basis.models and recipe_names(objectives):
        left = left[shortlist.sampled(left, occasion.basis, rng)]
        first = spread(left, n, n_generator, occasion.basis, settings, occasion.beside)
        return Choice(tuple(first), "spread over structures", 0.0, None)
    left = left[shortlist.shortlist(left, occasion.believing, best_utility, settings, n)]
    if settings.batch == "sequential":
        return _grown(left, _rule(left, occasion), occasion)
    return _whole(left, occasion)


def worth(
    molecules: Sequence[Candidate],
    *,
    surrogates: Mapping[str, Surrogate],
    objectives: Sequence[ObjectiveSettings],
    best_utility: float,
    settings: AcquisitionSettings,
    seed: int,
    outcomes: OutcomeModel | None = None,
) -> NDArray[np.float64]:
    """The criterion for each molecule alone, from the marginals of its predictions.

    What :func:`choose` takes from a pool is worth most together; this says which
    molecules are worth having in the pool.

    Args:
        molecules: distinct, not computed yet.
        surrogates: fitted, by recipe; recipes without one do not count.
        objectives: the wishes.
        best_utility: of the molecules computed so far, 0 when there are none.
        settings: the criterion.
        seed: of the order that ``random`` gives.
        outcomes: whether a calculation succeeds and what it costs; None if not known.

    Returns:
        shape (molecules,); minus infinity where a hard limit is broken.
    """
    pool = Pool.of(molecules, objectives)
    if settings.kind == "random":
        rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
        values = rng.random(len(pool))
    else:
        basis = Basis.of(objectives, surrogates, outcomes)
        (values,) = shortlist.streamed(pool, basis, best_utility, settings, [settings.beta])
    return np.where(pool.broken(objectives), -np.inf, values)


def check(settings: AcquisitionSettings, objectives: Sequence[ObjectiveSettings]) -> None:
    """Check that a criterion can follow these wishes.

    Raises:
        ValueError: no objective is given, ``qnehvi`` is asked for more than it takes, or the
            backend of ``qaoa`` is not known.
    """
    if not objectives:
        raise ValueError("no objective is given; add an [[objective]] table")
    if settings.kind == "qnehvi" and len(objectives) > pareto.MOST_WISHES:
        raise ValueError(
            f"kind 'qnehvi' follows at most {pareto.MOST_WISHES} objectives, not "
            f"{len(objectives)}; set [acquisition] kind to 'qei', 'ei' or 'ucb', which follow "
            "their utility"
        )
    if settings.batch == "qaoa":
        try:
            backends.check(settings.backend)  # by name alone: qiskit is not loaded
        except InputError as error:
            raise ValueError(f"[acquisition] backend: {error.message}") from error


@dataclass(frozen=True)
class _Occasion:
    """What a choice is asked for and what it rests on."""

    n: int
    n_generator: int | None
    objectives: tuple[ObjectiveSettings, ...]
    basis: Basis
    best_utility: float
    settings: AcquisitionSettings
    seed: int
    pending: tuple[Candidate, ...]
    desirabilities: NDArray[np.float64] | None

    @property
    def beside(self) -> list[str]:
        """SMILES of what is pending."""
        return [candidate.smiles for candidate in self.pending]

    @cached_property
    def believing(self) -> Basis:
        """The basis, told that what is pending comes out as predicted."""
        return self.basis.believing(self.beside)

    def with_pending(self, candidates: Sequence[Candidate]) -> Pool:
        """Molecules and behind them what is pending."""
        return Pool.of((*candidates, *self.pending), self.objectives)

    @property
    def known(self) -> NDArray[np.float64]:
        """Desirabilities of the wishes that count, of the molecules of which all are known.

        shape: (known, wishes)
        """
        wishes = self.basis.objectives
        if self.desirabilities is None:
            return np.empty((0, len(wishes)))
        table = np.asarray(self.desirabilities, dtype=np.float64)
        if table.ndim != 2 or table.shape[1] != len(self.objectives):
            raise ValueError(
                f"desirabilities of shape {table.shape} for {len(self.objectives)} objectives; "
                "give one row a molecule, one column an objective"
            )
        columns = table[:, [objective in wishes for objective in self.objectives]]
        return np.asarray(columns[~np.isnan(columns).any(axis=1)])


def _rule(pool: Pool, occasion: _Occasion) -> Rule:
    settings, best = occasion.settings, occasion.best_utility
    believing, seed = occasion.believing, occasion.seed
    if settings.kind == "ucb":
        return rules.Bound(believing, pool, settings, occasion.n, seed)
    if settings.kind == "ei":
        return rules.Improvement(believing, pool, settings, occasion.n, best)
    if settings.kind == "thompson":
        return rules.Thompson(believing.together(pool, settings.samples, seed), settings)
    if settings.kind == "greedy":
        return rules.Mean(believing.alone(pool, rules.ALONE), settings)
    # what is pending is drawn together with the pool
    front = settings.kind == "qnehvi" and len(occasion.basis.objectives) > 1
    samples = settings.samples
    if front:
        samples = min(samples, FRONT_DRAWS[len(occasion.basis.objectives)])
    both = occasion.basis.together(occasion.with_pending(pool.candidates), samples, seed)
    outlook, waiting = both[: len(pool)], both[len(pool) :]
    if front:
        return rules.FrontGrowth(outlook, settings, occasion.known, waiting)
    return rules.JointImprovement(outlook, settings, best, waiting)


def _grown(pool: Pool, rule: Rule, occasion: _Occasion) -> Choice:
    """A batch of one molecule after the other."""
    settings = occasion.settings
    picks = fill(
        pool.candidates,
        n=occasion.n,
        n_generator=occasion.n_generator,
        values=lambda chosen, _: rule.values(chosen),
        similarity_limit=settings.diversity,
        beside=occasion.beside,
    )
    betas = [rule.beta(place) for place in range(len(picks))]
    return _choice(pool, picks, betas, occasion, f"by {settings.kind}")


def _whole(pool: Pool, occasion: _Occasion) -> Choice:
    """A batch by quality and similarity together."""
    settings = occasion.settings
    betas: NDArray[np.float64] | None = None
    if settings.kind == "thompson":
        outlook = occasion.believing.together(pool, settings.samples, occasion.seed)
        values = rules.often_best(outlook, occasion.n)
    else:
        outlook = occasion.believing.alone(pool, rules.ALONE)
        if settings.kind == "ucb":
            betas = rules.betas(settings, len(pool), occasion.seed)
            values = outlook.bound(betas)
        else:
            values = rules.value_alone(outlook, occasion.best_utility, settings, 0.0)
    whole = choose_whole(
        pool,
        rules.for_its_price(values, outlook, settings),
        n=occasion.n,
        n_generator=occasion.n_generator,
        settings=settings,
        seed=occasion.seed,
        beside=occasion.beside,
    )
    drawn = [None if betas is None else float(betas[pick.index]) for pick in whole.picks]
    note = f"by {settings.kind}, the batch as a whole: {whole.note}"
    choice = _choice(pool, whole.picks, drawn, occasion, note, whole.batches)
    return replace(choice, circuits=whole.circuits)


def _choice(
    pool: Pool,
    picks: Sequence[Pick],
    betas: Sequence[float | None],
    occasion: _Occasion,
    note: str,
    batches: tuple[BatchValue, ...] = (),
) -> Choice:
    """The batch with its reasons, and what it promises beyond the best and the pending."""
    settings, best = occasion.settings, occasion.best_utility
    chosen = [pool.candidates[pick.index] for pick in picks]
    # what is told of a molecule is what was foreseen, nothing else being believed
    outlook = occasion.basis.alone(Pool.of(chosen, occasion.objectives), rules.ALONE)
    mean, std = outlook.moments
    selections = tuple(
        Selection(
            chosen[i],
            i + 1,
            {
                name: (float(means[i]), float(stds[i]))
                for name, (means, stds) in outlook.predicted.items()
            },
            float(mean[i]),
            float(std[i]),
            pick.value,
            reasons.reason(settings, outlook, i, pick, chosen[i], best, beta),
            reasons.facts(
                outlook,
                i,
                objectives=occasion.basis.objectives,
                best_utility=best,
                beta=beta,
                pending=len(occasion.pending),
            ),
        )
        for i, (pick, beta) in enumerate(zip(picks, betas, strict=True))
    )
    both = occasion.basis.together(occasion.with_pending(chosen), settings.samples, occasion.seed)
    rng = np.random.default_rng(np.random.SeedSequence([occasion.seed, 4]))
    lead = both.lead * (rng.random(both.lead.shape) < both.success)  # what fails adds nothing
    reached = np.maximum(lead[:, len(chosen) :].max(axis=1, initial=0.0), best)
    gain = float(np.maximum(lead[:, : len(chosen)].max(axis=1) - reached, 0.0).mean())
    hourly = None
    if both.core_seconds is not None:
        hourly = gain / (float(both.core_seconds[: len(chosen)].sum()) / 3600)
    if occasion.pending:
        note += f", beside {len(occasion.pending)} pending"
    return Choice(selections, note, gain, hourly, batches)
