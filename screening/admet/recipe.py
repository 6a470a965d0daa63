"""``admet:<property>``: a property foretold by ADMET-AI, as a recipe.

Swanson et al., Bioinformatics 40, btae416 (2024): an ensemble of message-passing networks,
trained on the Therapeutics Data Commons. A model and no calculation: it goes through the
workers as every recipe does, with their limits, their retries, the journal and the cache,
because the model is large and slow to load, and lives in a process of its own.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import ClassVar

from rdkit import Chem

from screening.admet.endpoints import Endpoint, endpoints
from screening.admet.predictor import STEP, installed, predictor, python
from simulation.errors import InputError
from simulation.provenance import versions
from simulation.recipes.recipe import Better, Content, Reach, Recipe, Site, whole_molecule
from simulation.score import ConformerRecord, Provenance, Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

NAME = "admet"
_COST = "one prediction a molecule for all properties together; each worker loads the model once"
_METHOD = (
    "ADMET-AI 2 (chemprop message-passing networks, two ensembles of five) on the neutral form "
    "as standardised, in a process of its own; the weights of its wheel"
)


class Admet:
    """One property.

    Args:
        endpoint: which.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.name = f"{NAME}:{endpoint.id}"
        self.unit = endpoint.unit
        self.better: Better = endpoint.better  # the end that a drug project seeks as a rule
        unit = "" if endpoint.unit == "" else f", {endpoint.unit}"
        self.summary = f"{endpoint.name} ({endpoint.category}) by ADMET-AI{unit}"
        self.method = _METHOD
        self.applies_to: tuple[str, ...] = ("[#6]",)
        self.cost = _COST
        self.validity = endpoint.validity
        self.reach: Reach = "geometry"  # no active space, and nothing sampled
        self.version = 1

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """The whole molecule; none where there is no carbon."""
        return whole_molecule(molecule)

    def ready(self, settings: SimulationSettings) -> None:
        """Check that there is an environment with ADMET-AI; the model itself is not loaded.

        Raises:
            InputError: there is none.
        """
        installed(python())

    def content(self, settings: SimulationSettings) -> Content:
        """What the values are a function of: the versions in the other environment.

        Raises:
            InputError: there is no ADMET-AI.
        """
        return Content({"versions": installed(python())}, ())

    def score(self, work: Workup) -> Score:
        """Foretell the property.

        Raises:
            InputError: there is no ADMET-AI, or it does not take the molecule.
            ResourceError: no answer within the limit of time.
            StochasticError: its process ended.
        """
        if not self.sites(work.molecule):
            raise InputError("recipe", f"{self.name} does not apply: nothing matches [#6]")
        model = predictor(python())
        with work.clock.step("admet"):
            (found,) = model.predict([work.smiles])
        if found is None or self.endpoint.id not in found:
            raise InputError(STEP, f"ADMET-AI gives no {self.endpoint.id} for this molecule")
        poor = (f"{self.name}: {self.endpoint.validity}",) if self.endpoint.is_worthless else ()
        return Score(
            smiles=work.smiles,
            inchikey=work.inchikey,
            recipe=self.name,
            value=float(found[self.endpoint.id]),
            unit=self.unit,
            solver="none",
            backend=work.settings.backend,
            casci_value=None,
            casci_deviation_mha=None,
            baselines={},
            active_space=None,
            sites=(),
            conformers=ConformerRecord(0, 0, 0, 0, 0.0, "none: foretold from the structure"),
            provenance=Provenance(
                charge=work.charge,
                multiplicity=work.multiplicity,
                basis="none",
                seed=work.seed,
                settings=work.settings.model_dump(mode="json"),
                versions={**versions(), **{f"admet: {k}": v for k, v in model.versions.items()}},
                timings=work.clock.timings,
                wall_seconds=work.clock.wall_seconds,
                convergence={"model": "ADMET-AI", "form": work.smiles},
                geometry="",
            ),
            flags=poor,
        )


@dataclass(frozen=True)
class AdmetFamily:
    """All properties that ADMET-AI foretells; ``admet:hERG`` is one of them."""

    name: ClassVar[str] = NAME
    unit: ClassVar[str] = ""
    better: ClassVar[Better] = "lower"
    summary: ClassVar[str] = (
        "absorption, metabolism, toxicity and more foretold by ADMET-AI: 41 recipes such as "
        "admet:hERG (extra environment)"
    )
    method: ClassVar[str] = _METHOD
    applies_to: ClassVar[tuple[str, ...]] = ("[#6]",)
    cost: ClassVar[str] = _COST
    validity: ClassVar[str] = "by property: `molq recipes admet:hERG`"

    @property
    def members(self) -> tuple[str, ...]:
        """The properties."""
        return tuple(endpoints())

    def member(self, name: str) -> Recipe:
        """The recipe of a property.

        Raises:
            InputError: ADMET-AI does not know it; names the nearest.
        """
        found = endpoints().get(name)
        if found is None:
            lower = {known.lower(): known for known in endpoints()}
            near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.4)
            hint = f"did you mean {NAME}:{lower[near[0]]}?" if near else "see `molq recipes admet`"
            raise InputError(STEP, f"ADMET-AI foretells no {name!r}; {hint}")
        return Admet(found)

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """None: a family is not computed."""
        return ()

    def score(self, work: Workup) -> Score:
        """Refuse: one property has to be named.

        Raises:
            InputError: always.
        """
        raise InputError(STEP, "admet is a family: name a property, e.g. admet:hERG")


FAMILY = AdmetFamily()
