"""``kill -9`` of this very process, at a random moment or in the midst of a chosen step."""

from __future__ import annotations

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
    ("screening.database", "_apply"): "commit",
    ("screening.database", "_commit"): "commit",
    ("screening.intake", "take_in"): "intake",
    ("screening.loop", "_decide"): "decision",
    ("screening.scheduler", "wait"): "waiting",
    ("screening.scheduler", "submit"): "submission",
    ("screening.scheduler", "__enter__"): "start of Ray",
}


@dataclass(frozen=True)
class Death:
    """When to die."""

    step: str | None  # at a sighting of this step; None for a moment of time
    seed: int
    longest_s: float = 8.0  # s after the start at most; twice that where a step is not met
    sightings: int = 40  # of the step at most


def await_it(folder: Path, death: Death) -> None:
    """Have a thread kill this process as told, saying in ``KILLS`` where it was."""
    main = threading.main_thread().ident
    assert main is not None
    threading.Thread(target=_kill, args=(folder / KILLS, death, main), daemon=True).start()


def _kill(said: Path, death: Death, main: int) -> None:
    draw = random.Random(death.seed)
    longest = death.longest_s if death.step is None else 2 * death.longest_s
    deadline = time.monotonic() + (draw.uniform(0.2, longest) if death.step is None else longest)
    left = draw.randint(1, death.sightings)  # never reached where no step is named
    while True:
        at = step_of(sys._current_frames().get(main))
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
