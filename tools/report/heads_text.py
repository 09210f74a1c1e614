"""The report in words and tables: docs/report.md and the README's section, both from docs/report.json and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["BEGIN", "END", "page", "section", "with_section", "write_report"]

BEGIN, END = "<!-- Written by `make report` from docs/report.json. -->", "<!-- End of the report. -->"
PAPER = "majority, resubstitution (the paper)"
PLACES = {"ready": "ready tasks", "objects": "objects never trained on", "artist": "artist never trained on"}
CONTROLS = {
    "all_heads": "all heads vote",
    "random_heads": "20 random heads (mean of 20 draws)",
    "best_head": "the best head alone",
    "nearest_examples": "5 nearest examples by the kept heads",
    "logistic_heads": "logistic regression on the kept heads",
    "hidden_mean": "nearest mean of the last hidden state",
    "hidden_logistic": "logistic regression on the last hidden state",
}
SHORT = ("all_heads", "random_heads", "best_head")
Values = Mapping[str, Any]


def section(found: Values) -> str:
    """The README's short table, and what follows from it."""
    return "\n".join(
        [
            _measured(found),
            "",
            _table(
                ["per cent right, 95 % interval", *PLACES.values()],
                [
                    *([rule, *(_share(found["rules"][p][rule]) for p in PLACES)] for rule in found["rules"]["ready"]),
                    *([CONTROLS[c], *(_share(found["controls"][p][c]) for p in PLACES)] for c in SHORT),
                ],
            ),
            "",
            "Which rule is best:",
            "",
            *(f"- {line}" for line in _rules_said(found)),
            "",
            "Choosing heads, against simpler choices (each interval by itself at 95 %):",
            "",
            *(f"- {line}" for line in _kept_said(found)),
            "",
            "Scoring heads on the support itself, or each example left out (with one example a label nothing can be):",
            "",
            *(f"- {line}" for line in _selection_said(found)),
            "",
            f"The untrained objects are {len(found['objects'])}, with {found['drawings_per_object']} drawings each: their "
            "intervals hold for these drawings, not for other objects.",
            "",
            "Every comparison, with how it was made: [docs/report.md](docs/report.md).",
        ]
    )


def page(found: Values) -> str:
    """The whole report."""
    tasks = _table(
        ["task", "labels", "support", "queries"],
        [[name, *map(str, (task["labels"], task["support"], task["queries"]))] for name, task in found["tasks"].items()],
    )
    parts = [
        "# What the embedded model's heads are worth",
        _measured(found) + " `make report` measures it again; the numbers below are in [report.json](report.json).",
        "## On what",
        f"- **Ready tasks**: those of pictures in `assets/examples` as they are shipped, the {_queries(found)} queries of "
        "all of them taken together; intervals are Wilson's, comparisons McNemar's exact test and a paired bootstrap over "
        "queries.\n"
        f"- **Objects never trained on**: 5-way 5-shot episodes over {', '.join(found['objects'])}, judged on the drawings "
        f"that are left. Only these {len(found['objects'])} untrained objects ship, "
        f"{found['drawings_per_object']} drawings each, so episodes share pictures: "
        "the intervals say how far the draw of an episode moves the mean, not how far other objects would, and ten "
        "examples a label leave nothing to judge on.\n"
        "- **Artist never trained on**: 5-way 5-shot episodes of scenes drawn for the purpose from the shipped drawings, "
        "each picture used once; the objects were trained, the artist of the queries was not, and the supports are by "
        "others.\n\n"
        "Intervals over episodes are bootstrapped, episodes drawn; differences are of the same episodes. "
        "20 heads are kept.",
        tasks,
        "## Which voting rule",
        *(f"### {title.capitalize()}\n\n{_compared(found['rules'][place])}" for place, title in PLACES.items()),
        "\n".join(f"- {line}" for line in _rules_said(found)),
        "`reliability` measures heads on left-out examples whatever the scoring, so it has one row.",
        "## Kept heads against other heads and other methods",
        "The difference is to the paper's rule on the same queries: below zero, the twenty kept heads are better.",
        *(
            f"### {title.capitalize()}\n\n{_compared(found['controls'][place], CONTROLS)}"
            for place, title in PLACES.items()
        ),
        "\n".join(f"- {line}" for line in _kept_said(found)),
        "## Leave-one-out against resubstitution",
        "The *training figure* is the kept heads' mean score on the support, the one that a heatmap shows; its *bias* is "
        "that less the same heads' mean accuracy on the queries, each head alone. The *vote* is the accuracy of the twenty "
        "heads that this scoring keeps. With one example a label there is nothing to leave out. Ready tasks are drawn "
        f"anew here, {found['episodes']} times each, from all their pictures; those with too few for a size are "
        "left out of it.",
        *(f"### {title.capitalize()}\n\n{_selected(found['selection'][place])}" for place, title in PLACES.items()),
        "\n".join(f"- {line}" for line in _selection_said(found)),
    ]
    return "\n\n".join(parts) + "\n"


