"""Scores as features of scikit-learn: a ridge regression of boiling points, cross-validated.

    python examples/sklearn_pipeline.py

``molq.Scorer`` takes recipes as well: add "warhead-ea" or its cheap stage
"warhead-ea/gfn2_lumo" to NAMES for molecules with a warhead. What has no value is NaN,
which the imputer fills.
"""

from __future__ import annotations

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import molq

NAMES = ["molecular-weight", "tpsa", "logp"]

# alkanes and alcohols, degrees Celsius at 1 atm, CRC Handbook of Chemistry and Physics
BOILING_POINTS = {
    "CCCC": -0.5, "CCCCC": 36.1, "CCCCCC": 68.7, "CCCCCCC": 98.4, "CCCCCCCC": 125.6,
    "CCCCCCCCC": 150.8, "CO": 64.6, "CCO": 78.3, "CCCO": 97.2, "CCCCO": 117.7, "CCCCCO": 137.9,
    "CCCCCCO": 157.6, "CCCCCCCO": 176.4,
}  # fmt: skip


def main() -> None:
    """Predict each molecule from the others and print how far it is off."""
    smiles, values = list(BOILING_POINTS), np.array(list(BOILING_POINTS.values()))
    scorer = molq.Scorer(NAMES)
    model = make_pipeline(scorer, SimpleImputer(), StandardScaler(), Ridge(alpha=0.01))
    predicted = cross_val_predict(model, smiles, values, cv=LeaveOneOut())
    print(f"{'molecule':12} {'measured':>9} {'predicted':>9}  (degrees Celsius)")
    for text, measured, guess in zip(smiles, values, predicted, strict=True):
        print(f"{text:12} {measured:9.1f} {guess:9.1f}")
    error = np.abs(predicted - values).mean()
    spread = np.abs(values - values.mean()).mean()
    print(f"mean error {error:.1f}, of the mean of all {spread:.1f}")


if __name__ == "__main__":
    main()
