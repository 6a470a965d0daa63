"""A run of any size without its calculations: real molecules, values drawn at random.

Molecules are acrylamides of drug size put together from parts, embedded by RDKit. Values,
orbitals and traces follow a computed score in kind and number and are otherwise random, so
that they take the room that computed ones would take. Nothing here says anything of a molecule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from molq.campaignfile import CampaignFile
from molq.environment import environment
from screening.candidate import Candidate
from screening.store.journal import Journal
from screening.store.records import Result, SelectionRecord
from simulation.score import ActiveSpaceRecord, OrbitalSet, Score, SiteScore

RECIPE = "warhead-ea"
_WARHEAD = Chem.MolFromSmarts("C=CC=O")
_CORES = (
    "C=CC(=O)Nc1cc({a})cc({b})c1", "C=CC(=O)Nc1ccc({a})c({b})c1",
    "C=CC(=O)Nc1ccc2nc({a})nc({b})c2c1",
    "C=CC(=O)N1CCC(n2nc({a})c3c2ncnc3{b})C1", "C=CC(=O)Nc1cc({a})c2ccc({b})nc2c1",
    "C=CC(=O)N1CCN(c2nc({a})cc({b})n2)CC1", "C=CC(=O)Nc1ccc(-c2cc({a})nc({b})n2)cc1",
    "C/C=C/C(=O)Nc1cc({a})cc({b})c1", "C=CC(=O)NCc1nc({a})c({b})s1",
    "C=CC(=O)N1CC(c2cc({a})on2)C1{b}",
)  # fmt: skip
_PARTS = (
    "C", "F", "Cl", "OC", "N(C)C", "C#N", "C(F)(F)F", "NC(C)=O", "c3ccccc3", "c3ccncc3",
    "Oc3ccccc3",
    "Nc3cccc(Cl)c3F", "N3CCOCC3", "OCCN(C)C", "c3cnn(C)c3", "C(=O)Nc3ccccn3", "Nc3ccc(OC)cc3",
    "N3CCN(C)CC3", "S(C)(=O)=O", "OC3CCOC3", "c3ccc(F)cc3Cl", "NCc3ccco3", "C3CC3", "OC(F)F", "SC",
)  # fmt: skip

CAMPAIGN = {
    "campaign": {"name": "many leads", "seed": 5, "rounds": 5, "batch": 100},
    "library": {"path": "library.csv"},
    "generator": {"share": 0.0},
    "objective": [
        {"name": RECIPE, "transform": "window", "low": -5.2, "high": -4.4},
        {"name": "qed", "transform": "maximize", "low": 0.2, "high": 0.7},
    ],
    "report": {"top": 500},
}


def molecules() -> Iterator[str]:
    """Canonical SMILES, all different, some thousand of them."""
    seen = set()
    parts = list(product(_PARTS, _PARTS, _CORES))
    for place in np.random.default_rng(2).permutation(len(parts)):
        a, b, core = parts[place]
        molecule = Chem.MolFromSmiles(core.format(a=a, b=b.replace("3", "4")))
        if molecule is not None and (smiles := Chem.MolToSmiles(molecule)) not in seen:
            seen.add(smiles)
            yield smiles


def score_like(template: Score, smiles: str, random: np.random.Generator) -> Score | None:
    """A score of the template's kind for another molecule; None where RDKit embeds none."""
    heavy = Chem.MolFromSmiles(smiles)
    molecule = Chem.AddHs(heavy)
    if rdDistGeom.EmbedMolecule(molecule, randomSeed=int(random.integers(2**31 - 1))) != 0:
        return None
    atoms = list(range(molecule.GetNumAtoms()))
    places = molecule.GetConformer().GetPositions()
    lines = [f"{molecule.GetAtomWithIdx(i).GetSymbol()} " + " ".join(f"{x:.6f}" for x in places[i])
             for i in atoms]  # fmt: skip
    geometry = "\n".join([str(len(atoms)), smiles, *lines])
    shift = float(random.normal(0, 0.25))
    site = tuple(heavy.GetSubstructMatch(_WARHEAD))
    space = template.active_space
    space = None if space is None else _space(space, molecule, site, random)
    sites = tuple(_site(one, site, space, shift, random) for one in template.sites[:1])
    return replace(
        template,
        smiles=smiles,
        inchikey=Chem.MolToInchiKey(heavy),
        value=template.value + shift,
        casci_value=None if template.casci_value is None else template.casci_value + shift,
        casci_deviation_mha=float(random.exponential(0.03)),
        baselines={
            name: replace(one, value=one.value + float(random.normal(0, 0.3)))
            for name, one in template.baselines.items()
        },
        active_space=space,
        sites=sites,
        provenance=replace(
            template.provenance,
            seed=int(random.integers(2**31)),
            geometry=geometry,
            timings={k: v * random.lognormal() for k, v in template.provenance.timings.items()},
        ),
    )


