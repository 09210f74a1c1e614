"""The webcam, live: one frame in, one answer out; where clips are taught, one window of frames.

The browser sends the next only when the last is answered. Each page that has a webcam has its own panel and frame.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
import numpy.typing as npt

from sav_core.data.examples import Example
from sav_core.data.pictures.jpeg_head import jpeg_head
from sav_core.data.pictures.picture import Picture, read_picture
from sav_core.errors import InputError, SavError
from sav_ui.host.page_host import Act, Outputs, PageHost, Show
from sav_ui.host.requests import caller_of, received, token_of
from sav_ui.host.wiring import MODEL_QUEUE, QUIET
from sav_ui.pages.shared.answers import Answer, answers
from sav_ui.pages.shared.live_window import asked_of, window_of
from sav_ui.panels.errors import unexpected
from sav_ui.serving.callers import calling
from sav_ui.session.context import Context, Data
from sav_ui.session.page_state import PageState
from sav_ui.session.session import Session

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["Seen", "WebcamFrame", "WebcamState", "frame_vector", "look", "panel", "seen"]

_MAX_CHARACTERS = 1 << 20  # of a frame in base64; the browser sends a few ten thousand
_MOST_PIXELS = 1280 * 960
_SMOOTHED = 5  # frames whose mean is shown
_PREFIX = "data:image/jpeg;base64,"


@dataclass(frozen=True)
class WebcamFrame:
    """What the webcam saw: a frame, or a window of frames.

    Attributes:
        serial: the browser's number of the frame.
        pictures: the frame, or where clips are taught the latest frames, latest last; none before the first.
        seconds: how long these took.
        answers: what it and the frames just before it were taken for, latest last; empty if there is no answer.
        refused: why not.
    """

    serial: int = 0
    pictures: tuple[Picture, ...] = ()
    seconds: float = 0.0
    answers: tuple[Answer, ...] = ()
    refused: str = ""


class WebcamState(PageState):
    """The latest frame of each webcam of one session; changed only under the session's lock."""

    def __init__(self) -> None:
        self._frames: dict[str, WebcamFrame] = {}

    def at(self, where: str) -> WebcamFrame:
        """The latest frame on that part of the page."""
        return self._frames.get(where, WebcamFrame())

    def put(self, where: str, frame: WebcamFrame) -> None:
        """Take a frame for the latest there."""
        self._frames[where] = frame


@dataclass(frozen=True)
class Seen:
    """What a webcam is taken for just now: the latest frames' mean, so that nothing flickers.

    Attributes:
        shares: of the vote, of every label.
        label: with the largest share.
        acceptance: the number that decides.
        latest: the answer to the latest frame alone.
    """

    shares: dict[str, float]
    label: str
    acceptance: float
    latest: Answer

    @property
    def none(self) -> bool:
        """Whether it is none of the labels."""
        return self.acceptance < self.latest.threshold


def panel(host: PageHost, name: str, show: Show, act: Act, where: str) -> None:
    """Add a webcam's panel where the layout stands; ``show`` is asked again after every frame."""
    component = host.panel(name, show, act=act, where=where, events=("frame",))

    def on_frame(tab_name: str | None, request: gr.Request, event: gr.EventData) -> Outputs:
        tab = host.known(tab_name, token_of(request))
        with calling(caller_of(tab, request)):
            look(host.context(tab.session, where), received(event))
        return host.as_sent(host.shown(tab, (name,), always=name))

    # "once": while a frame is on its way no other is sent, whatever the script says.
    component.frame(on_frame, host.tab, host.outputs_for(name), trigger_mode="once", **MODEL_QUEUE, **QUIET)


def look(context: Context, data: Data) -> None:
    """Classify one frame, or one window of frames.

    Args:
        context: whose webcam it is, where on the page, and where the model is.
        data: ``image``, a JPEG as a data URI, or ``images``, several, latest last; and ``serial``, the browser's number.
    """
    given = data.get("serial")
    serial = given if isinstance(given, int) else 0
    try:
        window = window_of(context.session.project)
        pictures = _sent(data, serial, 1 if window is None else window.frames)
        seconds = 0.0 if window is None else window.seconds
        answer = _answer(context, pictures, seconds)
        frame = WebcamFrame(serial, pictures, seconds, (*_before(context, answer), answer))
    except SavError as error:
        frame = WebcamFrame(serial, refused=str(error))
    except Exception as error:  # noqa: BLE001  # or the webcam would wait for ever
        frame = WebcamFrame(serial, refused=str(unexpected(error)))
    with context.session.changing() as session:
        session.state(WebcamState).put(context.where, frame)


def seen(session: Session, where: str) -> Seen | None:
    """What the webcam there is taken for; ``None`` where nothing has been answered by the heads that vote now."""
    recent = session.state(WebcamState).at(where).answers
    if session.current_fit is None or not recent:
        return None
    shares = {label: fmean(each.prediction.shares[label] for each in recent) for label in recent[-1].prediction.shares}
    label = max(shares, key=shares.__getitem__)
    # Of that label also in frames that were taken for another, or it would be shown with the others' certainty.
    acceptance = fmean(each.prediction.acceptance_of(label) for each in recent)
    return Seen(shares, label, acceptance, recent[-1])


def _sent(data: Data, serial: int, wanted: int) -> tuple[Picture, ...]:
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
    vector = context.models.run(project.model, frame_vector, asked_of(pictures, seconds, project), fit.depth)
    return answers(fit, vector[None], project.threshold)[0]


def frame_vector(backbone: Backbone, example: Example, depth: int) -> npt.NDArray[np.float32]:
    """Head vectors ``(layer, head, dim)`` of one frame in the first so many layers, of which nothing is kept."""
    from sav_core.activations.extraction import extract_head_vectors  # torch takes seconds, the page must not wait

    values: npt.NDArray[np.float32] = extract_head_vectors(backbone, [example], cache=None, depth=depth).values[0]
    return values


def _before(context: Context, answer: Answer) -> tuple[Answer, ...]:
    """The answers to the frames just before, as far as they are of the same labels."""
    with context.session.changing() as session:
        recent = session.state(WebcamState).at(context.where).answers
    labels = answer.prediction.shares.keys()
    return tuple(each for each in recent if each.prediction.shares.keys() == labels)[-_SMOOTHED + 1 :]
