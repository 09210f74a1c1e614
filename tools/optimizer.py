"""Mixed precision training on CPU cores: bfloat16 weights for the arithmetic, float32 masters for the memory.

Matrices and kernels are updated by Muon (momentum, orthogonalised by Newton-Schulz: each direction of a layer learns at
the same speed), which needs about half the samples of Adam here; vectors and embeddings by Adam. An exponential
moving average of the masters is what gets evaluated and shipped.
"""

from dataclasses import dataclass, field

import torch
import torch.distributed as dist
from torch import nn


def to_low_precision(model: nn.Module) -> nn.Module:
    """bfloat16 throughout but for batch norms, whose running statistics would round away."""
    model.to(torch.bfloat16).to(memory_format=torch.channels_last)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.float()
    return model


@torch.no_grad()
def orthogonalise(matrix: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """The nearest orthonormal matrix, roughly: every singular value comes out near one."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.bfloat16()
    x = x / (x.norm() + 1e-7)
    if tall := x.size(0) > x.size(1):
        x = x.T
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if tall else x).float()


@dataclass
class Slot:
    """One parameter: its working copy, and the float32 state behind it."""

    working: nn.Parameter
    muon: bool
    master: torch.Tensor = field(init=False)
    average: torch.Tensor = field(init=False)
    momentum: torch.Tensor = field(init=False)
    square: torch.Tensor | None = field(init=False)

    def __post_init__(self) -> None:
        self.master = self.working.detach().float().clone()
        self.average = self.master.clone()
        self.momentum = torch.zeros_like(self.master)
        self.square = None if self.muon else torch.zeros_like(self.master)


class Optimizer:
    """Averages gradients over the processes, updates the masters, refreshes the working copies."""

    def __init__(self, model: nn.Module, *, muon_rate: float, adam_rate: float, decay: float = 0.02) -> None:
        self.slots = {
            name: Slot(p, muon=p.ndim >= 2 and not any(w in name for w in ("embed", "head", "embedder")))
            for name, p in model.named_parameters()
            if p.requires_grad
        }
        self.muon_rate, self.adam_rate, self.decay = muon_rate, adam_rate, decay
        self.step_count = 0

    @torch.no_grad()
    def step(self, scale: float, average_over: float = 500.0) -> float:
        """One update at `scale` times the base rates; returns the gradient norm before clipping to one."""
        self.step_count += 1
        gradients = [
            torch.zeros_like(s.master) if s.working.grad is None else s.working.grad.float() for s in self.slots.values()
        ]
        flat = torch.cat([g.reshape(-1) for g in gradients])
        if dist.is_initialized() and dist.get_world_size() > 1:
            dist.all_reduce(flat)
            flat /= dist.get_world_size()
        norm = float(flat.norm())
        flat *= min(1.0, 1.0 / (norm + 1e-6))
        keep = min(1 - 1 / average_over, self.step_count / (self.step_count + 10))
        offset = 0
        for slot in self.slots.values():
            gradient = flat[offset : offset + slot.master.numel()].view(slot.master.shape)
            offset += slot.master.numel()
            if slot.muon:
                self._muon(slot, gradient, self.muon_rate * scale)
            else:
                self._adam(slot, gradient, self.adam_rate * scale)
            slot.average.lerp_(slot.master, 1 - keep)
            slot.working.copy_(slot.master)
            slot.working.grad = None
        return norm

    def _muon(self, slot: Slot, gradient: torch.Tensor, rate: float) -> None:
        slot.momentum.lerp_(gradient, 0.05)
        matrix = gradient.lerp(slot.momentum, 0.95).reshape(gradient.size(0), -1)
        update = orthogonalise(matrix) * max(1.0, matrix.size(0) / matrix.size(1)) ** 0.5
        slot.master.mul_(1 - rate * self.decay).sub_(update.view(slot.master.shape), alpha=rate)

    def _adam(self, slot: Slot, gradient: torch.Tensor, rate: float) -> None:
        assert slot.square is not None
        slot.momentum.lerp_(gradient, 0.1)
        slot.square.lerp_(gradient.square(), 0.02)
        first = slot.momentum / (1 - 0.9**self.step_count)
        second = slot.square / (1 - 0.98**self.step_count)
        slot.master.sub_(rate * first / (second.sqrt() + 1e-8))

    def state(self) -> dict:
        """Everything needed to go on exactly where this left off."""
        return {
            "step_count": self.step_count,
            "slots": {n: (s.master, s.average, s.momentum, s.square) for n, s in self.slots.items()},
        }

    @torch.no_grad()
    def restore(self, state: dict, *, fresh: bool = False) -> None:
        """Take masters (and, unless `fresh`, the rest) of the parameters that were saved under the same name."""
        self.step_count = 0 if fresh else state["step_count"]
        for name, (master, average, momentum, square) in state["slots"].items():
            slot = self.slots.get(name)
            if slot is None or slot.master.shape != master.shape:
                continue
            slot.master.copy_(average if fresh else master)
            slot.average.copy_(average)
            if not fresh:
                slot.momentum.copy_(momentum)
                if slot.square is not None:
                    slot.square.copy_(square)
            slot.working.copy_(slot.master)

    @torch.no_grad()
    def swap_average(self) -> None:
        """Exchange the working weights for their average, or back: call it before and after an evaluation."""
        for slot in self.slots.values():
            slot.master, slot.average = slot.average, slot.master
            slot.working.copy_(slot.master)
