"""Fetch openly licensed emoji artwork and render it to cut-outs on a transparent ground.

    python -m tools.artwork                # -> .build/training/cutouts/<set>/<icon name>.png

The drawings come from the Iconify JSON packages on npm, fetched with the ordinary `npm pack`.
Several sets can be one *artist*: `noto` and `noto-v1` are the same hand, so a test "on an artist
never seen" must leave both out together.
"""

import io
import json
import subprocess
import tarfile
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

BUILD = Path(__file__).resolve().parent.parent / ".build" / "training"
CUTOUTS = BUILD / "cutouts"
SIDE = 128  # px; twice the largest side at which most scenes show an object


@dataclass(frozen=True)
class IconSet:
    """One npm package of drawings: its pinned version, its artist, and its licence."""

    package: str
    version: str
    artist: str
    licence: str
    credit: str


SETS = (
    IconSet("noto", "1.2.9", "noto", "Apache-2.0", "Google, Noto Emoji"),
    IconSet("noto-v1", "1.2.5", "noto", "Apache-2.0", "Google, Noto Emoji 1"),
    IconSet("twemoji", "1.2.5", "twemoji", "CC-BY-4.0", "Twitter, Twemoji"),
    IconSet("fluent-emoji", "1.2.7", "fluent", "MIT", "Microsoft, Fluent Emoji"),
    IconSet("fluent-emoji-flat", "1.2.6", "fluent", "MIT", "Microsoft, Fluent Emoji Flat"),
    IconSet("openmoji", "1.2.29", "openmoji", "CC-BY-SA-4.0", "OpenMoji"),
    IconSet("emojione", "1.2.3", "emojione", "CC-BY-4.0", "Emoji One 2"),
    IconSet("emojione-v1", "1.2.3", "emojione", "CC-BY-SA-4.0", "Emoji One 1"),
    IconSet("streamline-emojis", "1.2.4", "streamline", "CC-BY-4.0", "Streamline Emojis"),
    IconSet("fxemoji", "1.2.2", "fxemoji", "Apache-2.0", "Mozilla, FxEmojis"),
)


TEXTS = {
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/legalcode",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/legalcode",
    "MIT": "https://github.com/microsoft/fluentui-emoji/blob/main/LICENSE",
}


def licence(icon_set: IconSet) -> str:
    """The set's licence as a link to its text."""
    return f"[{icon_set.licence}]({TEXTS[icon_set.licence]})"


def fetch(icon_set: IconSet, folder: Path) -> dict[str, str]:
    """Every icon of a set as SVG text, by icon name (aliases included)."""
    spec = f"@iconify-json/{icon_set.package}@{icon_set.version}"
    subprocess.run(["npm", "pack", "--silent", spec], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob(f"iconify-json-{icon_set.package}-{icon_set.version}.tgz")
    with tarfile.open(archive) as tar:
        member = tar.extractfile("package/icons.json")
        assert member is not None, f"{archive.name} holds no icons.json"
        data = json.load(member)
    icons = {name: svg(icon, data) for name, icon in data["icons"].items()}
    for alias, target in data.get("aliases", {}).items():
        if set(target) == {"parent"} and target["parent"] in icons:  # not a rotated or flipped one
            icons[alias] = icons[target["parent"]]
    return icons


def svg(icon: dict, data: dict) -> str:
    """An Iconify record as a stand-alone SVG document."""
    left, top = icon.get("left", data.get("left", 0)), icon.get("top", data.get("top", 0))
    width, height = icon.get("width", data.get("width", 16)), icon.get("height", data.get("height", 16))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}">{icon["body"]}</svg>'
    )


def render(source: str) -> Image.Image | None:
    """The drawing, cropped to what is visible of it and fitted to `SIDE`; None if nothing is."""
    import resvg_py  # only rendering needs it: who evaluates a model has the drawings already, or none

    png = bytes(resvg_py.svg_to_bytes(svg_string=source, width=2 * SIDE, height=2 * SIDE))
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    box = image.getchannel("A").point(lambda a: 255 * (a > 8)).getbbox()
    if box is None:
        return None
    image = image.crop(box)
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return image


def render_to(folder: Path, icon: tuple[str, str]) -> None:
    """Render one named icon into a folder; one that shows nothing leaves no file."""
    name, source = icon
    image = render(source)
    if image is not None:
        image.save(folder / f"{name}.png")


def icons_named() -> frozenset[str]:
    """The icons that some name of the world's has, as either spelling has them."""
    from tools.names import more  # names are drawn from the sets above
    from tools.world import HELD_OUT, TRAINED

    spelt = [icon for table in (TRAINED, HELD_OUT) for both in table.values() for icon in both]
    return frozenset(spelt) | frozenset(more().values())


def main() -> None:
    """Fetch and render every set that is not there yet."""
    for icon_set in SETS:
        folder = CUTOUTS / icon_set.package
        if folder.exists():
            continue
        partial_folder = folder.with_suffix(".partial")
        partial_folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            icons = fetch(icon_set, Path(scratch))
        named = icons_named()
        wanted = [(n, s) for n, s in icons.items() if n in named and not (partial_folder / f"{n}.png").exists()]
        with ProcessPoolExecutor() as pool:
            list(pool.map(partial(render_to, partial_folder), wanted, chunksize=64))
        partial_folder.rename(folder)
        print(f"{icon_set.package}: {len(list(folder.iterdir()))} drawings")


if __name__ == "__main__":
    main()
