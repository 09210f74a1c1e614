"""Function vectors in words and tables: docs/vectors.md and the README's section, both from docs/vectors.json alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sav_core.vectors import (
    BEST_BASE,
    COMPOSED,
    EQUAL_WEIGHTS,
    IN_CONTEXT,
    IN_WORDS,
    INJECTED,
    LAYER_MEAN,
    LAYER_MEAN_BEST,
    OTHER_RELATION,
    RANDOM_HEADS,
    RANDOM_VECTOR,
    SAME_PAIR,
    TUNED,
    TUNED_RANDOM_START,
    ZERO_SHOT,
)

__all__ = ["BEGIN", "END", "page", "section", "with_section", "write_report"]

BEGIN, END = "<!-- Written by `make report` from docs/vectors.json. -->", "<!-- End of the function vectors. -->"
SAME_SITE = (RANDOM_VECTOR, RANDOM_HEADS, OTHER_RELATION, LAYER_MEAN)
SHORT = (ZERO_SHOT, IN_CONTEXT, INJECTED, *SAME_SITE, LAYER_MEAN_BEST)
EXPLAINED = {
    ZERO_SHOT: "zero-shot: which relation is meant is not said",
    IN_CONTEXT: "in context, 4 demonstrations",
    IN_WORDS: "the relation named in the question",
    INJECTED: "**vector of the 10 leading heads, injected zero-shot**",
    RANDOM_VECTOR: "random vector of equal length",
    RANDOM_HEADS: "vector of 10 random heads",
    OTHER_RELATION: "vector of another relation (the best of them)",
    LAYER_MEAN: "the layer's whole mean difference, at the same place",
    LAYER_MEAN_BEST: "the same at the layer that suits it best",
}
SUMS = {
    SAME_PAIR: "in context, the one pair",
    COMPOSED: "composed: the sum by the weights of one pair",
    EQUAL_WEIGHTS: "the sum by equal weights",
}
Values = Mapping[str, Any]


def section(found: Values) -> str:
    """The README's short table, and what follows from it."""
    conditions = found["conditions"]
    rows = [[EXPLAINED[name], _share(conditions[name])] for name in SHORT]
    return "\n".join(
        [
            f"{_measured(found)}",
            "",
            _table(["first token right, per cent, 95 % interval", "all four relations"], rows),
            "",
            *(f"- {line}" for line in said(found)),
            "",
            "Relation by relation, with tuning and composition: [docs/vectors.md](docs/vectors.md).",
        ]
    )


def page(found: Values) -> str:
    """docs/vectors.md."""
    mediation, relations = found["mediation"], found["relations"]
    parts = [
        "# Function vectors in the embedded model",
        f"{_measured(found)} `make report` measures it again; the numbers below are in [vectors.json](vectors.json).",
        "The data are drawn scenes in which every picture holds every relation, so that the picture never says which one "
        "is meant. Training, validation and test share no picture and no pair of objects. Heads are found and vectors made "
        f"on the training part; one layer and scale for all relations (layer {found['layer']}, {found['scale']:g} times "
        "the vector) is chosen on the validation part; all figures are of the test part, on all its items.",
        "## Which heads",
        "\n".join(f"- {line}" for line in _mediation_said(found)),
        _table(
            ["relation", "share of the positive effect in the top 10", "leading heads"],
            [
                [name, f"{100 * mediation['top_share'][name]:.1f} %", " ".join(mediation["leading"][name])]
                for name in relations
            ],
        ),
        "## Injected, beside everything that could explain it away",
        _by_relation(found["conditions"], relations, EXPLAINED),
        "## Tuned",
        _by_relation(found["tuning"], relations, {}),
        "## Combined into relations never trained",
        "Made from the vectors as they were found:",
        _by_relation(found["composition"]["raw"], found["diagonals"], SUMS),
        *_weights_said(found, "raw"),
        "Made from the tuned ones:",
        _by_relation(found["composition"]["tuned"], found["diagonals"], SUMS),
        *_weights_said(found, "tuned"),
        "## What follows",
        "\n".join(f"- {line}" for line in said(found)),
    ]
    return "\n\n".join(parts) + "\n"


