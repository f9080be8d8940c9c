"""Every notebook runs from start to end within a minute, has no outputs in the file, and says in its first cell what it needs and shows.

UPDATE_NOTEBOOKS=1 takes the outputs out of the files first.
"""

import os
import pathlib
import sys
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "notebooks"
# CPU seconds that a notebook may take, and seconds of a cell on a busy machine before it is given up.
LIMIT_S, PATIENCE_S = 60, 600
FAILED = []
CELLS = 0


def fail(text):
    FAILED.append(text)
    print(f"FAILED {text}")


def strip(notebook):
    """Takes out what a run leaves."""
    for cell in notebook.cells:
        cell.metadata.clear()
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata = {name: notebook.metadata[name] for name in ("kernelspec", "language_info")}
    notebook.metadata["language_info"] = {"name": "python"}
    return nbformat.writes(notebook, indent=1) + "\n"


def check_file(path, notebook):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if any(cell.outputs or cell.execution_count for cell in code):
        fail(f"{path.name} holds outputs: run UPDATE_NOTEBOOKS=1 make notebooks")
    first = notebook.cells[0]
    if first.cell_type != "markdown" or "**Needs**" not in first.source or "**Shows**" not in first.source:
        fail(f"{path.name}: the first cell must say what it **Needs** and what it **Shows**")


def children_cpu():
    times = os.times()
    return times.children_user + times.children_system


def execute(path, notebook):
    """Runs a notebook in a new kernel."""
    global CELLS
    start, cpu = time.monotonic(), children_cpu()
    try:
        NotebookClient(notebook, timeout=PATIENCE_S, kernel_name="python3", resources={"metadata": {"path": FOLDER}}).execute()
    except CellExecutionError as error:
        fail(f"{path.name}: {error}")
    took, cpu = time.monotonic() - start, children_cpu() - cpu
    CELLS += len(notebook.cells)
    print(f"{path.name}: {took:.0f} s, {cpu:.0f} CPU s")
    if cpu > LIMIT_S:
        fail(f"{path.name} takes {cpu:.0f} CPU seconds, more than {LIMIT_S}")


notebooks = sorted(FOLDER.glob("*.ipynb"))
if not notebooks:
    fail(f"no notebook in {FOLDER}")
for path in notebooks:
    notebook = nbformat.read(path, as_version=4)
    if os.environ.get("UPDATE_NOTEBOOKS"):
        path.write_text(strip(notebook))
    check_file(path, notebook)
    execute(path, notebook)
print(f"notebooks: {CELLS} cells, {len(FAILED)} failed")
sys.exit(bool(FAILED))
