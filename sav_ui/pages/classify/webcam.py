"""The webcam, live: one frame in, one answer out; where clips are taught, one window of frames.

The browser sends the next only when the last is answered.
"""

from __future__ import annotations

import base64
import binascii
from statistics import fmean
from typing import Any

from sav_core.data.images import Picture, read_picture
from sav_core.data.jpeg_head import jpeg_head
from sav_core.errors import InputError, SavError
from sav_ui.pages.classify.answers import Answer, answers, percent
from sav_ui.pages.classify.live_window import asked_of, window_of
from sav_ui.pages.classify.run import frame_vector
from sav_ui.pages.classify.state import ClassifyState, WebcamFrame
from sav_ui.pages.classify.view import bars, squares
from sav_ui.panels.errors import unexpected
from sav_ui.panels.panel import Content, content, fill
from sav_ui.session.context import Context, Data
from sav_ui.session.session import Session

__all__ = ["look", "show"]

_MAX_CHARACTERS = 1 << 20  # of a frame in base64; the browser sends a few ten thousand
_MOST_PIXELS = 1280 * 960
_SMOOTHED = 5  # frames whose mean is shown
_PREFIX = "data:image/jpeg;base64,"


def look(context: Context, data: Data) -> None:
    """Classify one frame, or one window of frames.

    Args:
        context: whose webcam it is, and where the model is.
        data: ``image``, a JPEG as a data URI, or ``images``, several, latest last; and ``serial``, the browser's number.
    """
    given = data.get("serial")
    serial = given if isinstance(given, int) else 0
    try:
        window = window_of(context.session.project)
        pictures = _seen(data, serial, 1 if window is None else window.frames)
        seconds = 0.0 if window is None else window.seconds
        answer = _answer(context, pictures, seconds)
        frame = WebcamFrame(serial, pictures, seconds, (*_before(context.session, answer), answer))
    except SavError as error:
        frame = WebcamFrame(serial, refused=str(error))
    except Exception as error:  # noqa: BLE001  # or the webcam would wait for ever
        frame = WebcamFrame(serial, refused=str(unexpected(error)))
    with context.session.changing() as session:
        session.state(ClassifyState).webcam = frame


def show(session: Session) -> Content:
    """The webcam's picture, and beside it what the latest frame was taken for."""
    frame, fit = session.state(ClassifyState).webcam, session.current_fit
    recent = frame.answers if fit is not None else ()
    html = fill(
        "classify/live.html",
        serial=frame.serial,
        refused=frame.refused,
        answer=_shown(recent) if recent else None,
        window=None if fit is None else window_of(session.project),
    )
    return content(html)


def _seen(data: Data, serial: int, wanted: int) -> tuple[Picture, ...]:
    """As many of the latest frames as are looked at."""
    sent = data.get("images", [data.get("image")])
    if not isinstance(sent, list) or not sent:
        sent = [None]
    if wanted > 1 and len(sent) != wanted:
        raise InputError(
            f"{wanted} frames of the webcam are looked at together, but {len(sent)} came: stop the webcam and start "
            "it again."
        )
    return tuple(_opened(image, serial) for image in sent[-wanted:])


def _opened(image: Any, serial: int) -> Picture:
    if not isinstance(image, str) or not image.startswith(_PREFIX) or len(image) > _MAX_CHARACTERS:
        raise InputError("The webcam's frame did not arrive as a JPEG of modest size: stop the webcam and start it again.")
    try:
        encoded = base64.b64decode(image[len(_PREFIX) :], validate=True)
    except binascii.Error as error:
        raise InputError("The webcam's frame did not arrive whole: stop the webcam and start it again.") from error
    head = jpeg_head(encoded)
    if head is None or head.progressive or head.width * head.height > _MOST_PIXELS:
        raise InputError(
            "A webcam's frame is a plain JPEG of up to 1280 x 960 pixels, and this is none: stop the webcam and start it "
            "again."
        )
    return read_picture(encoded, f"webcam {serial}.jpg")


def _answer(context: Context, pictures: tuple[Picture, ...], seconds: float) -> Answer:
    with context.session.changing() as session:
        project, fit = session.project, session.current_fit
    if fit is None:
        raise InputError("There is no classifier yet: teach two labels on the Teach page first.")
    vector = context.models.run(project.model, frame_vector, asked_of(pictures, seconds, project))
    return answers(fit, vector[None], project.threshold)[0]


def _before(session: Session, answer: Answer) -> tuple[Answer, ...]:
    """The answers to the frames just before, as far as they are of the same labels."""
    with session.changing():
        recent = session.state(ClassifyState).webcam.answers
    labels = answer.prediction.shares.keys()
    return tuple(each for each in recent if each.prediction.shares.keys() == labels)[-_SMOOTHED + 1 :]


def _shown(recent: tuple[Answer, ...]) -> dict[str, Any]:
    """The latest frames' mean, so that nothing flickers; the labels keep their places."""
    latest = recent[-1]
    shares = {label: fmean(each.prediction.shares[label] for each in recent) for label in latest.prediction.shares}
    label = max(shares, key=shares.__getitem__)
    acceptance = fmean(each.acceptance for each in recent)
    return {
        "label": label,
        "none": acceptance < latest.threshold,
        "percent": percent(acceptance),
        "bars": bars(shares, label, in_place=True),
        "squares": squares(latest),
    }
