"""Everything that ``molq doctor`` looks at, in its order."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from molq.doctor import access, calculation, installation, machine, raycheck
from molq.doctor.finding import Finding, ok


def findings(
    *,
    online: bool = False,
    quick: bool = False,
    without_ray: bool = False,
    environment: Mapping[str, str] | None = None,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[Finding]:
    """One finding after the other, as soon as each is known; what takes longest comes last.

    Args:
        online: connect to remote ends as well.
        quick: start neither Ray nor a calculation.
        without_ray: do not start Ray.
        environment: variables; those of this process where None.
        on_wait: called with a line where nothing is left but to wait.
    """
    with contextlib.ExitStack() as stack:
        # Ray mostly waits for its daemons: meanwhile everything else is looked at
        ray = None if quick or without_ray else stack.enter_context(raycheck.started())
        yield from installation.findings()
        yield from machine.findings(Path.cwd(), environment)
        yield from access.findings(online=online, environment=environment)
        if quick:
            yield ok(calculation.AREA, "calculations", "not tried: --quick")
        else:
            yield from calculation.findings()
        if ray is None:
            said = "--quick" if quick else "--no-ray"
            yield ok(raycheck.AREA, "Ray", f"not started: {said}")
            return
        if on_wait is not None and (left := ray.seconds_left()) > 0:
            on_wait(f"waiting for Ray, {left:.0f} s at most (--no-ray leaves it out) ...")
        yield ray.finding()
