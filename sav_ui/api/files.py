"""The files of a call: uploaded before it, fetched from an address, or in the call itself; never the server's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from gradio.processing_utils import save_base64_to_cache
from gradio.utils import get_upload_folder
from httpx import HTTPError, InvalidURL

from sav_core.errors import InputError
from sav_ui.api.fetching import Fetching
from sav_ui.limits import limits
from sav_ui.serving.arrivals import ARRIVALS
from sav_ui.uploads.files import Upload

__all__ = ["file_of", "files_of"]

_OWN = "/gradio_api/file="  # in the address of a file that this app has handed out


def files_of(sent: Any) -> list[str]:
    """Return where the files of a call lie; see ``file_of``.

    Raises:
        InputError: they are no list of files, or too many.
    """
    if sent is not None and not isinstance(sent, list):
        raise InputError("images must be a list of image or video files, but one value came: put it in brackets.")
    limits().check_examples(len(sent or ()), "One call", "send fewer")
    fetching = Fetching(Path(get_upload_folder()))
    return [file_of(entry, fetching) for entry in sent or ()]


def file_of(sent: Any, fetching: Fetching | None = None) -> str:
    """Return where a file of a call lies: what ``gradio_client`` uploads, or what MCP sends, an address or a data URI.

    Args:
        sent: the file.
        fetching: what the call has fetched so far; nothing by default.

    Raises:
        InputError: it is none of these; above all, it is no file of the server's own.
    """
    path = str(sent.get("path", "") if isinstance(sent, Mapping) else sent)
    try:
        if _OWN in path:
            path = unquote(path.rpartition(_OWN)[2])
        elif path.startswith(("http://", "https://")):
            path = _arrived((fetching or Fetching(Path(get_upload_folder()))).fetch(path))
        elif path.startswith("data:"):
            path = _arrived(Path(save_base64_to_cache(path, get_upload_folder())))
        return str(Upload(path).path)
    except (OSError, ValueError, HTTPError, InvalidURL) as error:
        why = (getattr(error, "strerror", None) or error) if isinstance(error, OSError) else error
        raise InputError(f"The file {path[:60]!r} cannot be fetched ({why}): send the file itself.") from error


def _arrived(path: Path) -> str:
    """The path of a file that has come by the call itself; it goes when the call has read it."""
    whole = str(path.resolve())
    ARRIVALS.came(whole)
    return whole
