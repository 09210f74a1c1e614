"""The ready tasks as tiles, for pages on which nothing is taught yet."""

from __future__ import annotations

from typing import Any

from sav_ui.panels.films import brought
from sav_ui.panels.panel import Content, content, fill
from sav_ui.panels.thumbnails import thumb
from sav_ui.session.session import Session
from sav_ui.uploads.ready_tasks import Task, ready_tasks

__all__ = ["nothing_taught", "tile"]


def tile(task: Task) -> dict[str, Any]:
    """A ready task in words, numbers and pictures."""
    return {
        "name": task.name,
        "title": task.title,
        "blurb": task.blurb,
        "pictures": [thumb(picture, 144) for picture in task.cover],
        "labels": len(task.labels),
        "examples": brought(example.images for example in task.support),
    }


def nothing_taught(session: Session, template: str, where: str) -> Content:
    """What a page shows that needs a fit before there is one: it is on its way, what it lacks, or tasks to start from."""
    project = session.project
    html = fill(
        template,
        begun=not project.empty,
        busy=session.finds_heads,
        why_not=project.why_not_ready(),
        tiles=[] if project.items else [tile(task) for task in ready_tasks()],
        notice=session.notice_at(where),
    )
    return content(html)
