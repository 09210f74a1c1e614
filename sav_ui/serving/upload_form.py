"""The form that an upload comes in holds files and nothing else: Gradio keeps all other fields in memory, however long."""

from __future__ import annotations

from gradio import route_utils
from gradio.route_utils import GradioMultiPartParser
from starlette.formparsers import MultiPartException

__all__ = ["UploadForm", "take_files_alone"]


class UploadForm(GradioMultiPartParser):
    """Gradio's reader of forms, which refuses what is no file as soon as it begins."""

    def on_headers_finished(self) -> None:
        """Begin a part of the form.

        Raises:
            MultiPartException: it is no file.
        """
        super().on_headers_finished()
        if self._current_part.file is None:
            raise MultiPartException("An upload is a form of files, and a part of this one has no file name: give it one.")


def take_files_alone() -> None:
    """Have Gradio read uploads so, from now on."""
    route_utils.GradioMultiPartParser = UploadForm  # type: ignore[misc]  # what its upload route looks up by this name
