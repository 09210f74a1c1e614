import base64
import json
import re
import sys
import threading
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from sav_core import SavClassifier
from sav_core.data.examples import Example
from sav_core.errors import ClassifierFileError, ImageError, InputError, SavError, SettingError
from sav_core.heads.rules import BELIEFS, VOTING_RULES
from sav_core.settings import Settings
from sav_core.types import DETAILS
from sav_ui.api import endpoints
from sav_ui.api.calls import classify_images, fit_images
from sav_ui.panels.errors import OTHER_ARGUMENTS
from sav_ui.serving.bound_sessions import TOKEN_HEADER
from sav_ui.serving.lanes import Lanes
from sav_ui.serving.pool import ModelPool
from tests.support.people import pool_with
from tests.support.serving import ROOT, serve
from tests.support.tiny_models import example_image

ANSWER = {"image", "label", "shares", "votes", "confidence", "probability", "closeness", "acceptance", "none_below", "none"}


_BRIER = {"n_kept": 3, "voting": "reliability", "belief": "brier"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Eight picture files and their labels."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = [folder / f"{row}.png" for row in range(8)]
    for row, path in enumerate(paths):
        example_image(row).save(path)
    return [str(path) for path in paths], ["cat", "dog"] * 4


@pytest.fixture(scope="module")
def models(tiny_backbone):
    return pool_with(tiny_backbone("llava"))


@pytest.fixture(scope="module")
def served(tiny_checkpoint, tmp_path_factory):
    """The app's address, with the same tiny model as the embedded one."""
    with serve(tmp_path_factory.mktemp("served"), SAV_MODEL=str(tiny_checkpoint("llava"))) as address:
        yield address


@pytest.fixture
def client(served):
    with closing(Client(served, verbose=False)) as client:
        yield client


def by_library(models, pictures, question="", **settings):
    paths, labels = pictures
    examples = [Example(path, question, label) for path, label in zip(paths, labels, strict=True)]
    library = SavClassifier(models.get(""), **settings).fit(examples)
    library.calibrate()
    return library


@pytest.mark.parametrize("options", [{"n_kept": 5}, {"n_kept": 3, "scoring": "leave_one_out", "question": "What?"}, _BRIER])
def test_fit_and_classify_are_the_librarys(models, pictures, options, tmp_path):
    library = by_library(models, pictures, **options)
    fitted = fit_images(models, *pictures, **options)
    assert [head["head"] for head in fitted.kept_heads] == [str(head) for head in library.kept_heads_]
    assert fitted.head_scores == library.head_scores_.tolist()
    answers = classify_images(models, pictures[0][:3], fitted.classifier)
    assert answers == [prediction.as_dict() for prediction in library.predict(pictures[0][:3])]
    library.save(tmp_path / "library.sav")  # as the command `fit` does
    assert Path(fitted.classifier).read_bytes() == (tmp_path / "library.sav").read_bytes()


def test_one_image_a_label_is_fitted_and_answers_without_a_probability(models, pictures):
    fitted = fit_images(models, pictures[0][:2], pictures[1][:2])
    answer = classify_images(models, pictures[0][2:3], fitted.classifier)[0]
    assert "probability" not in answer


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((None, None), InputError, "images must be one or more image or video files, and none came"),
        ((["a.png"], []), InputError, "but 1 images and 0 labels came"),
        ((["a.png"], "cat"), InputError, "labels must be a list of texts"),
        ((["a.png"], [""]), InputError, "labels must be a list of texts"),
        ((["a.png"], [3]), InputError, "labels must be a list of texts"),
        ((["a.png", "b.png"], ["cat", "cat"]), InputError, "at least two labels"),
        ((["a.png", "b.png"], ["cat", "dog"]), ImageError, "There is no image file 'a.png'"),
        ((["a.png", "b.png"], ["cat", "dog"], "", 0), SettingError, "n_kept must be a whole number from 1, but is 0"),
        ((["a.png", "b.png"], ["cat", "dog"], "", "5"), SettingError, "n_kept must be"),
        ((["a.png", "b.png"], ["cat", "dog"], "", 5, "dice"), SettingError, "voting must be one of"),
        (
            (["a.png", "b.png"], ["cat", "dog"], "", 5, "majority", "resubstitution", "", "hope"),
            SettingError,
            "belief must",
        ),
        ((["a.png"] * 3001, ["cat"] * 3001), InputError, "up to 3,000 examples"),
    ],
)
def test_what_cannot_be_fitted_is_refused_before_the_model_runs(models, monkeypatch, arguments, kind, message):
    monkeypatch.setattr(ModelPool, "run", None)
    with pytest.raises(kind, match=message):
        fit_images(models, *arguments)


def test_a_wrong_scoring_is_named(models, pictures):
    with pytest.raises(SavError, match="scoring must be"):
        fit_images(models, *pictures, scoring="magic")


