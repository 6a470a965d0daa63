"""``kill -9`` of this very process, at a random moment or in the midst of a chosen step."""

from __future__ import annotations

import math
import os
import random
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

KILLS = "kills"  # a file: where the main thread was at each kill, one line a kill
_LOOK_S = 0.0005

# The step that a stack is at, judged by the innermost of these modules' functions in it.
_STEPS = {
    ("screening.store.database", "_apply"): "commit",
    ("screening.store.database", "_commit"): "commit",
    ("screening.intake.intake", "take_in"): "intake",
    ("screening.campaign.loop", "_decide"): "decision",
    ("screening.compute.scheduler", "wait"): "waiting",
    ("screening.compute.scheduler", "submit"): "submission",
    ("screening.compute.scheduler", "__enter__"): "start of Ray",
}


_UNDER_WAY = {"commit", "intake", "decision", "waiting", "submission"}


@dataclass(frozen=True)
class Death:
    """When to die."""

    step: str | None  # at a sighting of this step; None for a moment of time
    seed: int
    sightings: int = 40  # of the step at most
    longest_s: float = 5.0  # s after the run has begun: at most, or when the step is not met


def await_it(folder: Path, death: Death) -> None:
    """Have a thread kill this process as told, saying in ``KILLS`` where it was."""
    main = threading.main_thread().ident
    assert main is not None
    threading.Thread(target=_kill, args=(folder / KILLS, death, main), daemon=True).start()


def _kill(said: Path, death: Death, main: int) -> None:
    draw = random.Random(death.seed)
    left = draw.randint(1, death.sightings)
    longest = draw.uniform(0.0, death.longest_s) if death.step is None else death.longest_s
    deadline = math.inf  # Ray starts first, which takes as long as it takes
    while True:
        at = step_of(sys._current_frames().get(main))
        if at in _UNDER_WAY:
            deadline = min(deadline, time.monotonic() + longest)
        left -= at == death.step
        if left <= 0 or time.monotonic() >= deadline:
            with said.open("a") as file:
                file.write(f"{at}\n")
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(_LOOK_S)


def step_of(frame: FrameType | None) -> str:
    """What a stack is at, in a word."""
    while frame is not None:
        step = _STEPS.get((frame.f_globals.get("__name__", ""), frame.f_code.co_name))
        if step is not None:
            return step
        frame = frame.f_back
    return "elsewhere"
