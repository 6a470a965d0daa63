"""Executes the notebooks of the documentation and keeps what they print.

    python docs/runnotebooks.py            # all of docs/notebooks, in place
    python docs/runnotebooks.py NOTEBOOK...

The outputs are committed: the site shows them, and a test executes the notebooks again and
compares (tests/docs/test_notebooks.py).
"""

import os
import resource
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parent / "notebooks"
TIME_LIMIT_S = 600  # of one cell
LONGEST_REPR = 4000  # characters of an object's text beside its drawing


def executed(path: Path, folder: Path) -> NotebookNode:
    """The notebook with the outputs of a fresh kernel.

    Args:
        path: of the notebook, which is only read.
        folder: where it runs and leaves its files.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell ended with an error.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=TIME_LIMIT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
    )
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return client.execute(env={**os.environ, **threads})


def plain(notebook: NotebookNode) -> NotebookNode:
    """The notebook without what changes from machine to machine and tells a reader nothing.

    Warnings on stderr are dropped, and of objects that draw themselves all but the drawing.
    """
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = {}
        if cell.cell_type != "code":
            continue
        cell.outputs = [shown for shown in cell.outputs if shown.get("name") != "stderr"]
        for shown in cell.outputs:
            data = shown.get("data", {})
            if "text/html" in data and len(data["text/plain"]) > LONGEST_REPR:
                data["text/plain"] = data["text/plain"].partition("(")[0] + "(...)"
    return notebook


def main(names: list[str]) -> None:
    """Executes the notebooks named, or all, and writes them back."""
    for path in [Path(name) for name in names] or sorted(FOLDER.glob("*.ipynb")):
        before = _cpu_seconds()
        notebook = plain(executed(path, path.parent))
        nbformat.write(notebook, path)
        print(f"{path.name}: {_cpu_seconds() - before:.0f} s CPU", flush=True)


def _cpu_seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)  # kernels that have ended
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    main(sys.argv[1:])
