"""How long work takes and how much memory is in use meanwhile.

    meter = Meter(backbone.device)
    with meter:
        work()
    meter.seconds, meter.peak_bytes

It may be opened again and again, and adds up.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

import psutil  # type: ignore[import-untyped]  # comes with accelerate
import torch

__all__ = ["Meter"]

_TICK = 0.02  # seconds between two looks at the process's memory


class Meter:
    """Seconds and peak memory of what runs while it is open; on a GPU that GPU's memory, else the process's.

    Args:
        device: where the work computes.

    Attributes:
        seconds: while it was open.
        peak_bytes: the most that was in use while it was open, the model included.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.seconds = 0.0
        self.peak_bytes = 0
        self._device = torch.device(device)
        self._process = psutil.Process()
        self._began = 0.0
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None

    def __enter__(self) -> Meter:
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        else:
            self._over = threading.Event()
            self._watcher = threading.Thread(target=self._watch, args=(self._over,), name="meter", daemon=True)
            self._watcher.start()
        self._began = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
            self.peak_bytes = max(self.peak_bytes, torch.cuda.max_memory_allocated(self._device))
        self.seconds += time.perf_counter() - self._began
        if self._watcher is not None:
            self._over.set()
            self._watcher.join()
            self._watcher = None

    def _watch(self, over: threading.Event) -> None:
        """Look at the process's memory now and then, and once more at the end."""
        while True:
            self.peak_bytes = max(self.peak_bytes, int(self._process.memory_info().rss))
            if over.is_set():
                return
            over.wait(_TICK)
