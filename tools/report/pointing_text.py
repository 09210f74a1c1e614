"""Heads that point, in words and tables: docs/pointing.md, from docs/pointing.json and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["page", "said", "write_report"]

Values = Mapping[str, Any]

WAYS = {"boxes": "chosen by boxes", "entropy": "chosen without boxes"}
CONDITIONS = {
    "random": "as many heads at random",
    "all": "all heads",
    "centre": "a box in the middle",
    "grid": "at best, on the model's cells",
}
QUESTIONS = {
    "where": "“Where is the cup?”, 2 to 4 things",
    "colour": "“What colour is the cup?”, 2 to 4 things",
    "presence": "“Is there a cup?”, 2 to 4 things",
    "name": "“What is this?”, 1 thing",
}


def page(found: Values) -> str:
    """The whole page."""
    rows, columns = found["grid"]
    boxes = found["ways"]["boxes"]
    parts = [
        "# Heads that point",
        "A few attention heads of a frozen model look at the thing that a question is about, and a box can be made of what "
        "they look at: localization heads, found by Kang et al. in larger models ([arXiv 2503.06287](https://arxiv.org/"
        "abs/2503.06287), CVPR 2025). `sav point`, the head inspector and the page Classify use them here; this page says "
        "how well they point in the embedded model.",
        f"Measured on {found['date']} on the embedded model ({found['model']['geometry']}): heads chosen on "
        f"{found['chosen']} drawn scenes and judged on {found['judged']} others, which show none of the same things, seed "
        f"{found['seed']}. `make report` measures it again; the numbers are in [pointing.json](pointing.json).",
        "\n".join(f"- {line}" for line in said(found)),
        "## Use it",
        "```\n"
        "python -m sav_core point photo.jpg --thing cup --out pointed/     # draws the box on the picture\n"
        'python -m sav_core point holiday/ --question "Where is the dog?" --by entropy\n'
        "python -m sav_core point                          # ranks heads on drawn scenes and judges them on others\n"
        "python -m sav_core point --boxes boxes.jsonl      # the same on your own boxes, half and half\n"
        "```",
        "With `--json` all of it comes as JSON; `--heads` says how many heads point, `--model` of which model. Heads are "
        "those that ship with the embedded model, or are chosen first: of another model on 60 drawn scenes (`--scenes`), "
        "on your boxes, or with `--by entropy` on the pictures themselves. Boxes stand in a JSONL, one a line, "
        '`{"image": "1.jpg", "question": "Where is the cup?", "box": [40, 32, 180, 200]}`, or in a CSV of such columns: '
        "left, top, right and bottom in pixels of the picture as it is shown. `--boxes-as fractions` says that they are "
        "fractions of width and height, `--boxes-as coco` that the last two are width and height; what could be either is "
        "refused. In the library it is `sav_core.pointing`.",
        "## How",
        "- **Look.** A head's attention from the prompt's last token, which is where its vector is read, to the places of "
        f"the picture: {rows} x {columns} cells here, for the model sees a picture as {rows * columns} tokens.\n"
        "- **Chosen by boxes.** Heads rank by the share of their look at the picture that lies in the right box, the mean "
        "over scenes. The best three point.\n"
        "- **Chosen without boxes.** As in the paper. *Criterion 1, attention sum*: of all heads those that look at the "
        "picture enough, from the elbow of their sums on. *Criterion 2, spatial entropy*: a look is binarised at its mean, "
        "cells that touch, corners too, are one component, and the entropy is that of the components' sizes; in every "
        "picture the ten heads of lowest entropy are selected, and the three selected most often point.\n"
        "- **Box.** The looks of the three are summed and smoothed by a Gaussian of a 24th of the picture, which is one "
        "cell of the paper's grid; what is above the mean is kept, and the box of its largest component, by the look in "
        "it, is the answer. The grid here is coarser than that and hardly smoothed. Nothing of this was adjusted to "
        "the scenes.\n"
        "- **Judged.** By the intersection over union (IoU) with the right box, by how many boxes have an IoU of 0.5 or "
        "more, and by the pointing game: whether the place looked at hardest lies in the right box. Beside it stand as "
        f"many random heads ({found['draws']} draws), all heads, and a box in the middle of the mean size of the boxes. "
        "*At best* is the best box along the edges of the model's cells.",
        "## How well they point",
        "With 95 % intervals: of IoU the bootstrap over scenes, of shares Wilson's.",
        _table(["way", "heads", "IoU", "IoU of 0.5 or more, %", "looks hardest inside, %"], _ways(found)),
        "## By question",
        "The same three heads, by what was asked. The last row is of further scenes, which hold one thing alone and are in "
        "no other figure: there it is enough to point at whatever stands out.",
        _table(
            ["question", "scenes", "IoU", "random heads", "a box in the middle", "looks hardest inside, %", "random heads"],
            [_family(name, boxes["families"][name]) for name in QUESTIONS],
        ),
        "## How many heads",
        _table(
            ["heads", "IoU, chosen by boxes", "looks hardest inside, %", "IoU, without boxes", "looks hardest inside, %"],
            [
                [count, *(cell for way in WAYS for cell in _count(found["ways"][way]["counts"][count]))]
                for count in boxes["counts"]
            ],
        ),
        "## Head by head",
        f"The best {len(boxes['ranking'])} by boxes, with what they look at in the {found['judged']} scenes that they were "
        f"not chosen on. A look spread evenly has {_percent(found['even'])} % in the box.",
        _table(
            ["head", "in the right box, %", "in another thing's box, %", "on the picture at all, %", "spatial entropy"],
            [
                [
                    each["head"],
                    *(
                        "–" if each[name] is None else _percent(each[name])
                        for name in ("inside", "elsewhere", "on_pictures")
                    ),
                    "–" if each["entropy"] is None else f"{each['entropy']:.2f}",
                ]
                for each in boxes["ranking"]
            ],
        ),
        "## How far this goes",
        f"- {rows} x {columns} cells are coarse: even the best box on their edges has an IoU of "
        f"{boxes['judged']['conditions']['grid']['iou']:.2f}. Models with more image tokens can point more sharply; "
        "nothing here says how well they do.\n"
        "- The scenes are drawn, their things stand apart, and the model was trained on such scenes. Photographs were not "
        "measured.\n"
        "- Where a head looks is not what it uses: attention weights say what is mixed into a head's vector, not what of "
        "it the model goes on with.\n"
        "- A model whose image tokens are no places of the picture, as one with a resampler, cannot point, and is refused.",
    ]
    return "\n\n".join(parts) + "\n"


def said(found: Values) -> list[str]:
    """What follows, and what does not."""
    boxes, entropy = (found["ways"][way]["judged"] for way in WAYS)
    own, random, every, middle, grid = (boxes["conditions"][name] for name in ("heads", "random", "all", "centre", "grid"))
    best = found["ways"]["boxes"]["ranking"][0]
    return [
        f"The three heads chosen by boxes ({', '.join(found['ways']['boxes']['heads'])}) look hardest inside the right box "
        f"on {_share(own, 'hits')} % of the scenes, random heads on {_percent(random['hits'])} %, all heads together on "
        f"{_percent(every['hits'])} %, and the middle of the picture lies in it on {_percent(middle['hits'])} %.",
        f"Their box has an IoU of {_iou(own)} with the right one: {_more(boxes)} random heads ({random['iou']:.2f}), "
        f"beside {middle['iou']:.2f} of a box in the middle and {grid['iou']:.2f} of the best box that the cells allow. "
        f"{_share(own, 'at_half')} % of the boxes have an IoU of 0.5 or more. {_box_verdict(own, middle)}",
        f"Without boxes, by the paper's two criteria, the heads are {', '.join(found['ways']['entropy']['heads'])}: IoU "
        f"{_iou(entropy['conditions']['heads'])}, {_more(entropy)} random heads, and "
        f"{_percent(entropy['conditions']['heads']['hits'])} % in the pointing game.",
        f"The best head, {best['head']}, has {_percent(best['inside'])} % of its look at the picture in the right box"
        + ("" if best["elsewhere"] is None else f" and {_percent(best['elsewhere'])} % in that of another thing")
        + f"; an even look would have {_percent(found['even'])} %. {found['pointing']} of {found['model']['heads']} heads "
        "look at the thing named more than an even look, and at least twice as much as at another thing: of these the app "
        "says that they point.",
    ]


def write_report(found: Values, root: Path) -> None:
    """Write docs/pointing.md."""
    (root / "docs" / "pointing.md").write_text(page(found), encoding="utf-8")


def _ways(found: Values) -> list[list[str]]:
    rows = []
    for way, words in WAYS.items():
        own = found["ways"][way]
        rows.append([f"heads {words}", ", ".join(own["heads"]), *_outcome(own["judged"]["conditions"]["heads"])])
    shared = found["ways"]["boxes"]["judged"]["conditions"]
    return rows + [[words, "", *_outcome(shared[name])] for name, words in CONDITIONS.items()]


def _outcome(one: Values) -> list[str]:
    return [_iou(one), _share(one, "at_half"), _share(one, "hits")]


def _family(name: str, judged: Values) -> list[str]:
    own, random, middle = (judged["conditions"][each] for each in ("heads", "random", "centre"))
    return [
        QUESTIONS[name],
        str(judged["n"]),
        _iou(own),
        f"{random['iou']:.2f}",
        f"{middle['iou']:.2f}",
        _share(own, "hits"),
        _percent(random["hits"]),
    ]


def _count(one: Values) -> list[str]:
    return [_iou(one), _share(one, "hits")]


def _more(judged: Values) -> str:
    more = judged["against_random"]
    low, high = more["iou_interval"]
    told = f"{abs(more['iou']):.2f} [{low:+.2f}, {high:+.2f}]"
    if low > 0:
        return f"{told} more than"
    return f"{told} less than" if high < 0 else f"not told apart ({more['iou']:+.2f} [{low:+.2f}, {high:+.2f}]) from"


def _box_verdict(own: Values, middle: Values) -> str:
    """Whether the box is worth more than a box in the middle, and whether it is worth anything, said plainly."""
    if own["iou_interval"][0] > middle["iou_interval"][1]:
        poor = " and still a poor box: it says about where the thing is, not how far it reaches" * (own["at_half"] < 0.5)
        return f"That is better than the box in the middle{poor}."
    if own["iou_interval"][1] < middle["iou_interval"][0]:
        return "As a box that is worse than the box in the middle, which knows nothing of the picture."
    return "As a box that is not told apart from the box in the middle, which knows nothing of the picture."


def _iou(one: Values) -> str:
    low, high = one["iou_interval"]
    return f"{one['iou']:.2f} [{low:.2f}, {high:.2f}]"


def _share(one: Values, key: str) -> str:
    low, high = one[f"{key}_interval"]
    return f"{_percent(one[key])} [{_percent(low)}, {_percent(high)}]"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
