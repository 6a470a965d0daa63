"""Runs stopped from outside, and the log of a run looked at."""

import os
import signal
import subprocess
import sys

import pytest

from molq import interruption
from molq.errors import MolqError
from screening.store.journal import Journal
from screening.store.runlock import LOCK

HOLDER = """
import signal, sys, time
from pathlib import Path
from molq.cli import watching
from screening.store.journal import Journal
if sys.argv[2] == "background":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
elif sys.argv[2] == "deaf":
    signal.signal(signal.SIGINT, lambda *_: None)
else:
    signal.signal(signal.SIGINT, signal.default_int_handler)
with Journal.create(Path(sys.argv[1]), kind="screen", settings={}, environment={}) as journal:
    with watching.resumable(Path(sys.argv[1])):
        print("held", flush=True)
        while True:
            time.sleep(0.05)
"""


@pytest.fixture
def hold(tmp_path):
    """Begin a process that works on a run."""
    begun = []

    def begin(how):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path / "run"), how],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("how", ["terminal", "background"])
def test_the_process_that_works_on_a_run_is_interrupted(tmp_path, hold, how):
    process = hold(how)
    assert interruption.interrupt(tmp_path / "run", 60)
    _, err = process.communicate(timeout=30)
    assert "molq: interrupted; go on with:" in err
    assert "KeyboardInterrupt" in err
    assert not interruption.interrupt(tmp_path / "run", 60)
    Journal.open(tmp_path / "run").close()  # free, and whole


def test_one_that_does_not_end_is_named(tmp_path, hold):
    process = hold("deaf")
    with pytest.raises(MolqError, match=f"kill -9 {process.pid}"):
        interruption.interrupt(tmp_path / "run", 0.3)


def test_one_on_another_machine_is_named(tmp_path, hold):
    process = hold("deaf")
    lock = tmp_path / "run" / LOCK
    lock.write_text(f"process {process.pid} on elsewhere")
    with pytest.raises(MolqError, match="on elsewhere: run `molq stop` there"):
        interruption.interrupt(tmp_path / "run", 1)
    assert process.poll() is None


def test_a_process_that_the_lock_only_names_is_left_alone(tmp_path, hold):
    process = hold("deaf")
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        lock = tmp_path / "run" / LOCK
        lock.write_text(f"process {bystander.pid} on {os.uname().nodename}")
        with pytest.raises(MolqError, match=f"not by process {bystander.pid}"):
            interruption.interrupt(tmp_path / "run", 1)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    assert process.poll() is None


def test_a_batch_systems_sigterm_is_an_interruption(tmp_path, hold):
    process = hold("terminal")
    os.kill(process.pid, signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert "molq: interrupted; go on with:" in err


def test_logs_and_stop_of_a_folder(molq_command, tmp_path):
    with Journal.create(tmp_path / "run", kind="screen", settings={}, environment={}) as journal:
        journal.log("run", "a first\x1b[31m word")
        journal.log("run", "a last word")
    call = molq_command("logs", tmp_path / "run", "--follow")
    assert call.code == 0, call.err
    assert "\x1b" not in call.out
    lines = call.out.splitlines()
    assert [line.split("  ")[1] for line in lines[-2:]] == ["run", "run"]
    assert lines[-1].endswith("a last word")
    call = molq_command("stop", tmp_path / "run")
    assert (call.code, call.out) == (0, "")
    assert "no process is at work on" in call.err
    for verb in ("logs", "stop", "status"):
        call = molq_command(verb, "molq-0123456789ab")
        assert call.code == 2
        assert "RAY_API_SERVER_ADDRESS" in call.err
