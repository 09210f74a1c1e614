"""What the decoder must keep: the last token tells all of the picture, whatever is asked.

Asked for drawn names alone, a decoder soon throws away what no question needs, and with it what tells photographs apart.
So while training, at every layer from the second on and on prompts that name nothing in the picture,

- a linear layer that is thrown away afterwards must tell the tower's pooled feature from the last token, and another from
  the layer's head vectors together: square root of the mean over the cells, centred over the batch, 1 - cosine;
- pictures that are alike to the tower must be alike to each head: the cosines of its raw vectors, which is what sparse
  attention vectors compare, must go with those of the pooled features;
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
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """The loss and how well each kind tells; ``streams`` and ``vectors`` are `(prompt, width)` a layer."""
        wanted = wanted - wanted.mean(0)
        stream, vector = _told(self.stream_heads, streams, wanted), _told(self.vector_heads, vectors, wanted)
        alike = torch.stack([likeness(x.view(len(x), heads, -1), wanted) for x in vectors[FIRST:]]).mean()
        figures = {"kept": float(stream.detach()), "kept by heads": float(vector.detach()), "alike": float(alike.detach())}
        return 2 * (1 - stream) + 1.5 * (1 - vector) + 1 - alike, figures


def _told(heads: nn.ModuleList, values: Sequence[torch.Tensor], wanted: torch.Tensor) -> torch.Tensor:
    """How well the linear layers tell the features: a cosine, the mean over layers and prompts."""
    pairs = zip(heads, values[FIRST:], strict=True)
    found = [F.cosine_similarity(read(F.rms_norm(x, x.shape[-1:])), wanted).mean() for read, x in pairs]
    return torch.stack(found).mean()


def likeness(vectors: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """How the cosines of the raw vectors `(prompt, head, dim)` go with those of the features: a correlation a head."""
    upper = torch.triu_indices(len(wanted), len(wanted), 1)
    unit = F.normalize(vectors.transpose(0, 1), dim=-1)
    found = (unit @ unit.transpose(1, 2))[:, upper[0], upper[1]]
    features = F.normalize(wanted, dim=-1)
    given = (features @ features.T)[upper[0], upper[1]]
    return F.cosine_similarity(found - found.mean(1, keepdim=True), (given - given.mean())[None], dim=1)


def distil(logits: torch.Tensor, features: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """How far the answer `(prompt, class)` is from the classifier's on maps `(prompt, channel, row, column)`."""
    taught = (features.float().mean((2, 3)) @ weight.T + bias) / COOL
    return F.kl_div((logits / COOL).log_softmax(1), taught.log_softmax(1), log_target=True, reduction="batchmean")