def with_section(readme: str, found: Values) -> str:
    """Return the README's text with the section between its markers written anew."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md has no place for the report: write {BEGIN} and {END} where it belongs.")
    return f"{before}{BEGIN}\n{section(found)}\n{END}{after}"


def write_report(found: Values, root: Path) -> None:
    """Write docs/report.md and the README's section."""
    (root / "docs" / "report.md").write_text(page(found), encoding="utf-8")
    readme = root / "README.md"
    readme.write_text(with_section(readme.read_text(encoding="utf-8"), found), encoding="utf-8")


def _measured(found: Values) -> str:
    return (
        f"Measured on {found['date']} on the embedded model ({found['model']['parameters'] / 1e6:.1f} million parameters, "
        f"{found['model']['geometry']}): {found['pictures']} pictures, each read once, {found['episodes']} episodes "
        f"of each kind, seed {found['seed']}."
    )


def _queries(found: Values) -> int:
    return sum(task["queries"] for task in found["tasks"].values())


def _rules_said(found: Values) -> list[str]:
    """For each place which rule did best, and whether that is more than luck.

    The best of several is judged by the level that all of them share (Bonferroni), or chance would crown one too easily.
    """
    lines = []
    for place, title in PLACES.items():
        rules = found["rules"][place]
        best = max(rules, key=lambda name: rules[name]["accuracy"])
        if best == PAPER:
            lines.append(f"{title.capitalize()}: no rule beats the paper's, {_percent(rules[best]['accuracy'])}.")
            continue
        rivals = len(rules) - 1
        low = rules[best]["shared_interval"][0]
        verdict = "the paper's rule loses" if low > 0 else "luck could explain it"
        lines.append(
            f"{title.capitalize()}: {best} does best, {_gain(rules[best])} points over the paper's rule; judged as "
            f"the best of {rivals} rivals, {verdict}."
        )
    return lines


def _kept_said(found: Values) -> list[str]:
    """What choosing heads brings, against each simpler choice."""
    lines = []
    for control in SHORT:
        said = []
        for place, title in PLACES.items():
            way = found["controls"][place][control]
            low, high = way["difference_interval"]
            verdict = "better" if high < 0 else "worse" if low > 0 else "not told apart"
            said.append(f"{title} {_points(-way['difference'])} [{_points(-high)}, {_points(-low)}], {verdict}")
        lines.append(f"Kept heads less {CONTROLS[control].replace(' vote', '')}: {'; '.join(said)}.")
    return lines


def _selection_said(found: Values) -> list[str]:
    """How far the training figure is off under both scorings, and what that does to the vote."""
    lines = []
    for place, title in PLACES.items():
        sizes = {size: both for size, both in found["selection"][place].items() if "leave_one_out" in both}
        off = [", ".join(_points(both[s]["bias"]) for both in sizes.values()) for s in ("resubstitution", "leave_one_out")]
        lines.append(
            f"{title.capitalize()}, {', '.join(sizes)} examples a label: the training figure is off by {off[0]} points "
            f"under resubstitution and {off[1]} under leave-one-out, whose heads change the vote by "
            f"{', '.join(_gain(both) for both in sizes.values())}."
        )
    return lines


def _compared(ways: Values, names: Mapping[str, str] | None = None) -> str:
    tested = any("p" in way for way in ways.values())
    rows = []
    for name, way in ways.items():
        row = [names[name] if names else name, _share(way), "" if name == PAPER else _gain(way)]
        rows.append([*row, "" if name == PAPER or "p" not in way else f"{way['p']:.2g}"] if tested else row)
    heads = ["", "per cent right", "points over the paper's rule"]
    return _table([*heads, "p (McNemar)"] if tested else heads, rows)


def _selected(sizes: Values) -> str:
    rows = []
    for size, both in sizes.items():
        for scoring, title in (("resubstitution", "resubstitution"), ("leave_one_out", "leave-one-out")):
            if scoring not in both:
                rows.append([size, title, "", "", "", "", ""])
                continue
            way = both[scoring]
            low, high = way["bias_interval"]
            rows.append(
                [
                    size,
                    title,
                    _percent(way["training"]),
                    _percent(way["queries"]),
                    f"{_points(way['bias'])} [{_points(low)}, {_points(high)}]",
                    _share(way),
                    _gain(both) if scoring == "leave_one_out" else "",
                ]
            )
    heads = [
        "examples a label",
        "scoring",
        "training figure",
        "same heads, queries",
        "bias",
        "vote",
        "points over resubst.",
    ]
    return _table(heads, rows)


def _share(way: Values) -> str:
    low, high = way["interval"]
    return f"{_percent(way['accuracy'])} [{_percent(low)}, {_percent(high)}]"


def _gain(way: Values) -> str:
    low, high = way["difference_interval"]
    return f"{_points(way['difference'])} [{_points(low)}, {_points(high)}]"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _points(difference: float) -> str:
    return f"{100 * difference + 0.0:+.1f}".replace("-0.0", "0.0").replace("+0.0", "0.0").replace("-", "−")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
