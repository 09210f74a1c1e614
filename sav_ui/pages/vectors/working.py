"""The model at work for the page Function vectors: seen, stopped, and told where the visitor is looking."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

from sav_core.errors import SavError
from sav_core.types import Progress
from sav_ui.panels.jobs import Job
from sav_ui.session.context import Context
from sav_ui.session.work import Kind, Task

__all__ = ["answered", "in_steps", "working"]

T = TypeVar("T")


def working(context: Context, kind: Kind, work: Callable[[Task], Iterator[None]], name: str = "") -> Iterator[None]:
    """Let work be seen and stopped, by a name if it was asked for; what goes wrong is told where the visitor is looking."""
    with context.session.work.doing(kind, name) as task:
        try:
            yield from work(task)
        except SavError as error:
            context.say(error, "done" if task.cancelled() else "error")


def in_steps(
    context: Context,
    task: Task,
    model: str,
    work: Callable[..., T],
    args: tuple[Any, ...],
    report: Callable[[Progress], None] | None = None,
) -> Generator[None, None, T]:
    """Let a model do work in a thread, yielding now and then, and return what came of it."""

    def watch(progress: Progress) -> None:
        task.report(progress)
        if report is not None:
            report(progress)

    job = Job(lambda: context.models.run(model, work, *args, progress=watch, cancel=task.cancelled), every=0.5)
    yield from job.ticks()
    return job.result()


def answered(context: Context, model: str, work: Callable[..., T], *args: Any) -> Generator[None, None, T | str]:
    """Let a model answer in a moment; a failure is its reason."""
    job = Job(lambda: context.models.run(model, work, *args))
    yield from job.ticks()
    try:
        return job.result()
    except SavError as error:
        return str(error)
