"""A tiny prior, trained once on real molecules, for everything that needs one."""

from __future__ import annotations

from pathlib import Path

import pytest

from generative import weights
from generative.sampling import MotifGenerator
from generative.settings import TrainingSettings
from generative.training import train

MOLECULES = Path(__file__).with_name("molecules.smi")


@pytest.fixture(scope="session")
def molecules() -> list[str]:
    lines = MOLECULES.read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.fixture(scope="session")
def tiny_settings(tmp_path_factory: pytest.TempPathFactory) -> TrainingSettings:
    folder = tmp_path_factory.mktemp("tiny")
    return TrainingSettings(
        name="tiny",
        data=str(MOLECULES),
        output=folder / "tiny.safetensors",
        run=folder / "run",
        cache=folder / "cache",
        min_acyclic=3,
        min_unit=2,
        min_environment=3,
        width=32,
        layers=2,
        tail_width=8,
        head_actions=120,
        named_motifs=100,
        epochs=6,
        batch=32,
        warmup=5,
        validation=20,
        checkpoint_every=10,
    )


@pytest.fixture(scope="session")
def tiny(tiny_settings: TrainingSettings) -> MotifGenerator:
    return weights.load(train(tiny_settings))


@pytest.fixture(scope="session")
def shipped() -> MotifGenerator:
    return weights.zinc250k()
