"""Reads every file of ``deploy/`` with the tools and schemas of those who will read it.

    python deploy/validate.py [--crds FOLDER_OR_URL] [--json]

It needs the development tools (``pip install -e '.[dev]'``); what a missing program or schema
leaves unchecked is said. KubeRay's own schemas are fetched, never kept here, e.g. with
``--crds https://raw.githubusercontent.com/ray-project/kuberay/v1.7.0/helm-chart/kuberay-operator/crds``
or a folder of a checkout.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).resolve().parent
DOCKERFILE = DEPLOY / "Dockerfile"
LAUNCHER = DEPLOY / "ray-cluster.yaml"
SCRIPTS = (DEPLOY / "molq-driver", DEPLOY / "slurm" / "molq.sbatch")
OVERLAYS = (DEPLOY / "kubernetes" / "cluster", DEPLOY / "kubernetes" / "job")
CRDS = {"RayCluster": "ray.io_rayclusters.yaml", "RayJob": "ray.io_rayjobs.yaml"}
KUBERNETES = "1.31"  # the oldest that the manifests are checked against
_FETCH_S = 60.0


@dataclass(frozen=True)
class Check:
    """What one reader says of one file.

    ``problems`` is empty where it has no objection and None where it could not
    be asked; ``note`` then says why.
    """

    file: str
    reader: str
    problems: tuple[str, ...] | None
    note: str = ""

    @property
    def passed(self) -> bool:
        """Asked, and without objection."""
        return self.problems == ()


def dockerfile(path: Path = DOCKERFILE) -> list[Check]:
    """By BuildKit's own parser, and by hadolint."""
    import dockerfile as buildkit

    name = _name(path)
    try:
        buildkit.parse_file(str(path))
        parsed: tuple[str, ...] = ()
    except buildkit.GoParseError as error:
        parsed = (str(error),)
    return [
        Check(name, "BuildKit's parser", parsed),
        _program(name, "hadolint", ["hadolint", "--no-color", str(path)]),
    ]


def script(path: Path) -> list[Check]:
    """By the shell itself, and by shellcheck."""
    return [
        _program(_name(path), "bash -n", ["bash", "-n", str(path)]),
        _program(_name(path), "shellcheck", ["shellcheck", "--format=gcc", str(path)]),
    ]


def launcher(path: Path = LAUNCHER) -> Check:
    """By the schema and the rules of ``ray up``."""
    import click
    import jsonschema
    from ray.autoscaler._private.util import prepare_config, validate_config

    problems = []
    try:
        validate_config(prepare_config(yaml.safe_load(path.read_text(encoding="utf-8"))))
    except jsonschema.ValidationError as error:
        problems.append(f"{error.json_path}: {error.message}")
    except (ValueError, RuntimeError, click.ClickException, SystemExit) as error:
        problems.append(f"{type(error).__name__}: {error}")
    return Check(_name(path), "Ray's schema", tuple(problems))


def manifests(overlay: Path) -> list[dict[str, Any]]:
    """The objects of a kustomization as they are written, its base's first."""
    settings = yaml.safe_load((overlay / "kustomization.yaml").read_text(encoding="utf-8"))
    objects: list[dict[str, Any]] = []
    for resource in settings["resources"]:
        path = overlay / resource
        objects += manifests(path) if path.is_dir() else _documents(path.read_text("utf-8"))
    return objects


