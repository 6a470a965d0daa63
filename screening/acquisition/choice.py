"""Which molecules to compute next: a batch from proposals and library together.

The utility of a molecule is uncertain as far as it rests on recipes: their values
are drawn jointly from the surrogates' posteriors and pass through desirability and
geometric mean, while exact properties enter as they are. On this matrix of utility
samples, shape (samples, molecules), the batch is grown greedily:

qei
    the largest gain in Monte Carlo expected improvement of the whole batch,
    E[max(u_batch, best)] (Wilson, Hutter and Deisenroth, NeurIPS 2018). Molecules
    that would be right or wrong together bring less gain, so the batch spreads.
ucb
    mean + beta * standard deviation of the utility.
greedy
    the mean utility.
random
    any order, for comparison.

Before the first label the batch is spread over structures instead (MaxMin, Ashton
et al., Quant. Struct.-Act. Relat. 21 (2002) 598), the distance weighted with the
utility of the exact properties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from screening import scorers
from screening.acquisition.selection import Choice, Selection
from screening.acquisition.settings import AcquisitionSettings
from screening.batch import Pick, fill
from screening.candidate import Candidate
from screening.objective import (
    ObjectiveSettings,
    kind,
    recipe_names,
    scorer_names,
    utilities,
    violations,
)
from screening.surrogate import Surrogate

if TYPE_CHECKING:
    from screening.surrogate.outcome import OutcomeModel

JOINT_LIMIT = 2000  # molecules whose joint posterior is drawn; more are shortlisted first
_SHORTLIST_SAMPLES = 64
_CHUNK = 4096  # molecules predicted at a time


@dataclass(frozen=True)
class _Outlook:
    """What is known of every molecule of the pool before a choice."""

    predicted: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]  # mean, std (pool,)
    utility: NDArray[np.float64]  # shape: (samples, pool), 0..1


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
        pending: molecules chosen before whose values are not known yet; they are believed
            to come out as predicted.
        desirabilities: of the molecules computed so far, shape (molecules, objectives),
            0..1; what a Pareto front is measured from.
        outcomes: what a calculation costs and whether it succeeds; None if not known.

    Returns:
        at most ``n`` selections, in the order of choosing, and what they promise together.

    Raises:
        ValueError: no objective is given.
    """
    if not objectives:
        raise ValueError("no objective is given; add an [[objective]] table")
    waiting = {candidate.inchikey for candidate in pending}
    candidates = [c for c in _distinct(pool) if c.inchikey not in waiting]
    exact = {
        name: np.array([scorers.value(name, c.smiles) for c in candidates], dtype=np.float64)
        for name in scorer_names(objectives)
    }
    allowed = [
        i
        for i in range(len(candidates))
        if not violations({name: float(v[i]) for name, v in exact.items()}, objectives)
    ]
    candidates = [candidates[i] for i in allowed]
    exact = {name: values[allowed] for name, values in exact.items()}
    if not candidates or n < 1:
        return Choice((), "nothing to choose from", 0.0, None)
    known = [o for o in objectives if kind(o.name) == "scorer" or o.name in surrogates]
    models = {name: _believing(surrogates[name], pending) for name in recipe_names(known)}
    if settings.kind != "random" and not models and recipe_names(objectives):
        spread = _spread(candidates, n, n_generator, known, exact, settings)
        return Choice(tuple(spread), "spread over structures", 0.0, None)
    if len(candidates) > JOINT_LIMIT and models:
        kept = _shortlist(candidates, models, known, exact, best_utility, settings, seed)
        candidates = [candidates[i] for i in kept]
        exact = {name: values[kept] for name, values in exact.items()}
    samples = settings.samples if models else 1  # exact properties do not vary
    outlook = _outlook(candidates, models, known, exact, samples, seed)
    chosen = _by_value(candidates, n, n_generator, outlook, best_utility, settings, seed)
    index = {candidate.inchikey: i for i, candidate in enumerate(candidates)}
    picked = [index[selection.candidate.inchikey] for selection in chosen]
    gain = float(np.maximum(outlook.utility[:, picked].max(axis=1) - best_utility, 0).mean())
    return Choice(tuple(chosen), f"by {settings.kind}", gain, None)


def _believing(model: Surrogate, pending: Sequence[Candidate]) -> Surrogate:
    """The model, told that pending molecules come out as it predicts."""
    if not pending:
        return model
    smiles = [candidate.smiles for candidate in pending]
    return model.conditioned(smiles, model.predict(smiles).mean)


