"""Multimodal function vectors: which heads carry a visual relation, and what they say when nobody demonstrates it.

reader = Reader(load_backbone())
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
    Breakage,
    Outcome,
    breakage,
    demonstration_sweep,
    evaluate_vector,
    layer_mean_vector,
    layer_scale_map,
    number_of_heads_sweep,
)
from sav_core.vectors.exam import Answers, Exam
from sav_core.vectors.inject import WordShares, injected, injecting, next_words, strength_sweep
from sav_core.vectors.mediation import MeanVectors, mean_head_vectors, mediate
from sav_core.vectors.pausing import Pause, Reader
from sav_core.vectors.prompts import (
    PlainPrompt,
    RelationPrompt,
    Telling,
    TellingBy,
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
    "Breakage",
    "Effects",
    "Exam",
    "FunctionVector",
    "MeanVectors",
    "Outcome",
    "Pause",
    "PlainPrompt",
    "Reader",
    "RelationItem",
    "RelationPrompt",
    "RelationTask",
    "Telling",
    "TellingBy",
    "Tuned",
    "TuningPoint",
    "WordShares",
    "breakage",
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
    "shipped_sprites",
    "split_items",
    "strength_sweep",
    "tune_vector",
    "unrelated_questions",
    "zero_shot",
]
