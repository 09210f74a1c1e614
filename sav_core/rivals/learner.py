"""The weights of LoRA's adapters and their optimiser: a step, a look at left-out examples, and all of it as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from sav_core.rivals.lora_state import Arrays
from sav_core.rivals.prompts import TrainingPrompts

__all__ = ["Learner"]


class Learner:
    """The adapters' weights and their optimiser."""

    def __init__(self, weights: Mapping[str, nn.Parameter], rate: float, moments: Arrays) -> None:
        self._weights = dict(weights)
        self._adam = torch.optim.AdamW(self._weights.values(), lr=rate, weight_decay=0.0)
        if moments:
            for name, parameter in self._weights.items():
                self._adam.state[parameter] = {
                    "step": torch.tensor(float(moments["steps"][0])),
                    "exp_avg": torch.tensor(moments[f"first/{name}"], device=parameter.device),
                    "exp_avg_sq": torch.tensor(moments[f"second/{name}"], device=parameter.device),
                }

    def step(self, prompts: TrainingPrompts, batch: Sequence[Sequence[int]]) -> float:
        """Learn from a batch and return the sum of its losses before."""
        self._adam.zero_grad()
        count, total = sum(map(len, batch)), 0.0
        with torch.enable_grad():
            for rows in batch:
                loss = prompts.loss(rows)
                (loss / count).backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())
        nn.utils.clip_grad_norm_(self._weights.values(), 1.0)
        self._adam.step()
        return total

    @torch.no_grad()
    def look(self, prompts: TrainingPrompts) -> float:
        """Return the mean loss on the left-out examples."""
        return sum(float(prompts.loss(rows)) for rows in prompts.left_out) / sum(map(len, prompts.left_out))

    def values(self) -> Arrays:
        """Return the weights as they are now."""
        return {name: parameter.detach().cpu().numpy().copy() for name, parameter in self._weights.items()}

    def moments(self) -> Arrays:
        """Return what the optimiser remembers; nothing before its first step."""
        found: Arrays = {}
        for name, parameter in self._weights.items():
            if kept := self._adam.state.get(parameter):
                found["steps"] = kept["step"].detach().cpu().reshape(1).numpy().copy()
                found[f"first/{name}"] = kept["exp_avg"].cpu().numpy().copy()
                found[f"second/{name}"] = kept["exp_avg_sq"].cpu().numpy().copy()
        return found
