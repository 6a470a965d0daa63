"""Every command of the documentation is run, or the file that proves it is named."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
if str(HERE) not in sys.path:
    sys.path.append(str(HERE))

import standins  # noqa: E402
from documentedcommands import ROOT, DocumentedCommand, commands, in_text  # noqa: E402
from howtorun import Rule, Rules  # noqa: E402

RULES = Rules.read()
COMMANDS = commands()
_SHELL = re.compile(r"[|<>&;]|\$\(")  # outside quotes

LIBRARY = """name,smiles,score
acrylamide,C=CC(N)=O,0.3
N-methylacrylamide,C=CC(=O)NC,0.9
crotonamide,CC=CC(N)=O,0.5
methacrylamide,CC(=C)C(N)=O,0.1
N-ethylacrylamide,C=CC(=O)NCC,0.8
N-phenylacrylamide,C=CC(=O)Nc1ccccc1,0.7
cinnamamide,NC(=O)/C=C/c1ccccc1,0.2
cyclohexenone,O=C1C=CCCC1,0.4
methyl acrylate,COC(=O)C=C,0.6
butenone,CC(=O)C=C,0.65
"""
SMALL = (
    "--set simulation.basis=sto-3g --set simulation.density_fit=false "
    "--set simulation.conformers=1 --set campaign.rounds=2 --set campaign.batch=2 "
    "--set generator.pool=16 --set compute.workers=1"
)


def _rule(command: DocumentedCommand) -> Rule:
    rule = RULES.of(_named(command))
    assert rule is not None, (
        f"{command.text!r} in {', '.join(command.pages)}: add to tests/docs/howtorun.toml how "
        "it is run"
    )
    return rule


def _named(command: DocumentedCommand) -> str:
    """The command without the folder of its program, as the rules call it."""
    return re.sub(r"^((?:[A-Z_]+=\S+ )*)\.venv/bin/", r"\1", command.text)


def _small(command: DocumentedCommand, rule: Rule) -> str:
    text = _named(command)
    for part, other in rule.replace.items():
        text = text.replace(part, other)
    if rule.also:
        head, *rest = re.split(r"(?= [|>] )", text, maxsplit=1)
        text = " ".join([head, rule.also.replace("{small}", SMALL), *rest])
    return text


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader has it: the checkout's files, a library, a campaign, its run."""
    folder = tmp_path_factory.mktemp("reader")
    for name in ("configs", "benchmarks", "examples", "docs", "mkdocs.yml", "README.md", "tests"):
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    (folder / "library.csv").write_text(LIBRARY, encoding="utf-8")
    shutil.copy(ROOT / "configs" / "quickstart.toml", folder / "campaign.toml")
    shutil.copytree(ROOT / "configs" / "libraries", folder / "libraries")
    shutil.copy(folder / "campaign.toml", folder / "new.toml")
    done = _in_a_process(f"molq run campaign.toml --out runs/first {SMALL}", folder)
    assert done[0] == 0, done[1]
    shutil.copytree(folder / "runs" / "first", folder / "runs" / "quickstart")
    return folder


@pytest.fixture(scope="module")
def with_data(workspace: Path) -> Path:
    """The same with files where the benchmarks want public data."""
    standins.write(workspace)
    return workspace


def _in_a_process(text: str, folder: Path) -> tuple[int, str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text], cwd=folder, env=environment, text=True,
        capture_output=True, timeout=1800, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _run(
    command: DocumentedCommand, text: str, rule: Rule, folder: Path, capsys: pytest.CaptureFixture
) -> tuple[int, str]:
    unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "", text)
    if command.program != "molq" or rule.alone or _SHELL.search(unquoted):
        return _in_a_process(text, folder)
    from molq.cli.entry import run_arguments

    capsys.readouterr()
    with _standing_in(folder):
        small = DocumentedCommand(text, command.pages)
        code = run_arguments(small.arguments)
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def _checked(command: DocumentedCommand, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rule = _rule(command)
    for earlier in rule.after:
        code, shown = _in_a_process(earlier.replace("{small}", SMALL), folder)
        assert code == 0, shown
    text = _small(command, rule)
    code, shown = _run(command, text, rule, folder, capsys)
    assert code == rule.code, f"{text}\n{shown}"
    assert re.search(rule.prints, shown), f"{text}\n{shown}"
    assert "Traceback" not in shown
    if rule.makes:
        assert (folder / rule.makes).stat().st_size > 0


def _cases(*, slow: bool) -> list[DocumentedCommand]:
    return [
        command
        for command in COMMANDS
        if (rule := RULES.of(_named(command))) and not rule.elsewhere and rule.slow == slow
    ]


@pytest.mark.parametrize("command", _cases(slow=False), ids=lambda c: c.text[:80])
def test_a_command_of_the_documentation_does_its_work(
    command: DocumentedCommand, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _checked(command, workspace, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("command", _cases(slow=True), ids=lambda c: c.text[:80])
def test_a_long_command_of_the_documentation_does_its_work(
    command: DocumentedCommand, with_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _checked(command, with_data, capsys)


def test_no_command_is_forgotten_and_no_rule_left_over() -> None:
    assert len(COMMANDS) > 60
    for command in COMMANDS:
        _rule(command)
    assert RULES.unused([_named(command) for command in COMMANDS]) == []


def test_what_is_proved_elsewhere_names_a_file_that_is_there() -> None:
    for rule in RULES.rules:
        if rule.elsewhere:
            assert (ROOT / rule.elsewhere.split()[0].rstrip(",:;")).exists(), rule.elsewhere


def test_commands_are_read_as_a_shell_would() -> None:
    page = (
        "Text `molq inline`.\n```sh\n$ molq score 'C#N' \\\n    --json  # a comment\n"
        "molq: what it answers\nOMP_NUM_THREADS=1 python benchmarks/x.py\n```\n"
        "```python\nmolq.score('C')\n```\n"
    )
    first, second = in_text(page)
    assert first == "molq score 'C#N' --json"
    assert DocumentedCommand(first, ()).arguments == ["score", "C#N", "--json"]
    assert DocumentedCommand(second, ()).environment == {"OMP_NUM_THREADS": "1"}
    assert DocumentedCommand(second, ()).program == "python"
