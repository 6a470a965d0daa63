"""The files of ``deploy/``: read by the tools they are for, run where that can be done here."""

from __future__ import annotations

import csv
import importlib.util
import itertools
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from molq.campaignfile import CampaignFile
from screening.store.journal import Journal, JournalError

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
STANDINS = Path(__file__).parent / "slurm"
SBATCH = DEPLOY / "slurm" / "molq.sbatch"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy_validate", DEPLOY / "validate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


validate = _load()


def _pin(package: str) -> str:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return next(line.partition("==")[2] for line in lines if line.startswith(f"{package}=="))


def _ray_objects() -> list[dict[str, Any]]:
    documents = [d for overlay in validate.OVERLAYS for d in validate.manifests(overlay)]
    return [document for document in documents if document["kind"] in validate.CRDS]


def _groups() -> list[tuple[str, dict[str, Any]]]:
    """Name and group of every head and every group of workers."""
    groups = []
    for document in _ray_objects():
        spec = validate.cluster_spec(document)
        groups.append((f"{document['kind']} head", spec["headGroupSpec"]))
        groups += [(f"{document['kind']} {g['groupName']}", g) for g in spec["workerGroupSpecs"]]
    return groups


GROUPS = _groups()
IDS = [name for name, _ in GROUPS]


def _bytes(quantity: str) -> float:
    number, unit = re.fullmatch(r"(\d+)([KMGT]i)?", quantity).groups()  # type: ignore[union-attr]
    return int(number) * 1024.0 ** (" KMGT".index(unit[0]) if unit else 0)


# what the tools say


def test_every_reader_accepts_every_file() -> None:
    checks = validate.every_check()
    assert [check for check in checks if check.problems] == []
    # only what is fetched, and kubectl where there is none, may go unasked
    unasked = {check.reader for check in checks if check.problems is None}
    assert unasked <= {"KubeRay's schemas", "kustomize"}
    assert len(checks) == 13


@pytest.mark.parametrize(
    ("text", "reader"),
    [
        ("FROM python:3.11\nRUN apt-get install curl\n", "hadolint"),
        ("FROM python:3.11\nRUNNING true\n", "hadolint"),
        ("FROM python:3.11\nENV alone\n", "BuildKit's parser"),
    ],
)
def test_a_wrong_dockerfile_is_objected_to(tmp_path: Path, text: str, reader: str) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text(text)
    assert reader in {check.reader for check in validate.dockerfile(file) if check.problems}


@pytest.mark.parametrize(
    ("text", "reader"),
    [("if true; then\n", "bash -n"), ("#!/bin/bash\nrm -rf $1/*\n", "shellcheck")],
)
def test_a_wrong_script_is_objected_to(tmp_path: Path, text: str, reader: str) -> None:
    file = tmp_path / "script"
    file.write_text(text)
    assert reader in {check.reader for check in validate.script(file) if check.problems}


@pytest.mark.parametrize(
    "change", [{"max_workerz": 3}, {"cluster_name": 7}, {"provider": {"type": "local"}}]
)
def test_a_wrong_launcher_file_is_objected_to(tmp_path: Path, change: dict[str, Any]) -> None:
    file = tmp_path / "ray-cluster.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(validate.LAUNCHER.read_text()) | change))
    assert validate.launcher(file).problems


def test_a_wrong_manifest_is_objected_to(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY / "kubernetes", tmp_path / "kubernetes")
    file = tmp_path / "kubernetes" / "cluster" / "raycluster.yaml"
    text = file.read_text()
    assert text.count("restartPolicy: Never\n") == 1
    file.write_text(text.replace("restartPolicy: Never\n", "restartPolicies: Never\n"))
    said = [p for check in validate.kubernetes(file.parent) for p in check.problems or ()]
    assert len(said) == 1
    assert "restartPolicies" in said[0]


def test_kuberays_schema_is_asked_strictly(tmp_path: Path) -> None:
    def crd(kind: str, properties: dict[str, Any]) -> None:
        spec = {"type": "object", "properties": properties}
        schema = {
            "type": "object",
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": {"type": "object"},
                "spec": spec,
            },
        }
        version = {"name": "v1", "schema": {"openAPIV3Schema": schema}}
        text = yaml.safe_dump({"kind": "CustomResourceDefinition", "spec": {"versions": [version]}})
        (tmp_path / validate.CRDS[kind]).write_text(text)

    anything: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    keys = _ray_objects()[0]["spec"]
    crd("RayCluster", {key: {"x-kubernetes-preserve-unknown-fields": True} for key in keys})
    assert validate.kuberay(validate.OVERLAYS[0], str(tmp_path)).passed
    crd("RayCluster", {key: anything for key in keys if key != "rayVersion"})
    said = validate.kuberay(validate.OVERLAYS[0], str(tmp_path)).problems
    assert any("'rayVersion' was unexpected" in problem for problem in said)
    assert any("is not of type 'object'" in problem for problem in said)


