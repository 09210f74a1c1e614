import io
import re
from pathlib import Path

import gradio
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from sav_ui.serving import link_preview
from sav_ui.serving.link_preview import ABOUT, NAME, PICTURE, LinkPreview
from sav_ui.serving.own_routes import OwnRoutes


def metas(page):
    return re.findall(r'<meta[^>]+(?:property|name)="((?:og|twitter):[a-z]+|description)"[^>]+content="([^"]*)"', page)


def test_the_page_that_gradio_serves_says_the_apps_name_and_what_it_does_and_nothing_of_gradio():
    page = (Path(gradio.__file__).parent / "templates" / "frontend" / "index.html").read_text(encoding="utf-8")
    assert [words for _, words in metas(page) if "Click to try" in words], "or there is nothing to replace any more"

    async def answer(_):
        return HTMLResponse(page)

    given = TestClient(LinkPreview(Starlette(routes=[Route("/", answer)]))).get("/")
    said = metas(given.text)
    for name, words in (("og:title", NAME), ("og:description", ABOUT), ("twitter:title", NAME), ("description", ABOUT)):
        assert [told for meta, told in said if meta == name] == [words]
    assert {words for meta, words in said if meta.endswith(":image")} == {f"http://testserver/{PICTURE}"}, (
        "of this app alone"
    )
    assert not [words for _, words in said if "Gradio" in words or "Click to try" in words]
    assert int(given.headers["content-length"]) == len(given.content)
    assert re.findall("<title>(.*?)</title>", given.text) == [NAME], "said to whoever runs no script"


def test_the_picture_is_there_and_an_installed_package_that_has_none_promises_none(monkeypatch, tmp_path):
    async def answer(_):
        return HTMLResponse("<html><head></head></html>")

    client = TestClient(OwnRoutes(LinkPreview(Starlette(routes=[Route("/", answer)])), "1", dict))
    address = dict(metas(client.get("/", headers={"host": "a.example"}).text))["og:image"]
    assert address == f"http://a.example/{PICTURE}"
    assert Image.open(io.BytesIO(client.get(f"/{PICTURE}").content)).width > 1000
    monkeypatch.setattr(link_preview, "picture_file", lambda: None)
    assert "og:image" not in dict(metas(client.get("/").text))


@pytest.mark.parametrize("kind", ["json", "stream"])
def test_what_is_no_page_passes_as_it_comes(kind):
    async def answer(_):
        parts = iter([b'data: "<head>"\n\n', b"data: 2\n\n"])
        return JSONResponse("<head>") if kind == "json" else StreamingResponse(parts, media_type="text/event-stream")

    client = TestClient(LinkPreview(Starlette(routes=[Route("/", answer)])))
    assert client.get("/").content == (b'"<head>"' if kind == "json" else b'data: "<head>"\n\ndata: 2\n\n')


def test_a_page_in_parts_is_put_together():
    async def answer(_):
        return StreamingResponse(iter(["<html><he", "ad></head></html>"]), media_type="text/html")

    page = TestClient(LinkPreview(Starlette(routes=[Route("/", answer)]))).get("/").text
    assert ("og:title", NAME) in metas(page)
    assert page.endswith("</head></html>")
