"""The endpoints of the app: their arguments, whose turn it is, and what a caller is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components.api_component import Api
from gradio.context import LocalContext

from sav_core.errors import CancelledError, InputError, SavError, SettingError
from sav_core.heads.rules import Belief, VotingName
from sav_core.heads.scoring import Scoring
from sav_core.settings import settings
from sav_core.types import Detail
from sav_ui.api.calls import Fitted, classify_images, fit_images
from sav_ui.api.files import file_of, files_of
from sav_ui.api.shapes import Answer, FileData, KeptHead, schema
from sav_ui.serving.callers import Caller, calling
from sav_ui.serving.event_log import logged
from sav_ui.serving.lanes import Lane, Lanes
from sav_ui.serving.listening import who_listens
from sav_ui.serving.pool import ModelPool
from sav_ui.serving.rate_limit import network_of
from sav_ui.session.memory import Memory
from sav_ui.uploads.files import reading_uploads

__all__ = ["build", "wants_mcp"]

_TICK = 0.2  # seconds
_AT_ONCE, _OF_ADDRESS = 96, 64  # calls that are begun, and of one address: it leaves room for those of others
_QUEUE: dict[str, Any] = {"concurrency_id": "api", "concurrency_limit": _AT_ONCE}


def build(models: ModelPool, memory: Memory) -> None:
    """Add the endpoints to the app that is being built; they show nothing on its pages.

    Args:
        models: where models are loaded.
        memory: that the pictures of a call are counted in.
    """
    lanes, crowds = Lanes(), Lanes(_OF_ADDRESS, at_once=_OF_ADDRESS)

    def fit(
        images: list[Any],
        labels: list[str],
        question: str = "",
        n_kept: int = 20,
        voting: str = "majority",
        scoring: str = "resubstitution",
        model: str = "",
        belief: str = "margin",
        detail: str = "full",
    ) -> Fitted:
        """Find the attention heads of a frozen multimodal model that tell labelled images apart.

        Args:
            images: the examples, two labels or more with one image or more each; a video is shown as eight of its frames.
            labels: one for each image, in the same order.
            question: what the model is asked about every image; may be empty.
            n_kept: how many of the best heads vote.
            voting: how their votes are counted.
            scoring: how heads are scored: on the examples themselves, as in the paper, or each example left out in turn.
            model: a hub id such as Qwen/Qwen2-VL-2B-Instruct; empty for the embedded demo model.
            belief: what reliability voting measures of a head's vote on an example left out.
            detail: how finely the model looks at images; normal and fast take fewer tokens, where the model has them.

        Returns:
            The kept heads, best first; the accuracy of every head by layer and head; the classifier as a .sav file.
        """
        with _told("fit"), _turn(lanes, crowds), reading_uploads(), memory.reading():
            return fit_images(models, files_of(images), labels, question, n_kept, voting, scoring, model, belief, detail)

    def classify(images: list[Any], classifier: Any, question: str = "") -> list[dict[str, Any]]:
        """Classify images by the vote of the attention heads that /fit kept.

        Args:
            images: the images to classify, or videos, of which frames are shown as of those of /fit.
            classifier: the .sav file that /fit returned.
            question: what the model is asked about each image; empty for the question of /fit.

        Returns:
            For each image its label, each label's share of the vote, every kept head's vote and the confidence, 0 to 1;
            where some label of /fit had two examples, also the calibrated probability of the label, and whether it is
            none of these: whether its acceptance, the confidence times its closeness to the examples, is below none_below.
        """
        with _told("classify"), _turn(lanes, crowds), reading_uploads(), memory.reading():
            return classify_images(models, files_of(images), classifier and file_of(classifier), question)

    # Not gr.File, which as a list gives MCP a schema that it cannot resolve.
    images, classifier = Api(None, schema(list[FileData]), "images"), Api(None, schema(FileData | str), "classifier")
    for files in (images, classifier):
        files.async_move_resource_to_block_cache = _left_there  # type: ignore[assignment, method-assign]
    fitted = gr.File(label="classifier", visible=False)
    question = Api("", schema(str), "question")
    gr.on(
        [],
        fit,
        [
            images,
            Api(None, schema(list[str]), "labels"),
            question,
            Api(20, schema(int), "n_kept"),
            Api("majority", schema(VotingName), "voting"),
            Api("resubstitution", schema(Scoring), "scoring"),
            Api("", schema(str), "model"),
            Api("margin", schema(Belief), "belief"),
            Api("full", schema(Detail), "detail"),
        ],
        [Api(None, schema(list[KeptHead]), "kept_heads"), Api(None, schema(list[list[float]]), "head_scores"), fitted],
        api_name="fit",
        **_QUEUE,
    )
    gr.on(
        [],
        classify,
        [images, classifier, question],
        Api(None, schema(list[Answer]), "answers"),
        api_name="classify",
        **_QUEUE,
    )


async def _left_there(place: str | Path | None) -> str | None:
    """Where a file of a call is: Gradio would fetch one of another server whole, before it is anybody's turn."""
    return None if place is None else str(place)


def wants_mcp(arguments: Sequence[str]) -> bool:
    """Whether the endpoints are to be MCP tools too, by the command line's ``--mcp`` or by ``SAV_MCP=1``.

    Raises:
        SettingError: they are, but the package for it is not installed.
    """
    wanted = settings().mcp or "--mcp" in arguments
    if wanted and find_spec("mcp") is None:
        raise SettingError(
            "MCP needs a package more: pip install -r requirements-mcp.txt in a clone, pip install 'gradio[mcp]' where the "
            "package is installed; or start without --mcp and SAV_MCP."
        )
    return wanted


@contextmanager
def _told(endpoint: str) -> Iterator[None]:
    """Hand what was refused on purpose to the caller as its sentence, without a traceback in the log."""
    try:
        with logged(endpoint):
            yield
    except SavError as error:
        raise gr.Error(str(error), print_exception=False) from error


@contextmanager
def _turn(lanes: Lanes, crowds: Lanes) -> Iterator[None]:
    """Let the calls of one client be done one after another; open while it is the turn of this one.

    Raises:
        InputError: one of this client's is done and one waits already, or their address has very many.
        CancelledError: the caller has gone, so that nobody waits for the answer.
    """
    request = LocalContext.request.get(None)
    host = request.client.host if request is not None and request.client else ""
    caller = Caller(f"api {request and request.session_hash}", network_of(host), gone=who_listens())
    crowd = crowds.enter(caller.address)
    if crowd is None:
        raise InputError(f"{_OF_ADDRESS} calls from your address are being worked on: send the next when one is answered.")
    with crowd:
        lane = lanes.enter(caller.visitor)
        if lane is None:
            raise InputError(
                "One call of yours is being worked on and one waits: send the next when the first is answered."
            )
        with lane, calling(caller):
            _wait(lane, caller)
            yield


def _wait(lane: Lane, caller: Caller) -> None:
    while not lane.is_free(_TICK):
        if caller.has_left:
            raise CancelledError("The caller has gone.")
