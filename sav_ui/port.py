"""The port that the environment names, known before Gradio is imported, which ends in a traceback where it is none."""

from __future__ import annotations

from collections.abc import Mapping

from sav_core.errors import SettingError

__all__ = ["port_of"]


def port_of(environment: Mapping[str, str]) -> int | None:
    """Return the port that ``GRADIO_SERVER_PORT`` names; ``None``, the first that is free, where it is unset or empty.

    Raises:
        SettingError: it is no port.
    """
    text = environment.get("GRADIO_SERVER_PORT", "")
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text[:6]) < 1 << 16:
        raise SettingError(f"GRADIO_SERVER_PORT must be a number from 1 to 65535, such as 7860, but is {text!r}.")
    return int(text)
