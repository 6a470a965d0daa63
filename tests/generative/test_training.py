from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from generative import corpus, prior, weights
from generative.corpus import Corpus
from generative.sampling import MotifGenerator
from generative.settings import TrainingSettings
from generative.training import train

ROOT = Path(__file__).parents[2]


class InterruptedTrainingError(Exception):
    pass


def elsewhere(settings: TrainingSettings, folder: Path, **changes: object) -> TrainingSettings:
    paths = {"output": folder / "p.safetensors", "run": folder / "run"}
    return settings.model_copy(update=paths | changes)


def test_writes_what_it_learned(tiny: MotifGenerator, tiny_settings: TrainingSettings) -> None:
    notes = prior.notes(tiny_settings.output)
    assert notes["molecules"] == 300
    figures = notes["figures"]
    assert 0 < figures["nll_step"] < 6
    assert list((tiny_settings.run / "tensorboard").glob("events*"))
    assert tiny.name == "tiny"


def test_training_lowers_the_loss(
    tiny_settings: TrainingSettings, tmp_path: Path, tiny: MotifGenerator
) -> None:
    short = elsewhere(tiny_settings, tmp_path, epochs=1, learning_rate=1e-9)
    before = prior.notes(train(short))["figures"]
    after = prior.notes(tiny_settings.output)["figures"]
    assert after["nll_step"] < before["nll_step"] - 0.2


