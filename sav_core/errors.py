"""Everything that can go wrong, as one tree.

    SavError                        every error this library raises on purpose
    ├── InputError                  what the caller gave cannot be used; the message says what to give instead
    │   ├── ImageError              one image: missing, empty, truncated, not an image, too large
    │   ├── DatasetError            a folder, ZIP or JSONL of examples
    │   ├── SettingError            an argument out of its range (also a ValueError)
    │   ├── ClassifierFileError     a .sav file: damaged, doctored, or made with another model
    │   └── VectorFileError         a function vector's file: damaged, doctored, or made with another model
    ├── BackboneError               a model cannot serve
    │   ├── ModelNotFoundError      no such folder, no such id, or no network to fetch it
    │   ├── UnsupportedModelError   its language model has no ordinary self-attention, or a part is missing
    │   └── OutOfMemoryError        not even one example fits into memory
    ├── StorageError                the disk refuses: full, read-only, no permission
    ├── CancelledError              the caller asked to stop; what was done until then is in the cache
    └── InterventionError           a hook that was to capture or change something never fired

A message states what was expected, what came, and what to do next, in that order and in one sentence where one is enough.
"""

from __future__ import annotations

__all__ = [
    "BackboneError",
    "CancelledError",
    "ClassifierFileError",
    "DatasetError",
    "ImageError",
    "InputError",
    "InterventionError",
    "ModelNotFoundError",
    "NotedWarning",
    "OutOfMemoryError",
    "SavError",
    "SettingError",
    "SkippedWarning",
    "StorageError",
    "UnsupportedModelError",
    "VectorFileError",
    "first_line",
]


class SavError(Exception):
    """Every error this library raises on purpose."""


class InputError(SavError):
    """What the caller gave cannot be used."""


class ImageError(InputError):
    """One image is missing, empty, truncated, not an image, or too large."""


class DatasetError(InputError):
    """A folder, ZIP or JSONL of examples cannot be used."""


class SettingError(InputError, ValueError):
    """An argument is out of its range."""


class ClassifierFileError(InputError):
    """A ``.sav`` file is damaged, doctored, or was made with another model."""


class VectorFileError(InputError):
    """A file of a function vector, or of effects, is damaged, doctored, or was made with another model."""


class BackboneError(SavError):
    """A model cannot serve."""


class ModelNotFoundError(BackboneError):
    """There is no such folder or hub id, or no network to fetch it."""


class UnsupportedModelError(BackboneError):
    """The model's language model has no ordinary self-attention, or a part of the checkpoint is missing."""


class OutOfMemoryError(BackboneError):
    """The model, or even one example, does not fit into the device's memory."""


class StorageError(SavError):
    """The disk refuses: full, read-only, or no permission."""


class CancelledError(SavError):
    """The caller asked to stop; what was done until then is in the cache."""


class InterventionError(SavError):
    """A hook that was to capture or change something never fired."""


class SkippedWarning(UserWarning):
    """One unreadable image was left out of a data set; the message names it and says why."""


class NotedWarning(UserWarning):
    """Something of a data set was guessed or passed over; ``ExampleSet.notes`` has it with how often."""


def first_line(error: BaseException) -> str:
    """The first line of another library's error that says something, without its full stop, to stand in one of ours."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__).rstrip(".")
