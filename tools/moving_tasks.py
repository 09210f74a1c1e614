"""Ready tasks of drawn clips: what is asked of them lies between their frames, and in none of them alone.

    python -m tools.moving_tasks          # the figures, and what single frames and shuffled ones come to

Drawn from the sheet that ships, so that a clone can make them anew, see `tools/make_examples.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from random import Random

import av
import numpy as np
from PIL import Image

from sav_core.scenes.draw import COLOURS, Ground, Scene, Sprites, Thing, draw
from tools.wordings import STEPS

SIDE, RATE, COUNT = 192, 12, 13  # px, frames a second, frames: one second
FRAMES = 2  # that the model is shown: as many moments of a scene as it was trained on
MOVERS = ("car", "fish", "tree", "umbrella")
SPAN = (0.24, 0.32)  # of the side: how far a thing goes
WAYS = ("left", "right")
_BACK = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Reel:
    """The frames of a clip."""

    frames: Sequence[Image.Image]

    def save(self, path: Path) -> None:
        """Write an MP4 that every browser plays."""
        with av.open(str(path), "w") as opened:
            stream = opened.add_stream("libx264", rate=RATE, options={"crf": "18", "preset": "veryslow", "threads": "1"})
            stream.width = stream.height = SIDE
            stream.pix_fmt = "yuv420p"
            for number, picture in enumerate(self.frames):
                frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                opened.mux(stream.encode(frame))
            opened.mux(stream.encode())


def moved(rng: Random, mover: str, sprites: Sprites, artists: Sequence[str]) -> Reel:
    """All of `MOVERS` stand somewhere, and one of them goes to a free place beside it.

    Where things stand is drawn alike whichever moves, so that a frame alone tells nothing of it.
    """
    cells, things = _standing(rng, MOVERS, sprites, artists)
    place = MOVERS.index(mover)
    ways = [step for step in STEPS.values() if _free(cells[place], step, cells)]
    if not ways:
        return moved(rng, mover, sprites, artists)
    step, span = rng.choice(ways), rng.uniform(*SPAN)
    return _reel(rng, things, place, step, span, sprites)


def went(rng: Random, way: str, sprites: Sprites, artists: Sequence[str]) -> Reel:
    """Two of `MOVERS` stand somewhere, and either goes one way; every other clip is one of the other way, run backwards.

    So what stands where in one frame says next to nothing of the way, and frames that are shuffled say nothing.
    """
    backwards = rng.random() < 0.5
    step = STEPS[_BACK[way] if backwards else way]
    cells, things = _standing(rng, rng.sample(MOVERS, 2), sprites, artists)
    free = [place for place, cell in enumerate(cells) if _free(cell, step, cells)]
    if not free:
        return went(rng, way, sprites, artists)
    reel = _reel(rng, things, rng.choice(free), step, rng.uniform(*SPAN), sprites)
    return Reel(reel.frames[::-1]) if backwards else reel


def _standing(
    rng: Random, names: Sequence[str], sprites: Sprites, artists: Sequence[str]
) -> tuple[list[tuple[int, int]], list[Thing]]:
    """Things in cells of their own, three by three."""
    cells = rng.sample([(column, row) for column in range(3) for row in range(3)], len(names))
    return cells, [_stand(rng, name, cell, sprites, artists) for name, cell in zip(names, cells, strict=True)]


def _reel(rng: Random, things: Sequence[Thing], place: int, step: tuple[int, int], span: float, sprites: Sprites) -> Reel:
    """One of the things goes so far."""
    ground = Ground(rng.choice(("plain", "gradient", "texture")), rng.randrange(6), rng.getrandbits(32))

    def at(share: float) -> Image.Image:
        here = things[place]
        there = replace(here, x=here.x + share * span * step[0], y=here.y + share * span * step[1])
        return draw(Scene((*things[:place], there, *things[place + 1 :]), ground), sprites, SIDE)

    return Reel([at(number / (COUNT - 1)) for number in range(COUNT)])


def _free(cell: tuple[int, int], step: tuple[int, int], cells: Sequence[tuple[int, int]]) -> bool:
    goal = (cell[0] + step[0], cell[1] + step[1])
    return goal not in cells and all(0 <= each < 3 for each in goal)


def _stand(rng: Random, name: str, cell: tuple[int, int], sprites: Sprites, artists: Sequence[str]) -> Thing:
    x, y = ((each + 0.5) / 3 + rng.uniform(-0.03, 0.03) for each in cell)
    artist = rng.choice([each for each in sprites.artists_of[name] if each in artists])
    colour = rng.choice(tuple(COLOURS)) if rng.random() < 0.4 else None
    return Thing(name, artist, colour, x, y, rng.uniform(0.24, 0.32), 0.0, rng.random() < 0.5)


def controls(folder: Path) -> None:
    """Print what a task's clips come to as they are, shuffled, and by one frame alone."""
    import tomllib

    from sav_core import Example, load_backbone, read_examples
    from sav_core.activations.extraction import extract_head_vectors
    from sav_core.data.clips.sampling import ClipSampling
    from sav_core.evaluation.metrics import wilson_interval
    from sav_core.evaluation.support_fit import fit_support

    task, backbone = tomllib.loads((folder / "task.toml").read_text()), load_backbone(dtype="float32")
    shown: dict[str, tuple[int, Callable]] = {
        "first and last": (FRAMES, lambda frames, rng: frames),
        "the same, shuffled": (FRAMES, lambda frames, rng: rng.sample(frames, len(frames))),
        "first alone": (3, lambda frames, rng: frames[:1]),
        "middle alone": (3, lambda frames, rng: frames[1:2]),
        "last alone": (3, lambda frames, rng: frames[2:]),
        "eight frames": (8, lambda frames, rng: frames),
    }
    for name, (count, choose) in shown.items():
        support, queries = (
            [
                Example(choose(list(each.images[0].frames()), Random(place)), task["question"], each.label)
                for place, each in enumerate(
                    read_examples(folder / part, question=task["question"], clips=ClipSampling(count))
                )
            ]
            for part in ("support", "queries")
        )
        fit = fit_support(extract_head_vectors(backbone, support), voting="majority", scoring="leave_one_out")
        left_out = fit.left_out.at(20)
        answers = fit.classifier(20).predict(extract_head_vectors(backbone, queries))
        right = sum(answer.label == query.label for answer, query in zip(answers, queries, strict=True))
        for what, hits, total in (("left out", left_out.right, left_out.n), ("queries", right, len(queries))):
            low, high = wilson_interval(hits, total)
            print(f"{name:20} {what:9} {hits:3} of {total}: {hits / total:.0%} [{low:.0%}, {high:.0%}]", flush=True)


if __name__ == "__main__":
    from sav_core.settings import settings

    for name in ("what-moved", "which-way"):
        print(name)
        controls(settings().assets / "examples" / name)
