"""What the model is shown beside pictures as they are: the same in another light, and maps that no picture has."""

import torch


def relit(pixels: torch.Tensor) -> torch.Tensor:
    """Pictures `(picture, channel, row, column)` in another light, a little tinted, and with some noise."""
    count, device = len(pixels), pixels.device

    def drawn(*shape: int) -> torch.Tensor:
        return 2 * torch.rand(count, *shape, 1, 1, device=device) - 1

    gain = 1 + 0.15 * drawn(1) + 0.05 * drawn(3)
    noise = 0.04 * torch.rand(count, 1, 1, 1, device=device) * torch.randn_like(pixels)
    return (pixels * gain + 0.1 * drawn(1) + noise).clamp_(-1.0, 1.0)


def mixtures(maps: torch.Tensor, count: int) -> torch.Tensor:
    """Maps that no picture has: each channel from one of two pictures, `(picture, ..., channel, row, column)`.

    Drawings and a few photographs leave most of what the tower can say unsaid; what holds for mixtures holds for more.
    """
    one, other = (torch.randint(len(maps), (count,), device=maps.device) for _ in range(2))
    alone = (1,) * (maps.ndim - 4)
    share = torch.rand(count, *alone, 1, 1, 1, device=maps.device)
    first = torch.rand(count, *alone, maps.shape[-3], 1, 1, device=maps.device) < share
    return torch.where(first, maps[one], maps[other])
