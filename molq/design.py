"""Design tasks: molecules from a prior as a medicinal chemist asks for them.

Every function gives a :class:`molq.designtable.DesignTable`, and takes as keywords beside
its own arguments those of :class:`Common`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from molq.designtable import DesignTable
from molq.errors import CallError

if TYPE_CHECKING:
    from generative.constraints import Constraints
    from generative.design.designs import Designs
    from generative.design.growing import Window
    from generative.generator import Generator

PRIOR = "zinc250k"
Range = tuple[float | None, float | None]
Ends = tuple[int, int]


class Common(TypedDict, total=False):
    """What every task can be told."""

    seed: int  # of everything random; 0 by default
    prior: str | Generator  # installed prior, a .safetensors file, or a generator at hand
    temperature: float  # of every choice: above 1 more varied, below 1 more usual
    max_heavy_atoms: int | None  # of the whole molecule
    required: Sequence[str]  # SMARTS, each must match
    forbidden: Sequence[str]  # SMARTS, none may match
    ranges: Mapping[str, Range]  # property -> least and largest value; None leaves an end open
    max_ring_size: int | None  # atoms of the largest ring that is grown
    properties: Sequence[str]  # further properties to be told of each molecule


@dataclass(frozen=True)
class _Call:
    generator: Generator
    seed: int
    constraints: Constraints
    named: tuple[str, ...]


def de_novo(n: int = 10, **common: Unpack[Common]) -> DesignTable:
    """Molecules without any other condition than the constraints.

    Raises:
        CallError: an unknown prior or an impossible constraint.
    """
    from generative.design import tasks

    return _done(
        lambda call: tasks.sampled(
            "de-novo", call.generator, n, seed=call.seed, constraints=call.constraints,
            named=call.named,
        ),
        common,
    )  # fmt: skip


def decorate(scaffold: str, n: int = 10, **common: Unpack[Common]) -> DesignTable:
    """Molecules that keep a scaffold and grow at its ``[*]``, or at its free positions.

    Raises:
        CallError: a bad scaffold, an unknown prior or an impossible constraint.
    """
    from generative.design import tasks

    return _done(
        lambda call: tasks.sampled(
            "decorate", call.generator, n, seed=call.seed, scaffold=scaffold,
            constraints=call.constraints, named=call.named,
        ),
        common,
    )  # fmt: skip


def grow(
    fragment: str, n: int = 10, *, size: Ends | None = None, **common: Unpack[Common]
) -> DesignTable:
    """A fragment grown into a size window, at its ``[*]`` or at its free positions.

    Args:
        fragment: SMILES.
        n: molecules wanted.
        size: least and largest number of heavy atoms; 5 to 15 more than the fragment by
            default.
        common: see :class:`Common`.

    Raises:
        CallError: a bad fragment, size or constraint, or an unknown prior.
    """
    from generative.design import tasks

    return _done(
        lambda call: tasks.grow(
            _motif(call.generator), fragment, n, seed=call.seed, size=_window(size),
            constraints=call.constraints, named=call.named,
        ),
        common,
    )  # fmt: skip


def rgroup(
    lead: str,
    n: int = 10,
    *,
    core: str | None = None,
    exchange: str | None = None,
    size: Ends | None = None,
    **common: Unpack[Common],
) -> DesignTable:
    """Molecules in which a part of a lead is exchanged and everything else is kept.

    Args:
        lead: SMILES; with neither ``core`` nor ``exchange`` its map numbers 1 (kept) and 2
            (exchanged) mark the bond that is cut.
        n: molecules wanted.
        core: what is kept: SMARTS, or SMILES with ``[*]`` at the groups to be exchanged.
        exchange: SMARTS of what is exchanged; a linker where it joins two pieces.
        size: heavy atoms of the new groups together; 3 fewer to 3 more than the old ones
            by default.
        common: see :class:`Common`.

    Raises:
        CallError: a pattern that is not in the lead or would cut a ring, a bad size or
            constraint, or an unknown prior.
    """
    from generative.design import rgroups

    return _done(
        lambda call: rgroups.rgroup(
            _motif(call.generator), lead, n, seed=call.seed, core=core, exchange=exchange,
            size=_window(size), constraints=call.constraints, named=call.named,
        ),
        common,
    )  # fmt: skip


def linker(
    first: str,
    second: str,
    n: int = 10,
    *,
    atoms: Ends | None = None,
    length: Ends | None = None,
    **common: Unpack[Common],
) -> DesignTable:
    """Molecules in which a linker joins two fragments.

    Args:
        first: SMILES with one ``[*]``.
        second: SMILES with one ``[*]``.
        n: molecules wanted.
        atoms: heavy atoms of the linker; 1 to 12 by default.
        length: atoms on the shortest path between the fragments.
        common: see :class:`Common`.

    Raises:
        CallError: a fragment without exactly one ``[*]``, bad limits or constraints, or an
            unknown prior.
    """
    from generative.design import tasks

    return _done(
        lambda call: tasks.linker(
            _motif(call.generator), first, second, n, seed=call.seed,
            atoms=_window(atoms) or tasks.LINKER, length=_window(length),
            constraints=call.constraints, named=call.named,
        ),
        common,
    )  # fmt: skip


def macrocycle(
    molecule: str,
    n: int = 10,
    *,
    ring: Ends | None = None,
    atoms: Ends | None = None,
    **common: Unpack[Common],
) -> DesignTable:
    """Macrocycles: a linker between the two ``[*]`` of one molecule.

    Args:
        molecule: SMILES with two ``[*]``.
        n: molecules wanted.
        ring: atoms of the new ring; 12 to 18 by default.
        atoms: heavy atoms of the linker; as the ring needs by default.
        common: see :class:`Common`.

    Raises:
        CallError: not exactly two ``[*]``, bad limits or constraints, or an unknown prior.
    """
    from generative.design import tasks

    return _done(
        lambda call: tasks.macrocycle(
            _motif(call.generator), molecule, n, seed=call.seed,
            ring=_window(ring) or tasks.RING, atoms=_window(atoms),
            constraints=call.constraints, named=call.named,
        ),
        common,
    )  # fmt: skip


def analogues(
    lead: str,
    n: int = 10,
    *,
    similarity: tuple[float, float] | None = None,
    size: Ends | None = None,
    **common: Unpack[Common],
) -> DesignTable:
    """Molecules like a lead: a part of it is kept, the rest is grown anew.

    Args:
        lead: SMILES.
        n: molecules wanted.
        similarity: least and largest Tanimoto similarity to the lead; 0.4 to 0.9 by
            default.
        size: heavy atoms of an analogue; 5 fewer to 5 more than the lead by default.
        common: see :class:`Common`.

    Raises:
        CallError: a bad lead, window or constraint, or an unknown prior.
    """
    from generative.design import analogues as task

    return _done(
        lambda call: task.analogues(
            _motif(call.generator), lead, n, seed=call.seed,
            similarity=similarity or task.SIMILARITY, size=_window(size),
            constraints=call.constraints, named=call.named,
        ),
        common,
    )  # fmt: skip


def warhead(
    names: str | Sequence[str],
    n: int = 10,
    *,
    lead: str | None = None,
    size: Ends | None = None,
    **common: Unpack[Common],
) -> DesignTable:
    """A covalent warhead put on a lead, or a molecule grown around one.

    Args:
        names: of one warhead or several (:func:`warheads` lists them), or ``"all"``.
        n: molecules wanted at most.
        lead: SMILES; the warhead is bound at its ``[*]``, in place of the warhead it
            carries, or at every position that suits. Without a lead a molecule grows.
        size: heavy atoms of a molecule that grows.
        common: see :class:`Common`.

    Raises:
        CallError: an unknown warhead, a lead without a position for it, a bad size or
            constraint, or an unknown prior.
    """
    from generative.design import attaching
    from generative.design import warheads as catalogue

    wanted = (names,) if isinstance(names, str) else tuple(names)
    if "all" in wanted:
        wanted = tuple(catalogue.WARHEADS)
    return _done(
        lambda call: attaching.warhead(
            _motif(call.generator), wanted, n, seed=call.seed, lead=lead, size=_window(size),
            constraints=call.constraints, named=call.named,
        ),
        common,
    )  # fmt: skip


def warheads() -> list[dict[str, Any]]:
    """The catalogue: name, SMILES, where it is bound, residues, reaction, SMARTS, reference."""
    from generative.design.warheads import WARHEADS

    return [
        {
            "name": x.name,
            "smiles": x.smiles,
            "binds": x.site.name,
            "residues": list(x.residues),
            "reaction": x.reaction,
            "smarts": x.smarts,
            "reference": x.reference,
        }
        for x in WARHEADS.values()
    ]


def _done(task: Callable[[_Call], Designs], common: Common) -> DesignTable:
    try:
        call = _call(common)
        return DesignTable(task(call), call.named)
    except ValueError as error:
        raise CallError(str(error)) from error


def _call(common: Common) -> _Call:
    from generative import generator, properties
    from generative.constraints import Constraints, PropertyRange

    unknown = set(common) - Common.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected keyword {min(unknown)!r}; {', '.join(Common.__annotations__)}")
    ranges = common.get("ranges", {})
    named = tuple(dict.fromkeys([*ranges, *common.get("properties", ())]))
    for name in named:
        properties.find(name)
    prior = common.get("prior", PRIOR)
    found = generator.find(prior) if isinstance(prior, str) else prior
    if (temperature := common.get("temperature", 1.0)) != 1.0:
        found = _motif(found).tempered(temperature)
    return _Call(
        found,
        common.get("seed", 0),
        Constraints(
            max_heavy_atoms=common.get("max_heavy_atoms"),
            required=tuple(common.get("required", ())),
            forbidden=tuple(common.get("forbidden", ())),
            ranges=tuple(PropertyRange(name, *ends) for name, ends in ranges.items()),
            max_ring_size=common.get("max_ring_size"),
        ),
        tuple(name for name in named if name != "sa-score"),
    )


def _motif(generator: Generator) -> Any:
    from generative.sampling import MotifGenerator

    if not isinstance(generator, MotifGenerator):
        raise ValueError(
            f"the generator {generator.name!r} is no prior of molq: it only samples de novo and "
            "decorates"
        )
    return generator


def _window(ends: Ends | None) -> Window | None:
    from generative.design.growing import Window

    return None if ends is None else Window(*ends)
