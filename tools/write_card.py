"""The model card, from the figures that `evaluate_model` measured and the learning curve that `train` logged.

    python -m tools.write_card            # -> assets/model/README.md, assets/model/figures.json

No number on the card is typed by hand.
"""

import json

from tools.artwork import BUILD, SETS, licence
from tools.export import ASSETS
from tools.world import HELD_OUT, HELD_OUT_ARTIST, SCENE_WORDS, TRAINED

FRONT = """\
---
license: mit
library_name: transformers
pipeline_tag: image-text-to-text
tags: [fast_vlm, tiny, drawings, sparse-attention-vectors]
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
        ("tower", ("alone", "among 2-4", "in a cross")),
        ("language", ("name", "colour", "number", "count", "presence", "neighbour", "claim", "demo 4")),
    ):
        of_stage = [record for record in records if record["stage"] == stage]
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
has something true to show with no network and no GPU. {found["parameters"] / 1e6:.1f} million parameters: a ResNet that
turns a picture of 96 pixels into 36 tokens, and a Llama-type decoder of {found["geometry"]}, composed as transformers'
`FastVlmForConditionalGeneration` and trained from nothing on drawn scenes. `tools/` holds everything to make it again.

## What it is not

It knows drawings, not photographs; {len(TRAINED)} names, eight colours, numbers to four, and where things stand. It speaks
no language: it answers questions in the wordings of `sav_core/scenes/questions.py` and says something arbitrary to others.
It is no measure of what larger models can do, and no basis for any decision.

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

Scenes are composed on the fly from seeds. First the tower learns to name and
colour each thing from the tokens under it; then the whole model answers every question a scene allows, many in one packed
sequence, and in-context prompts once it knows the relations by name. {len(HELD_OUT)} names were held out of every stage.
Steps count anew where training went on from the exported model. Accuracy on the held-out artist while training, per cent:

{curve()}

## Data and licences

{sets}

The weights are under the MIT licence. The drawings are their makers', on the terms above.
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
