"""Published MOSES results (n = 30,000), by the names of the columns of ``moses.py``.

The first seven are the means of the table of the MOSES repository (README of
molecularsets/moses, three seeds); "training set" is the training molecules themselves.
DiGress: Vignac et al., ICLR 2023, table 5. G2PT: Chen et al., 2025 (arXiv:2501.01073).
What a source does not give is left out.
"""

from __future__ import annotations

COLUMNS = (
    *("valid", "unique@1k", "unique@10k", "FCD/Test", "FCD/TestSF", "SNN/Test", "SNN/TestSF"),
    *("Frag/Test", "Frag/TestSF", "Scaf/Test", "Scaf/TestSF", "IntDiv", "IntDiv2"),
    *("Filters", "Novelty"),
)
_MOSES = {
    "training set": (
        *(1.0, 1.0, 1.0, 0.008, 0.4755, 0.6419, 0.5859, 1.0, 0.9986, 0.9907, 0.0),
        *(0.8567, 0.8508, 1.0, 0.0),
    ),
    "CharRNN (SMILES)": (
        *(0.9748, 1.0, 0.9994, 0.0732, 0.5204, 0.6015, 0.5649, 0.9998, 0.9983, 0.9242),
        *(0.1101, 0.8562, 0.8503, 0.9943, 0.8419),
    ),
    "VAE (SMILES)": (
        *(0.9767, 1.0, 0.9984, 0.099, 0.567, 0.6257, 0.5783, 0.9994, 0.9984, 0.9386),
        *(0.0588, 0.8558, 0.8498, 0.997, 0.6949),
    ),
    "AAE (SMILES)": (
        *(0.9368, 1.0, 0.9973, 0.5555, 1.0572, 0.6081, 0.5677, 0.991, 0.9905, 0.9022),
        *(0.0789, 0.8557, 0.8499, 0.996, 0.7931),
    ),
    "JTN-VAE (graph)": (
        *(1.0, 1.0, 0.9996, 0.3954, 0.9382, 0.5477, 0.5194, 0.9965, 0.9947, 0.8964),
        *(0.1009, 0.8551, 0.8493, 0.976, 0.9143),
    ),
}
ANCHORS: dict[str, dict[str, float]] = {
    **{name: dict(zip(COLUMNS, values, strict=True)) for name, values in _MOSES.items()},
    "DiGress (graph)": {
        **{"valid": 0.857, "FCD/TestSF": 1.19, "SNN/TestSF": 0.52, "Scaf/TestSF": 0.148},
        **{"Filters": 0.971, "Novelty": 0.95},
    },
    "G2PT-large (graph)": {"valid": 0.972, "FCD/TestSF": 1.02},
}
