"""``molq.screen``: a library scored molecule by molecule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from molq import execution, overrides
from molq.campaignfile import ScreenFile
from molq.leadtable import LeadTable
from molq.run import Run
from molq.scoring import DEFAULT_RECIPE
from screening.intake.datasource import is_uri
from screening.progress import Listener

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ScreenResult(Run):
    """A screen's folder, and the molecules that were asked to be shown first."""

    top: int | None = None

    def best(self) -> LeadTable:
        """The first ``top`` leads."""
        return self.leads(self.top)

    def to_frame(self) -> pd.DataFrame:
        """Every row of the library, in its order, with its score or its reason."""
        import pandas as pd

        return pd.read_csv(self.directory / "results.csv")

    def _repr_html_(self) -> str:
        return self.best()._repr_html_()


def screen(
    library: str | Path,
    out: str | Path,
    recipe: str | Sequence[str] = DEFAULT_RECIPE,
    *,
    top: int | None = None,
    workers: int | None = None,
    seed: int = 0,
    set: Iterable[str] | Mapping[str, Any] = (),
    on_event: Listener | None = None,
) -> ScreenResult:
    """Score every molecule of a library.

    Args:
        library: CSV, SMI or SDF file, may end in .gz; a path or a URI (https, s3, gs, file).
        out: folder of the run; it must hold none yet.
        recipe: installed recipe by name, or several, of which the first one ranks.
        top: leads that the result shows; None for all.
        workers: calculations at a time; None for as many as fit.
        seed: of everything random.
        set: other settings of the screen, e.g. ``{"simulation.solver": "casci"}``.
        on_event: called with each ``screening.progress.Event``.

    Raises:
        CallError: the folder is taken, the library cannot be read, or a setting is wrong.
        MolqError: Ray or the journal failed.
    """
    file = screen_file(library, recipe, workers=workers, seed=seed, changes=set)
    execution.check_free(Path(out))
    execution.check(file)
    execution.begin(file, Path(out), on_event=on_event)
    return ScreenResult(Path(out), top)


def screen_file(
    library: str | Path,
    recipe: str | Sequence[str],
    *,
    workers: int | None,
    seed: int,
    changes: Iterable[str] | Mapping[str, Any] = (),
) -> ScreenFile:
    """The settings of a screen.

    Raises:
        CallError: a setting is wrong.
    """
    remote = is_uri(str(library))
    name = Path(urlsplit(str(library)).path if remote else library).name.removesuffix(".gz")
    document: dict[str, Any] = {
        "screen": {"name": Path(name).stem or "screen", "recipe": recipe, "seed": seed},
        "library": {"path": str(library if remote else Path(library).absolute())},
        "compute": {} if workers is None else {"workers": workers},
    }
    document = overrides.apply(document, changes)
    return ScreenFile.from_document(document, folder=Path.cwd(), source="molq screen")
