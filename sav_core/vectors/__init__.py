"""Multimodal function vectors: which heads carry a visual relation, and what they say when nobody demonstrates it.

reader = PromptReader(load_backbone())
task = draw_task(shipped_sprites(), seed=0)
prompts = in_context(task.of("above").train[:25], task.train)
means = mean_head_vectors(reader, prompts)                          # of the prompts answered right
effects = mediate(reader, corrupt(prompts), means)                  # every head patched, one at a time
vector = build_vector(reader.backbone, means["above"], effects.ranking[:10])
evaluate_vector(reader, task, vector)["injected"].accuracy          # beside every control
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sav_core.lazy import lazy_names

if TYPE_CHECKING:
    from sav_core.vectors.annotated import read_relation_task, read_relations
    from sav_core.vectors.build import FunctionVector, build_vector
    from sav_core.vectors.compose import combine, pair_weights
    from sav_core.vectors.conditions import (
        BEFORE_TUNING,
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
        TUNED_ON_FIVE,
        TUNED_RANDOM_START,
        ZERO_SHOT,
    )
    from sav_core.vectors.drawn import BASES_OF, DIAGONALS, cutouts_from, draw_task, shipped_sprites, unrelated_questions
    from sav_core.vectors.effects import Effects
    from sav_core.vectors.evaluation import (
        SideEffects,
        demonstration_sweep,
        evaluate_vector,
        layer_mean_vector,
        layer_scale_map,
        number_of_heads_sweep,
        side_effects,
    )
    from sav_core.vectors.inject import WordShares, injected, injecting, next_words, scale_sweep
    from sav_core.vectors.mediation import MeanVectors, mean_head_vectors, mediate
    from sav_core.vectors.outcomes import Outcome, outcome_of
    from sav_core.vectors.prefix_cache import PrefixCache, PromptReader
    from sav_core.vectors.prompt_set import Answers, PromptSet
    from sav_core.vectors.prompts import (
        Cue,
        PlainPrompt,
        Prompting,
        PromptPairs,
        RelationPrompt,
        corrupt,
        in_context,
        in_words,
        in_wrong_words,
        zero_shot,
    )
    from sav_core.vectors.relations import SPATIAL, Chance, RelationItem, RelationTask, split_items
    from sav_core.vectors.sites import SCALES, Site, SiteMap
    from sav_core.vectors.studies import (
        Mediation,
        Sweeps,
        judge_composition,
        map_sites,
        mediate_relation,
        relation_means,
        sweep_settings,
    )
    from sav_core.vectors.tune import Tuned, TuningPoint, random_vector, tune_vector
    from sav_core.vectors.tuning_study import TuningProgress, judge_tuned, tune_with_controls

# Module -> what it holds. Imported at first use: relations, prompts and conditions need no torch, which takes seconds.
_HOLD = {
    "annotated": ("read_relation_task", "read_relations"),
    "build": ("FunctionVector", "build_vector"),
    "compose": ("combine", "pair_weights"),
    "conditions": (
        "BEFORE_TUNING",
        "BEST_BASE",
        "COMPOSED",
        "EQUAL_WEIGHTS",
        "INJECTED",
        "IN_CONTEXT",
        "IN_WORDS",
        "LAYER_MEAN",
        "LAYER_MEAN_BEST",
        "OTHER_RELATION",
        "RANDOM_HEADS",
        "RANDOM_VECTOR",
        "SAME_PAIR",
        "TUNED",
        "TUNED_ON_FIVE",
        "TUNED_RANDOM_START",
        "ZERO_SHOT",
    ),
    "drawn": ("BASES_OF", "DIAGONALS", "cutouts_from", "draw_task", "shipped_sprites", "unrelated_questions"),
    "effects": ("Effects",),
    "evaluation": (
        "SideEffects",
        "demonstration_sweep",
        "evaluate_vector",
        "layer_mean_vector",
        "layer_scale_map",
        "number_of_heads_sweep",
        "side_effects",
    ),
    "prompt_set": ("Answers", "PromptSet"),
    "inject": ("WordShares", "injected", "injecting", "next_words", "scale_sweep"),
    "mediation": ("MeanVectors", "mean_head_vectors", "mediate"),
    "outcomes": ("Outcome", "outcome_of"),
    "prefix_cache": ("PrefixCache", "PromptReader"),
    "prompts": (
        "Cue",
        "PlainPrompt",
        "PromptPairs",
        "Prompting",
        "RelationPrompt",
        "corrupt",
        "in_context",
        "in_words",
        "in_wrong_words",
        "zero_shot",
    ),
    "relations": ("SPATIAL", "Chance", "RelationItem", "RelationTask", "split_items"),
    "sites": ("SCALES", "Site", "SiteMap"),
    "studies": (
        "Mediation",
        "Sweeps",
        "judge_composition",
        "map_sites",
        "mediate_relation",
        "relation_means",
        "sweep_settings",
    ),
    "tuning_study": ("TuningProgress", "judge_tuned", "tune_with_controls"),
    "tune": ("Tuned", "TuningPoint", "random_vector", "tune_vector"),
}
_HOMES = {name: module for module, names in _HOLD.items() for name in names}

__all__ = [
    "BASES_OF",
    "BEFORE_TUNING",
    "BEST_BASE",
    "COMPOSED",
    "DIAGONALS",
    "EQUAL_WEIGHTS",
    "INJECTED",
    "IN_CONTEXT",
    "IN_WORDS",
    "LAYER_MEAN",
    "LAYER_MEAN_BEST",
    "OTHER_RELATION",
    "RANDOM_HEADS",
    "RANDOM_VECTOR",
    "SAME_PAIR",
    "SCALES",
    "SPATIAL",
    "TUNED",
    "TUNED_ON_FIVE",
    "TUNED_RANDOM_START",
    "ZERO_SHOT",
    "Answers",
    "Chance",
    "Cue",
    "Effects",
    "FunctionVector",
    "MeanVectors",
    "Mediation",
    "Outcome",
    "PlainPrompt",
    "PrefixCache",
    "PromptPairs",
    "PromptReader",
    "PromptSet",
    "Prompting",
    "RelationItem",
    "RelationPrompt",
    "RelationTask",
    "SideEffects",
    "Site",
    "SiteMap",
    "Sweeps",
    "Tuned",
    "TuningPoint",
    "TuningProgress",
    "WordShares",
    "build_vector",
    "combine",
    "corrupt",
    "cutouts_from",
    "demonstration_sweep",
    "draw_task",
    "evaluate_vector",
    "in_context",
    "in_words",
    "in_wrong_words",
    "injected",
    "injecting",
    "judge_composition",
    "judge_tuned",
    "layer_mean_vector",
    "layer_scale_map",
    "map_sites",
    "mean_head_vectors",
    "mediate",
    "mediate_relation",
    "next_words",
    "number_of_heads_sweep",
    "outcome_of",
    "pair_weights",
    "random_vector",
    "read_relation_task",
    "read_relations",
    "relation_means",
    "scale_sweep",
    "shipped_sprites",
    "side_effects",
    "split_items",
    "sweep_settings",
    "tune_vector",
    "tune_with_controls",
    "unrelated_questions",
    "zero_shot",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