def rendered(overlay: Path) -> list[dict[str, Any]] | None:
    """The objects as ``kubectl apply -k`` sends them; None without kubectl.

    Raises:
        subprocess.CalledProcessError: the kustomization is wrong.
    """
    if shutil.which("kubectl") is None:
        return None
    command = ["kubectl", "kustomize", str(overlay)]
    return _documents(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def kubernetes(overlay: Path) -> list[Check]:
    """By kustomize, and what it makes by the schemas of Kubernetes."""
    name = _name(overlay)
    try:
        objects = rendered(overlay)
    except subprocess.CalledProcessError as error:
        return [Check(name, "kustomize", tuple(error.stderr.splitlines()))]
    if objects is None:
        first = Check(name, "kustomize", None, "kubectl is not installed")
        objects = manifests(overlay)
    else:
        first = Check(name, "kustomize", ())
    reader = f"Kubernetes {KUBERNETES} schemas"
    return [first, Check(name, reader, tuple(_against_kubernetes(objects)))]


def _against_kubernetes(objects: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Kubernetes' kinds as they are, Ray's by the pods that they describe."""
    import kubernetes_validate

    for document in objects:
        if document["kind"] in CRDS:
            checked = [
                (f"{document['kind']} {name}", {"apiVersion": "v1", "kind": "Pod", **template})
                for name, template in pod_templates(document)
            ]
        else:
            checked = [(document["kind"], document)]
        for where, each in checked:
            try:
                kubernetes_validate.validate(each, KUBERNETES, strict=True)
            except kubernetes_validate.ValidationError as error:
                path = ".".join(str(step) for step in error.path)
                yield f"{where} {path}: {error.message}"


def cluster_spec(document: dict[str, Any]) -> dict[str, Any]:
    """The cluster that a RayCluster is, or that a RayJob makes."""
    spec: dict[str, Any] = document["spec"]
    return spec["rayClusterSpec"] if document["kind"] == "RayJob" else spec


def pod_templates(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """A Ray object's groups of pods: name and template, the head's first."""
    spec = cluster_spec(document)
    workers = [(group["groupName"], group["template"]) for group in spec["workerGroupSpecs"]]
    return [("head", spec["headGroupSpec"]["template"]), *workers]


def kuberay(overlay: Path, crds: str | None) -> Check:
    """By KubeRay's own schemas: a folder with its CRDs, or the address of one.

    The rules that a CRD writes in CEL are the API server's to ask; unknown keys,
    types, missing keys and allowed values are asked here.
    """
    name = _name(overlay)
    if crds is None:
        return Check(name, "KubeRay's schemas", None, "give --crds FOLDER_OR_URL")
    import jsonschema

    problems = []
    for document in rendered(overlay) or manifests(overlay):
        if document["kind"] not in CRDS:
            continue
        crd = yaml.safe_load(_read(crds, CRDS[document["kind"]]))
        version = document["apiVersion"].rpartition("/")[2]
        schemas = {v["name"]: v["schema"]["openAPIV3Schema"] for v in crd["spec"]["versions"]}
        if version not in schemas:
            problems.append(f"{document['kind']}: no version {version} among {sorted(schemas)}")
            continue
        validator = jsonschema.Draft202012Validator(closed(schemas[version]))
        for error in validator.iter_errors(document):
            problems.append(f"{document['kind']} {error.json_path}: {error.message}")
    return Check(name, "KubeRay's schemas", tuple(problems), crds)


def closed(schema: Any) -> Any:
    """A CRD's structural schema as a JSON schema that refuses keys it does not know."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    kept = {key: part for key, part in schema.items() if not key.startswith("x-kubernetes-")}
    if "properties" in kept:
        kept["properties"] = {key: closed(part) for key, part in schema["properties"].items()}
        # the API server knows these of every object, whatever the schema says
        if "kind" in kept["properties"] and "metadata" in kept["properties"]:
            kept["properties"]["metadata"] = {"type": "object"}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            kept.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties", "allOf", "anyOf", "oneOf"):
        if key in kept:
            kept[key] = closed(kept[key])
    if kept.pop("nullable", False) and isinstance(kept.get("type"), str):
        kept["type"] = [kept["type"], "null"]
    return kept


def every_check(crds: str | None = None) -> list[Check]:
    """All files by all their readers."""
    checks = [*dockerfile(), *(check for path in SCRIPTS for check in script(path)), launcher()]
    for overlay in OVERLAYS:
        checks += [*kubernetes(overlay), kuberay(overlay, crds)]
    return checks


def _program(file: str, reader: str, command: list[str]) -> Check:
    # A tool of this Python's environment stands beside it, on the PATH or not.
    beside = Path(sysconfig.get_path("scripts")) / command[0]
    found = str(beside) if beside.exists() else shutil.which(command[0])
    if found is None:
        return Check(file, reader, None, f"{command[0]} is not installed")
    ran = subprocess.run([found, *command[1:]], capture_output=True, text=True, check=False)
    said = tuple((ran.stdout + ran.stderr).strip().splitlines())
    if ran.returncode and not said:
        said = (f"exit code {ran.returncode}",)
    return Check(file, reader, said if ran.returncode else ())


def _documents(text: str) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(text) if document]


def _read(place: str, file: str) -> str:
    if place.startswith("https://"):
        with urllib.request.urlopen(f"{place.rstrip('/')}/{file}", timeout=_FETCH_S) as answer:
            return str(answer.read().decode("utf-8"))
    return (Path(place) / file).read_text(encoding="utf-8")


def _name(path: Path) -> str:
    return str(path.relative_to(DEPLOY)) if path.is_relative_to(DEPLOY) else path.name


def main(arguments: list[str] | None = None) -> int:
    """Check everything, print one line a check; 1 where somebody objects."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--crds",
        metavar="FOLDER_OR_URL",
        help="where KubeRay's CRD files are: a folder or https://",
    )
    parser.add_argument("--json", action="store_true", help="print a record instead of a table")
    chosen = parser.parse_args(arguments)
    try:
        checks = every_check(chosen.crds)
    except OSError as error:
        print(f"validate.py: --crds {chosen.crds}: {error}", file=sys.stderr)
        return 2
    if chosen.json:
        print(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            state = "ok" if check.passed else "not asked" if check.problems is None else "WRONG"
            print(f"{check.file:22} {check.reader:24} {state:10} {check.note}".rstrip())
            for problem in check.problems or ():
                print(f"    {problem}")
    return 1 if any(check.problems for check in checks) else 0


if __name__ == "__main__":
    sys.exit(main())
