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

from sav_core.vectors.annotated import read_relation_task, read_relations
from sav_core.vectors.build import FunctionVector, build_vector
from sav_core.vectors.compose import combine, pair_weights
from sav_core.vectors.drawn import BASES_OF, DIAGONALS, cutouts_from, draw_task, shipped_sprites, unrelated_questions
from sav_core.vectors.effects import Effects
from sav_core.vectors.evaluation import (
    Outcome,
    SideEffects,
    demonstration_sweep,
    evaluate_vector,
    layer_mean_vector,
    layer_scale_map,
    number_of_heads_sweep,
    side_effects,
)
from sav_core.vectors.exam import Answers, PromptSet
from sav_core.vectors.inject import WordShares, injected, injecting, next_words, scale_sweep
from sav_core.vectors.mediation import MeanVectors, mean_head_vectors, mediate
from sav_core.vectors.pausing import PrefixCache, PromptReader
from sav_core.vectors.prompts import (
    Cue,
    PlainPrompt,
    Prompting,
    RelationPrompt,
    corrupt,
    in_context,
    in_words,
    in_wrong_words,
    zero_shot,
)
from sav_core.vectors.relations import RelationItem, RelationTask, split_items
from sav_core.vectors.tune import Tuned, TuningPoint, random_vector, tune_vector

__all__ = [
    "BASES_OF",
    "DIAGONALS",
    "Answers",
    "Cue",
    "Effects",
    "FunctionVector",
    "MeanVectors",
    "Outcome",
    "PlainPrompt",
    "PrefixCache",
    "PromptReader",
    "PromptSet",
    "Prompting",
    "RelationItem",
    "RelationPrompt",
    "RelationTask",
    "SideEffects",
    "Tuned",
    "TuningPoint",
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
    "layer_mean_vector",
    "layer_scale_map",
    "mean_head_vectors",
    "mediate",
    "next_words",
    "number_of_heads_sweep",
    "pair_weights",
    "random_vector",
    "read_relation_task",
    "read_relations",
    "scale_sweep",
    "shipped_sprites",
    "side_effects",
    "split_items",
    "tune_vector",
    "unrelated_questions",
    "zero_shot",
]
