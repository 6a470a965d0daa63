"""A recipe that tells its device's token wherever it can."""

import os
import sys
from dataclasses import replace

from faultyrecipe import FaultyRecipe, number_score

from simulation.errors import ResourceError
from simulation.score import Score
from simulation.workup import Workup

SOURCE = "leakyrecipe:RECIPE"
TOKEN = "QISKIT_IBM_TOKEN"  # the variable


class LeakyRecipe(FaultyRecipe):
    def score(self, work: Workup) -> Score:
        token = os.environ[TOKEN]
        print(f"connecting with {token}")
        print(f"connecting with {token}", file=sys.stderr, flush=True)
        if work.smiles == "CN":
            raise RuntimeError(f"401 for url https://x/v1?apikey={token}&y=1")
        if work.smiles == "CO":
            raise ResourceError("recipe", f"refused: Authorization: Bearer {token}")
        if work.smiles == "CF":
            os._exit(3)  # what it printed last is the reason that is told
        score = number_score(work.smiles, work.seed)
        flags = (f"the service answered: bad token {token}",)
        return replace(score, recipe=self.name, flags=flags)


RECIPE = LeakyRecipe("warhead-ea")
