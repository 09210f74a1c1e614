"""The command line of function vectors: ``python -m sav_core vectors extract | mediate | evaluate | tune | compose``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sav_core.cli.console import print_json, print_line, print_table, progress_bar
from sav_core.cli.options import AsJson, Dtype, Model
from sav_core.cli.vectors.options import (
    AllPrompts,
    Data,
    HeadCount,
    Images,
    Layer,
    Out,
    Prompts,
    Relation,
    Resume,
    Scale,
    Seed,
    Shown,
    ToldBy,
    VectorFile,
    VectorFiles,
)
from sav_core.cli.vectors.runs import at_chosen_site, keeping, mediated, open_reader, task_from
from sav_core.cli.vectors.text import (
    describe_end,
    describe_outcomes,
    describe_sweeps,
    describe_vector,
    print_outcomes,
    print_sweeps,
    say_saved,
    span,
)
from sav_core.errors import CancelledError, SettingError
from sav_core.wording import percent

# What needs torch or transformers is imported inside the commands: help and mistakes are answered at once.

__all__ = ["vectors_app"]


class _Vectors(TyperGroup):
    """Commands that, unlike those of classifiers, keep nothing in the cache: an interruption says so."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise CancelledError("stopped; nothing was kept") from error


vectors_app = typer.Typer(
    cls=_Vectors,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Find the heads that carry a visual relation, and make the model do it without a demonstration.",
    epilog=(
        "Example: [bold]python -m sav_core vectors extract --relation above --out above.fv[/bold], then "
        "[bold]python -m sav_core vectors evaluate --vector above.fv[/bold]"
    ),
)


@vectors_app.command(
    epilog="Example: [bold]python -m sav_core vectors mediate --relation above --resume above.effects[/bold]"
)
def mediate(
    relation: Relation,
    data: Data = None,
    images: Images = None,
    model: Model = None,
    dtype: Dtype = "auto",
    prompts: Prompts = 25,
    told_by: ToldBy = "demonstrations",
    demonstrations: Shown = 4,
    seed: Seed = 0,
    resume: Resume = None,
    all_prompts: AllPrompts = False,
    as_json: AsJson = False,
) -> None:
    """Measure every head's effect: its mean vector is patched into corrupted prompts, which show another relation."""
    from sav_core.vectors import Prompting

    reader = open_reader(model, dtype)
    task = task_from(data, images, seed, relation)
    prompting = Prompting(told_by, demonstrations, seed)
    with keeping(resume):
        found = mediated(reader, task, prompts, prompting, resume, only_right=not all_prompts)
    means, effects = found.means, found.effects
    aie, (low, high) = effects.aie(), effects.interval()
    leading: list[dict[str, Any]] = [
        {
            "rank": rank,
            "head": str(head),
            "effect": float(aie[head.layer, head.index]),
            "interval": [float(low[head.layer, head.index]), float(high[head.layer, head.index])],
        }
        for rank, head in enumerate(effects.ranking[:20], start=1)
    ]
    if as_json:
        print_json(
            {
                "model": reader.backbone.name,
                "relation": relation,
                "prompts": len(effects.changes),
                "in_context_accuracy": means.accuracy,
                "baseline": float(effects.baseline.mean()),
                "concentration": effects.concentration(),
                "aie": aie.tolist(),
                "low": low.tolist(),
                "high": high.tolist(),
                "heads": leading,
            }
        )
        return
    print_line(
        f"{relation!r} in {reader.backbone.name}: {percent(means.accuracy)} of {means.asked} clean prompts right; in "
        f"corrupted ones the answer has probability {effects.baseline.mean():.3f}. The top 10 heads carry "
        f"{percent(effects.concentration())} of all positive effect.\n"
    )
    rows = [[str(e["rank"]), str(e["head"]), f"{e['effect']:+.4f}", span(e["interval"])] for e in leading]
    print_table(["rank", "head", "effect", "95 % interval"], rows)


