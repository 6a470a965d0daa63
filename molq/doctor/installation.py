"""Python, the packages that molq needs, its extras, its plugins and the files it comes with."""

from __future__ import annotations

import hashlib
import os
import platform
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, entry_points, metadata, requires, version
from importlib.resources import files
from importlib.resources.abc import Traversable

from packaging.requirements import InvalidRequirement, Requirement

from molq.doctor.finding import Finding, fail, ok, warn

AREA = "installation"

_GIVES = {
    "ibm": "backends fake:<device> and ibm:<device>",
    "mitigation": "zero-noise extrapolation by mitiq",
    "sqd": "solvers lucj and sqd",
    "notebook": "JupyterLab",
    "docking": "Vina docking into a receptor",
    "medchem": "Lilly rules (lilly-demerits)",
    "admet": "ADMET-AI predictions",
    "ase": "ASE atoms in and out",
    "docs": "the documentation site",
    "dev": "tests and linters",
}
"""What an extra is for, in a few words."""

_PLUGINS = (
    "molq.recipes", "molq.solvers", "molq.backends", "molq.generators", "molq.scorers",
)  # fmt: skip

_PRIORS = ("moses", "zinc250k")
_AGAIN = "pip install --force-reinstall molq"


def findings() -> Iterator[Finding]:
    """Everything that is installed, or should be."""
    yield _python()
    yield from _packages()
    yield from _extras()
    yield _admet(os.environ)
    yield from _plugins()
    for name in _PRIORS:
        yield prior(name, files("generative.weights"))
    yield _tables()


def _python() -> Finding:
    wanted = (metadata("molq").get_all("Requires-Python") or [""])[0]
    here = platform.python_version()
    if wanted and not Requirement(f"python{wanted}").specifier.contains(here, prereleases=True):
        return fail(
            AREA, "Python", f"{here}, molq needs {wanted}", "make an environment with that Python"
        )
    return ok(AREA, "Python", f"{here} (molq {version('molq')} needs {wanted})")


def _packages() -> Iterator[Finding]:
    """The packages of the core that are missing or of another version; one line where none is."""
    asked = [r for r in _requirements() if "extra" not in str(r.marker)]
    wrong = [problem for r in asked if (problem := _problem(r))]
    for name, reason in wrong:
        yield fail(AREA, name, reason, "pip install --upgrade molq")
    if not wrong:
        yield ok(AREA, "packages", f"{len(asked)} of {len(asked)} within the ranges molq asks for")


def _extras() -> Iterator[Finding]:
    for extra in metadata("molq").get_all("Provides-Extra") or []:
        asked = [r for r in _requirements() if r.marker and r.marker.evaluate({"extra": extra})]
        asked = [r for r in asked if "extra" in str(r.marker)]
        problems = [problem for r in asked if (problem := _problem(r))]
        gives = _GIVES.get(extra, "")
        absent = [name for name, problem in problems if problem == _MISSING]
        other = [f"{name} {problem}" for name, problem in problems if problem != _MISSING]
        name = f"extra {extra}"
        if other and not absent:
            yield warn(AREA, name, "; ".join(other), f'pip install --upgrade "molq[{extra}]"')
        elif absent:
            yield ok(
                AREA, name, f"not installed ({', '.join(absent)}): no {gives or extra}; for it: "
                f'pip install "molq[{extra}]"',
            )  # fmt: skip
        else:
            yield ok(AREA, name, f"installed: {gives}" if gives else "installed")


def _admet(variables: Mapping[str, str]) -> Finding:
    """ADMET-AI lives in an environment of its own, which may be gone or another by now."""
    from screening.admet import predictor
    from simulation.errors import SimulationError

    name = "ADMET-AI"
    try:
        known = predictor.installed(predictor.python())
    except SimulationError as error:
        if variables.get(predictor.PYTHON):
            return warn(
                AREA, name, error.message, f"correct {predictor.PYTHON} or unset the variable"
            )
        return ok(AREA, name, "no environment is named: recipes admet:<property> need one")
    shown = ", ".join(f"{package} {number}" for package, number in known.items())
    return ok(AREA, name, f"answers: {shown}")


def _plugins() -> Iterator[Finding]:
    """What other packages add; what cannot be loaded would fail in a run."""
    for group in _PLUGINS:
        own, foreign = 0, []
        for entry in entry_points(group=group):
            package = entry.dist.name if entry.dist is not None else "unknown"
            if package == "molq":
                own += 1
                continue
            try:
                entry.load()
            except Exception as error:  # whatever a plugin does, the others are still looked at
                reason = " ".join(str(error).split())[:120]
                yield warn(
                    AREA, f"{group}: {entry.name}",
                    f"cannot be loaded ({type(error).__name__}: {reason})",
                    f"repair or remove the package {package}",
                )  # fmt: skip
            else:
                foreign.append(f"{entry.name} ({package})")
        others = f", of other packages: {', '.join(foreign)}" if foreign else ""
        if own:
            yield ok(AREA, group, f"{own} of molq{others}")
        else:
            yield fail(AREA, group, "molq's own are not registered", _AGAIN)


def prior(name: str, folder: Traversable) -> Finding:
    """Whether a trained prior is the one whose sum is on its card.

    Args:
        name: of the prior.
        folder: where its card and its file lie.
    """
    card = tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    wanted = card["file"]["sha256"]
    weights = folder.joinpath(f"{name}.safetensors")
    if not weights.is_file():
        return fail(AREA, f"prior {name}", "its file is missing", _AGAIN)
    if hashlib.sha256(weights.read_bytes()).hexdigest() != wanted:
        remedy = f"{_AGAIN}; a prior of your own is given by its path"
        return fail(AREA, f"prior {name}", "its file is not the one molq came with", remedy)
    return ok(AREA, f"prior {name}", f"whole, SHA-256 {wanted[:12]}")


def _tables() -> Finding:
    from molq.planning import measuredtables

    try:
        rows = len(measuredtables.costs().rows), len(measuredtables.circuits().rows)
    except (OSError, ValueError) as error:
        return fail(AREA, "measured tables", f"cannot be read ({type(error).__name__})", _AGAIN)
    return ok(AREA, "measured tables", f"{rows[0]} costs, {rows[1]} circuits")


_MISSING = "is not installed"


def _requirements() -> list[Requirement]:
    found = []
    for text in requires("molq") or []:
        try:
            found.append(Requirement(text))
        except InvalidRequirement:
            continue  # of a newer standard than this reader
    return found


def _problem(asked: Requirement) -> tuple[str, str] | None:
    """Name and what is wrong; None where it is installed in a version that fits."""
    try:
        here = version(asked.name)
    except PackageNotFoundError:
        return asked.name, _MISSING
    if asked.specifier.contains(here, prereleases=True):
        return None
    return asked.name, f"is {here}, asked for is {asked.specifier}"
