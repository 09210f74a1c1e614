"""What the page shows as code: Python and commands that find the same heads and labels from the saved project."""

from __future__ import annotations

import json
import shlex

from sav_core.data.clips.sampling import ClipSampling
from sav_core.heads.rules import DEFAULT_RULE
from sav_ui.session.fit import Fit
from sav_ui.session.project import Project
from sav_ui.session.project_file import file_name

__all__ = ["commands", "python_code"]

_QUERY = "photo.jpg"
_NO_QUESTION = "Your question?"  # for the reader to replace: each example has its own, and none is for new pictures


def python_code(project: Project, fit: Fit) -> str:
    """Return a script that reads the saved project and a picture called ``photo.jpg``, both in the folder it runs in.

    Args:
        project: what the page shows.
        fit: of just this project.
    """
    name, own_texts = file_name(project), len(_questions(project)) > 1
    loaded = ", ".join([*([_quoted(project.model)] if project.model else []), f"dtype={_quoted(fit.vectors.dtype)}"])
    query = f"Example({_quoted(_QUERY)}, {_quoted(project.question or _NO_QUESTION)})" if own_texts else _quoted(_QUERY)
    answer = "prediction.label"
    if project.threshold is not None or fit.acceptances is not None:
        limit = "" if project.threshold is None else repr(project.threshold)
        answer = f'"none of these" if prediction.is_rejected({limit}) else {answer}'
    settings = f"n_kept={fit.dial}, scoring={_quoted(fit.scores.scoring)}"
    if fit.rule.voting != DEFAULT_RULE:
        settings += f", voting={_quoted(fit.rule.voting)}"
    if fit.max_layer is not None:
        settings += f", max_layer={fit.max_layer}"
    if project.detail != "full":
        settings += f", detail={_quoted(project.detail)}"
    calibrated = "classifier.calibrate()\n" if fit.left_out is not None else ""
    sampling = project.clips_taught
    clips = "" if sampling is None else f", clips={sampling!r}"
    sampled = [] if sampling is None else ["ClipSampling"]
    imports = ", ".join([*sampled, *(["Example"] * own_texts), "SavClassifier", "load_backbone", "read_examples"])
    return f"""from sav_core import {imports}

backbone = load_backbone({loaded})
support = read_examples({_quoted(name + ".zip")}{clips})  # the saved project
classifier = SavClassifier(backbone, {settings}).fit(support)
{calibrated}print(classifier.kept_heads_)

prediction = classifier.predict([{query}])[0]
print({answer}, dict(prediction.shares))
classifier.save({_quoted(name + ".sav")})
"""


def commands(project: Project, fit: Fit) -> tuple[str, ...]:
    """Return the same as commands of ``python -m sav_core``: fit, list the heads, classify ``photo.jpg``."""
    saved, classifier = f"{file_name(project)}.zip", f"{file_name(project)}.sav"
    find = ["fit", "--train", saved, "--out", classifier, "--heads", str(fit.dial), "--scoring", fit.scores.scoring]
    voting = ["--voting", fit.rule.voting] if fit.rule.voting != DEFAULT_RULE else []
    doubt = [] if project.threshold is None else ["--none-below", repr(project.threshold)]
    model = ["--model", project.model] if project.model else []
    question = ["--question", project.question or _NO_QUESTION] if len(_questions(project)) > 1 else []
    clips = _clip_options(project.clips_taught)
    depth = [] if fit.max_layer is None else ["--max-layer", str(fit.max_layer)]
    detail = [] if project.detail == "full" else ["--detail", project.detail]
    return tuple(
        shlex.join(["python", "-m", "sav_core", *words])
        for words in (
            [*find, *voting, *clips, *detail, *depth, "--dtype", fit.vectors.dtype, *model],
            ["heads", "--classifier", classifier],
            ["classify", "--classifier", classifier, _QUERY, *question, *doubt, "--json"],
        )
    )


def _clip_options(sampling: ClipSampling | None) -> list[str]:
    if sampling is None:
        return []
    rate = ["--fps", f"{sampling.per_second:g}"] if sampling.per_second is not None else []
    moving = ["--animated", "clip"] if sampling.animated else []
    return ["--frames", str(sampling.frames), *rate, *moving, "--clips-as", sampling.way]


def _questions(project: Project) -> set[str]:
    return {example.question for example in project.examples()}


def _quoted(text: str) -> str:
    """The text as Python writes it between double quotes."""
    return json.dumps(text, ensure_ascii=False)