@vectors_app.command(epilog="Example: [bold]python -m sav_core vectors extract --relation above --out above.fv[/bold]")
def extract(
    relation: Relation,
    out: Out,
    data: Data = None,
    images: Images = None,
    model: Model = None,
    dtype: Dtype = "auto",
    prompts: Prompts = 25,
    told_by: ToldBy = "demonstrations",
    demonstrations: Shown = 4,
    heads: HeadCount = 10,
    layer: Layer = None,
    scale: Scale = None,
    seed: Seed = 0,
    resume: Resume = None,
    all_prompts: AllPrompts = False,
    as_json: AsJson = False,
) -> None:
    """Make a relation's vector from its leading heads; layer and scale are chosen on the validation part."""
    from dataclasses import replace

    from sav_core.vectors import Prompting, PromptSet, build_vector, zero_shot

    reader = open_reader(model, dtype)
    task = task_from(data, images, seed, relation)
    prompting = Prompting(told_by, demonstrations, seed)
    with keeping(resume):
        found = mediated(reader, task, prompts, prompting, resume, only_right=not all_prompts)
        vector = build_vector(reader.backbone, found.means, found.effects.ranking[:heads], seed=seed, told_by=told_by)
        made = {"asked": prompts, "demonstrations": demonstrations, "only_right": not all_prompts}
        vector = replace(vector, notes={**vector.notes, **made})
        vector = at_chosen_site(vector, PromptSet(reader, zero_shot(task.validation)), layer, scale)
        vector.save(out)
    say_saved(vector, out, as_json)


