"""A visitor of the app as the tests speak of one: opens pages, starts tasks, drops pictures, looks."""

import base64
import io
import os
import re
import zipfile
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import expect

PATIENCE = 120_000  # milliseconds: a busy machine is no defect
HASTE = 30_000  # once a test has failed: a defect that many tests meet must not keep the others from being run
CALLED_OFF = ("AbortError: signal is aborted without reason", "Unexpected error Connection errored out.")
SHOTS = os.environ.get("SAV_SHOTS", "")  # a folder to leave screenshots in


PAGES = {
    "Teach": ".tile:visible",
    "Classify": ".classify-empty .tile",
    "Measure": "#gauge .tile",
    "Atlas": "[data-figure=atlas-transfer] .plot-container",
    "Function vectors": ".relation-tiles button",
    "About": ".steps svg:visible",
}
"""The pages, and what is there last of what each shows before anything was done there."""
_CELL = """(place, [row, column]) => {
  const { xaxis, yaxis } = place._fullLayout, box = place.getBoundingClientRect();
  return [box.left + xaxis._offset + xaxis.d2p(column), box.top + yaxis._offset + yaxis.d2p(row)];
}"""
_FRAMES = "() => new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)))"
_STANDS = """() => new Promise((then) => {
  let at = scrollY, frames = 10;
  const look = () => {
    frames = scrollY === at ? frames - 1 : 10;
    at = scrollY;
    frames ? requestAnimationFrame(look) : then();
  };
  look();
})"""
_AT_REST = """() => {
  const fits = ({ clientWidth, _fullLayout }) => Math.abs(clientWidth - _fullLayout.width) < 1;
  const drawn = (place) => !place._fullLayout || !place.clientWidth || fits(place);
  const moves = (each) => each.playState === "running" && each.effect.getComputedTiming().endTime !== Infinity;
  return SAV.stages().every(({ root }) => !root.savDrawing) && [...document.querySelectorAll("[data-figure]")].every(drawn)
    && !document.getAnimations().some(moves);
}"""


