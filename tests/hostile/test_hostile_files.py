"""Campaign files and weights that are damaged, enormous, or programs."""

import json
import pickle
import random
import struct
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch
from hostilerows import NAMES
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from generative.prior import load, notes
from molq.campaignfile import CampaignFile, ScreenFile
from molq.errors import CallError

ROOT = Path(__file__).parents[2]
CAMPAIGNS = sorted((ROOT / "configs").glob("*.toml"))
SMALLEST = """
library.path = "library.csv"
[[objective]]
name = "warhead-ea"
transform = "at_least"
low = -4.95
"""


def _refused_or_read(path: Path, model: type[CampaignFile] | type[ScreenFile]) -> bool:
    problems: tuple[str, ...] | None = None
    try:
        file = model.from_toml(path)
    except CallError as error:
        problems = error.problems
    if problems is not None:
        assert problems
        assert max(map(len, problems)) < 2000
        return False
    # what was read is written into the run's folder and read from there
    again = path.with_name("again.toml")
    again.write_text(file.to_toml(), encoding="utf-8")
    assert model.from_toml(again) == file
    again.unlink()
    return True


def test_campaign_files_with_changed_bytes_are_read_or_refused(tmp_path: Path) -> None:
    chance = random.Random(5)
    read = 0
    path = tmp_path / "campaign.toml"
    sources = [p.read_bytes() for p in CAMPAIGNS if b"[[objective]]" in p.read_bytes()]
    assert sources
    for _ in range(400):
        content = bytearray(chance.choice(sources))
        for _ in range(chance.choice((1, 1, 5, 30))):
            place = chance.randrange(len(content))
            how = chance.random()
            if how < 0.4:
                content[place] = chance.randrange(256)
            elif how < 0.7:
                content[place:place] = chance.choice(NAMES).encode("utf-8", "replace")[:80]
            else:
                del content[place : place + chance.randrange(1, 40)]
        path.write_bytes(content)
        read += _refused_or_read(path, CampaignFile)
    assert 20 < read < 380
    assert list(tmp_path.iterdir()) == [path]


