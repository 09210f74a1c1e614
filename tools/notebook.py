"""Runs the notebook of ``docs/`` and stores what it shows.

python -m tools.notebook                  # -> docs/your-own-labels.ipynb
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
from nbclient import NotebookClient

__all__ = ["NOTEBOOK", "run"]

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "docs" / "your-own-labels.ipynb"


def run(notebook: Any, folder: Path) -> Any:
    """Run every cell in a kernel of this environment that imports this checkout; return the notebook with its outputs.

    Figures are stored as Plotly's numbers, without its 5 MB of script, and nothing that differs from run to run is stored.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell fails.
    """
    notebook = nbformat.from_dict(notebook)
    own = {
        "PYTHONPATH": str(ROOT),
        "PLOTLY_RENDERER": "plotly_mimetype",
        "PYTHONWARNINGS": "ignore:IProgress not found",  # a widget that shows downloads, and there is none
    }
    with patch.dict(os.environ, own):
        client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
        client.execute()
    notebook.metadata = {"kernelspec": notebook.metadata.kernelspec, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def main() -> None:
    """Run it in its folder and write it back."""
    notebook = run(nbformat.read(NOTEBOOK, as_version=4), NOTEBOOK.parent)
    nbformat.validate(notebook)
    nbformat.write(notebook, NOTEBOOK)
    print(f"{NOTEBOOK.relative_to(ROOT)}: {len(notebook.cells)} cells, {NOTEBOOK.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