def test_a_number_or_a_word_may_stand_where_kubernetes_allows_both() -> None:
    schema = {"properties": {"port": {"x-kubernetes-int-or-string": True, "anyOf": []}}}
    port = validate.closed(schema)["properties"]["port"]
    assert port == {"type": ["integer", "string"]}


# what the files promise


def test_ray_is_of_one_version_everywhere() -> None:
    for document in _ray_objects():
        assert validate.cluster_spec(document)["rayVersion"] == _pin("ray")


def test_the_image_stands_on_a_digest_and_on_the_projects_python() -> None:
    text = validate.DOCKERFILE.read_text()
    base = re.search(r"PYTHON_IMAGE=\S+?python:(\d+\.\d+)\S*@sha256:([0-9a-f]{64})\s", text)
    assert base is not None
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={base.group(1)}"
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    extras = re.search(r"ARG EXTRAS=(\S+)", text)
    assert extras is not None
    assert set(extras.group(1).split(",")) <= set(project["optional-dependencies"])
    assert re.search(r"^USER 1000:1000$", text, re.MULTILINE)
    # all that is installed is installed by the constraints
    installs = [line for line in text.splitlines() if "pip install" in line]
    for line in installs:
        assert "constraints.txt" in line or "--no-deps" in line


def test_the_image_gets_what_it_copies_and_nothing_private() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    let_in = [line[1:] for line in lines if line.startswith("!")]
    text = validate.DOCKERFILE.read_text()
    copies = re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", text, re.MULTILINE)
    copied = [source for line in copies for source in line.split()]
    assert sorted(copied) == sorted(let_in)
    assert all((ROOT / source).exists() for source in copied)


@pytest.mark.parametrize("document", _ray_objects(), ids=lambda d: d["kind"])
def test_ray_asks_for_its_token_and_stays_inside(document: dict[str, Any]) -> None:
    spec = validate.cluster_spec(document)
    assert spec["authOptions"] == {"mode": "token", "secretName": "molq-ray-token"}
    assert spec["headGroupSpec"].get("serviceType", "ClusterIP") == "ClusterIP"
    assert not spec["headGroupSpec"].get("enableIngress")


def test_no_file_holds_a_token() -> None:
    for overlay in validate.OVERLAYS:
        assert all(document["kind"] != "Secret" for document in validate.manifests(overlay))
    for path in (p for p in DEPLOY.rglob("*") if p.is_file() and p.suffix != ".pyc"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"[0-9a-f]{32}", re.sub(r"sha256:[0-9a-f]{64}", "", text)), path
        # a token comes from a file or a secret, never as a value
        assert not re.search(r"RAY_AUTH_TOKEN[=:]\s*['\"]?\w", text), path


