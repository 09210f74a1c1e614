"""Where a large set is worked on: in this process, or in one for each device of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sav_core.bulk.task import Outcome, Portion, Task
from sav_core.cli.console import progress_bar, spinner
from sav_core.types import Progress, ProgressCallback

if TYPE_CHECKING:
    from sav_core.bulk.devices import Devices
    from sav_core.bulk.gathering import Engine
    from sav_core.bulk.here import Here
    from sav_core.bulk.ray_engine import RayEngine

__all__ = ["DevicesOption", "EngineOption", "open_engine", "watched"]

DevicesOption = Annotated[
    str | None,
    typer.Option(
        "--devices",
        help="On so many GPUs at once, or 'all', a process with the model on each; without a GPU, so many processes. With "
        "--engine ray of the cluster, all by default.",
    ),
]
EngineOption = Annotated[
    Literal["local", "ray"],
    typer.Option(
        "--engine",
        help="ray: on the machines of a Ray cluster (RAY_ADDRESS), else on this one; parts go to a folder, and a run that "
        "was stopped goes on when it is called again.",
    ),
]


def open_engine(task: Task, devices: str | None, ray_folder: str | None = None) -> Here | Devices | RayEngine:
    """Load the model for a task, here, in processes or on a cluster, saying so on a terminal.

    Args:
        task: what is done.
        devices: as the option has it.
        ray_folder: where a cluster writes its parts; ``None`` for this machine.
    """
    with spinner(f"loading {task.model or 'the model'}"):
        if ray_folder is not None:
            from sav_core.bulk.ray_engine import RayEngine

            return RayEngine(task, ray_folder, devices or "all")
        if devices is None:
            from sav_core.bulk.here import Here

            return Here(task)
        from sav_core.bulk.devices import Devices, devices_named

        return Devices(task, devices_named(devices))


def watched(engine: Engine, portions: list[Portion], what: str) -> Iterator[Outcome]:
    """Yield what comes of each portion with a bar while it is waited for, which is gone while others print."""
    bar: list[ProgressCallback] = []

    def show(done: Progress) -> None:
        if bar:
            bar[-1](done)

    outcomes = engine.run(portions, show)
    while True:
        with progress_bar(what) as shown:
            bar.append(shown)
            outcome = next(outcomes, None)
            bar.clear()
        if outcome is None:
            return
        yield outcome
