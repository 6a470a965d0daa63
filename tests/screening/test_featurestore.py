import numpy as np
import pytest

from screening.surrogate import SurrogateSettings, create, sumkernel
from screening.surrogate.featurestore import FeatureStore
from screening.surrogate.gaussianprocess import GaussianProcess

SMILES = [
    "C",
    "C=CC(=O)Nc1ccccc1",
    "O=C(CCl)N1CCOCC1",
    "CC(=O)Oc1ccccc1C(=O)O",
    "C[N+](C)(C)CC(=O)[O-]",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "FC(F)(F)c1ccc(Br)cc1I",
    "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC",
]
VALUES = [0.1, 1.2, 3.0, 2.2, -1.0, 0.4, 0.9, 5.0]


def test_what_is_kept_is_what_was_made(tmp_path):
    made = sumkernel.molecules_of(SMILES)
    store = FeatureStore(tmp_path / "features.sqlite")
    for _ in range(2):  # first made, then read
        kept = sumkernel.molecules_of(SMILES, store=store)
        assert np.array_equal(kept.prints.start, made.prints.start)
        assert np.array_equal(kept.prints.columns, made.prints.columns)
        assert np.array_equal(kept.prints.counts, made.prints.counts)
        assert np.array_equal(kept.prints.totals, made.prints.totals)
        assert np.array_equal(kept.properties, made.properties)
    assert len(store) == len(SMILES)
    assert len(sumkernel.molecules_of([], store=store)) == 0
    twice = sumkernel.molecules_of([SMILES[2], SMILES[0], SMILES[2]], store=store)
    assert np.array_equal(twice.properties, made.properties[[2, 0, 2]])


def test_another_process_reads_it(tmp_path):
    path = tmp_path / "features.sqlite"
    first = FeatureStore(path)
    first.features(SMILES[:3])
    first.close()
    second = FeatureStore(path)
    assert len(second) == 3
    second.features(SMILES)
    assert len(second) == len(SMILES)


def test_a_surrogate_with_a_store_predicts_what_one_without_does(tmp_path):
    store = FeatureStore(tmp_path / "features.sqlite")
    kept, plain = create(SurrogateSettings(), store=store), GaussianProcess()
    for model in (kept, plain):
        model.fit(SMILES[:6], VALUES[:6])
    assert np.array_equal(kept.predict(SMILES).mean, plain.predict(SMILES).mean)
    more = kept.conditioned(SMILES[6:], VALUES[6:])
    assert np.isfinite(more.predict(SMILES).std).all()
    assert len(store) == len(SMILES)


def test_what_is_no_store_is_named(tmp_path):
    path = tmp_path / "features.sqlite"
    path.write_text("not a database, and long enough to be looked at as one" * 40)
    with pytest.raises(ValueError, match=r"features\.sqlite cannot be used .* delete it"):
        FeatureStore(path)
    with pytest.raises(ValueError, match="C1CC"):
        FeatureStore(tmp_path / "other.sqlite").features(["CCO", "C1CC"])


def test_a_store_that_broke_while_open_is_named(tmp_path):
    store = FeatureStore(tmp_path / "features.sqlite")
    store.close()
    with pytest.raises(ValueError, match="cannot be read"):
        store.features(["CCO"])


def test_a_full_disk_costs_time_and_nothing_else(tmp_path):
    store = FeatureStore(tmp_path / "features.sqlite")
    store._connection.execute("PRAGMA max_page_count = 8")
    chains = ["C" * n + "O" for n in range(1, 200)]
    counts, properties = store.features(chains)
    assert len(store) < len(chains)
    roomy = FeatureStore(tmp_path / "roomy.sqlite")
    same, wanted = roomy.features(chains)
    assert np.array_equal(counts.columns, same.columns)
    assert np.array_equal(properties, wanted)
    assert np.array_equal(store.features(chains)[1], wanted)
    roomy.discard()
    assert not list(tmp_path.glob("roomy*"))
