"""What the decoder must keep: the last token tells all of the picture, whatever is asked.

Asked for drawn names alone, a decoder soon throws away what no question needs, and with it what tells photographs apart.
So while training, at every layer from the second on and on prompts that name nothing in the picture,

- a linear layer that is thrown away afterwards must tell the tower's pooled feature from the last token, and another from
  the layer's head vectors together: square root of the mean over the cells, centred over the batch, 1 - cosine;
- pictures that are alike to the tower must be alike to each head of the first half of a layer: the cosines of its raw
  vectors, which is what sparse attention vectors compare, must go with those of the pooled features;
- questions of a kind that have the same answer must be alike to each head of the second half, in the later layers: larger
  models have heads for a question of themselves, a model this small needs to be told (`sorting`);
- asked for the class, the last token must answer as the tower's own classifier does (`distil`), all thousand classes at
  once: a map that holds for drawings and photographs alike.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

FIRST = 1  # layer
COOL = 2.0  # temperature at which the classifier is imitated


def pooled(features: torch.Tensor) -> torch.Tensor:
    """What a picture shows, `(picture, channel)`: the square root of the tower's mean over the cells."""
    return features.float().mean((2, 3)).sqrt()


class Keeper(nn.Module):
    """The linear layers that must tell the picture, from the stream and from the heads of each layer."""

    def __init__(self, layers: int, width: int, channels: int) -> None:
        super().__init__()
        self.stream_heads = nn.ModuleList(nn.Linear(width, channels) for _ in range(layers - FIRST))
        self.vector_heads = nn.ModuleList(nn.Linear(width, channels) for _ in range(layers - FIRST))

    def forward(
        self, streams: Sequence[torch.Tensor], vectors: Sequence[torch.Tensor], wanted: torch.Tensor, heads: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss and how well each kind tells; ``streams`` and ``vectors`` are `(prompt, width)` a layer."""
        wanted = wanted - wanted.mean(0)
        streams, vectors = torch.stack(streams[FIRST:]), torch.stack(vectors[FIRST:])
        stream, vector = _told(self.stream_heads, streams, wanted), _told(self.vector_heads, vectors, wanted)
        alike = likeness(vectors.unflatten(-1, (heads, -1))[..., : (heads + 1) // 2, :], wanted).mean()
        figures = {"kept": stream.detach(), "kept by heads": vector.detach(), "alike": alike.detach()}
        return 2 * (1 - stream) + 1.5 * (1 - vector) + 2 * (1 - alike), figures


def _told(heads: nn.ModuleList, values: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """How well the linear layers tell the features from ``values`` `(layer, prompt, width)`: the mean of all cosines."""
    weight, bias = torch.stack([head.weight for head in heads]), torch.stack([head.bias for head in heads])
    told = torch.baddbmm(bias[:, None], F.rms_norm(values, values.shape[-1:]), weight.mT)
    return F.cosine_similarity(told, wanted, dim=-1).mean()


def likeness(vectors: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """How cosines of raw vectors `(layer, prompt, head, dim)` go with the features': a correlation `(layer, head)`."""
    upper = torch.triu_indices(len(wanted), len(wanted), 1, device=wanted.device)
    unit = F.normalize(vectors.transpose(1, 2), dim=-1)
    found = (unit @ unit.mT)[..., upper[0], upper[1]]
    features = F.normalize(wanted, dim=-1)
    given = (features @ features.T)[upper[0], upper[1]]
    return F.cosine_similarity(found - found.mean(-1, keepdim=True), given - given.mean(), dim=-1)


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
