"""Everything that only a GPU can show, in one run of less than four minutes: no network, no weights but random ones.

    python -m perf.gpu --seconds 200 --to FOLDER        # on a GPU
    python -m perf.gpu --tiny --to FOLDER               # a CPU and models of three layers: whether the script itself works

Sections are in the order of their worth. Each is apart from the others: one that fails prints its traceback and the next
goes on; one that no longer fits into the time is left out, and the report says so. ``gpu.json`` and ``gpu.md`` are written
anew after every section.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_START = time.perf_counter()
for absent in ("torchvision", "timm"):  # as where requirements.txt alone is installed; timm imports torchvision
    sys.modules.setdefault(absent, None)  # type: ignore[arg-type]
os.environ.setdefault("SAV_CACHE_DIR", tempfile.mkdtemp())  # nothing that was measured before is known

import torch  # noqa: E402  after what decides how it is loaded
import transformers  # noqa: E402

from perf import gpu_measures as measures  # noqa: E402
from perf.gpu_stage import Stage  # noqa: E402
from perf.machine import describe  # noqa: E402

_GRACE = 30  # seconds over the budget after which the process ends, whatever it does


@dataclass(frozen=True)
class Section:
    """One measurement: what it is called, about how many seconds it takes on an H100, and what makes it."""

    name: str
    seconds: float
    measure: Callable[[Stage], dict[str, Any]]


SECTIONS = (
    Section("card", 6, measures.card),
    Section("Qwen2-VL-2B: extraction", 40, measures.extraction("Qwen2-VL-2B")),
    Section("embedded model: same heads", 20, measures.same_heads),
    Section("Qwen2-VL-2B: early exit", 8, measures.early_exit("Qwen2-VL-2B")),
    Section("Qwen2-VL-2B: out of memory", 12, measures.out_of_memory("Qwen2-VL-2B")),
    Section("Qwen2-VL-2B: hidden states", 8, measures.hidden_states("Qwen2-VL-2B")),
    Section("Qwen2-VL-2B: attention looks", 4, measures.attention_looks("Qwen2-VL-2B")),
    Section("embedded model: mediation", 12, measures.mediation),
    Section("Qwen2-VL-7B: extraction", 40, measures.extraction("Qwen2-VL-7B")),
    Section("Qwen2-VL-7B: early exit", 12, measures.early_exit("Qwen2-VL-7B")),
    Section("LLaVA-OneVision-0.5B: extraction", 60, measures.extraction("LLaVA-OneVision-0.5B")),
    Section("Qwen2-VL-2B: mediation", 8, measures.large_mediation("Qwen2-VL-2B")),
)


def main() -> int:
    """Measure, and return 0 when every section that fitted was measured."""
    given = _arguments()
    given.to.mkdir(parents=True, exist_ok=True)
    faulthandler.dump_traceback_later(given.seconds + _GRACE, exit=True)
    device = torch.device("cuda" if torch.cuda.is_available() and not given.tiny else "cpu")
    if device.type == "cpu" and not given.tiny:
        print("perf.gpu needs a GPU that torch sees, and there is none: use --tiny to try the script.", file=sys.stderr)
        return 2
    head = f"{describe()}, transformers {transformers.__version__}{', tiny models' if given.tiny else ''}"
    _say(f"{head}\nimports took {time.perf_counter() - _START:.1f} s")
    stage, failed = Stage(device, given.tiny), 0
    for section in SECTIONS:
        if given.only and not any(word in section.name for word in given.only):
            continue
        spent = time.perf_counter() - _START
        if spent + section.seconds > given.seconds:
            stage.figures[section.name] = {"left out": f"{spent:.0f} of {given.seconds:.0f} s were spent"}
        else:
            failed += not _measured(stage, section)
        _say(_told(section.name, stage.figures[section.name]))
        _write(given.to, head, stage.figures)
    _say(f"all took {time.perf_counter() - _START:.0f} s, {failed} sections failed")
    return int(failed > 0)


def _measured(stage: Stage, section: Section) -> bool:
    """Whether a section was measured; its figures, or how it failed, are with the stage."""
    start = time.perf_counter()
    try:
        figures = section.measure(stage)
    except Exception as error:  # noqa: BLE001  the next section goes on
        traceback.print_exc()
        sys.stderr.flush()
        figures = {"failed": f"{type(error).__name__}: {error}"}
    stage.figures[section.name] = {**figures, "section, s": time.perf_counter() - start}
    return "failed" not in figures


def _told(name: str, figures: dict[str, Any]) -> str:
    rows = "\n".join(f"| {what} | {_shown(value)} |" for what, value in figures.items())
    return f"\n## {name}\n\n| what | figure |\n| --- | --- |\n{rows}"


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _write(folder: Path, head: str, figures: dict[str, dict[str, Any]]) -> None:
    (folder / "gpu.json").write_text(json.dumps({"machine": head, "figures": figures}, indent=1), encoding="utf-8")
    sections = "\n".join(_told(name, own) for name, own in figures.items())
    (folder / "gpu.md").write_text(f"{head}\n{sections}\n", encoding="utf-8")


def _say(text: str) -> None:
    print(text, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=200, help="for all of it; what no longer fits is left out")
    parser.add_argument("--to", type=Path, default=Path(), help="folder for gpu.json and gpu.md")
    parser.add_argument("--only", nargs="*", default=[], help="words of the sections' names")
    parser.add_argument("--tiny", action="store_true", help="models of three layers on the CPU")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
