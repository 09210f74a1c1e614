"""The app without its pages: ``/fit`` and ``/classify`` for programs, through ``gradio_client`` or as MCP tools.

    client = Client("http://localhost:7860")
    heads, scores, classifier = client.predict([handle_file("owl.png"), ...], ["owl", ...], api_name="/fit")
    answers = client.predict([handle_file("what.png")], handle_file(classifier), api_name="/classify")

They know no visitor and keep nothing: all that one call learns is in the ``.sav`` file that it returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

import gradio as gr
from gradio.components.api_component import Api
from gradio.context import LocalContext
from gradio.processing_utils import save_base64_to_cache, save_url_to_cache
from gradio.utils import get_upload_folder
from httpx import HTTPError
from pydantic import BaseModel, Field, TypeAdapter

from sav_core.data.examples import Example
from sav_core.data.folders.twins import check_twins
from sav_core.data.sets.datasets import EIGHT_FRAMES
from sav_core.data.sets.one_scale import levels_of, on_one_scale
from sav_core.errors import CancelledError, InputError, SavError, SettingError
from sav_core.heads.rules import Belief, VotingName
from sav_core.heads.scoring import Scoring
from sav_core.settings import settings
from sav_core.types import Detail
from sav_ui.limits import limits
from sav_ui.panels.downloads import made_file
from sav_ui.serving.arrivals import ARRIVALS
from sav_ui.serving.callers import Caller, calling
from sav_ui.serving.event_log import logged
from sav_ui.serving.lanes import Lanes
from sav_ui.serving.listening import who_listens
from sav_ui.serving.pool import ModelPool
from sav_ui.serving.rate_limit import network_of
from sav_ui.serving.reading import read_first_layers
from sav_ui.session.memory import Memory
from sav_ui.session.project import check_label
from sav_ui.session.sav_file import open_sav
from sav_ui.uploads.files import Upload, open_file, reading_uploads

__all__ = ["Answer", "FileData", "Fitted", "KeptHead", "Vote", "build", "classify_images", "fit_images", "wants_mcp"]

_TICK = 0.2  # seconds
_QUEUE: dict[str, Any] = {"concurrency_id": "api", "concurrency_limit": 64}
_OWN = "/gradio_api/file="  # in the address of a file that this app has handed out


class KeptHead(BaseModel):
    """A head that votes, and how well it did on the examples."""

    head: str
    layer: int
    index: int
    accuracy: float
    margin: float


class Vote(BaseModel):
    """What one head says of an image."""

    head: str
    label: str
    similarity: float


class Answer(BaseModel):
    """What ``/classify`` says of an image."""

    image: str
    label: str
    shares: dict[str, float]
    votes: list[Vote]
    confidence: float
    probability: float | None = None
    closeness: float | None = None
    acceptance: float | None = None
    none_below: float | None = None
    none: bool | None = None


class _Mark(BaseModel):
    kind: Literal["gradio.FileData"] = Field(alias="_type")


class FileData(BaseModel):
    """A file as ``gradio_client`` and MCP send one; by this name and mark they know that it is to be uploaded."""

    path: str
    orig_name: str = ""
    meta: _Mark


class Fitted(NamedTuple):
    """What ``/fit`` answers: the kept heads best first, every head's accuracy ``(layer, head)``, the ``.sav`` file."""

    kept_heads: list[dict[str, Any]]
    head_scores: list[list[float]]
    classifier: str


