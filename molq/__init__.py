"""molq: drug-discovery molecular design with VQE scores and a closed loop.

``molq.score`` scores molecules, ``molq.screen`` a library, ``molq.Campaign`` runs the
closed loop, and ``molq.design`` holds the design tasks. Names are loaded when they are
first used, so that ``import molq`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molq import design
    from molq.campaign import Campaign
    from molq.campaignfile import CampaignFile
    from molq.comparison.compare import compare
    from molq.comparison.comparison import Comparison
    from molq.designtable import DesignTable
    from molq.errors import CallError, MolqError
    from molq.job import Job, submit
    from molq.leadtable import LeadTable
    from molq.libraryscreen import ScreenResult, screen
    from molq.planning.plan import Plan
    from molq.planning.planner import plan
    from molq.run import Run
    from molq.runstatus import RunStatus
    from molq.scorer import Scorer
    from molq.scoretable import ScoredMolecule, ScoreTable
    from molq.scoring import score
    from molq.silenttrial import silent_trial
    from molq.structure import Structure, from_ase, from_qcschema, to_ase, to_qcschema
    from molq.validation.retrospective import retrospective

_HOMES = {
    "CallError": "molq.errors",
    "Campaign": "molq.campaign",
    "CampaignFile": "molq.campaignfile",
    "Comparison": "molq.comparison.comparison",
    "DesignTable": "molq.designtable",
    "Job": "molq.job",
    "LeadTable": "molq.leadtable",
    "MolqError": "molq.errors",
    "Plan": "molq.planning.plan",
    "Run": "molq.run",
    "RunStatus": "molq.runstatus",
    "ScoreTable": "molq.scoretable",
    "ScoredMolecule": "molq.scoretable",
    "Scorer": "molq.scorer",
    "ScreenResult": "molq.libraryscreen",
    "Structure": "molq.structure",
    "compare": "molq.comparison.compare",
    "design": "molq.design",
    "from_ase": "molq.structure",
    "from_qcschema": "molq.structure",
    "plan": "molq.planning.planner",
    "retrospective": "molq.validation.retrospective",
    "score": "molq.scoring",
    "screen": "molq.libraryscreen",
    "silent_trial": "molq.silenttrial",
    "submit": "molq.job",
    "to_ase": "molq.structure",
    "to_qcschema": "molq.structure",
}

__all__ = [
    "CallError",
    "Campaign",
    "CampaignFile",
    "Comparison",
    "DesignTable",
    "Job",
    "LeadTable",
    "MolqError",
    "Plan",
    "Run",
    "RunStatus",
    "ScoreTable",
    "ScoredMolecule",
    "Scorer",
    "ScreenResult",
    "Structure",
    "compare",
    "design",
    "from_ase",
    "from_qcschema",
    "plan",
    "retrospective",
    "score",
    "screen",
    "silent_trial",
    "submit",
    "to_ase",
    "to_qcschema",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'molq' has no attribute {name!r}")
    module = import_module(_HOMES[name])
    return module if module.__name__ == f"molq.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
