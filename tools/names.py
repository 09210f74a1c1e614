"""What can be named beyond the world's own words: every drawing that artists agree on, and the tower's own classes.

    python -m tools.names                # -> tools/names.txt

`names.txt` holds the icons that three artists or more drew, a line each; the word is the icon's name without dashes.
`classes.txt` holds the thousand classes of the tower's classifier in its order. Both are committed, so that the
vocabulary does not depend on what happens to be fetched.
"""

import tempfile
from functools import cache
from pathlib import Path

from sav_core.scenes.draw import COLOURS
from tools.artwork import SETS, fetch
from tools.world import HELD_OUT, HELD_OUT_ARTIST, TRAINED, held_out_icons

FOLDER = Path(__file__).resolve().parent
LEAST_ARTISTS = 3
MOST_WORDS = 3

# Icons with these words show signs to be read rather than things, or one thing in many near-identical poses.
LEFT_OUT = frozenset(
    {"flag", "keycap", "button", "oclock", "thirty", "arrow", "man", "men", "woman", "women", "mans", "womans", "squared"}
    | {"boy", "girl", "skin", "tone", "sign", "symbol", "letter", "japanese", "medium", "small", "large", "input", "mark"}
    | {"regional", "indicator", "latin", "ideograph", "katakana", "square", "circle", "heavy"}
)

NEW_WORDS = (
    "dax", "wug", "blick", "toma", "fep", "zup", "kiv", "modi", "gorp", "lorp", "tulver", "vek", "pimwit",
    "riff", "sorn", "quib", "jat", "nel", "bosa", "cheem", "dop", "fap", "glim", "hux", "jorb", "kran",
    "loom", "mib", "nurg", "oof", "plib", "rusp", "sneb", "trag", "ulg", "vonk", "wex", "yib", "zorg",
    "arp",
)  # fmt: skip
"""Words that mean nothing until a prompt says what."""


def _lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


CLASSES = tuple(_lines("classes.txt"))
"""The name of each class of the tower's classifier; two names are two classes' each."""


@cache
def more() -> dict[str, str]:
    """`{word: icon}` of the drawings named beyond `TRAINED`."""
    return {icon.replace("-", " "): icon for icon in _lines("names.txt")}


@cache
def teachable() -> frozenset[str]:
    """The classes that may be named: none that few-shot tests hold out."""
    return frozenset(CLASSES) - frozenset(HELD_OUT)


def found(drawings: dict[str, dict[str, str]]) -> list[str]:
    """Icons that enough artists drew, of each set's drawings by name.

    Left out are the world's own, a drawing's second name, and what a tint would make of another: a blue book.
    """
    artists: dict[str, set[str]] = {}
    first: dict[str, str] = {}
    for icon_set in SETS:
        if icon_set.artist != HELD_OUT_ARTIST:
            for icon, drawing in drawings[icon_set.package].items():
                artists.setdefault(icon, set()).add(icon_set.artist)
                first.setdefault(icon, drawing)
    taken = {icon for icon, _ in TRAINED.values()} | held_out_icons()
    words = {icon.replace("-", " ") for icon in taken} | set(TRAINED) | set(HELD_OUT)
    seen, icons = {first.get(icon) for icon in taken}, []
    for icon in sorted(artists):
        parts = icon.split("-")
        fits = len(parts) <= MOST_WORDS and not LEFT_OUT & set(parts) and icon.isascii() and not icon[-1].isdigit()
        if len(artists[icon]) < LEAST_ARTISTS or not fits or icon.replace("-", " ") in words or icon in taken:
            continue
        if first[icon] not in seen and parts[0] not in COLOURS:
            seen.add(first[icon])
            icons.append(icon)
    return icons


def main() -> None:
    """Write the list."""
    with tempfile.TemporaryDirectory() as scratch:
        icons = found({icon_set.package: fetch(icon_set, Path(scratch)) for icon_set in SETS})
    (FOLDER / "names.txt").write_text("\n".join(icons) + "\n", encoding="utf-8")
    print(f"{len(icons)} names beside {len(TRAINED)}; {len(set(CLASSES))} classes")


if __name__ == "__main__":
    main()