class Visitor:
    """One browser page; ``errors`` collects what its console complains of."""

    def __init__(self, page, address):
        self.page, self.address, self.errors = page, address, []
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @contextmanager
    def leaving(self):
        """What is open is left inside. Gradio's client then calls off what it waits for, and complains of just that."""
        before = len(self.errors)
        yield
        self.errors[before:] = [error for error in self.errors[before:] if not error.startswith(CALLED_OFF)]

    def reload(self):
        """Open again what is open, as F5 does; returns when it can be used."""
        with self.leaving():
            self.page.reload()
        self.settled()

    def open(self):
        """Open the app, or open it again; returns when it can be used."""
        with self.leaving():
            self.page.goto(self.address)
        expect(self.page.locator("#bench .bench")).to_be_visible()
        self.settled()

    def settled(self):
        """Wait until the page knows whose visit it shows."""
        expect(self.page.locator('#bench .stage:not([data-version="0"])')).to_be_visible()

    def at_rest(self):
        """Wait until figures have the light and the width that the page has, and nothing fades or moves any more."""
        self.page.evaluate(_FRAMES)  # what follows from a change begins with the next
        self.page.wait_for_function(_AT_REST)

    def stands(self):
        """Wait until the page has scrolled to where it goes, and is at rest."""
        self.page.evaluate(_STANDS)
        self.at_rest()

    def tab(self, name):
        """Go to a page."""
        self.page.get_by_role("tab", name=name).click()

    def start(self, title):
        """Start from a ready task and wait for its heads."""
        self.page.locator(".tile", has_text=title).click()
        expect(self.page.locator(".tile.current", has_text=title)).to_be_visible()
        self.found()

    def found(self):
        """Wait until heads are found and up to date."""
        expect(self.page.get_by_text("Up to date")).to_be_visible()
        expect(self.page.locator(".headline")).to_be_visible()

    def label(self, name):
        """Add a label and return its card."""
        self.page.locator("#new-label").fill(name)
        self.page.locator("#new-label").press("Enter")
        expect(self.card(name)).to_be_visible()
        return self.card(name)

    def card(self, name):
        """A label's card."""
        return self.page.get_by_role("region", name=f"Label {name}", exact=True)

    def thumbs(self, name):
        """The examples on a label's card."""
        return self.card(name).locator(".thumbs li")

    def figure(self, name):
        """A drawn figure."""
        return self.page.locator(f"[data-figure={name}] .plot-container")

    def numbers(self):
        """What the kept heads in the heatmap are numbered with, in the order of their ranks."""
        expect(self.figure("heads")).to_be_visible()
        return self.page.locator("[data-figure=heads]").evaluate(
            "(place) => place.layout.annotations.map((note) => note.text).filter((text) => /^\\d+$/.test(text))"
        )

    def wait_for_numbers(self, count):
        """Wait until so many heads are framed."""
        self.page.wait_for_function(
            "(count) => document.querySelector('[data-figure=heads]')?.layout?.shapes?.length === count", arg=count
        )

    def click_head(self, layer, head):
        """Click a cell of the heatmap of the heads with the mouse."""
        self.click_cell("heads", layer, head, f"layer {layer}, head {head}")

    def click_cell(self, figure, row, column, words):
        """Click a cell of a heatmap with the mouse, once these words are shown of it."""
        expect(self.figure(figure)).to_be_visible()
        place = self.page.locator(f"[data-figure={figure}]")
        place.scroll_into_view_if_needed()
        named = place.locator(".hoverlayer .hovertext")
        for _ in range(PATIENCE // 100):
            x, y = there = place.evaluate(_CELL, [row, column])
            self.page.mouse.move(x - 2, y)
            self.page.mouse.move(x, y)
            self.page.wait_for_timeout(100)
            if words in " ".join(named.all_text_contents()) and place.evaluate(_CELL, [row, column]) == there:
                break  # else it moves: an inspector opens beside it, say
        expect(named).to_contain_text(words)
        self.page.mouse.click(x, y)

    def brightness(self, selector):
        """How bright an element's background is, 0 to 255."""
        colour = self.page.locator(selector).evaluate("(element) => getComputedStyle(element).backgroundColor")
        return _bright(colour)

    def cell_brightness(self, *, lowest):
        """How bright the heatmap draws the smallest, or the largest, of its values."""
        expect(self.figure("heads")).to_be_visible()
        scale, backwards = self.page.locator("[data-figure=heads]").evaluate(
            "({ data: [trace] }) => [trace.colorscale.map((stop) => stop[1]), Boolean(trace.reversescale)]"
        )
        return _bright(scale[0 if lowest != backwards else -1])

    def give(self, name, *files, together=False):
        """Choose pictures for a label with its file picker; ``together`` makes them one example."""
        which = "as one example" if together else f"Add pictures to {name}"
        self.card(name).get_by_label(which).set_input_files(list(files))

    def drop(self, selector, *files):
        """Drop files on an element as a mouse does."""
        payload = [[file["name"], file["mimeType"], base64.b64encode(file["buffer"]).decode()] for file in files]
        self.page.locator(selector).first.evaluate(_DROP, payload)

    def paste(self, selector, *files):
        """Paste files while the pointer is over an element."""
        payload = [[file["name"], file["mimeType"], base64.b64encode(file["buffer"]).decode()] for file in files]
        self.page.locator(selector).first.hover()
        self.page.locator(selector).first.evaluate(_PASTE, payload)

    def shot(self, name, *, full=True):
        """Leave a screenshot where ``SAV_SHOTS`` says; without it, do nothing."""
        if SHOTS:
            self.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=full)


def _bright(colour):
    """Mean of red, green and blue of ``rgb(...)`` or ``#rrggbb``."""
    if colour.startswith("#"):
        return sum(bytes.fromhex(colour[1:])) / 3
    return sum(float(part) for part in re.findall(r"[\d.]+", colour)[:3]) / 3


def picture(colour, mark=0, size=96, name=None, kind="PNG"):
    """An uploadable picture: a disc of a colour, its place and size decided by ``mark``."""
    image = Image.new("RGB", (size, size), "#f4f1ea")
    x, y, r = 18 + 13 * (mark % 4), 20 + 11 * (mark // 4 % 4), 14 + 3 * (mark % 5)
    ImageDraw.Draw(image).ellipse((x, y, x + 2 * r, y + 2 * r), fill=colour)
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return {
        "name": name or f"{colour} {mark}.{kind.lower()}",
        "mimeType": f"image/{kind.lower()}",
        "buffer": buffer.getvalue(),
    }


def archive(members, name="pictures.zip"):
    """An uploadable ZIP: ``members`` maps paths to uploadable pictures or bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for path, content in members.items():
            zipped.writestr(path, content if isinstance(content, bytes) else content["buffer"])
    return {"name": name, "mimeType": "application/zip", "buffer": buffer.getvalue()}


_TRANSFER = """
  const transfer = new DataTransfer();
  for (const [name, type, content] of files) {
    const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
"""
_DROP = f"""(element, files) => {{{_TRANSFER}
  for (const kind of ["dragenter", "dragover", "drop"])
    element.dispatchEvent(new DragEvent(kind, {{ bubbles: true, cancelable: true, dataTransfer: transfer }}));
}}"""
_PASTE = f"""(element, files) => {{{_TRANSFER}
  document.dispatchEvent(new ClipboardEvent("paste", {{ bubbles: true, cancelable: true, clipboardData: transfer }}));
}}"""