@pytest.mark.parametrize(
    ("classifier", "kind", "message"),
    [
        (None, InputError, "classifier must be a .sav file"),
        ("gone.sav", ClassifierFileError, "There is no classifier file gone.sav"),
        ("0.png", ClassifierFileError, "^0.png is not a whole .sav file"),
    ],
)
def test_what_is_no_classifier_is_refused_without_telling_where_it_lay(models, pictures, classifier, kind, message):
    file = classifier and str(Path(pictures[0][0]).parent / classifier)
    with pytest.raises(kind, match=message) as caught:
        classify_images(models, pictures[0][:1], file)
    assert str(Path(pictures[0][0]).parent) not in str(caught.value)


def test_a_classifier_of_another_model_is_refused(models, pictures, tiny_backbone):
    other = fit_images(pool_with(tiny_backbone("qwen2_vl")), *pictures, n_kept=3)
    with pytest.raises(ClassifierFileError, match="was made with qwen2_vl"):
        classify_images(models, pictures[0][:1], other.classifier)


def test_the_types_are_documented_and_nothing_else_is_public(client):
    info = client.view_api(return_format="dict")
    assert set(info["named_endpoints"]) == {"/fit", "/classify"}
    assert not info["unnamed_endpoints"]
    fit = info["named_endpoints"]["/fit"]
    types = {each["parameter_name"]: each["python_type"]["type"] for each in fit["parameters"]}
    assert types == {
        "images": "list[filepath]",
        "labels": "list[str]",
        "question": "str",
        "n_kept": "int",
        "voting": f"Literal[{', '.join(map(repr, VOTING_RULES))}]",
        "scoring": "Literal['resubstitution', 'leave_one_out']",
        "model": "str",
        "belief": f"Literal[{', '.join(map(repr, BELIEFS))}]",
        "detail": f"Literal[{', '.join(map(repr, DETAILS))}]",
    }
    returns = [each["python_type"]["type"] for each in fit["returns"]]
    assert returns[1:] == ["list[list[float]]", "filepath"]
    assert "accuracy: float" in returns[0]
    classify = info["named_endpoints"]["/classify"]
    types = {each["parameter_name"]: each["python_type"]["type"] for each in classify["parameters"]}
    assert types == {"images": "list[filepath]", "classifier": "filepath | str", "question": "str"}


def test_a_client_fits_and_classifies(client, models, pictures):
    files = [handle_file(path) for path in pictures[0]]
    heads, scores, classifier = client.predict(files, pictures[1], n_kept=4, api_name="/fit")
    library = by_library(models, pictures, n_kept=4)
    assert [head["head"] for head in heads] == [str(head) for head in library.kept_heads_]
    assert scores == library.head_scores_.tolist()
    answers = client.predict(files[:2], handle_file(classifier), api_name="/classify")
    assert [set(answer) for answer in answers] == [ANSWER, ANSWER]
    expected = [prediction.as_dict() for prediction in library.predict(pictures[0][:2])]
    assert [answer["label"] for answer in answers] == [each["label"] for each in expected]
    assert [answer["shares"] for answer in answers] == [each["shares"] for each in expected]


def test_what_mcp_sends_are_files_too(client, pictures):
    """Data URIs for pictures, and for the classifier the address under which this app handed it out."""
    uris = [f"data:image/png;base64,{base64.b64encode(Path(path).read_bytes()).decode()}" for path in pictures[0]]
    job = client.submit(uris, pictures[1], n_kept=4, api_name="/fit")
    address = f"{client.src}gradio_api/file={job.result()[2]}"
    with pytest.raises(AppError, match="did not arrive"):  # a file of this computer, not of the app's
        client.predict(uris[:1], address, api_name="/classify")
    with pytest.raises(AppError, match="did not arrive"):
        client.predict(uris[:1], f"{client.src}gradio_api/file=/etc/hostname", api_name="/classify")


def test_a_client_is_told_in_sentences(client, pictures):
    files = [handle_file(path) for path in pictures[0][:2]]
    with pytest.raises(AppError, match="at least two labels, but all 2 are of 'cat'"):
        client.predict(files, ["cat", "cat"], api_name="/fit")
    with pytest.raises(AppError, match=r"is not a whole \.sav file"):
        client.predict(files, files[0], api_name="/classify")
    with pytest.raises(AppError, match="A model is named like"):
        client.predict(files, ["cat", "dog"], model="/etc", api_name="/fit")


def test_a_program_calls_by_name_and_is_told_where_the_arguments_are_listed(served, pictures):
    paths, labels = pictures
    with httpx.Client(base_url=served, timeout=60) as http:
        sent = http.post(
            "gradio_api/upload", files=[("files", (f"{n}.png", Path(path).read_bytes())) for n, path in enumerate(paths)]
        )
        images = [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in sent.json()]
        answered = http.post("gradio_api/call/v2/fit", json={"images": images, "labels": labels, "n_kept": 3})
        assert "event: complete" in http.get(f"gradio_api/call/fit/{answered.json()['event_id']}").text
        wrong = http.post("gradio_api/call/v2/fit", json={"pictures": images, "labels": labels})
        assert (wrong.status_code, wrong.json()["detail"]) == (400, OTHER_ARGUMENTS)
        elsewhere = [{**image, "path": "http://127.0.0.1:1/a.png"} for image in images]
        fetched = http.post("gradio_api/call/v2/fit", json={"images": elsewhere, "labels": labels})
        assert "from the open network alone" in http.get(f"gradio_api/call/fit/{fetched.json()['event_id']}").text
        few = http.post("gradio_api/call/fit", json={"data": [images, labels]})
        assert OTHER_ARGUMENTS in http.get(f"gradio_api/call/fit/{few.json()['event_id']}").text


