"""Generators whose molecules start where a Born machine, a Boltzmann machine or counts say.

The network of a trained prior grows the molecule; a distribution over code words
(``startcode``) chooses the root motif and the classes of what hangs at it. It is learned
anew whenever the network is taught: from the leads, and for a share from the prior's own
molecules, so that cores which no lead has stay possible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from generative import boltzmannmachine, bornmachine, empirical, generator
from generative.boltzmannmachine import BoltzmannLearner
from generative.bornmachine import BornLearner, CircuitSampler
from generative.codemodel import CodeModel, Learner
from generative.empirical import EmpiricalLearner
from generative.finetuning import LEASH
from generative.motifclasses import action_classes
from generative.sampling import MotifGenerator
from generative.settings import START_PRIORS
from generative.start import Start, StartError
from generative.startcode import CLASS_BITS, StartCode, code_book, slots, starts_of
from generative.statevector import Ansatz
from generative.vocabulary import Vocabulary

BASE = "zinc250k"
QUBITS, LAYERS, SHOTS = 12, 6, 4096

# Molecules of the prior from which the distribution is learned before there are leads.
OWN_MOLECULES = 512
OWN_SEED = 0


@dataclass(frozen=True)
class Lesson:
    """What a distribution of starts is learned from."""

    starts: tuple[Start, ...]
    shares: tuple[float, ...]  # sum to 1, where there is a start
    unknown: int = 0  # molecules left out: the vocabulary does not hold their root


@dataclass(frozen=True)
class OwnMolecules:
    """A generator's own molecules as a lesson, sampled when they are first needed."""

    generator: MotifGenerator

    @cached_property
    def lesson(self) -> Lesson:
        """Where they start, each with the same share."""
        molecules = self.generator.sample(OWN_MOLECULES, seed=OWN_SEED)
        return lesson(molecules, [1.0] * len(molecules), self.generator.prior.vocabulary)


@dataclass(frozen=True)
class CodedStarts:
    """Starts from measured code words; implements ``start.StartDistribution``.

    Nothing is learned or measured before the first start is drawn.

    The model is sampled once, ``shots`` times. Every start is one of these words, drawn
    with replacement: a device is asked once, however many molecules are wanted. Words that
    name no start are counted and left out, which is to draw again.
    """

    teach: Callable[[], Lesson]
    vocabulary: Vocabulary
    learner: Learner
    qubits: int
    shots: int
    seed: int  # of the learning and the measurement

    @property
    def name(self) -> str:
        """Of the model."""
        return self.learner.name

    @cached_property
    def lesson(self) -> Lesson:
        """What is learned."""
        return self.teach()

    @cached_property
    def code(self) -> StartCode:
        """The code book of what is learned."""
        return code_book(
            list(zip(self.lesson.starts, self.lesson.shares, strict=True)),
            self.vocabulary,
            self.qubits,
        )

    @cached_property
    def action_class(self) -> np.ndarray:
        """Class of each action of the vocabulary. shape: (actions,), int64"""
        return action_classes(self.vocabulary)

    @cached_property
    def target(self) -> np.ndarray:
        """What is learned. shape: (2**qubits,)"""
        wanted = np.zeros(2**self.qubits)
        for start, share in zip(self.lesson.starts, self.lesson.shares, strict=True):
            word = self.code.word(start)
            assert word is not None, "the code book is made from these starts"
            wanted[word] += share
        return wanted

    @cached_property
    def model(self) -> CodeModel:
        """The distribution, learned when it is first asked for."""
        return self.learner.fit(self.target, seed=self.seed)

    @cached_property
    def measured(self) -> np.ndarray:
        """The words of all shots, those that name no start among them. shape: (shots,)"""
        return self.model.sample(self.shots, seed=self.seed)

    @property
    def nameless(self) -> int:
        """Shots whose word names no start."""
        return int(np.count_nonzero(~self.code.named[self.measured]))

    def draw(self, n: int, *, seed: int) -> list[Start]:
        """``n`` starts, the same for the same seed.

        Raises:
            StartError: not one of the measured words names a start, or the circuit could
                not be run.
        """
        words = self.measured[self.code.named[self.measured]]
        if n and not len(words):
            raise StartError(
                f"none of {self.shots} words measured of the {self.name} prior names a start; "
                "take more shots, fewer qubits or a backend with less noise"
            )
        rng = np.random.default_rng([seed, 8])
        found = []
        for word in words[rng.integers(len(words), size=n)].tolist() if n else []:
            start = self.code.start(word, rng)
            assert start is not None, "a named word has a start"
            found.append(start)
        return found


