"""``molq doctor``: what would keep molq from working, and never a secret."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import nullcontext
from importlib.metadata import EntryPoint, metadata
from importlib.resources import files
from itertools import takewhile
from pathlib import Path

import pytest

from molq.cli.entry import run_arguments
from molq.doctor import access, calculation, examination, installation, machine, raycheck
from molq.doctor.finding import Finding
from screening.compute.machine import cores


def of(findings, name: str) -> Finding:
    return next(one for one in findings if one.name == name)


def test_an_installation_that_works_is_found_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_arguments(["doctor", "--quick", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["ok"]
    areas = [one["area"] for one in record["findings"]]
    assert list(dict.fromkeys(areas)) == [
        "installation", "machine", "access", "calculation", "ray"
    ]  # fmt: skip
    assert all(one["remedy"] for one in record["findings"] if one["state"] != "ok")
    assert run_arguments(["doctor", "--quick"]) == 0
    shown = capsys.readouterr()
    assert "packages:" in shown.out
    assert "checks: 0 failed" in shown.err


def test_a_package_that_is_missing_or_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["numpy>=99", "no-such-package>=1", 'ase>=99; extra == "ase"', "rdkit>=2020"]
    monkeypatch.setattr(installation, "requires", lambda name: asked)
    found = list(installation._packages())
    assert [one.state for one in found] == ["fail", "fail"]
    assert found[0].said.endswith("asked for is >=99")
    assert found[1].said == "is not installed"
    extra = of(installation._extras(), "extra ase")
    assert extra.state == "warn"
    assert extra.remedy == 'pip install --upgrade "molq[ase]"'


def test_a_plugin_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("mine", "no_such_module:RECIPE", "molq.recipes")
    monkeypatch.setattr(
        installation, "entry_points", lambda group: [broken] if group == broken.group else []
    )
    found = list(installation._plugins())
    assert found[0].name == "molq.recipes: mine"
    assert "no_such_module" in found[0].said
    assert of(found, "molq.recipes").state == "fail"  # molq's own are not there


def test_an_admet_environment_that_is_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = {"MOLQ_ADMET_PYTHON": str(tmp_path / "bin" / "python")}
    monkeypatch.setenv("MOLQ_ADMET_PYTHON", gone["MOLQ_ADMET_PYTHON"])
    found = installation._admet(gone)
    assert found.state == "warn"
    assert "is no program" in found.said
    assert "MOLQ_ADMET_PYTHON" in found.remedy


def test_a_prior_of_other_bytes_is_found(tmp_path: Path) -> None:
    shipped = files("generative.weights")
    shutil.copy(str(shipped.joinpath("zinc250k.toml")), tmp_path)
    assert installation.prior("zinc250k", tmp_path).said == "its file is missing"
    (tmp_path / "zinc250k.safetensors").write_bytes(b"other weights")
    assert installation.prior("zinc250k", tmp_path).state == "fail"
    assert installation.prior("zinc250k", shipped).state == "ok"


def test_the_machine_is_looked_at(tmp_path: Path) -> None:
    many = str(cores() + 1)
    found = list(machine.findings(tmp_path, {"OMP_NUM_THREADS": many}))
    threads = of(found, "threads")
    assert threads.state == "warn"
    assert f"OMP_NUM_THREADS={many}" in threads.said
    assert of(found, "journal").state in ("ok", "warn")
    assert not list(tmp_path.iterdir())
    gone = list(machine.findings(tmp_path / "gone", {}))
    assert of(gone, "disk, this folder").state == "fail"
    assert of(gone, "journal").state == "fail"
    assert of(gone, "threads").state == "ok"


def test_calculations_give_the_numbers_they_should(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        calculation._tried("GFN2-xTB", calculation._geometry),
        calculation._tried("mean field and VQE", calculation._energy),
        calculation._tried("RDKit", calculation._structure),
    ]
    assert [one.state for one in found] == ["ok"] * 3, found
    monkeypatch.setattr(calculation, "H2_ENERGY", -1.2)
    assert calculation._tried("VQE", calculation._energy).state == "fail"

    def broken() -> tuple[bool, str]:
        raise ImportError("libgfortran.so.5: cannot open shared object file")

    said = calculation._tried("mean field", broken)
    assert said.state == "fail"
    assert "libgfortran" in said.said


def test_credentials_are_never_shown(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-secret-token")
    token.chmod(0o600)
    variables = {
        "QISKIT_IBM_TOKEN": "a-secret-token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "AWS_ACCESS_KEY_ID": "a-secret-token",
        "RAY_ADDRESS": "head:6379",
    }
    found = list(access.findings(online=False, environment=variables))
    assert "a-secret-token" not in repr(found)
    assert of(found, "cluster token").state == "ok"
    assert "S3" in of(found, "remote files").said
    assert "RAY_ADDRESS set" in of(found, "network").said
    token.chmod(0o644)
    assert of(access.findings(online=False, environment=variables), "cluster token").remedy == (
        f"chmod 600 {token}"
    )
    token.unlink()
    assert of(access.findings(online=False, environment=variables), "cluster token").state == "fail"


def test_an_address_is_knocked_at_only_when_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert access._cluster("RAY_ADDRESS", f"127.0.0.1:{port}").state == "ok"
    closed = access._cluster("RAY_ADDRESS", f"127.0.0.1:{port}")
    assert closed.state == "fail"
    assert "cannot be reached" in closed.said
    assert access._cluster("RAY_ADDRESS", "http://[bad").state == "fail"


def test_ray_is_ended_with_a_check_that_is_given_up() -> None:
    seen = []

    def given_up() -> None:
        with raycheck.started() as ray:
            seen.append(ray._child)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        given_up()
    assert seen[0].poll() == -signal.SIGKILL


def test_an_extra_is_said_to_give_what_needs_it() -> None:
    assert installation._GIVES.keys() == set(metadata("molq").get_all("Provides-Extra"))
    # the NIBR filters come with RDKit
    assert installation._GIVES["medchem"] == "Lilly rules (lilly-demerits)"


def test_ray_that_does_not_answer_is_ended_in_time() -> None:
    with raycheck.started() as ray:
        found = ray.finding(limit_s=0.2)
    assert found.said.startswith("did not answer within 0.2 s")


def test_a_ray_that_has_answered_long_ago_is_read() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "print('2.60.0 host 14.1', end='')"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    child.wait()
    ray = raycheck.RayCheck(child)
    assert ray.seconds_left() == 0
    found = ray.finding(limit_s=0.0)
    assert found.said == "2.60.0 started here and a task answered in 14.1 s"


def test_a_silent_ray_is_a_fault_only_where_the_machine_is_idle() -> None:
    assert raycheck._silent(60.0, 0.3, 2).state == "fail"
    busy = raycheck._silent(60.0, 5.24, 2)
    assert busy.state == "warn"
    assert busy.said.endswith("the machine is busy (load 5.2 on 2 cores)")


def test_what_is_known_is_told_before_ray_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Slow:
        def seconds_left(self) -> float:
            told.append("asked")
            return 41.6

        def finding(self) -> Finding:
            return raycheck.ok("ray", "Ray", "answered at last")

    monkeypatch.setattr(raycheck, "started", lambda: nullcontext(Slow()))
    monkeypatch.setattr(calculation, "findings", lambda: iter(()))
    looked = examination.findings(environment={}, on_wait=told.append)
    before = [one.area for one in takewhile(lambda one: one.area != "ray", looked)]
    assert {"installation", "machine", "access"} == set(before)
    assert told == ["asked", "waiting for Ray, 42 s at most (--no-ray leaves it out) ..."]


def test_ray_can_be_left_out_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raycheck, "started", lambda: pytest.fail("Ray was started"))
    monkeypatch.setattr(
        calculation, "findings", lambda: iter([raycheck.ok("calculation", "x", "")])
    )
    found = list(examination.findings(without_ray=True, environment={}))
    assert [(one.name, one.said) for one in found[-2:]] == [
        ("x", ""),
        ("Ray", "not started: --no-ray"),
    ]


@pytest.mark.slow
def test_ray_starts_and_answers() -> None:
    with raycheck.started() as ray:
        found = ray.finding()
    assert found.state in ("ok", "warn"), found
    assert "a task answered" in found.said
