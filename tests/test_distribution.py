"""The wheel stands on its own: installed elsewhere, without the source tree."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("molq", "generative", "simulation", "screening")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment that holds the wheel and sees this one's dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    # A copy: a build in place would leave files behind, and take up those of an older one.
    source = folder / "source"
    source.mkdir()
    for name in (*PACKAGES, "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", str(folder), str(source)),
        ],
        check=True,
    )
    (wheel,) = folder.glob("molq-*.whl")
    env = folder / "env"
    venv.create(env, with_pip=False)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(env), "platbase": str(env)}))
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", str(env / "bin" / "python"), "install"),
            *("--quiet", "--no-deps", "--no-index", str(wheel)),
        ],
        check=True,
    )
    # A plain line in a .pth adds the folder without running the .pth files in it,
    # so the editable install of the source tree stays invisible.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return env


def run(env: Path, *args: str, cwd: Path) -> str:
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(args, cwd=cwd, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_packages_come_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    code = f"import {', '.join(PACKAGES)}\n" + "\n".join(
        f"print({name}.__file__)" for name in PACKAGES
    )
    for line in run(installed, str(installed / "bin/python"), "-c", code, cwd=tmp_path).split():
        assert Path(line).is_relative_to(installed)


def test_entry_point_lists_the_recipes(installed: Path, tmp_path: Path) -> None:
    assert "warhead-ea" in run(installed, str(installed / "bin/molq"), "recipes", cwd=tmp_path)


def test_shipped_prior_samples(installed: Path, tmp_path: Path) -> None:
    args = ("sample", "-n", "3", "--seed", "1")
    out = run(installed, str(installed / "bin/molq"), *args, cwd=tmp_path)
    assert len(out.strip().splitlines()) >= 3


def test_report_template_is_packaged(installed: Path, tmp_path: Path) -> None:
    code = (
        "from importlib.resources import files;"
        "print([p.name for p in files('molq.report').iterdir() if p.name.endswith('.html')])"
    )
    assert ".html" in run(installed, str(installed / "bin/python"), "-c", code, cwd=tmp_path)
