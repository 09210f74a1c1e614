"""The sprite sheet that ships: the nouns of crowded scenes by five artists, cut-outs of 96 pixels.

    python -m tools.sprite_sheet          # -> assets/sprites/sheet.png, sheet.json, LICENSES.md

Share-alike sets stay out, so that what is drawn with the sheet may be used under its makers' plain attribution terms. One
of the artists is `fxemoji`, whom the embedded model never saw in training.
"""

import json

from PIL import Image, ImageOps

from tools.artwork import CUTOUTS, SETS, licence
from tools.export import ASSETS
from tools.world import HELD_OUT_ARTIST, SCENE_WORDS, TRAINED

SIDE, COLUMNS = 96, 25
SHIPPED = ("noto", "twemoji", "fluent-emoji-flat", "emojione", "fxemoji")


def cells() -> list[tuple[str, str, Image.Image]]:
    """Name, artist and square cut-out of every sprite."""
    found = []
    for word in sorted(SCENE_WORDS):
        icon, fx_icon = TRAINED[word]
        for package in SHIPPED:
            path = CUTOUTS / package / f"{fx_icon if package == HELD_OUT_ARTIST else icon}.png"
            if path.exists():
                drawing = ImageOps.contain(Image.open(path).convert("RGBA"), (SIDE, SIDE), Image.Resampling.LANCZOS)
                found.append((word, package, drawing))
    return found


def licences(packages: tuple[str, ...], opening: str) -> str:
    """A table of where the drawings come from and on what terms."""
    rows = [
        f"| {s.credit} | `@iconify-json/{s.package}` {s.version} | {licence(s)} |" for s in SETS if s.package in packages
    ]
    table = "\n".join(["| artwork | npm package | licence |", "| --- | --- | --- |", *rows])
    changes = "Changes made: rendered to pixels and cropped; scenes made from them tint, turn and resize them."
    return f"# Licences\n\n{opening}\n\n{table}\n\n{changes}\n"


def main() -> None:
    """Write the sheet, its index and its licences."""
    folder = ASSETS / "sprites"
    folder.mkdir(parents=True, exist_ok=True)
    found = cells()
    sheet = Image.new("RGBA", (COLUMNS * SIDE, -(-len(found) // COLUMNS) * SIDE))
    for place, (_, _, drawing) in enumerate(found):
        row, column = divmod(place, COLUMNS)
        corner = (column * SIDE + (SIDE - drawing.width) // 2, row * SIDE + (SIDE - drawing.height) // 2)
        sheet.paste(drawing, corner)
    sheet.save(folder / "sheet.png", optimize=True)
    index = {"side": SIDE, "columns": COLUMNS, "cells": [[name, artist] for name, artist, _ in found]}
    (folder / "sheet.json").write_text(json.dumps(index) + "\n")
    opening = "The drawings on `sheet.png`, by the name that `sheet.json` gives as the artist (the package's last word)."
    (folder / "LICENSES.md").write_text(licences(SHIPPED, opening))
    print(f"{len(found)} sprites, {(folder / 'sheet.png').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