def test_a_file_that_is_no_picture_is_named(client, pictures, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(AppError, match=r"'notes.txt' is not a PNG, JPEG, .* image"):
        client.predict([handle_file(pictures[0][0]), handle_file(str(tmp_path / "notes.txt"))], ["a", "b"], api_name="/fit")


def test_calls_at_once_do_not_mix(served, models, pictures):
    """Two programs, each with its own labels, over and over."""
    paths, labels = pictures
    expected = {name: by_library(models, (paths, [f"{name} {label}" for label in labels]), n_kept=4) for name in "xy"}
    failures = []

    def program(name):
        with closing(Client(served, verbose=False)) as client:
            for _ in range(2):
                own = [f"{name} {label}" for label in labels]
                _, _, file = client.predict([handle_file(path) for path in paths], own, n_kept=4, api_name="/fit")
                (answer,) = client.predict([handle_file(paths[0])], handle_file(file), api_name="/classify")
                if answer["label"] != expected[name].predict([paths[0]])[0].label:
                    failures.append(answer)

    threads = [threading.Thread(target=program, args=(name,)) for name in "xy"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_the_calls_of_one_address_leave_room_for_those_of_others():
    crowds = Lanes(1, at_once=1)
    refused = pytest.raises(InputError, match="calls from your address")
    with endpoints._turn(Lanes(), crowds), refused, endpoints._turn(Lanes(), crowds):
        pass
    with endpoints._turn(Lanes(), crowds):
        assert endpoints._AT_ONCE - endpoints._OF_ADDRESS >= 32


def test_mcp_is_asked_for_by_flag_or_environment_and_says_what_it_needs(monkeypatch):
    monkeypatch.setattr(endpoints, "find_spec", lambda name: name)
    assert endpoints.wants_mcp(["--mcp"])
    assert not endpoints.wants_mcp([])
    monkeypatch.setattr(endpoints, "settings", lambda: Settings(mcp=True))
    assert endpoints.wants_mcp([])
    monkeypatch.setattr(endpoints, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match=re.escape("pip install -r requirements-mcp.txt")):
        endpoints.wants_mcp([])


def test_the_schemas_are_in_one_piece_and_say_what_is_answered(client):
    endpoints = client.view_api(print_info=False, return_format="dict")["named_endpoints"]
    asked = [each["type"] for name in ("/fit", "/classify") for each in endpoints[name]["parameters"]]
    assert "$ref" not in json.dumps(asked), "MCP follows no references"
    (answers,) = endpoints["/classify"]["returns"]
    answer = answers["type"]["items"]["properties"]
    assert set(answer) == ANSWER
    assert set(answer["votes"]["items"]["properties"]) == {"head", "label", "similarity"}
    choices = {each["parameter_name"]: each["type"].get("enum") for each in endpoints["/fit"]["parameters"]}
    assert choices["voting"] == list(VOTING_RULES)
    assert choices["belief"] == list(BELIEFS)


def joined(address, name, token=None):
    """What the server answers to an event of a page that has that name with Gradio."""
    body = {"data": [None], "fn_index": 0, "session_hash": name, "event_data": None, "trigger_id": None}
    return httpx.post(
        f"{address}gradio_api/queue/join", json=body, headers={TOKEN_HEADER: token} if token else {}, timeout=60
    )


def test_the_name_of_a_page_opens_nothing_without_the_token_it_came_with(served):
    assert joined(served, "aname", "a" * 32).status_code == 200
    assert [joined(served, "aname", token).status_code for token in (None, "b" * 32, "a" * 32)] == [404, 404, 200]
    for path in ("queue/data?session_hash=aname", "deep_link?session_hash=aname"):
        assert httpx.get(f"{served}gradio_api/{path}", timeout=60).status_code == 404, path


def test_thirty_megabytes_of_json_are_refused_before_they_are_parsed(served):
    answer = httpx.post(f"{served}gradio_api/queue/join", content=b'{"data":[' + b"[]," * 10_000_000, timeout=60)
    assert answer.status_code == 413
    assert answer.json()["detail"].startswith("A request may have up to 2 MB")


def test_the_pages_say_what_they_may_do_and_not_where_the_server_has_its_files(served):
    page, config = (httpx.get(f"{served}{path}", timeout=60) for path in ("", "config"))
    for answer in (page, config):
        assert "object-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        for path in (sys.prefix, str(ROOT), str(Path.home())):
            assert path not in answer.text