def _space(
    space: ActiveSpaceRecord,
    molecule: Chem.Mol,
    site: tuple[int, ...],
    random: np.random.Generator,
) -> ActiveSpaceRecord:
    kept = space.natural_orbitals
    if kept is not None:
        kept = OrbitalSet(
            {a.GetSymbol(): next(iter(kept.basis.values())) for a in molecule.GetAtoms()},
            _functions(molecule, next(iter(kept.basis.values()))),
            tuple(
                replace(one, coefficients=_random(len(one.coefficients), random))
                for one in kept.orbitals
            ),
        )
    return replace(
        space, atoms=site, natural_orbitals=kept, weights=_random(space.orbitals, random)
    )


def _functions(molecule: Chem.Mol, basis: str) -> int:
    from pyscf import gto

    count = {
        symbol: gto.M(atom=f"{symbol} 0 0 0", basis=basis, spin=None, verbose=0).nao
        for symbol in {atom.GetSymbol() for atom in molecule.GetAtoms()}
    }
    return int(sum(count[atom.GetSymbol()] for atom in molecule.GetAtoms()))


def _site(
    one: SiteScore,
    atoms: tuple[int, ...],
    space: ActiveSpaceRecord | None,
    shift: float,
    random: np.random.Generator,
) -> SiteScore:
    return replace(
        one,
        atoms=atoms,
        value=one.value + shift,
        active_space=space,
        solutions=tuple(
            replace(s, energy=s.energy + float(random.normal())) for s in one.solutions
        ),
    )


def _random(count: int, random: np.random.Generator) -> tuple[float, ...]:
    return tuple(round(float(x), 4) for x in random.uniform(-0.9, 0.9, count))


def campaign(directory: Path, template: Score, count: int, *, top: int = 500) -> CampaignFile:
    """Write the journal of a finished campaign of so many scores; give its settings."""
    document = {**CAMPAIGN, "report": {"top": top}}
    file = CampaignFile.from_document(document, folder=directory, source="many leads")
    random = np.random.default_rng(11)
    scores = islice(
        filter(None, (score_like(template, smiles, random) for smiles in molecules())), count
    )
    settings = file.model_dump(mode="json")
    with Journal.create(
        directory, kind="campaign", settings=settings, environment=environment()
    ) as journal:
        rounds = 5
        for number in range(1, rounds + 1):
            part = list(islice(scores, -(-count // rounds)))
            if not part:
                break
            _round(journal, number, part, random)
        journal.finish()
    return file


def _round(journal: Journal, number: int, scores: list[Score], random: np.random.Generator) -> None:
    candidates = [
        Candidate(s.inchikey, s.smiles, "", "library" if i % 2 else "generator", hand="prior")
        for i, s in enumerate(scores)
    ]
    with journal.transaction():
        journal.begin_round(
            number, seed=number, pool_size=len(scores), generator_note="", surrogate_note=""
        )
        journal.add_selections(
            number,
            [
                SelectionRecord(
                    number, candidate, place,
                    {RECIPE: (score.value + float(random.normal(0, 0.2)), 0.2)},
                    0.5, 0.2, 0.1, "the best of a random draw",
                )
                for place, (candidate, score) in enumerate(zip(candidates, scores, strict=True), 1)
            ]
        )  # fmt: skip
        for candidate, score in zip(candidates, scores, strict=True):
            journal.record(Result(candidate, RECIPE, score, number, 1, 20.0, 19.0, 700.0))
        journal.finish_round(number, {"evaluated": len(scores), "hypervolume": 0.1 * number})