@pytest.mark.parametrize(("name", "group"), GROUPS, ids=IDS)
def test_pods_are_not_root_and_keep_nothing_in_their_image(
    name: str, group: dict[str, Any]
) -> None:
    pod = group["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 1000
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    # the journals' volume is the driver's alone: one host writes and reads it
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert {"/shared", "/tmp", "/home/molq"} <= set(mounts)
    assert ("/runs" in mounts) == name.endswith("head")
    assert set(mounts.values()) == {volume["name"] for volume in pod["volumes"]}
    # the operator's network policy and the services find it
    assert group["template"]["metadata"]["labels"]["app.kubernetes.io/part-of"] == "molq"


@pytest.mark.parametrize(("name", "group"), GROUPS, ids=IDS)
def test_ray_promises_what_a_pod_has(name: str, group: dict[str, Any]) -> None:
    (container,) = group["template"]["spec"]["containers"]
    resources, start = container["resources"], group["rayStartParams"]
    # less than it may use, the pod would be the first to be evicted
    assert resources["requests"] == resources["limits"]
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    assert {environment[variable] for variable in THREADS} == {"1"}
    assert container["envFrom"] == [{"secretRef": {"name": "molq-devices", "optional": True}}]
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/api/healthz", "port": 52365}
    if name.endswith("head"):
        assert start["num-cpus"] == "0"
        return
    assert start["num-cpus"] == resources["limits"]["cpu"]
    limit = _bytes(resources["limits"]["memory"])
    promised = int(start["memory"]) + int(start["object-store-memory"])
    assert 0.80 < promised / limit <= 0.85
    # every core finds the memory of a drug-size molecule
    assert int(start["memory"]) / int(start["num-cpus"]) >= 2.5e9


def test_network_policy_and_pods_mean_the_same_pods() -> None:
    documents = validate.manifests(validate.OVERLAYS[0])
    (policy,) = (d for d in documents if d["kind"] == "NetworkPolicy")
    chosen = policy["spec"]["podSelector"]["matchLabels"]
    for _, group in GROUPS:
        assert chosen.items() <= group["template"]["metadata"]["labels"].items()
    claims = {d["metadata"]["name"] for d in documents if d["kind"] == "PersistentVolumeClaim"}
    for _, group in GROUPS:
        wanted = {
            volume["persistentVolumeClaim"]["claimName"]
            for volume in group["template"]["spec"]["volumes"]
            if "persistentVolumeClaim" in volume
        }
        assert wanted <= claims


def test_what_kubectl_sends_names_the_image_in_the_environment() -> None:
    for overlay in validate.OVERLAYS:
        for document in validate.rendered(overlay) or ():
            if document["kind"] not in validate.CRDS:
                continue
            for _, template in validate.pod_templates(document):
                (container,) = template["spec"]["containers"]
                assert container["image"] == "registry.example.org/molq:0.1.0"
                environment = {entry["name"]: entry["value"] for entry in container["env"]}
                assert environment["MOLQ_IMAGE"] == container["image"]


def test_the_jobs_campaign_is_a_campaign() -> None:
    file = CampaignFile.from_toml(DEPLOY / "kubernetes" / "job" / "campaign.toml")
    (job,) = (d for d in _ray_objects() if d["kind"] == "RayJob")
    assert job["spec"]["entrypoint"].split() == [
        *("molq-driver", "run", "/etc/molq/campaign.toml", "--out", "/runs/first")
    ]
    assert file.compute.checkpoint_folder == Path("/shared/checkpoints")


def test_the_launcher_keeps_token_dashboard_and_threads() -> None:
    settings = yaml.safe_load(validate.LAUNCHER.read_text())
    assert settings["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    head, worker = settings["head_start_ray_commands"][1], settings["worker_start_ray_commands"][1]
    for command in (head, worker):
        assert "RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$HOME/.ray/auth_token" in command
        assert all(f"{variable}=1" in command for variable in THREADS)
    assert "--dashboard-host=127.0.0.1" in head
    assert "--num-cpus=0" in head
    # what awk makes of it: 85 % of the machine less the object store
    expression = re.search(r"\$\((awk .*)\)", worker)
    assert expression is not None
    memory = int(subprocess.check_output(["bash", "-c", expression.group(1)], text=True))
    total = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)) * 1024  # type: ignore[union-attr]
    assert memory == pytest.approx(0.85 * total - 200_000_000, abs=1024)


# what the scripts do, with stand-ins for molq, Ray and Slurm


def _write_program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/usr/bin/env bash\n{text}")
    (folder / name).chmod(0o755)


MOLQ = """
echo "molq $*" >> "$STANDIN_FOLDER/calls"
case $1 in
  status) [[ -s $2/journal.sqlite ]]; exit ;;
  run|resume|screen) ;;
  *) exit 2 ;;
esac
trap 'exit 130' INT
sleep 0.5 # until the workers are up
[[ -z ${STANDIN_SLEEP:-} ]] && exit "${STANDIN_CODE:-0}"
for ((i = 0; i < STANDIN_SLEEP * 20; i++)); do sleep 0.05; done
"""
RAY = """
echo "$SLURMD_NODENAME ray $*" >> "$STANDIN_FOLDER/calls"
[[ $1 == health-check ]] && exit
[[ -n $RAY_AUTH_MODE ]] && stat -c '%a %s' "$RAY_AUTH_TOKEN_PATH" >> "$STANDIN_FOLDER/token"
trap 'exit 0' TERM
for ((i = 0; i < 600; i++)); do sleep 0.05; done
"""


