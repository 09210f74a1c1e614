"""Whether what LoRA needs is installed, which is an extra."""

from __future__ import annotations

from importlib.util import find_spec

from sav_core.errors import SettingError

__all__ = ["check_installed", "is_installed"]


def is_installed() -> bool:
    """Whether LoRA's package is here."""
    return find_spec("peft") is not None


def check_installed() -> None:
    """Refuse to begin where it is not.

    Raises:
        SettingError: it is not.
    """
    if not is_installed():
        raise SettingError("LoRA needs the package peft, which is not installed here: pip install 'sav-explorer[lora]'.")