def test_a_vocabulary_without_rare_actions_trains_without_a_warning(
    tiny_settings: TrainingSettings, tmp_path: Path
) -> None:
    wide = elsewhere(tiny_settings, tmp_path, epochs=1, head_actions=10_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        generator = weights.load(train(wide))
    assert generator.prior.policy.tail == 0
    assert len(generator.sample(5, seed=1)) == 5


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(
    tiny_settings: TrainingSettings, tmp_path: Path
) -> None:
    whole = elsewhere(tiny_settings, tmp_path / "whole", epochs=3)
    broken = elsewhere(tiny_settings, tmp_path / "broken", epochs=3)

    def stop(done: int, total: int, what: str) -> None:
        if what.startswith("training") and done >= 20:
            raise InterruptedTrainingError

    with pytest.raises(InterruptedTrainingError):
        train(broken, stop)
    assert (broken.run / "checkpoint.safetensors").is_file()
    assert not broken.output.exists()
    assert train(broken).read_bytes() == train(whole).read_bytes()


def test_a_run_folder_is_not_shared(tiny: MotifGenerator, tiny_settings: TrainingSettings) -> None:
    with pytest.raises(ValueError, match="other settings"):
        train(tiny_settings.model_copy(update={"seed": 2}))


def test_a_damaged_checkpoint_is_named(tiny_settings: TrainingSettings, tmp_path: Path) -> None:
    settings = elsewhere(tiny_settings, tmp_path, epochs=1)
    settings.run.mkdir()
    (settings.run / "checkpoint.safetensors").write_bytes(b"\x00" * 40)
    with pytest.raises(ValueError, match="damaged checkpoint"):
        train(settings)


@pytest.mark.parametrize("name", ["zinc250k", "moses"])
def test_the_shipped_training_files_are_valid(name: str) -> None:
    settings = TrainingSettings.from_toml(ROOT / "configs" / f"train_{name}.toml")
    assert settings.data == settings.name == name
    assert not settings.run.is_absolute()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('data = "x"\noutput = "o"\nrun = "r"\nepoch = 3\n', "epoch: Extra inputs"),
        ('data = "x"\noutput = "o"\nrun = "r"\nepochs = 0\n', "epochs: .*greater"),
        ("data = ", "not valid TOML"),
    ],
)
def test_a_wrong_training_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        TrainingSettings.from_toml(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_training_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No such file"):
        TrainingSettings.from_toml(tmp_path / "none.toml")


def test_a_corpus_counts_what_it_leaves_out(tmp_path: Path) -> None:
    rows = ["CCO", "OCC", "C1CC", "CC.O", "C[NH3+]", "CN"]
    trees = corpus.build(rows, neutralise=True)
    assert (len(trees), trees.repeated, trees.skipped, trees.whole) == (2, 2, 2, 0)
    assert len(corpus.build(rows, neutralise=False)) == 3
    trees.save(tmp_path / "c.npz")
    again = Corpus.load(tmp_path / "c.npz")
    assert list(again) == list(trees)
    with pytest.raises(ValueError, match="no molecule"):
        corpus.build(["C1CC"], neutralise=True)


def test_a_corpus_cut_by_several_processes_is_the_same(
    molecules: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [*molecules[:60], "C1CC", *molecules[40:80], "OCC", molecules[0], "CCO"]
    serial = corpus.build(rows, neutralise=True)
    monkeypatch.setattr(corpus, "ROWS", 30)
    assert serial.repeated == 22
    for processes in (1, 2):
        shared = corpus.build(rows, neutralise=True, processes=processes)
        assert list(shared) == list(serial)
        assert shared.motifs == serial.motifs
        np.testing.assert_array_equal(shared.nodes, serial.nodes)
        assert (shared.whole, shared.repeated, shared.skipped) == (0, 22, 1)


def test_a_damaged_corpus_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    path.write_bytes(b"PK nonsense")
    with pytest.raises(ValueError, match="not a corpus"):
        Corpus.load(path)


def test_what_cannot_be_cut_without_loss_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(tree: object) -> object:
        raise ValueError("cannot")

    monkeypatch.setattr(corpus.motifs, "assemble", broken)
    trees = corpus.build(["Cc1ccccc1", "c1ccccc1C"], neutralise=True)
    assert trees.whole == 1
    assert trees[0].motifs == ("Cc1ccccc1",)


def test_a_prior_file_survives_the_way_to_disk(
    tiny: MotifGenerator, tiny_settings: TrainingSettings
) -> None:
    again = weights.load(tiny_settings.output)
    assert again.prior.vocabulary.motifs == tiny.prior.vocabulary.motifs
    assert again.prior.vocabulary.pieces == tiny.prior.vocabulary.pieces
    assert again.sample(10, seed=4) == tiny.sample(10, seed=4)


def test_a_prior_without_canonical_roots_grows_in_any_order(
    tiny_settings: TrainingSettings, tiny: MotifGenerator, tmp_path: Path
) -> None:
    assert tiny.prior.vocabulary.canonical
    tensors = load_file(tiny_settings.output)
    del tensors["vocabulary.canonical_roots"]
    with safe_open(tiny_settings.output, framework="pt") as file:
        save_file(tensors, tmp_path / "old.safetensors", file.metadata())
    old = weights.load(tmp_path / "old.safetensors")
    assert not old.prior.vocabulary.canonical
    assert len(old.sample(5, seed=1)) == 5
    smiles = ["CC(=O)Nc1ccc(OCC)cc1C"]
    assert tiny.log_likelihood(smiles, seed=1) == tiny.log_likelihood(smiles, seed=2)
    values = {round(old.log_likelihood(smiles, seed=seed)[0], 3) for seed in range(6)}
    assert len(values) > 1


def test_the_canonical_roots_are_those_of_the_training_set(
    tiny: MotifGenerator, tiny_settings: TrainingSettings
) -> None:
    roots = tiny.prior.vocabulary.canonical_roots
    assert roots.sum() == prior.notes(tiny_settings.output)["molecules"]
    drawn = torch.softmax(tiny.prior.policy.root, dim=0).numpy()
    assert drawn[roots == 0].sum() < 0.01
    assert int(drawn.argmax()) == int(roots.argmax())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_training_keeps_its_precision(
    tiny_settings: TrainingSettings, tmp_path: Path, precision: str
) -> None:
    settings = elsewhere(tiny_settings, tmp_path, epochs=1, precision=precision)
    trained = weights.load(train(settings)).prior.policy
    assert all(value.dtype == torch.float32 for value in trained.parameters())
    assert prior.notes(settings.output)["figures"]["nll_step"] < 7


def test_a_wrong_or_damaged_prior_file_is_one_clear_line(
    tiny: MotifGenerator, tiny_settings: TrainingSettings, tmp_path: Path
) -> None:
    content = tiny_settings.output.read_bytes()
    cases = {
        "none": (None, "no such file"),
        "text": (b"hello", "not a safetensors file"),
        "cut": (content[: len(content) // 2], "damaged"),
        "other": (content.replace(b"molq-prior-1", b"molq-prior-0"), "not a prior of this"),
        "twisted": (content.replace(b'\\"layers\\": 2', b'\\"layers\\": 3'), "inconsistent"),
    }
    for name, (data, message) in cases.items():
        path = tmp_path / f"{name}.safetensors"
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(ValueError, match=message) as caught:
            weights.load(path)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)
