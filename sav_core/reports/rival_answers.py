"""Rivals on the same splits: LoRA trained on the support, CLIP and SigLIP on their image features, each with its cost.

rows, refused = rival_answers(read_rivals(["lora"]), run_here(backbone), backbone, support, queries, labels)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sav_core.data.examples import Example
from sav_core.errors import BackboneError, InputError
from sav_core.evaluation.baselines import Baseline
from sav_core.models.backbones import Backbone
from sav_core.models.faults import ran_out_of_memory
from sav_core.reports.lora_row import lora_row
from sav_core.reports.pictures_alone_rows import pictures_alone_rows
from sav_core.reports.reading import Run, Watch, unwatched
from sav_core.rivals.dual_encoders import fetch_dual_encoder
from sav_core.rivals.packages import check_installed
from sav_core.rivals.pictures_alone import way_names, why_not_pictures_alone
from sav_core.rivals.spec import LORA, Rival
from sav_core.types import Cancel

__all__ = ["check_rivals", "rival_answers"]

_SO_MUCH = "memory ran out: training keeps what every layer made of a prompt. Use smaller pictures, or a larger machine."


def check_rivals(
    rivals: Sequence[Rival],
    support: Sequence[Example],
    queries: Sequence[Example],
    *,
    hub_only: bool = False,
    cancel: Cancel | None = None,
) -> None:
    """Refuse, before a long measurement, a rival that cannot be: what it needs is missing, or its model is no such one.

    A model of the hub is fetched, unless pictures alone cannot tell the answers, so that it will not be asked.

    Args:
        rivals: which.
        support: labelled.
        queries: labelled.
        hub_only: whether a rival's model is an id on the hub even where a folder here is called so.
        cancel: asked while a model is fetched.

    Raises:
        SettingError: LoRA's package is not installed.
        BackboneError: there is no such model, or it cannot serve.
        CancelledError: ``cancel`` said so.
    """
    for rival in rivals:
        if rival == LORA:
            check_installed()
        elif not why_not_pictures_alone(support, queries):
            fetch_dual_encoder(rival, hub_only=hub_only, cancel=cancel)


def rival_answers(
    rivals: Sequence[Rival],
    run: Run,
    backbone: Backbone,
    support: Sequence[Example],
    queries: Sequence[Example],
    labels: Sequence[str],
    *,
    hub_only: bool = False,
    say: Callable[[str], object] = lambda words: None,
    watch: Watch = unwatched,
    cancel: Cancel | None = None,
) -> tuple[tuple[Baseline, ...], Mapping[str, str]]:
    """Judge rivals on the same support and queries.

    Args:
        rivals: which; what they need is there, see ``check_rivals``.
        run: how the model is called.
        backbone: the model that is measured.
        support: labelled, as they are asked.
        queries: labelled, as they are asked.
        labels: the possible answers.
        hub_only: whether a rival's model is an id on the hub even where a folder here is called so.
        say: told, before a training begins, what it will be and how long it takes at most.
        watch: opened for each stage of the work.
        cancel: asked between steps; true stops the work.

    Returns:
        The rows with their costs, and why some of them cannot be.

    Raises:
        CancelledError: ``cancel`` said so; a training goes on from there the next time.
        InterventionError: the model was not afterwards what it was before.
    """
    judged: list[Baseline] = []
    refused: dict[str, str] = {}
    kinds = [rival.kind for rival in rivals]
    for rival in rivals:
        names = way_names(rival, alone=kinds.count(rival.kind) == 1) if rival != LORA else {"lora": "lora"}
        try:
            if rival == LORA:
                judged.append(lora_row(run, backbone, support, queries, labels, say, watch, cancel))
                continue
            rows, lacking = pictures_alone_rows(run, rival, names, support, queries, labels, hub_only, watch, cancel)
            judged += rows
            refused |= lacking
        except (BackboneError, InputError) as error:
            refused |= dict.fromkeys(names.values(), str(error))
        except (MemoryError, RuntimeError) as error:
            if not ran_out_of_memory(error):
                raise
            refused |= dict.fromkeys(names.values(), _SO_MUCH)
    return tuple(judged), refused