@vectors_app.command(epilog="Example: [bold]python -m sav_core vectors evaluate --vector above.fv --other left.fv[/bold]")
def evaluate(
    vector: VectorFile,
    data: Data = None,
    images: Images = None,
    model: Model = None,
    dtype: Dtype = "auto",
    other: Annotated[list[Path] | None, typer.Option("--other", help="A vector of another relation, as a control.")] = None,
    prompts: Annotated[
        int | None,
        typer.Option("--prompts", min=1, help="That random heads' means are of; as many as the vector's, else 25."),
    ] = None,
    demonstrations: Annotated[
        int | None,
        typer.Option("--demonstrations", min=1, help="In every in-context prompt; the vector's unless given, or 4."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="The vector's own unless given: another shares test items.")
    ] = None,
    sweeps: Annotated[
        bool,
        typer.Option(
            "--sweeps",
            help="Also by number of heads and by layer and scale on validation, and by demonstrations in context.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Judge a vector on the test part, beside every control, and on questions it should leave alone."""
    from sav_core.vectors import (
        FunctionVector,
        Prompting,
        evaluate_vector,
        relation_means,
        shipped_sprites,
        side_effects,
        sweep_settings,
        unrelated_questions,
    )

    reader = open_reader(model, dtype)
    judged = FunctionVector.load(vector, reader.backbone)
    others = [FunctionVector.load(path, reader.backbone) for path in other or ()]
    task = task_from(data, images, judged.seed if seed is None else seed, judged.relation)
    made = judged.notes  # the control of random heads differs from the vector by its heads alone
    prompting = Prompting(
        made.get("told_by", "demonstrations"), demonstrations or made.get("demonstrations", 4), judged.seed
    )
    means = None
    if judged.heads:
        asked = prompts or made.get("asked", 25)
        means = relation_means(reader, task, asked, prompting, only_right=made.get("only_right", False))
    with progress_bar("judging") as progress:
        outcomes = evaluate_vector(reader, task, judged, means=means, others=others, prompting=prompting, progress=progress)
    broken = side_effects(reader, unrelated_questions(shipped_sprites()), judged)
    found = None
    if sweeps:
        with progress_bar("trying layers and scales") as progress:
            found = sweep_settings(reader, task, judged, means, prompting, progress=progress)
    if as_json:
        side = {"changed": broken.changed, "before": broken.before, "after": broken.after, "n": broken.n}
        more = {} if found is None else {"sweeps": describe_sweeps(found)}
        print_json({**describe_vector(judged), "conditions": describe_outcomes(outcomes), "unrelated": side, **more})
        return
    print_line(f"{judged}\n")
    print_outcomes(outcomes)
    print_line(
        f"\nOf {broken.n} unrelated questions {percent(broken.changed)} get another answer: "
        f"{percent(broken.before)} were right, {percent(broken.after)} are."
    )
    if found is not None:
        print_sweeps(found)


@vectors_app.command(epilog="Example: [bold]python -m sav_core vectors tune --vector above.fv --out above-tuned.fv[/bold]")
def tune(
    vector: VectorFile,
    out: Out,
    data: Data = None,
    images: Images = None,
    model: Model = None,
    dtype: Dtype = "auto",
    steps: Annotated[int, typer.Option("--steps", help="At most; --patience and --goal stop it sooner.")] = 300,
    patience: Annotated[
        int, typer.Option("--patience", min=1, help="Looks at validation without a better one, after which it stops.")
    ] = 5,
    goal: Annotated[
        float,
        typer.Option("--goal", help="Share of validation that is right when it stops; above 1, it never stops for that."),
    ] = 1.0,
    rate: Annotated[float, typer.Option("--rate", help="Of Adam, in units of the residual stream's size.")] = 0.05,
    controls: Annotated[
        bool, typer.Option("--controls", help="Also tune a random start, and with five examples only, and compare.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tune a vector on zero-shot prompts; the model stays as it is, bit for bit."""
    from sav_core.vectors import TUNED, FunctionVector, PromptSet, judge_tuned, tune_with_controls, zero_shot

    reader = open_reader(model, dtype)
    start = FunctionVector.load(vector, reader.backbone)
    task = task_from(data, images, start.seed, start.relation)
    train, validation = PromptSet(reader, zero_shot(task.train)), PromptSet(reader, zero_shot(task.validation))
    with progress_bar("tuning") as progress:
        found = tune_with_controls(
            start,
            train,
            validation,
            controls=controls,
            steps=steps,
            rate=rate,
            patience=patience,
            goal=None if goal > 1 else goal,
            progress=progress,
        )
    judged = judge_tuned(PromptSet(reader, zero_shot(task.test)), start, found)
    tuned = found[TUNED]
    tuned.vector.save(out)
    if as_json:
        curve = [{"step": p.step, "accuracy": p.accuracy, "probability": p.probability} for p in tuned.curve]
        described = {"out": str(out), **describe_vector(tuned.vector)}
        ended = {"best_step": tuned.best_step, "steps": tuned.curve[-1].step, "end": tuned.end}
        print_json({**described, **ended, "curve": curve, "conditions": describe_outcomes(judged)})
        return
    say_saved(tuned.vector, out, as_json)
    print_line(describe_end(tuned) + "\n")
    print_outcomes(judged)


@vectors_app.command(
    epilog="Example: [bold]python -m sav_core vectors compose --vector above.fv --vector left.fv --relation 'above left' "
    "--out above-left.fv[/bold]"
)
def compose(
    vector: VectorFiles,
    relation: Relation,
    out: Out,
    data: Data = None,
    images: Images = None,
    model: Model = None,
    dtype: Dtype = "auto",
    weights: Annotated[
        str | None, typer.Option("--weights", help="Such as 1,1; from one source pair of the training part unless given.")
    ] = None,
    total: Annotated[
        float | None, typer.Option("--total", help="What weights from a source pair sum to; the number of bases if none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sum base vectors into a relation that none was made for, and judge it beside simpler ways."""
    from sav_core.vectors import FunctionVector, PromptSet, combine, judge_composition, pair_weights, zero_shot

    reader = open_reader(model, dtype)
    bases = [FunctionVector.load(path, reader.backbone) for path in vector]
    task = task_from(data, images, bases[0].seed, relation)
    source = task.train[0]
    if weights is None:
        chosen = pair_weights(PromptSet(reader, zero_shot([source])), bases, total=total).tolist()
    else:
        chosen = _numbers(weights)
    composed = combine(bases, chosen, relation)
    with progress_bar("judging") as progress:
        outcomes = judge_composition(reader, task.test, bases, chosen, source, progress=progress)
    composed.save(out)
    if as_json:
        print_json(
            {"out": str(out), **describe_vector(composed), "weights": chosen, "conditions": describe_outcomes(outcomes)}
        )
        return
    parts = ", ".join(f"{weight:.2f} x {base.relation}" for weight, base in zip(chosen, bases, strict=True))
    print_line(f"{relation!r} = {parts}. Saved {out}.\n")
    print_outcomes(outcomes)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise SettingError(f"--weights must be numbers with commas between, such as 1,1, but is {text!r}.") from error
