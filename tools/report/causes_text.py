"""Readable against used in words and tables: docs/causes.md, from docs/causes.json and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

__all__ = ["page", "said", "write_report"]

Values = Mapping[str, Any]
FINDINGS = ("used", "not told apart", "used less", "nothing to lose")


def page(found: Values) -> str:
    """The whole page."""
    tasks = found["tasks"]
    parts = [
        "# Does the embedded model use the heads that know?",
        f"Measured on {found['date']} on the embedded model ({found['model']['geometry']}): {len(tasks)} ready tasks, "
        f"{sum(task['n'] for task in tasks.values())} queries, seed {found['seed']}. `make report` measures it again; the "
        "numbers are in [causes.json](causes.json), and what each means is in "
        "[Readable, or used?](evaluation-how-to.md#readable-or-used).",
        "On each task 20 heads are kept on its support, by the paper's rule. How often their vote is right on the queries "
        "says what can be **read** from them. Then they are knocked out in the model, each saying its mean over the "
        "support instead, and the model answers the queries by itself: what the right label's log-likelihood loses (in "
        f"nats) says what is **used**. Beside it stand as many random heads of the same layers, {found['draws']} draws.",
        "\n".join(f"- {line}" for line in said(found)),
        "## Readable and used",
        "Accuracy in per cent with 95 % intervals, Wilson's. The difference is what is lost without the kept heads more "
        "than without random ones, with its bootstrap interval and the p of a paired permutation test; *used* also asks "
        "that no more than one draw in twenty loses as much. *Nothing to lose* is said where the model's own answer is no "
        "better than one label for all.",
        *(_used(tasks, tokens, title) for tokens, title in (("last", "the last token"), ("every", "every token"))),
        "## Another picture's heads",
        "Every query takes the heads' vectors of a query with another label, at the last token. In per cent, how many are "
        "then given that other label; *shift* is what that label gains on the query's own, in nats of log-odds.",
        _table(
            ["task", "before", "kept heads", "random heads", "every head", "shift by kept heads", "by random ones"],
            [[name, *_followed(task["patching"])] for name, task in tasks.items()],
        ),
        "## Head by head",
        "Each head knocked out alone, at the last token. The rank correlation over all heads is between how many queries a "
        "head's nearest centroid gets right and what is lost without the head. Beside it, how many of the 20 kept heads "
        "are among the 20 most missed, how many chance would put there, and how likely it puts so many there "
        "(hypergeometric).",
        _table(
            ["task", "rank correlation", "kept and most missed", "by chance", "p", "most missed"],
            [[name, *_each(task["each"])] for name, task in tasks.items()],
        ),
        "## How far this goes",
        "- A mean takes away what a head says of this picture and leaves what it says of all. Heads that do the same as "
        "others are not missed though they are used, so *not told apart* is no proof of idleness.\n"
        "- At the last token alone, heads that bring something to earlier tokens are left to work; at every token they are "
        "not, but then a loss need not come from where the vote is read.\n"
        "- Of a label of several tokens the rest is read with the heads on where only the last token is knocked out.\n"
        f"- These are {2 * len(tasks)} tests at 5 %, so about one would come out by luck. A task has few queries: the "
        "intervals hold for such queries, and small effects are missed.",
    ]
    return "\n\n".join(parts) + "\n"


def said(found: Values) -> list[str]:
    """What follows, and what does not."""
    tasks = found["tasks"]
    lines = []
    for tokens, title in (("last", "the last token"), ("every", "every token")):
        counts = Counter(task[tokens]["finding"] for task in tasks.values())
        named = [f"{finding} on {counts[finding]}" for finding in FINDINGS if counts[finding]]
        kept, others = (
            np.mean([task[tokens]["conditions"][name]["accuracy_lost"] for task in tasks.values()])
            for name in ("kept", "random")
        )
        lines.append(
            f"Knocked out at {title}, of {len(tasks)} tasks: {', '.join(named)}. The model's own accuracy changes by "
            f"{_points(-kept)} points without the kept heads and by {_points(-others)} without random ones (means over "
            "tasks)."
        )
    able = [task for task in tasks.values() if task["last"]["finding"] != "nothing to lose"]
    readable = [task["readable"]["accuracy"] for task in tasks.values()]
    unused = [task["readable"]["accuracy"] for task in tasks.values() if task["last"]["finding"] != "used"]
    if unused:
        lines.append(
            f"Readable is not yet used: of tasks where use is not shown at the last token, the vote is right on up to "
            f"{_percent(max(unused))} % of the queries."
        )
    more = [task["last"]["against_random"]["log_likelihood_lost"] for task in tasks.values()]
    if len(tasks) > 2 and len(set(readable)) > 1 and len(set(more)) > 1:
        rank = spearmanr(readable, more)
        lines.append(
            "Over tasks, how well the vote reads the label and how much more is lost without the kept heads than without "
            f"random ones have a rank correlation of {rank.statistic:+.2f} (p {rank.pvalue:.2g}, {len(tasks)} tasks"
            f"{f', {len(able)} of which have something to lose' if len(able) < len(tasks) else ''})."
        )
    ranks = np.array([task["each"]["rank_correlation"] for task in tasks.values()])
    overlaps = sum(task["each"]["p"] < 0.05 for task in tasks.values())
    lines.append(
        "Over heads, what can be read of a head and what is lost without it have a rank correlation between "
        f"{ranks.min():+.2f} and {ranks.max():+.2f}, {ranks.mean():+.2f} in the mean; on {overlaps} of {len(tasks)} tasks "
        "are more kept heads among the most missed than chance puts there (5 %)."
    )
    kept, others = (
        np.mean([task["patching"]["conditions"][name]["follows"] for task in tasks.values()]) for name in ("kept", "random")
    )
    before, every = (
        np.mean([task["patching"]["conditions"][name]["follows"] for task in tasks.values()])
        for name in ("nothing", "every")
    )
    lines.append(
        f"With the kept heads' vectors of another picture, {_percent(kept)} % of the answers are that picture's, "
        f"{_percent(others)} % with random heads' and {_percent(every)} % with every head's ({_percent(before)} % before; "
        "means over tasks)."
    )
    return lines


def write_report(found: Values, root: Path) -> None:
    """Write docs/causes.md."""
    (root / "docs" / "causes.md").write_text(page(found), encoding="utf-8")


def _used(tasks: Values, tokens: str, title: str) -> str:
    rows = []
    for name, task in tasks.items():
        one = task[tokens]
        own, more = one["conditions"]["nothing"], one["against_random"]
        low, high = more["log_likelihood_lost_interval"]
        rows.append(
            [
                name,
                str(task["n"]),
                _share(task["readable"]),
                _share(own),
                _percent(one["chance"]),
                *(_nats(one["conditions"][each]["log_likelihood_lost"]) for each in ("kept", "random", "all_but_kept")),
                f"{_nats(more['log_likelihood_lost'])} [{_nats(low)}, {_nats(high)}], {more['log_likelihood_p']:.2g}",
                one["finding"],
            ]
        )
    heads = ["task", "queries", "vote", "the model's own answer", "one label", "lost: kept", "random", "all but kept"]
    return f"### Knocked out at {title}\n\n{_table([*heads, 'kept more than random, p', 'finding'], rows)}"


def _followed(patching: Values) -> list[str]:
    shares = [_percent(patching["conditions"][name]["follows"]) for name in ("nothing", "kept", "random", "every")]
    return [*shares, *(_nats(patching["conditions"][name]["shift"]) for name in ("kept", "random"))]


def _each(each: Values) -> list[str]:
    counts = [f"{each['rank_correlation']:+.2f}", str(each["shared"]), f"{each['expected']:.1f}", f"{each['p']:.2g}"]
    return [*counts, ", ".join(each["most_missed"])]


def _share(way: Values) -> str:
    low, high = way["interval"]
    return f"{_percent(way['accuracy'])} [{_percent(low)}, {_percent(high)}]"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}".replace("-", "−")


def _nats(value: float) -> str:
    return f"{value + 0.0:+.2f}".replace("-", "−")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
