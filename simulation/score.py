"""A recipe's value for one molecule, with everything needed to judge it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import TypeAdapter


@dataclass(frozen=True)
class Baseline:
    """The cheap classical number printed beside a score."""

    value: float  # in ``unit``
    unit: str
    method: str  # e.g. "HF/6-31g* LUMO"


@dataclass(frozen=True)
class CircuitCost:
    """What the trial state would cost on a quantum computer."""

    ansatz: str  # e.g. "uccsd, 1 layer", "adapt"
    mapping: str  # e.g. "jordan-wigner", "parity, two qubits reduced"
    qubits: int
    parameters: int
    two_qubit_gates: int  # all qubits connected; rz, sx, x and cx
    depth: int  # layers of those gates


@dataclass(frozen=True)
class MitigationRecord:
    """A sampled energy before and after one step of error mitigation."""

    name: str  # "readout" or "zne"
    method: str  # one line: what was done
    before: float  # Hartree, total
    after: float  # Hartree, total
    before_standard_error: float  # Hartree
    after_standard_error: float  # Hartree, the mitigation's own uncertainty included


@dataclass(frozen=True)
class ReducedSpace:
    """The smaller space that was solved because the whole one does not fit the backend."""

    electrons: int
    orbitals: int
    frozen: int  # doubly occupied orbitals folded into the core
    casci_energy: float  # Hartree, total, exact in the smaller space
    reason: str  # one line: what did not fit where


@dataclass(frozen=True)
class SampledSubspace:
    """The determinants that a sample-based diagonalisation worked in."""

    samples: int  # determinants drawn, repetitions counted
    dimension: int  # determinants diagonalised among
    determinants: int  # of the whole sector


@dataclass(frozen=True)
class ConvergenceTrace:
    """How a solver's energy came down: its first and last step, and up to 58 between them.

    Longer ways are thinned to steps that are evenly spaced.
    """

    step: str  # what one is, e.g. "L-BFGS iteration", "ADAPT cycle"
    taken: int  # steps in all, the start not counted
    steps: tuple[int, ...]  # shape: (points,); which were kept, 0 is the start
    above_casci: tuple[float, ...]  # shape: (points,); mHa, four significant digits
    parameters: tuple[int, ...] = ()  # shape: (points,); of a state that grows, else empty


@dataclass(frozen=True)
class SolverRecord:
    """One active-space energy: how the chosen solver got it, and the exact one."""

    sector: str  # "4e", "5e": the electrons in the space
    n_alpha: int
    n_beta: int
    energy: float  # Hartree, total
    casci_energy: float  # Hartree, total, exact in the same space and sector
    parameters: int  # free parameters of the ansatz, 0 for casci
    evaluations: int  # energy (and gradient) evaluations
    gradient_norm: float  # max norm at the end, Hartree
    converged: bool
    standard_error: float | None = None  # Hartree, of a sampled energy; None where exact
    circuit: CircuitCost | None = None  # None where the solver has no circuit
    mitigation: tuple[MitigationRecord, ...] = ()  # in the order they were applied
    reduced: ReducedSpace | None = None  # None where the whole space was solved
    technical: dict[str, Any] | None = None  # entry of the technical file, where asked for
    subspace: SampledSubspace | None = None  # None where the whole sector was searched
    trace: ConvergenceTrace | None = None  # None where there are no steps, and in old records


@dataclass(frozen=True)
class Contribution:
    """One term of a score that is a sum, so that a person sees what it rests on."""

    name: str  # e.g. "electron affinity"
    value: float  # of the descriptor, in ``unit``
    unit: str
    contribution: float  # to the score's value, in the score's unit
    kind: Literal["quantum", "classical"]


@dataclass(frozen=True)
class SpeciesRecord:
    """One of the species that a difference was taken between, beside the molecule itself."""

    name: str  # e.g. "thiolate adduct"
    smiles: str
    charge: int
    multiplicity: int
    energy: float  # Hartree, by ``method``
    method: str  # e.g. "GFN2-xTB ALPB(water)"
    geometry: str  # XYZ text, Angstrom


@dataclass(frozen=True)
class ActiveOrbital:
    """A natural orbital of an active space by the basis functions that matter in it."""

    label: str  # "HONO-1", "HONO", "LUNO", "LUNO+1", ...: by its place in the occupations
    occupation: float  # 0..2
    functions: tuple[int, ...]  # shape: (terms,); numbers of basis functions, rising
    coefficients: tuple[float, ...]  # shape: (terms,); of normalised functions, four digits
    kept: float  # squared overlap of these terms with the whole orbital, 0..1


@dataclass(frozen=True)
class OrbitalSet:
    """The natural orbitals of the exact state of a space, small enough to be kept.

    Functions are PySCF's real spherical ones, numbered atom by atom in the order of the
    provenance's geometry.
    """

    basis: dict[str, str]  # element -> its functions, e.g. "6-31g*"
    functions: int  # of the whole molecule
    orbitals: tuple[ActiveOrbital, ...]  # the highest occupation first


@dataclass(frozen=True)
class ActiveSpaceRecord:
    """Which orbitals were correlated, and how well they are the intended ones."""

    electrons: int
    orbitals: int
    atoms: tuple[int, ...]  # heavy-atom indices in the canonical SMILES
    orbital_labels: tuple[str, ...]  # the AVAS targets, e.g. "C1 2pz"
    threshold: float  # AVAS threshold at which the space came out
    weights: tuple[float, ...]  # shape: (orbitals,); weight on the targets, 0..1
    natural_occupations: tuple[float, ...]  # shape: (orbitals,); CASCI singlet
    planarity: float  # Angstrom, rms distance of the atoms from their plane
    triplet_energy: float  # eV, vertical, same space
    flags: tuple[str, ...] = ()  # why the space is doubtful; empty when it is not
    natural_orbitals: OrbitalSet | None = None  # None in records that were made without


@dataclass(frozen=True)
class SiteScore:
    """The score of one warhead (or other site) of the molecule."""

    name: str  # e.g. "acrylamide C1=C2-C3=O4"
    atoms: tuple[int, ...]  # heavy-atom indices in the canonical SMILES
    value: float  # in the score's unit
    casci_value: float | None  # in the score's unit; None where no active space is solved
    casci_deviation_mha: float | None  # mHa; solver minus CASCI of the energy difference
    ionisation_potential: float | None  # eV, vertical, same space
    active_space: ActiveSpaceRecord | None
    solutions: tuple[SolverRecord, ...]


@dataclass(frozen=True)
class ConformerRecord:
    """What the conformer search did."""

    requested: int  # GFN2 optimisations at most
    embedded: int  # starting structures, screened by their GFN2 energy
    optimised: int  # GFN2 optimisations that converged
    distinct: int  # after removal of duplicates
    spread: float  # kcal/mol, highest minus lowest optimised energy
    method: str  # e.g. "ETKDGv3 / GFN2-xTB ALPB(water)"
    abandoned: int = 0  # optimisations stopped because they were clearly high


@dataclass(frozen=True)
class Provenance:
    """Everything that is needed to compute the same number again."""

    charge: int
    multiplicity: int
    basis: str
    seed: int
    settings: dict[str, Any]  # the SimulationSettings as used
    versions: dict[str, str]  # package -> version
    timings: dict[str, float]  # step -> CPU seconds
    wall_seconds: float
    convergence: dict[str, Any]  # step -> flag or rung that succeeded
    geometry: str  # XYZ text of the conformer used, Angstrom


@dataclass(frozen=True)
class Score:
    """A recipe's value for one molecule.

    A recipe without an active space (a GFN2-xTB energy, say) has the solver
    ``none`` and no CASCI value. With several sites ``value`` and the fields
    beside it are those of the leading site (for electron affinities the
    highest), and ``sites`` holds every one, the leading site first.
    """

    smiles: str  # canonical, as computed
    inchikey: str
    recipe: str
    value: float  # in ``unit``
    unit: str
    solver: str
    backend: str
    casci_value: float | None  # in ``unit``; None where no active space is solved
    casci_deviation_mha: float | None
    baselines: dict[str, Baseline]
    active_space: ActiveSpaceRecord | None
    sites: tuple[SiteScore, ...]
    conformers: ConformerRecord
    provenance: Provenance
    flags: tuple[str, ...] = ()  # doubts that a reader must see, empty when none
    standard_error: float | None = None  # in ``unit``, of a sampled value; None where exact
    interval: tuple[float, float] | None = None  # in ``unit``, 95 % prediction interval of a model
    contributions: tuple[Contribution, ...] = ()  # of a score that is a sum; with the intercept
    species: tuple[SpeciesRecord, ...] = ()  # other species the difference was taken between

    def to_json(self) -> dict[str, Any]:
        """The score as plain JSON types; ``from_json`` reads it back unchanged.

        Of an active space that occurs several times (at the leading site and beside the
        value, say) the orbitals are written once, at the first site that has it.
        """
        data: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        known: list[dict[str, Any]] = []
        for owner in (*data["sites"], data):
            space = owner["active_space"]
            if space is not None and space in known:
                owner["active_space"] = space | {"natural_orbitals": None}
            elif space is not None:
                known.append(space)
        return data

    @staticmethod
    def from_json(data: Any) -> Score:
        """Validate and rebuild a score written by ``to_json``.

        Raises:
            pydantic.ValidationError: a field is missing or has the wrong type.
        """
        score = _ADAPTER.validate_python(data)
        spaces = [site.active_space for site in score.sites]
        drawn = [space for space in spaces if space is not None and space.natural_orbitals]

        def whole(space: ActiveSpaceRecord | None) -> ActiveSpaceRecord | None:
            return next(
                (one for one in drawn if replace(one, natural_orbitals=None) == space), space
            )

        if not drawn:
            return score
        return replace(
            score,
            active_space=whole(score.active_space),
            sites=tuple(
                replace(site, active_space=whole(site.active_space)) for site in score.sites
            ),
        )


_ADAPTER: TypeAdapter[Score] = TypeAdapter(Score)
