"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import torch

__all__ = ["describe"]


def describe() -> str:
    """Return date, processor, cores, load and versions in one line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    today = datetime.now(UTC).date().isoformat()
    return (
        f"{today}: {model}, {os.cpu_count()} cores{load}{gpu}, torch {torch.__version__}, {torch.get_num_threads()} threads"
    )
