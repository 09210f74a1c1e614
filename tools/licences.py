"""Print the licences of what the app needs directly, as each package states its own; `make audit` does.

python -m tools.licences > docs/licences.md
"""

from importlib.metadata import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent


def licence(package: str) -> str:
    """What a package says its licence is: the expression, the classifier, or the first line of the field."""
    told = metadata(package)
    classified = [text.rpartition(" :: ")[2] for text in told.get_all("Classifier", []) if text.startswith("License ::")]
    return told["License-Expression"] or ", ".join(classified) or (told["License"] or "not stated").splitlines()[0]


def page() -> str:
    """The page as Markdown."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    names = sorted({Requirement(line).name for line in lines if line and not line.startswith("#")}, key=str.lower)
    rows = [f"| {name} | {licence(name)} |" for name in names]
    told = (
        "As each package of `requirements.txt` states its own: `python -m tools.licences`. Beside them, the repository "
        "holds plotly.js (MIT), in `sav_core/figures/plotly_js`."
    )
    return "\n".join(["# Licences of the dependencies", "", told, "", "| package | licence |", "| --- | --- |", *rows])


if __name__ == "__main__":
    print(page())
