"""How heads are switched off: what they say instead, and at which tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from sav_core.errors import SettingError

__all__ = ["REPLACED_BY", "TOKENS", "KnockOut", "ReplacedBy", "Tokens"]

ReplacedBy: TypeAlias = Literal["mean", "zero", "resample"]
Tokens: TypeAlias = Literal["last", "every"]

REPLACED_BY: tuple[str, ...] = get_args(ReplacedBy)
TOKENS: tuple[str, ...] = get_args(Tokens)


@dataclass(frozen=True, slots=True)
class KnockOut:
    """How heads are switched off.

    Attributes:
        replaced_by: ``"mean"``, over the support; ``"zero"``; or ``"resample"``, the vectors of one example of the support,
            drawn for each query.
        tokens: ``"last"``, where head vectors are read and the answer begins; or ``"every"`` token of prompt and answer,
            where a mean is over all tokens.
        seed: of what is drawn.

    Raises:
        SettingError: there is no such way.
    """

    replaced_by: ReplacedBy = "mean"
    tokens: Tokens = "last"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, known in (("replaced_by", self.replaced_by, REPLACED_BY), ("tokens", self.tokens, TOKENS)):
            if value not in known:
                raise SettingError(f"{name} must be one of {', '.join(known)}, but is {value!r}.")
