"""Everything that ``molq doctor`` looks at, in its order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from molq.doctor import access, calculation, installation, machine, raycheck
from molq.doctor.finding import Finding, ok


def findings(
    *, online: bool = False, quick: bool = False, environment: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """One finding after the other, as soon as each is known.

    Args:
        online: connect to remote ends as well.
        quick: start neither Ray nor a calculation.
        environment: variables; those of this process where None.
    """
    yield from installation.findings()
    yield from machine.findings(Path.cwd(), environment)
    if quick:
        yield ok(calculation.AREA, "calculations", "not tried: --quick")
        yield ok(raycheck.AREA, "Ray", "not started: --quick")
    else:
        # Ray mostly waits for its daemons: meanwhile the calculations are tried
        with raycheck.started() as ray:
            yield from calculation.findings()
            yield ray.finding()
    yield from access.findings(online=online, environment=environment)