def said(found: Values) -> list[str]:
    """What the figures say, against what was hoped for."""
    conditions, tuning, raw = found["conditions"], found["tuning"], found["composition"]["raw"]
    injected = conditions[INJECTED]["accuracy"]
    over_zero = injected - conditions[ZERO_SHOT]["accuracy"]
    nearest = max(SAME_SITE, key=lambda name: conditions[name]["accuracy"])
    over_control = injected - conditions[nearest]["accuracy"]
    rival = conditions[LAYER_MEAN_BEST]["accuracy"]
    tuned, shown = tuning[TUNED]["accuracy"], conditions[IN_CONTEXT]["accuracy"]
    composed, base = raw[EQUAL_WEIGHTS], raw[BEST_BASE]
    apart = composed["interval"][0] > base["interval"][1]
    average, unrelated = found["mediation"]["top_share"]["average"], found["unrelated"]
    return [
        f"Ten of the heads carry {100 * average:.0f} % of the positive effect, averaged over the relations; the aim was "
        "half.",
        f"Injected, the vector is {_points(over_zero)} points over zero-shot (the aim was 25) and {_points(over_control)} "
        f"over the nearest control at its place, {EXPLAINED[nearest]} (the aim was 15). Everything that the best layer "
        f"holds, and not the heads' part alone, reaches {100 * rival:.1f}.",
        f"Tuned, {100 * tuned:.1f} against {100 * shown:.1f} in context with {found['demonstrations']} demonstrations: "
        + _verdict(tuning[TUNED], conditions[IN_CONTEXT])
        + f". A tuned random start reaches {100 * tuning[TUNED_RANDOM_START]['accuracy']:.1f}.",
        f"Diagonals: the sum of two base vectors {_share(composed)}, the best base vector {_share(base)}, "
        f"{found['demonstrations']} demonstrations {_share(raw[IN_CONTEXT])}: "
        + ("better than the best base" if apart else "not told apart from the best base")
        + ", and far from right: the model learnt no diagonal as an unnamed relation.",
        f"A vector is not harmless: of {unrelated['n']} unrelated questions {100 * unrelated['changed']:.0f} % get another "
        "answer under it.",
    ]


def with_section(readme: str, found: Values) -> str:
    """Return the README's text with the section between its markers written anew."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md has no place for the report: write {BEGIN} and {END} where it belongs.")
    return f"{before}{BEGIN}\n{section(found)}\n{END}{after}"


def write_report(found: Values, root: Path) -> None:
    """Write docs/vectors.md and the README's section."""
    (root / "docs" / "vectors.md").write_text(page(found), encoding="utf-8")
    readme = root / "README.md"
    readme.write_text(with_section(readme.read_text(encoding="utf-8"), found), encoding="utf-8")


def _measured(found: Values) -> str:
    model = found["model"]
    return (
        f"Measured on {found['date']} on the embedded model ({model['parameters'] / 1e6:.1f} million parameters, "
        f"{model['geometry']}): heads found on {found['prompts']} prompts of each of {len(found['relations'])} relations, "
        f"judged on {found['conditions'][INJECTED]['n']} test items, seed {found['seed']}."
    )


def _mediation_said(found: Values) -> list[str]:
    mediation = found["mediation"]
    right, base = (np.mean(list(mediation[name].values())) for name in ("in_context_on_train", "baseline"))
    return [
        f"With {found['demonstrations']} demonstrations the model answers {100 * right:.0f} % of those prompts right; with "
        f"demonstrations of another relation the right answer has probability {base:.3f}.",
        f"Averaged over the relations, ten heads carry {100 * mediation['top_share']['average']:.1f} % of the positive "
        "effect.",
    ]


def _weights_said(found: Values, made: str) -> list[str]:
    """The weights that one pair set, in a paragraph; none of data that does not have them."""
    weights = found["composition"].get("weights", {}).get(made, {})
    sums = [
        f"{relation} = " + " + ".join(f"{weight:.2f} {base}" for base, weight in parts.items())
        for relation, parts in weights.items()
    ]
    return [f"The weights of one pair, which sum to 2: {'; '.join(sums)}."] if sums else []


def _verdict(one: Values, other: Values) -> str:
    if one["interval"][0] > other["interval"][1]:
        return "better"
    return "worse" if one["interval"][1] < other["interval"][0] else "not told apart"


def _by_relation(shares: Values, names: Sequence[str], explained: Mapping[str, str]) -> str:
    rows = [
        [explained.get(name, name), *(f"{100 * each:.1f}" for each in share["each"]), _share(share)]
        for name, share in shares.items()
    ]
    return _table(["per cent right", *names, "all, 95 % interval"], rows)


def _share(share: Values) -> str:
    low, high = share["interval"]
    return f"{100 * share['accuracy']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}".replace("-", "−")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
