"""The program of the child process: reads SMILES, answers with ADMET-AI's predictions.

Run by the Python of an environment that holds admet-ai, which need not hold molq: it imports
nothing of it. One JSON line a message. In: ``{"smiles": [...]}``. Out, once the model is
loaded: ``{"ready": true, "versions": {...}}`` or ``{"error": ...}``; then for each request
``{"values": [{property: value}, ...]}``, null for a SMILES that it cannot read, or
``{"error": ...}``. With the argument ``--versions`` it answers ``{"versions": {...}}`` and
ends, without the model.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version
from typing import IO

PACKAGES = ("admet-ai", "chemprop", "torch", "rdkit")


def main() -> int:
    """Serve until the pipe closes."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    try:
        versions = {name: version(name) for name in PACKAGES}
    except PackageNotFoundError as error:
        _write(answers, {"error": str(error)})
        return 1
    if "--versions" in sys.argv:
        _write(answers, {"versions": versions})
        return 0
    warnings.simplefilter("ignore")
    try:
        import logging

        import torch
        from admet_ai import ADMETModel
        from rdkit import Chem, RDLogger

        RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
        logging.disable(logging.WARNING)
        torch.set_num_threads(1)
        model = ADMETModel(include_physchem=False, drugbank_path=None, num_workers=0)
        _write(answers, {"ready": True, "versions": versions})
    except Exception as error:
        _write(answers, {"error": f"{type(error).__name__}: {error}"})
        return 1
    for line in sys.stdin:
        smiles = json.loads(line)["smiles"]
        try:
            good = [one for one in smiles if Chem.MolFromSmiles(one) is not None]
            table = model.predict(good) if good else None
            found = {} if table is None else dict(zip(good, table.to_dict("records"), strict=True))
            _write(answers, {"values": [found.get(one) for one in smiles]})
        except Exception as error:
            _write(answers, {"error": f"{type(error).__name__}: {error}"})
    return 0


def _write(answers: IO[str], message: dict[str, object]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
