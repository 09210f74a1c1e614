"""What the top of the page keeps of a session: whether the code is shown, and where the last action leads."""

from __future__ import annotations

from sav_ui.session.page_state import PageState

__all__ = ["HeaderState"]


class HeaderState(PageState):
    """The header of one session; changed only under the session's lock.

    Attributes:
        code_shown: whether the dialog with the code is open.
        leads_to: the page that the last action opens, if any.
    """

    def __init__(self) -> None:
        self.code_shown = False
        self.leads_to = ""
