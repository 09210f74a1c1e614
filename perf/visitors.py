"""Visitors of a served app, each at an address of their own: what they teach, what they classify, what they are told."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import httpx
import numpy as np
from PIL import Image

from perf.wire import Browser

__all__ = ["Answers", "Programmer", "Visitor", "address", "picture", "visit"]

LABELS = ("red", "green", "blue")
EACH, QUERIES = 5, 10

Answers = list[tuple[str, dict[str, float]]]
"""Of each picture its label and each label's share of the vote."""


def address(number: int) -> str:
    """An address that is this visitor's alone, as a proxy would say it."""
    return f"10.1.{number // 250}.{number % 250 + 1}"


def picture(round_: int, visitor: int, number: int) -> tuple[Image.Image, str]:
    """A picture like no other, and its label: noise in the label's colour."""
    noise = np.random.default_rng((round_, visitor, number))
    pixels = noise.integers(0, 120, (12, 12, 3))
    pixels[..., number % len(LABELS)] += 120
    image = Image.fromarray(pixels.astype(np.uint8)).resize((96, 96), Image.Resampling.BILINEAR)
    return image, LABELS[number % len(LABELS)]


def encoded(image: Image.Image) -> bytes:
    """The picture as a PNG."""
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class Visit:
    """What came of a visit: answers and seconds of each job."""

    answers: Answers
    teaching: float
    classifying: list[float]


def visit(server: str, round_: int, number: int) -> Visit:
    """Teach 3 labels x 5 pictures and classify 10, one after another; every second visitor by the API, not the page."""
    return (Visitor if number % 2 else Programmer)(server, round_, number).visit()


class Visitor:
    """Somebody at the page."""

    def __init__(self, server: str, round_: int, number: int) -> None:
        self._round, self._number = round_, number
        self._token = secrets.token_hex(16)
        self._headers = {"X-Forwarded-For": address(number)}
        self._server = server
        self.browser = Browser(server, self._token, self._headers)

    def visit(self) -> Visit:
        """Do all of it."""
        files = []
        for row in range(EACH * len(LABELS)):
            image, label = picture(self._round, self._number, row)
            files.append(self.browser.upload(image, f"{row}.png") | {"folder": label, "inside": f"{label}/{row}.png"})
        start = time.perf_counter()
        self.browser.do("bench", "act", {"do": "import", "files": files})
        self.browser.do("bench", "act", {"do": "find"})
        teaching, classifying = time.perf_counter() - start, []
        for row in range(QUERIES):
            image, _ = picture(self._round, self._number, 1000 + row)
            query = self.browser.upload(image, f"query {row}.png")
            start = time.perf_counter()
            self.browser.do("tray", "act", {"do": "query", "files": [query]})
            classifying.append(time.perf_counter() - start)
        return Visit(self._answers(), teaching, classifying)

    def _answers(self) -> Answers:
        saved = self.browser.do("answers", "act", {"do": "save", "format": "json"}).saved
        if saved is None:
            raise SystemExit(f"Visitor {self._number} was given no answers.")
        rows = httpx.get(self._server + saved["url"], headers=self._headers, timeout=600).raise_for_status().json()
        return [(row["label"], row["shares"]) for row in sorted(rows, key=lambda row: int(row["image"][6:-4]))]


class Programmer:
    """Somebody who calls the API."""

    def __init__(self, server: str, round_: int, number: int) -> None:
        self._round, self._number = round_, number
        self._http = httpx.Client(base_url=server, timeout=600, headers={"X-Forwarded-For": address(number)})

    def visit(self) -> Visit:
        """Do all of it."""
        pictures = [picture(self._round, self._number, row) for row in range(EACH * len(LABELS))]
        files = [self._upload(image) for image, _ in pictures]
        start = time.perf_counter()
        fitted = self.call("fit", images=files, labels=[label for _, label in pictures])
        teaching, classifying, answers = time.perf_counter() - start, [], []
        for row in range(QUERIES):
            query = self._upload(picture(self._round, self._number, 1000 + row)[0])
            start = time.perf_counter()
            ((answer,),) = self.call("classify", images=[query], classifier=fitted[2])
            classifying.append(time.perf_counter() - start)
            answers.append((answer["label"], answer["shares"]))
        return Visit(answers, teaching, classifying)

    def call(self, endpoint: str, **arguments: Any) -> list[Any]:
        """Return what an endpoint answers; what is not given is as the endpoint has it by default."""
        joined = self._http.post(f"gradio_api/call/v2/{endpoint}", json=arguments)
        path = f"gradio_api/call/{endpoint}/{joined.raise_for_status().json()['event_id']}"
        event, answer = "", None
        with self._http.stream("GET", path) as stream:
            for line in stream.iter_lines():
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("data: ") and event in ("complete", "error"):
                    answer = json.loads(line[6:])
        if event != "complete" or answer is None:
            raise SystemExit(f"{endpoint} failed for visitor {self._number}: {answer}")
        return list(answer)

    def _upload(self, image: Image.Image) -> dict[str, Any]:
        answer = self._http.post("gradio_api/upload", files={"files": ("a.png", encoded(image), "image/png")})
        return {"path": answer.raise_for_status().json()[0], "meta": {"_type": "gradio.FileData"}}