def worth(
    molecules: Sequence[Candidate],
    *,
    surrogates: Mapping[str, Surrogate],
    objectives: Sequence[ObjectiveSettings],
    best_utility: float,
    settings: AcquisitionSettings,
    seed: int,
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
        seed: of the posterior draws, the same for every molecule.

    Returns:
        shape (molecules,); minus infinity where a hard limit is broken.
    """
    exact = {
        name: np.array([scorers.value(name, c.smiles) for c in molecules], dtype=np.float64)
        for name in scorer_names(objectives)
    }
    known = [o for o in objectives if kind(o.name) == "scorer" or o.name in surrogates]
    models = {name: surrogates[name] for name in recipe_names(known)}
    values = _marginal(molecules, models, known, exact, best_utility, settings, seed)
    broken = [
        bool(violations({name: float(v[i]) for name, v in exact.items()}, objectives))
        for i in range(len(molecules))
    ]
    return np.where(broken, -np.inf, values)


def _distinct(pool: Sequence[Candidate]) -> list[Candidate]:
    """One candidate an InChIKey, sorted by it."""
    first: dict[str, Candidate] = {}
    for candidate in sorted(pool, key=lambda c: (c.inchikey, c.origin != "library", c.smiles)):
        first.setdefault(candidate.inchikey, candidate)
    return list(first.values())


def _outlook(
    candidates: Sequence[Candidate],
    models: Mapping[str, Surrogate],
    objectives: Sequence[ObjectiveSettings],
    exact: Mapping[str, NDArray[np.float64]],
    samples: int,
    seed: int,
) -> _Outlook:
    smiles = [candidate.smiles for candidate in candidates]
    seeds = np.random.SeedSequence(seed).generate_state(max(len(models), 1))
    values: dict[str, NDArray[np.float64]] = {k: v[np.newaxis] for k, v in exact.items()}
    predicted = {}
    for (name, model), model_seed in zip(sorted(models.items()), seeds, strict=False):
        values[name] = model.sample(smiles, samples, int(model_seed))
        prediction = model.predict(smiles)
        predicted[name] = (prediction.mean, prediction.std)
    return _Outlook(predicted, _utility_samples(values, objectives, samples, len(smiles)))


def _utility_samples(
    values: Mapping[str, NDArray[np.float64]],
    objectives: Sequence[ObjectiveSettings],
    samples: int,
    molecules: int,
) -> NDArray[np.float64]:
    if not objectives:  # recipes only, and none has a label yet
        return np.ones((samples, molecules))
    return np.broadcast_to(utilities(values, objectives), (samples, molecules))


def _shortlist(
    candidates: Sequence[Candidate],
    models: Mapping[str, Surrogate],
    objectives: Sequence[ObjectiveSettings],
    exact: Mapping[str, NDArray[np.float64]],
    best_utility: float,
    settings: AcquisitionSettings,
    seed: int,
) -> list[int]:
    """The most promising molecules by their marginals, half of them proposals if there are."""
    values = _marginal(candidates, models, objectives, exact, best_utility, settings, seed)
    order = np.argsort(-values, kind="stable")
    proposed = np.array([candidate.origin == "generator" for candidate in candidates])
    generator, library = order[proposed[order]], order[~proposed[order]]
    half = JOINT_LIMIT // 2
    n_generator = min(len(generator), max(half, JOINT_LIMIT - len(library)))
    n_library = JOINT_LIMIT - n_generator
    return sorted(int(i) for i in (*generator[:n_generator], *library[:n_library]))


def _marginal(
    candidates: Sequence[Candidate],
    models: Mapping[str, Surrogate],
    objectives: Sequence[ObjectiveSettings],
    exact: Mapping[str, NDArray[np.float64]],
    best_utility: float,
    settings: AcquisitionSettings,
    seed: int,
) -> NDArray[np.float64]:
    """The criterion of each molecule, the predictions of different ones independent."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    found = np.empty(len(candidates))
    draws = {name: rng.standard_normal((_SHORTLIST_SAMPLES, 1)) for name in sorted(models)}
    if settings.kind == "random":
        found[:] = rng.random(len(candidates))
    for start in range(0, len(candidates) if settings.kind != "random" else 0, _CHUNK):
        part = slice(start, start + _CHUNK)
        smiles = [candidate.smiles for candidate in candidates[part]]
        values: dict[str, NDArray[np.float64]] = {k: v[part][None] for k, v in exact.items()}
        for name, model in sorted(models.items()):
            prediction = model.predict(smiles)
            values[name] = prediction.mean + prediction.std * draws[name]
        utility = _utility_samples(values, objectives, _SHORTLIST_SAMPLES, len(smiles))
        found[part] = _alone(utility, best_utility, settings)
    return found


def _alone(
    utility: NDArray[np.float64], best_utility: float, settings: AcquisitionSettings
) -> NDArray[np.float64]:
    """The criterion for a batch of one; shape (molecules,)."""
    mean, std = utility.mean(axis=0), utility.std(axis=0)
    if settings.kind == "ucb":
        return np.asarray(mean + settings.beta * std)
    if settings.kind == "qei":
        gain = np.maximum(utility - best_utility, 0).mean(axis=0)
        return np.asarray(gain + 1e-9 * mean)
    return np.asarray(mean)


def _spread(
    candidates: Sequence[Candidate],
    n: int,
    n_generator: int | None,
    objectives: Sequence[ObjectiveSettings],
    exact: Mapping[str, NDArray[np.float64]],
    settings: AcquisitionSettings,
) -> list[Selection]:
    """The first batch: structures far apart, weighted with what is known exactly."""
    utility = utilities(exact, objectives) if objectives else np.ones(len(candidates))

    def distance(_: Sequence[int], nearest: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((1 - nearest) * utility)

    def reason(position: int, pick: Pick) -> str:
        where = (
            f"nearest of the batch at Tanimoto similarity {pick.nearest:.2f}"
            if position > 1
            else "the first of the batch"
        )
        known = f", utility of the exact properties {utility[pick.index]:.2f}" if objectives else ""
        return f"no scores yet, so the batch is spread over structures: {where}{known}"

    outlook = _Outlook({}, utility[np.newaxis])  # exact properties do not vary
    return _filled(candidates, n, n_generator, outlook, distance, reason, settings)


def _by_value(
    candidates: Sequence[Candidate],
    n: int,
    n_generator: int | None,
    outlook: _Outlook,
    best_utility: float,
    settings: AcquisitionSettings,
    seed: int,
) -> list[Selection]:
    mean, std = outlook.utility.mean(axis=0), outlook.utility.std(axis=0)
    lottery = np.random.default_rng(np.random.SeedSequence([seed, 2])).random(len(candidates))

    def values(chosen: Sequence[int], _: NDArray[np.float64]) -> NDArray[np.float64]:
        if settings.kind == "random":
            return lottery
        if settings.kind != "qei":
            return _alone(outlook.utility, best_utility, settings)
        reached = np.full(outlook.utility.shape[0], best_utility)
        if chosen:
            reached = np.maximum(reached, outlook.utility[:, list(chosen)].max(axis=1))
        gain = np.maximum(outlook.utility - reached[:, np.newaxis], 0).mean(axis=0)
        # where no sample improves on the best, the mean still tells molecules apart
        return np.asarray(gain + 1e-9 * mean)

    def reason(_: int, pick: Pick) -> str:
        return _reason(settings.kind, mean[pick.index], std[pick.index], pick, best_utility)

    return _filled(candidates, n, n_generator, outlook, values, reason, settings)


def _filled(
    candidates: Sequence[Candidate],
    n: int,
    n_generator: int | None,
    outlook: _Outlook,
    values: Callable[[Sequence[int], NDArray[np.float64]], NDArray[np.float64]],
    reason: Callable[[int, Pick], str],
    settings: AcquisitionSettings,
) -> list[Selection]:
    """A batch by this criterion, each choice with its reason."""
    mean, std = outlook.utility.mean(axis=0), outlook.utility.std(axis=0)
    picks = fill(
        candidates,
        n=n,
        n_generator=n_generator,
        values=values,
        similarity_limit=settings.diversity,
    )
    return [
        Selection(
            candidates[pick.index],
            position,
            {
                name: (float(means[pick.index]), float(stds[pick.index]))
                for name, (means, stds) in outlook.predicted.items()
            },
            float(mean[pick.index]),
            float(std[pick.index]),
            pick.value,
            reason(position, pick) + _circumstances(pick, candidates[pick.index]),
        )
        for position, pick in enumerate(picks, 1)
    ]


def _reason(kind_: str, mean: float, std: float, pick: Pick, best_utility: float) -> str:
    expected = f"predicted utility {mean:.2f} +- {std:.2f}"
    if kind_ == "qei" and pick.value < 1e-6:
        return f"{expected}: no draw improves on the best so far, so the highest mean is taken"
    if kind_ == "qei":
        return (
            f"{expected}: expected to raise the best of the batch by {pick.value:.3f} "
            f"(best so far {best_utility:.2f})"
        )
    if kind_ == "ucb":
        return f"{expected}: upper confidence bound {pick.value:.2f}"
    if kind_ == "greedy":
        return f"{expected}: the highest mean left"
    return f"drawn at random; {expected}"


def _circumstances(pick: Pick, candidate: Candidate) -> str:
    text = f"; for the {candidate.origin}'s share of the batch" if pick.for_share else ""
    if pick.crowded:
        text += (
            f"; nothing less similar was left (Tanimoto {pick.nearest:.2f} to a chosen molecule)"
        )
    return text