class StartPrior(MotifGenerator):
    """A motif generator with a learned distribution of starts.

    With a scaffold growth begins at the scaffold, and the distribution has no say.

    Args:
        base: the generator whose network grows the molecules.
        learner: fits the distribution.
        qubits: bits of a code word.
        shots: words measured of the distribution.
        own: what the untaught generator gives; None where that is the base.
        leads: molecules and weights to learn from besides; None before there are any.
        own_share: part of the untaught generator's molecules in what is learned from leads.
        seed: of the learning and the measurement.

    Raises:
        ValueError: a number of qubits that no code has.
    """

    def __init__(
        self,
        base: MotifGenerator,
        learner: Learner,
        *,
        qubits: int = QUBITS,
        shots: int = SHOTS,
        own: OwnMolecules | None = None,
        leads: tuple[Sequence[str], Sequence[float]] | None = None,
        own_share: float = 0.0,
        seed: int = OWN_SEED,
    ) -> None:
        slots(qubits)  # refuses what no code has
        if shots < 1:
            raise ValueError(f"a prior of starts needs at least one shot, not {shots}")
        vocabulary = base.prior.vocabulary
        untaught = own or OwnMolecules(base)

        def teach() -> Lesson:
            if leads is None:
                return untaught.lesson
            return blended(lesson(*leads, vocabulary), untaught.lesson, own_share)

        coded = CodedStarts(teach, vocabulary, learner, qubits, shots, seed)
        super().__init__(base.prior, coded)
        self.base = base
        self.coded = coded
        self.own = untaught
        self.name = learner.name

    def finetuned(
        self, smiles: Sequence[str], weights: Sequence[float], *, seed: int, kl: float = LEASH
    ) -> StartPrior:
        """Network and starts taught by these molecules; this generator is unchanged.

        Args:
            smiles: ranked leads.
            weights: non-negative, one for each molecule.
            seed: of both trainings.
            kl: how near both stay to the untaught ones. The target of the starts is the
                leads' distribution and ``kl`` times the untaught one: the minimum of the
                loss that teaches the network.

        Raises:
            ValueError: no molecules, a SMILES that cannot be read, or weights that do not
                fit them.
        """
        return StartPrior(
            self.base.finetuned(smiles, weights, seed=seed, kl=kl),
            self.coded.learner,
            qubits=self.coded.qubits,
            shots=self.coded.shots,
            own=self.own,
            leads=(tuple(smiles), tuple(weights)),
            own_share=kl / (1 + kl),
            seed=seed,
        )


def lesson(smiles: Sequence[str], weights: Sequence[float], vocabulary: Vocabulary) -> Lesson:
    """The starts of weighted molecules.

    Args:
        smiles: molecules.
        weights: non-negative, one for each.
        vocabulary: whose motifs the roots are.

    Raises:
        ValueError: a SMILES cannot be read.
    """
    found = starts_of(smiles, vocabulary)
    known = [(s, w) for s, w in zip(found, weights, strict=True) if s is not None and w > 0]
    total = sum(weight for _, weight in known)
    return Lesson(
        tuple(start for start, _ in known),
        tuple(weight / total for _, weight in known),
        unknown=sum(start is None for start in found),
    )


def blended(leads: Lesson, own: Lesson, share: float) -> Lesson:
    """Two lessons as one, ``own`` with that share; alone where the leads' starts are unknown."""
    if not leads.starts:
        return Lesson(own.starts, own.shares, leads.unknown)
    return Lesson(
        leads.starts + own.starts,
        tuple((1 - share) * x for x in leads.shares) + tuple(share * x for x in own.shares),
        leads.unknown,
    )


def learner(
    name: str, *, qubits: int = QUBITS, layers: int = LAYERS, sampler: CircuitSampler | None = None
) -> Learner:
    """What fits the distribution of that name.

    A Boltzmann machine gets as many parameters as the Born machine of these sizes has.

    Args:
        name: ``qcbm``, ``rbm`` or ``empirical``.
        qubits: bits of a code word.
        layers: of the Born machine's entanglers.
        sampler: where the Born machine's circuit runs; None simulates it here.

    Raises:
        ValueError: no such distribution.
    """
    if name == bornmachine.NAME:
        return BornLearner(layers, sampler=sampler)
    if name == boltzmannmachine.NAME:
        parameters = Ansatz(qubits, layers).parameters
        return BoltzmannLearner(boltzmannmachine.hidden_units(qubits, parameters))
    if name == empirical.NAME:
        return EmpiricalLearner(code_fields(qubits))
    raise ValueError(f"unknown prior of starts {name!r}; there are {', '.join(START_PRIORS)}")


def code_fields(qubits: int) -> tuple[int, ...]:
    """Bits of each field of a word, the lowest first: substituents, then the core."""
    beside = slots(qubits)
    return (*(CLASS_BITS,) * beside, qubits - CLASS_BITS * beside)


def create(
    name: str,
    *,
    base: str = BASE,
    qubits: int = QUBITS,
    layers: int = LAYERS,
    shots: int = SHOTS,
    sampler: CircuitSampler | None = None,
) -> StartPrior:
    """The generator of that name over a trained network.

    Args:
        name: ``qcbm``, ``rbm`` or ``empirical``.
        base: installed network by name, or the path of a trained .safetensors file.
        qubits: bits of a code word.
        layers: of the Born machine's entanglers.
        shots: words measured of the distribution each time it is learned.
        sampler: where the Born machine's circuit runs; None simulates it here.

    Raises:
        ValueError: no such distribution or network, or sizes that cannot be.
    """
    network = generator.find(base)
    if not isinstance(network, MotifGenerator) or isinstance(network, StartPrior):
        raise ValueError(f"base {base!r} is no trained network that prior {name!r} can start")
    fits = learner(name, qubits=qubits, layers=layers, sampler=sampler)
    return StartPrior(network, fits, qubits=qubits, shots=shots)


def qcbm() -> StartPrior:
    """A Born machine over the shipped network."""
    return create(bornmachine.NAME)


def rbm() -> StartPrior:
    """A restricted Boltzmann machine over the shipped network."""
    return create(boltzmannmachine.NAME)


def empirical_starts() -> StartPrior:
    """The plain distribution of starts over the shipped network."""
    return create(empirical.NAME)