def fit_images(
    models: ModelPool,
    images: Sequence[str] | None,
    labels: Sequence[str] | None,
    question: str = "",
    n_kept: int = 20,
    voting: str = "majority",
    scoring: str = "resubstitution",
    model: str = "",
    belief: str = "margin",
    detail: str = "full",
) -> Fitted:
    """Find the heads that tell labelled images apart; see ``/fit`` for what the arguments mean.

    Raises:
        SavError: something given cannot be used; the message says what to give instead.
    """
    # torch takes seconds, and the page must not wait for them
    from sav_core.activations.extraction import extract_head_vectors
    from sav_core.evaluation.acceptance import calibrate
    from sav_core.heads.classifier import HeadClassifier, check_labels, check_vectors
    from sav_core.models.detail import check_detail
    from sav_core.sav import SavClassifier

    paths, names, asked = _paths(images), labels or [], _question(question)
    if not isinstance(model, str):
        raise InputError("model must be a text, a hub id such as Qwen/Qwen2-VL-2B-Instruct, or empty.")
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise InputError('labels must be a list of texts, one for each image, such as ["cat", "dog"].')
    if len(names) != len(paths):
        raise InputError(f"Each image needs a label, but {len(paths)} images and {len(names)} labels came.")
    limits().check_labels(len(set(names)))
    for name in dict.fromkeys(names):
        check_label(name)
    heads = HeadClassifier(n_kept, voting, scoring, belief)
    heads.check_settings()
    shown = check_detail(detail)
    check_labels(names, [path.name for path in paths])
    check_twins(names, "labels", "labels")
    opened = [Example(open_file(p, p.name, EIGHT_FRAMES), asked, name) for p, name in zip(paths, names, strict=True)]
    for example in opened:
        limits().check_example(example)
    examples = [example.with_detail(shown) for example in on_one_scale(opened)]
    vectors = models.run(model, extract_head_vectors, examples)
    check_vectors(vectors)
    heads.fit(vectors)
    with suppress(SettingError):  # too few examples to leave one out: answers then carry no probability
        calibrate(heads, vectors)
    levels = levels_of(picture for example in examples for picture in example.images)
    clips = EIGHT_FRAMES if any(example.clips for example in examples) else None
    classifier = SavClassifier.from_heads(models.get(model), heads, asked, levels, clips, shown)
    file = made_file("classifier.sav", classifier.save)
    scores = heads.fitted_.scores
    kept = [
        {
            "head": str(head),
            "layer": head.layer,
            "index": head.index,
            "accuracy": float(scores.accuracy[head.layer, head.index]),
            "margin": float(scores.margin[head.layer, head.index]),
        }
        for head in heads.kept_heads_
    ]
    return Fitted(kept, scores.accuracy.tolist(), str(file))


def classify_images(
    models: ModelPool, images: Sequence[str] | None, classifier: str | None, question: str = ""
) -> list[dict[str, Any]]:
    """Classify images by a ``.sav`` file; see ``/classify`` for what the arguments mean.

    Raises:
        SavError: something given cannot be used; the message says what to give instead.
    """
    paths, asked = _paths(images), _question(question)
    if not classifier:
        raise InputError("classifier must be a .sav file, such as /fit returns, and none came.")
    model, fitted = open_sav(models, Path(classifier))
    clips = fitted.clips_ or EIGHT_FRAMES
    queries = [fitted.as_query(Example(open_file(path, path.name, clips), asked)) for path in paths]
    heads = fitted.head_classifier_
    predictions = heads.predict(models.run(model, read_first_layers, queries, heads.depth))
    return [prediction.as_dict() for prediction in predictions]


def build(models: ModelPool, memory: Memory) -> None:
    """Add the endpoints to the app that is being built; they show nothing on its pages.

    Args:
        models: where models are loaded.
        memory: that the pictures of a call are counted in.
    """
    lanes = Lanes()

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
        with _told("fit"), _turn(lanes), reading_uploads(), memory.reading():
            return fit_images(models, _files(images), labels, question, n_kept, voting, scoring, model, belief, detail)

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
        with _told("classify"), _turn(lanes), reading_uploads(), memory.reading():
            return classify_images(models, _files(images), classifier and _file(classifier), question)

    # Not gr.File, which as a list gives MCP a schema that it cannot resolve.
    images = Api(None, _schema(list[FileData]), "images")
    classifier = Api(None, _schema(FileData | str), "classifier")
    fitted = gr.File(label="classifier", visible=False)
    question = Api("", _schema(str), "question")
    gr.on(
        [],
        fit,
        [
            images,
            Api(None, _schema(list[str]), "labels"),
            question,
            Api(20, _schema(int), "n_kept"),
            Api("majority", _schema(VotingName), "voting"),
            Api("resubstitution", _schema(Scoring), "scoring"),
            Api("", _schema(str), "model"),
            Api("margin", _schema(Belief), "belief"),
            Api("full", _schema(Detail), "detail"),
        ],
        [Api(None, _schema(list[KeptHead]), "kept_heads"), Api(None, _schema(list[list[float]]), "head_scores"), fitted],
        api_name="fit",
        **_QUEUE,
    )
    gr.on(
        [],
        classify,
        [images, classifier, question],
        Api(None, _schema(list[Answer]), "answers"),
        api_name="classify",
        **_QUEUE,
    )


