"""What the decoder must keep: the last token tells all of the picture, whatever is asked.

Asked for drawn names alone, a decoder soon throws away what no question needs, and with it what tells photographs apart.
So while training, at every layer from the second on and on prompts that name nothing in the picture,

- a linear layer that is thrown away afterwards must tell the tower's pooled feature from the last token, and another from
  the layer's head vectors together: square root of the mean over the cells, centred over the batch, 1 - cosine;
- pictures that are alike must be alike to each single head: the cosines of its raw vectors, which is what sparse attention
  vectors compare, must go with `Likeness`. Where something else is asked, this holds for the first half of a layer's heads;
- questions of a kind that have the same answer must be alike to each head of the second half, in the later layers: larger
  models have heads for a question of themselves, a model this small needs to be told (`sorting`);
- asked for the class, the last token must answer as the tower's own classifier does (`distil`), all thousand classes at
  once: a map that holds for drawings and photographs alike.

What is alike, no two heads are told the same: each keeps a half of the tower's channels of its own, for twenty equal heads
vote as one does, and every other head, of photographs, also what the pictures' classes are kinds of (`meanings`), which the
tower does not know. Photographs of one kind, or parts of one photograph, are alike to all.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

FIRST = 1  # layer
COOL = 2.0  # temperature at which the classifier is imitated
SAME_KIND = 0.3  # added to the likeness of two photographs of a kind


def pooled(features: torch.Tensor) -> torch.Tensor:
    """What a picture shows, `(picture, channel)`: the square root of the tower's mean over the cells."""
    return features.float().mean((2, 3)).sqrt()


class Likeness(nn.Module):
    """What each head of a layer is to find alike, `(head, pair)`: see above."""

    def __init__(self, heads: int, channels: int) -> None:
        super().__init__()
        drawn = torch.rand(heads, channels, generator=torch.Generator().manual_seed(0)) < 0.5
        self.register_buffer("channels", drawn.float(), persistent=False)

    def forward(
        self, wanted: torch.Tensor, meant: torch.Tensor | None = None, kinds: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Of pooled features `(picture, channel)`, of what they mean `(picture, kind)` and of their kinds `(picture,)`."""
        one, other = _pairs(len(wanted), wanted.device)
        parts = (wanted - wanted.mean(0)) * self.channels.to(wanted)[:, None]  # (head, picture, channel)
        parts = F.normalize(parts, dim=-1)
        alike = (parts @ parts.mT)[:, one, other]
        if meant is not None:
            unit = F.normalize(meant - meant.mean(0), dim=-1)
            alike[1::2] = (alike[1::2] + 2 * (unit @ unit.mT)[one, other]) / 2
        if kinds is not None:
            alike = alike + SAME_KIND * (kinds[one] == kinds[other])
        return alike


def _pairs(count: int, device: torch.device) -> torch.Tensor:
    return torch.triu_indices(count, count, 1, device=device)


class Keeper(nn.Module):
    """The linear layers that must tell the picture, from the stream and from the heads of each layer."""

    def __init__(self, layers: int, width: int, channels: int) -> None:
        super().__init__()
        self.stream_heads = nn.ModuleList(nn.Linear(width, channels) for _ in range(layers - FIRST))
        self.vector_heads = nn.ModuleList(nn.Linear(width, channels) for _ in range(layers - FIRST))

    def forward(
        self, streams: Sequence[torch.Tensor], vectors: Sequence[torch.Tensor], wanted: torch.Tensor
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss and how well each kind tells; ``streams`` and ``vectors`` are `(prompt, width)` a layer."""
        wanted = wanted - wanted.mean(0)
        stream = _told(self.stream_heads, torch.stack(streams[FIRST:]), wanted)
        vector = _told(self.vector_heads, torch.stack(vectors[FIRST:]), wanted)
        figures = {"kept": stream.detach(), "kept by heads": vector.detach()}
        return 2 * (1 - stream) + 1.5 * (1 - vector), figures


def _told(heads: nn.ModuleList, values: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """How well the linear layers tell the features from ``values`` `(layer, prompt, width)`: the mean of all cosines."""
    weight, bias = torch.stack([head.weight for head in heads]), torch.stack([head.bias for head in heads])
    told = torch.baddbmm(bias[:, None], F.rms_norm(values, values.shape[-1:]), weight.mT)
    return F.cosine_similarity(told, wanted, dim=-1).mean()


def likeness(vectors: torch.Tensor, alike: torch.Tensor) -> torch.Tensor:
    """How cosines of vectors `(layer, prompt, head, dim)` go with a likeness `(head, pair)`: a correlation each."""
    one, other = _pairs(vectors.shape[1], vectors.device)
    unit = F.normalize(vectors.transpose(1, 2), dim=-1)
    found = (unit @ unit.mT)[..., one, other]
    return F.cosine_similarity(found - found.mean(-1, keepdim=True), alike - alike.mean(-1, keepdim=True), dim=-1)


def sorting(vectors: torch.Tensor, kinds: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """How cosines of raw vectors `(layer, turn, head, dim)` go with having the same answer: a correlation `(layer, head)`.

    Only questions of the same kind `(turn,)` are compared, each kind about its own mean; -1 is none.
    """
    kind = F.one_hot(kinds + 1)[:, 1:].float()  # (turn, kind)
    pairs = torch.einsum("ik,jk->kij", kind, kind).triu(1)
    pairs = pairs / pairs.sum((1, 2), keepdim=True).clamp(min=1)
    unit = F.normalize(vectors.transpose(1, 2), dim=-1)
    found = unit @ unit.mT  # (layer, head, turn, turn)
    same = (answers[:, None] == answers).float()
    weight = pairs.sum(0)
    found = found - torch.einsum("kij,klh->lhij", (pairs > 0).float(), torch.einsum("kij,lhij->klh", pairs, found))
    same = same - torch.einsum("kij,k->ij", (pairs > 0).float(), (pairs * same).sum((1, 2)))
    both = (weight * found * same).sum((-2, -1))
    return both / ((weight * found.square()).sum((-2, -1)) * (weight * same.square()).sum() + 1e-8).sqrt()


def distil(logits: torch.Tensor, features: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """How far the answer `(prompt, class)` is from the classifier's on maps `(prompt, channel, row, column)`."""
    taught = (features.float().mean((2, 3)) @ weight.T + bias) / COOL
    return F.kl_div((logits / COOL).log_softmax(1), taught.log_softmax(1), log_target=True, reduction="batchmean")
