"""Training on CPU cores or a GPU: float32 masters, and working copies in bfloat16 where those are multiplied faster.

Matrices and kernels are updated by Muon (momentum, orthogonalised by Newton-Schulz: each direction of a layer learns at
the same speed), which needs about half the samples of Adam here; vectors and embeddings by Adam. An exponential
moving average of the masters is what gets evaluated and shipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.distributed as dist
from torch import nn


def working_type(device: str) -> torch.dtype:
    """bfloat16 on a CPU with matrix units for it; no faster elsewhere: a GPU waits here for the next small operation."""
    fast = device == "cpu" and torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fast else torch.float32


def to_working_type(model: nn.Module, device: str) -> nn.Module:
    """The module in the type it is to be trained in."""
    return model.to(working_type(device))


@torch.no_grad()
def orthogonalise(matrices: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """The nearest orthonormal matrices, roughly, of `(..., row, column)`: every singular value comes out near one."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrices.to(working_type(matrices.device.type))
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    if tall := x.size(-2) > x.size(-1):
        x = x.mT
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).float()


def _clip(gradients: list[torch.Tensor]) -> torch.Tensor:
    """Shorten gradients to a norm of one together, where they are longer; returns the norm before."""
    if not gradients:
        return torch.zeros(())
    norm = torch.stack(torch._foreach_norm(gradients)).norm()
    torch._foreach_mul_(gradients, (1.0 / (norm + 1e-6)).clamp(max=1.0))
    return norm


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
    """Averages gradients over the processes, updates the masters, refreshes the working copies.

    Parameters whose names begin with ``slow[0]`` learn at ``slow[1]`` times the rate.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        muon_rate: float,
        adam_rate: float,
        gentle: str = "",
        slow: tuple[str, float] = ("", 1.0),
        decay: float = 0.02,
    ) -> None:
        self.slots = {
            name: Slot(p, muon=p.ndim >= 2 and not any(w in name for w in ("embed", "head", "embedder", "tower")))
            for name, p in model.named_parameters()
            if p.requires_grad
        }
        self.muon_rate, self.adam_rate, self.gentle, self.slow, self.decay = muon_rate, adam_rate, gentle, slow, decay
        self.step_count = 0

    @torch.no_grad()
    def step(self, scale: float, gently: float = 1.0, average_over: float = 500.0) -> torch.Tensor:
        """One update at `scale` times the base rates; returns the gradient norm before clipping to one.

        The parameters whose names begin with `gentle` get but a part of it, `gently`.
        """
        self.step_count += 1
        gradients = [
            torch.zeros_like(s.master) if s.working.grad is None else s.working.grad.float() for s in self.slots.values()
        ]
        flat = torch.cat([g.reshape(-1) for g in gradients])
        if dist.is_initialized() and dist.get_world_size() > 1:
            dist.all_reduce(flat)
            flat /= dist.get_world_size()
        keep = min(1 - 1 / average_over, self.step_count / (self.step_count + 10))
        parts = flat.split([slot.master.numel() for slot in self.slots.values()])
        given = {name: part.view(slot.master.shape) for (name, slot), part in zip(self.slots.items(), parts, strict=True)}
        slow = [part for name, part in given.items() if self._is_slow(name)]
        _clip(slow)  # apart: a tower's gradients are far longer, and would leave nothing of the others
        norm = _clip([part for name, part in given.items() if not self._is_slow(name)])
        muon, adam = ([name for name, slot in self.slots.items() if slot.muon is kind] for kind in (True, False))
        self._adam(adam, [given[name] for name in adam], [self.adam_rate * self._scale(n, scale, gently) for n in adam])
        updates = self._orthogonal(self._steady(muon, [given[name] for name in muon]))
        slots = [self.slots[name] for name in updates]
        rates = [self.muon_rate * self._scale(name, scale, gently) for name in updates]
        matrices = [slot.master for slot in slots]
        torch._foreach_mul_(matrices, [1 - rate * self.decay for rate in rates])
        torch._foreach_mul_(list(updates.values()), [-rate for rate in rates])
        shaped = [update.view(slot.master.shape) for slot, update in zip(slots, updates.values(), strict=True)]
        torch._foreach_add_(matrices, shaped)
        masters = [slot.master for slot in self.slots.values()]
        torch._foreach_lerp_([slot.average for slot in self.slots.values()], masters, 1 - keep)
        torch._foreach_copy_([slot.working for slot in self.slots.values()], masters)
        for slot in self.slots.values():
            slot.working.grad = None
        return norm

    def _is_slow(self, name: str) -> bool:
        return bool(self.slow[0]) and name.startswith(self.slow[0])

    def _scale(self, name: str, scale: float, gently: float) -> float:
        if self.gentle and name.startswith(self.gentle):
            scale *= gently
        return scale * self.slow[1] if self._is_slow(name) else scale

    def _steady(self, names: Sequence[str], gradients: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        """The gradients with their momentum, as matrices."""
        momenta = [self.slots[name].momentum for name in names]
        torch._foreach_lerp_(momenta, gradients, 0.05)
        moves = torch._foreach_lerp(gradients, momenta, 0.95)
        return {name: move.reshape(move.size(0), -1) for name, move in zip(names, moves, strict=True)}

    def _orthogonal(self, moves: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Muon's updates; each process makes its share of them, for they are a good part of a step."""
        together = dist.is_initialized() and dist.get_world_size() > 1
        rank, world = (dist.get_rank(), dist.get_world_size()) if together else (0, 1)
        mine = [torch.zeros_like(matrix) for matrix in moves.values()]
        shapes: dict[torch.Size, list[int]] = {}
        for place, matrix in enumerate(moves.values()):
            if place % world == rank:
                shapes.setdefault(matrix.shape, []).append(place)
        matrices = list(moves.values())
        for (rows, columns), places in shapes.items():  # those of one shape at once: a GPU waits on small operations
            found = orthogonalise(torch.stack([matrices[place] for place in places])) * max(1.0, rows / columns) ** 0.5
            for place, update in zip(places, found, strict=True):
                mine[place] = update
        if together and mine:
            flat = torch.cat([update.reshape(-1) for update in mine])
            dist.all_reduce(flat)
            parts = flat.split([update.numel() for update in mine])
            mine = [part.view(update.shape) for part, update in zip(parts, mine, strict=True)]
        return dict(zip(moves, mine, strict=True))

    def _adam(self, names: Sequence[str], gradients: list[torch.Tensor], rates: Sequence[float]) -> None:
        slots = [self.slots[name] for name in names]
        momenta, squares = [slot.momentum for slot in slots], [slot.square for slot in slots]
        torch._foreach_lerp_(momenta, gradients, 0.1)
        torch._foreach_lerp_(squares, torch._foreach_mul(gradients, gradients), 0.02)
        updates = torch._foreach_div(momenta, 1 - 0.9**self.step_count)
        least = torch._foreach_sqrt(torch._foreach_div(squares, 1 - 0.98**self.step_count))
        torch._foreach_add_(least, 1e-8)
        torch._foreach_div_(updates, least)
        torch._foreach_mul_(updates, [-rate for rate in rates])
        torch._foreach_add_([slot.master for slot in slots], updates)

    def state(self) -> dict:
        """Everything needed to go on exactly where this left off."""
        return {
            "step_count": self.step_count,
            "slots": {n: (s.master, s.average, s.momentum, s.square) for n, s in self.slots.items()},
        }

    @torch.no_grad()
    def restore(self, state: dict, *, fresh: bool = False) -> None:
        """Take the masters that were saved and, unless `fresh`, the rest; what was not saved stays as it is."""
        self.step_count = 0 if fresh else state["step_count"]
        if strange := set(state["slots"]) - set(self.slots):
            raise ValueError(f"The checkpoint has parameters that this stage does not train: {sorted(strange)[:3]}.")
        for name, (master, average, momentum, square) in state["slots"].items():
            slot = self.slots[name]
            if slot.master.shape != master.shape:
                raise ValueError(
                    f"{name} has shape {tuple(master.shape)} in the checkpoint, here {tuple(slot.master.shape)}."
                )
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