def _schema(kind: Any) -> dict[str, Any]:
    """The JSON schema of a type, in one piece: MCP does not follow references inside of it."""
    whole = TypeAdapter(kind).json_schema()
    parts = whole.pop("$defs", {})

    def inlined(part: Any) -> Any:
        if isinstance(part, list):
            return [inlined(each) for each in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return inlined(parts[part["$ref"].rpartition("/")[2]])
        return {name: inlined(value) for name, value in part.items()}

    schema: dict[str, Any] = inlined(whole)
    return schema


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
def _turn(lanes: Lanes) -> Iterator[None]:
    """Let the calls of one client be done one after another; open while it is the turn of this one.

    Raises:
        InputError: one of this client's is done and one waits already.
        CancelledError: the caller has gone, so that nobody waits for the answer.
    """
    request = LocalContext.request.get(None)
    host = request.client.host if request is not None and request.client else ""
    caller = Caller(f"api {request and request.session_hash}", network_of(host), gone=who_listens())
    lane = lanes.enter(caller.visitor)
    if lane is None:
        raise InputError("One call of yours is being worked on and one waits: send the next when the first is answered.")
    with lane, calling(caller):
        while not lane.is_free(_TICK):
            if caller.has_left:
                raise CancelledError("The caller has gone.")
        yield


def _files(sent: Any) -> list[str]:
    """The files of a call; see ``_file``."""
    if sent is not None and not isinstance(sent, list):
        raise InputError("images must be a list of image or video files, but one value came: put it in brackets.")
    limits().check_examples(len(sent or ()), "One call", "send fewer")
    return [_file(entry) for entry in sent or ()]


def _file(sent: Any) -> str:
    """Where a file of a call lies: what ``gradio_client`` uploads, or what MCP sends, an address or a data URI.

    Raises:
        InputError: it is none of these; above all, it is no file of the server's own.
    """
    path = str(sent.get("path", "") if isinstance(sent, Mapping) else sent)
    try:
        if _OWN in path:
            path = unquote(path.rpartition(_OWN)[2])
        elif path.startswith(("http://", "https://")):
            path = _arrived(save_url_to_cache(path, get_upload_folder()))
        elif path.startswith("data:"):
            path = _arrived(save_base64_to_cache(path, get_upload_folder()))
        return str(Upload(path).path)
    except (OSError, ValueError, HTTPError) as error:
        why = (getattr(error, "strerror", None) or error) if isinstance(error, OSError) else error
        raise InputError(f"The file {path[:60]!r} cannot be fetched ({why}): send the file itself.") from error


def _arrived(path: str) -> str:
    """The same path of a file that has come by the call itself; it goes when the call has read it."""
    ARRIVALS.came(str(Path(path).resolve()))
    return path


def _paths(images: Sequence[str] | None) -> list[Path]:
    if not images:
        raise InputError("images must be one or more image or video files, and none came.")
    limits().check_examples(len(images), "One call", "send fewer")
    return [Path(path) for path in images]


def _question(given: object) -> str:
    if given is not None and not isinstance(given, str):
        raise InputError("question must be a text, or left out.")
    return limits().checked_question(given or "")
