"""What a single page keeps of a session: what of it takes memory, can be undone, or goes when another project comes.

``session.state(ClassifyState)`` makes it when it is first asked for and returns the same ever after. The class is the key
and the type, so that a session holds the states of pages which it must not import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sav_core.data.clips.clip import Clip
from sav_core.data.pictures.picture import Picture
from sav_ui.session.asked import Asked
from sav_ui.session.history import Kept
from sav_ui.session.project import Project

__all__ = ["PageState", "new_states"]


class PageState:
    """What one page keeps of a session; a subclass for each page, made without arguments."""

    @property
    def held_bytes(self) -> int:
        """The memory it takes, as far as it grows with what the visitor brings."""
        return 0

    @property
    def pictures(self) -> Iterable[Picture]:
        """The pictures that the visitor brought to it."""
        return ()

    def exchange(self, clips: Mapping[str, Clip]) -> None:
        """Have other clips, by the digest of the one whose place each takes."""

    def classified(self, project: Project) -> Iterable[Asked]:
        """What was classified on it and can be put beside the examples of a project."""
        return ()

    def kept(self) -> Kept | None:
        """What of it can be undone, as a value that never changes; ``None`` if nothing can."""
        return None

    def restore(self, kept: Any) -> None:
        """Put back what ``kept`` once returned."""

    def project_replaced(self) -> None:
        """Another project has taken the place of the one before."""


def new_states(pages: Iterable[type[PageState]]) -> dict[type[PageState], Kept]:
    """What each page keeps when it is new."""
    return {page: kept for page in pages if (kept := page().kept()) is not None}