class Batch:
    """The batch script on two nodes that are this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "run"
        self.tokens = folder / "tokens"
        environment = folder / "env" / "bin"
        _write_program(environment, "molq", MOLQ)
        _write_program(environment, "ray", RAY)
        (environment / "python").symlink_to(sys.executable)
        self.variables = {
            "HOME": str(folder),
            "PATH": f"{STANDINS}:{os.environ['PATH']}",
            "MOLQ_ENV": str(folder / "env"),
            "MOLQ_TOKEN_FOLDER": str(self.tokens),
            "MOLQ_NODE_ADDRESS": "127.0.0.1",
            "STANDIN_FOLDER": str(folder),
            "STANDIN_NODES": "n1 n2",
            "SLURM_JOB_ID": "4711",
            "SLURM_JOB_NUM_NODES": "2",
            "SLURM_JOB_NODELIST": "n[1-2]",
            "SLURMD_NODENAME": "n1",
            "SLURM_CPUS_PER_TASK": "4",
            "SLURM_MEM_PER_CPU": "3072",
        }

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """With the given words after the script's name."""
        return subprocess.Popen(
            ["bash", str(SBATCH), *arguments],
            env=self.variables | variables,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # a test run in the background ignores it, and no shell could heed it again
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """To its end: exit code and what it said."""
        process = self.start(*arguments, **variables)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said

    def lines(self, name: str) -> list[str]:
        """What the stand-ins wrote down."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def driver(self) -> str:
        """The last call of molq that was not a question."""
        return [line for line in self.lines("calls") if re.match("molq (?!status)", line)][-1]

    def interrupt(self, process: subprocess.Popen[str], number: int) -> tuple[int, str]:
        """As soon as the driver runs."""
        for _ in range(600):
            if any(line.startswith(("molq run", "molq resume")) for line in self.lines("calls")):
                break
            time.sleep(0.05)
        time.sleep(0.2)  # until it has its trap
        process.send_signal(number)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(tmp_path)


def test_slurm_starts_a_head_and_workers_with_a_token(batch: Batch) -> None:
    code, said = batch.run("run", "c.toml", "--out", "run", "--set", "campaign.name=a b")
    assert code == 0, said
    calls = batch.lines("calls")
    assert "molq run c.toml --out run --set campaign.name=a b" in calls
    (head,) = (line for line in calls if "--head" in line)
    (worker,) = (line for line in calls if "--address=" in line)
    address = re.search(r"--address=(127\.0\.0\.1:(\d+)) ", worker)
    assert address is not None
    assert head.startswith("n1 ray start")
    assert worker.startswith("n2 ray start")
    assert f"--port={address.group(2)} --num-cpus=3 " in head
    assert "--include-dashboard=false" in head
    assert " --num-cpus=4 " in worker
    store, memory = 200 * 2**20, int(4 * 3072 * 2**20 * 0.85) - 200 * 2**20
    for line in (head, worker):
        assert re.search(r"--temp-dir=/tmp/molq-4711-(head|worker)0 ", line)
        assert f"--memory={memory} --object-store-memory={store} " in line
    # the head waits to be reached before the workers and the driver begin
    assert any(f"health-check --address {address.group(1)}" in line for line in calls)
    assert batch.lines("token") == ["600 64", "600 64"]
    assert list(batch.tokens.iterdir()) == []
    assert batch.lines("scancel") == ["--quiet --signal=TERM 4711"]
    assert batch.lines("scontrol") == []


def test_slurm_on_one_node_gives_molecules_all_cores(batch: Batch) -> None:
    code, said = batch.run("screen", "l.csv", "--out=run", SLURM_JOB_NUM_NODES="1")
    assert code == 0, said
    (start,) = (line for line in batch.lines("calls") if "ray start" in line)
    assert "--head" in start
    assert "--num-cpus=4 " in start


def test_slurm_follows_the_drivers_exit_code(batch: Batch) -> None:
    code, _ = batch.run("run", "c.toml", "--out", "run", STANDIN_CODE="1")
    assert code == 1
    assert batch.lines("scontrol") == []
    assert list(batch.tokens.iterdir()) == []


def test_slurm_stops_before_the_limit_requeues_and_resumes(batch: Batch) -> None:
    process = batch.start("run", "c.toml", "--out", "run", STANDIN_SLEEP="20")
    code, said = batch.interrupt(process, signal.SIGUSR1)
    assert code == 0, said
    assert batch.lines("scontrol") == ["requeue 4711"]
    assert list(batch.tokens.iterdir()) == []
    # as Slurm starts it again: the same words, and there is a journal
    batch.out.mkdir()
    (batch.out / "journal.sqlite").write_text("a run")
    code, said = batch.run("run", "c.toml", "--out", "run", SLURM_RESTART_COUNT="1")
    assert code == 0, said
    assert batch.driver() == "molq resume run"


def test_slurm_does_not_requeue_a_cancelled_job(batch: Batch) -> None:
    process = batch.start("run", "c.toml", "--out", "run", STANDIN_SLEEP="20")
    code, said = batch.interrupt(process, signal.SIGTERM)
    assert code == 130, said
    assert batch.lines("scontrol") == []


def test_slurm_does_not_requeue_for_ever(batch: Batch) -> None:
    process = batch.start(
        "run", "c.toml", "--out", "run", STANDIN_SLEEP="20", SLURM_RESTART_COUNT="100"
    )
    code, said = batch.interrupt(process, signal.SIGUSR1)
    assert code == 130
    assert "molq resume run" in said
    assert batch.lines("scontrol") == []


def test_slurm_begins_anew_what_never_began(batch: Batch) -> None:
    batch.out.mkdir()
    (batch.out / "journal.sqlite").touch()
    code, said = batch.run("run", "c.toml", "--out", "run")
    assert code == 0, said
    assert batch.driver() == "molq run c.toml --out run"


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (("run", "c.toml"), {}, "--out DIR is missing"),
        (("score", "C"), {}, "comes run or screen"),
        (("run", "c.toml", "--out", "run"), {"MOLQ_ENV": "/nowhere"}, "set MOLQ_ENV"),
        (("run", "c.toml", "--out", "run"), {"SLURM_JOB_ID": ""}, "this is a batch script"),
        (("run", "c.toml", "--out", "run"), {"SLURM_MEM_PER_CPU": "10"}, "ask for --mem-per-cpu"),
    ],
)
def test_slurm_refuses_a_wrong_call(
    batch: Batch, arguments: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    code, output = batch.run(*arguments, **variables)
    assert code == 2
    assert said in output
    assert batch.lines("calls") == []


@pytest.mark.parametrize(
    ("journal", "expected"),
    [
        (None, "molq run c.toml --out run --top 3"),
        ("", "molq run c.toml --out run --top 3"),
        ("a run", "molq resume run"),
    ],
)
def test_the_driver_begins_or_goes_on(batch: Batch, journal: str | None, expected: str) -> None:
    if journal is not None:
        batch.out.mkdir()
        (batch.out / "journal.sqlite").write_text(journal)
    words = ["run", "c.toml", "--out", "run", "--top", "3"]
    path = f"{batch.folder / 'env' / 'bin'}:{os.environ['PATH']}"
    variables = batch.variables | {"PATH": path, "STANDIN_CODE": "1"}
    ran = subprocess.run([DEPLOY / "molq-driver", *words], env=variables, cwd=batch.folder)
    assert ran.returncode == 1
    assert batch.driver() == expected


@pytest.mark.parametrize("words", [(), ("score", "C"), ("run", "c.toml"), ("run", "--out")])
def test_the_driver_refuses_a_wrong_call(words: tuple[str, ...]) -> None:
    ran = subprocess.run([DEPLOY / "molq-driver", *words], capture_output=True, text=True)
    assert ran.returncode == 2
    assert ran.stderr.startswith("molq-driver: ")


def test_scripts_can_be_executed() -> None:
    for path in (DEPLOY / "molq-driver", *STANDINS.iterdir()):
        assert path.stat().st_mode & stat.S_IXUSR


@pytest.mark.slow
def test_slurm_screens_on_two_nodes(tmp_path: Path) -> None:
    """The real molq on a real Ray of two nodes, stopped, requeued and gone on with."""
    batch = Batch(tmp_path)
    shutil.rmtree(tmp_path / "env")
    source = (ROOT / "configs" / "libraries" / "acrylamides.csv").read_text().splitlines()
    (tmp_path / "library.csv").write_text("\n".join(itertools.islice(source, 7)) + "\n")
    number = str(os.getpid())
    variables = {
        "MOLQ_ENV": sys.prefix,
        "SLURM_JOB_ID": number,
        "SLURM_CPUS_PER_TASK": "1",
        "SLURM_MEM_PER_CPU": "5000",
    }
    words = ["screen", "library.csv", "--out", "run", "--set", "simulation.solver=casci"]
    process = batch.start(*words, **variables)
    for _ in range(600):  # until a score is in
        if _scored(batch.out) >= 2:
            break
        time.sleep(0.2)
    process.send_signal(signal.SIGUSR1)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert batch.lines("scontrol") == [f"requeue {number}"]
    before = _scored(batch.out)
    assert 2 <= before < 6

    code, said = batch.run(*words, **variables)
    assert code == 0, said
    assert "molq resume run" in said
    with (batch.out / "results.csv").open(newline="") as file:
        values = {row["name"]: float(row["warhead-ea [eV]"]) for row in csv.DictReader(file)}
    assert len(values) == 6
    assert values["acrylamide"] == pytest.approx(-5.115, abs=0.005)
    assert list(Path("/tmp").glob(f"molq-{number}-*")) == []
    assert list(batch.tokens.iterdir()) == []


def _scored(folder: Path) -> int:
    try:
        with Journal.open(folder, readonly=True) as journal:
            return journal.counts()["scored"]
    except JournalError:  # not begun
        return 0
