"""Tiny models that were mediated once, and a task of drawn scenes."""

import pytest

from sav_core.vectors import PromptReader, corrupt, draw_task, in_context, mean_head_vectors, mediate, shipped_sprites
from tests.support.relations import ITEMS


@pytest.fixture
def reader(tiny_backbone):
    return PromptReader(tiny_backbone("llava"))


@pytest.fixture(scope="session")
def mediation(tiny_backbone):
    """Mean vectors and effects of three prompts, per architecture."""
    done = {}

    def of(architecture):
        if architecture not in done:
            reader = PromptReader(tiny_backbone(architecture))
            prompts = in_context(ITEMS[:3], ITEMS, 2)
            means = mean_head_vectors(reader, prompts, only_right=False)
            done[architecture] = (reader, corrupt(prompts), means, mediate(reader, corrupt(prompts), means))
        return done[architecture]

    return of


@pytest.fixture(scope="module")
def sprites():
    return shipped_sprites()


@pytest.fixture(scope="module")
def task(sprites):
    return draw_task(sprites, scenes=(24, 8, 8), seed=3)