_VALUES = st.recursive(
    st.one_of(
        st.sampled_from(NAMES),
        st.text(max_size=20),
        st.integers(),
        st.floats(),
        st.booleans(),
        st.none(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=6,
)
_TABLES = tuple(CampaignFile.model_fields)


@settings(max_examples=250, deadline=None)
@given(data=st.data(), table=st.sampled_from(_TABLES), value=_VALUES)
def test_any_value_in_any_place_is_taken_or_refused(
    data: st.DataObject, table: str, value: Any
) -> None:
    document: dict[str, Any] = tomllib.loads(SMALLEST)
    field = CampaignFile.model_fields[table]
    keys = data.draw(st.sampled_from(_keys(field.annotation) or ("unknown",)))
    holder = document.setdefault(table, {})
    if isinstance(holder, list):
        holder = holder[0]
    if data.draw(st.integers(0, 9)):
        holder[keys] = value
    else:
        document[table] = value
    problems: tuple[str, ...] = ()
    try:
        text = CampaignFile.from_document(
            document, folder=Path("/folder"), source="x.toml"
        ).to_toml()
    except CallError as error:
        text, problems = "", error.problems
    assert text or problems


def _keys(annotation: Any) -> tuple[str, ...]:
    from molq.diagnosis import model_in

    model = model_in(annotation)
    return () if model is None else tuple(model.model_fields)


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "campaign.toml"
    for content in (
        b"\x80\x04cos\nmkdir\n(S'outside'\ntR.",
        b"!!python/object/apply:os.mkdir ['outside']",
        b"\x00" * 1000,
        b"\xff\xfe" + SMALLEST.encode("utf-16-le"),
        b"[" * 5000,
        b"a = " + b"[" * 20000,
        b"a." * 2000 + b"b = 1",
        b"x = 1\n" * 50000,
        b"#" * (2**20 + 1),
        SMALLEST.encode() + b"\n[simulation]\nmax_heavy_atoms = " + b"9" * 5000,
        SMALLEST.encode() + b'\n[campaign]\nname = "' + b"a" * 10**5 + b'"\nseed = -1',
    ):
        path.write_bytes(content)
        assert not _refused_or_read(path, CampaignFile)
        assert not _refused_or_read(path, ScreenFile)
    path.unlink()
    path.mkdir()
    assert not _refused_or_read(path, CampaignFile)
    assert [p.name for p in tmp_path.iterdir()] == ["campaign.toml"]


@pytest.fixture(scope="module")
def prior(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The whole file of the smaller shipped prior."""
    shipped = (ROOT / "generative" / "weights").glob("*.safetensors")
    return min(shipped, key=lambda path: path.stat().st_size).read_bytes()


def _header(prior: bytes) -> tuple[dict[str, Any], bytes]:
    (length,) = struct.unpack("<Q", prior[:8])
    return json.loads(prior[8 : 8 + length]), prior[8 + length :]


def _with_header(header: Any, body: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"weights\.safetensors") as raised:
        load(path)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 1000


class Bomb:
    """What a pickle would run."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> Any:
        import os

        return os.mkdir, (str(self.proof),)


def test_weights_of_another_kind_are_refused_and_never_executed(
    prior: bytes, tmp_path: Path
) -> None:
    path, proof = tmp_path / "weights.safetensors", tmp_path / "executed"
    _refused(path, pickle.dumps(Bomb(proof)))
    torch.save({"policy": Bomb(proof)}, path)
    _refused(path, path.read_bytes())
    _refused(path, b"")
    _refused(path, b"\x08\x00\x00\x00\x00\x00\x00\x00")
    _refused(path, struct.pack("<Q", 2**63) + b"{}")
    _refused(path, struct.pack("<Q", 10**9) + b"{}" * 100)
    _refused(path, prior[: len(prior) // 2])
    _refused(path, _with_header(b"[" * 100_000, b""))
    _refused(path, _with_header(b"{}", b""))
    header, body = _header(prior)
    ours = json.loads(header["__metadata__"]["molq"])
    for notes_ in (
        "[]", "null", "1", '"molq"', "{", "[" * 50_000, '{"format": "molq-prior-1"}',
        json.dumps(ours | {"size": None}),
        json.dumps(ours | {"size": {}}),
        json.dumps(ours | {"size": {"width": 10**9}}),
        json.dumps(ours | {"size": dict.fromkeys(ours["size"], 10**7)}),
        json.dumps(ours | {"size": dict.fromkeys(ours["size"], -1)}),
        json.dumps(ours | {"size": dict.fromkeys(ours["size"], "os.mkdir('x')")}),
        json.dumps(ours | {"largest": "many"}),
        json.dumps({k: v for k, v in ours.items() if k != "largest"}),
        json.dumps(ours | {"format": "\x1b[2J"}),
    ):  # fmt: skip
        meta = {"molq": notes_}
        _refused(path, _with_header({**header, "__metadata__": meta}, body))
    assert not proof.exists()


def test_tensors_that_do_not_fit_are_refused(prior: bytes, tmp_path: Path) -> None:
    from safetensors.torch import load as loads

    path = tmp_path / "weights.safetensors"
    whole = loads(prior)
    metadata = _header(prior)[0]["__metadata__"]
    for name in [*whole][:: max(1, len(whole) // 5)]:
        tensor = whole[name]
        for change in (
            tensor.flatten()[:-1],
            tensor.to(torch.float64) * float("nan"),
            tensor.to(torch.float64) * 0 + 10**6,
            -tensor.to(torch.float64) - 1,
            None,
        ):
            tensors = {n: t for n, t in whole.items() if n != name}
            if change is not None:
                tensors[name] = change.contiguous()
            save_file(tensors, path, metadata)
            message = ""
            try:
                load(path)
            except ValueError as error:
                message = str(error)
            assert "\n" not in message


def test_weights_with_changed_bytes_are_read_or_refused(prior: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    (length,) = struct.unpack("<Q", prior[:8])
    chance = random.Random(11)
    refused = 0
    for number in range(40):
        content = bytearray(prior)
        for _ in range(chance.choice((1, 4, 100))):
            place = chance.randrange(8 + length if number % 2 else len(content))
            content[place] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
        message = ""
        try:
            notes(path)
            if number % 3 == 0:
                load(path)
        except ValueError as error:
            refused += 1
            message = str(error)
        assert "\n" not in message
    assert refused > 5
