"""From the parts of an example to the text a model was trained to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, Final, TypeAlias

from jinja2 import TemplateError

from sav_core.errors import InputError

__all__ = ["VIDEO", "Part", "PromptWriter"]


class _Place(Enum):
    VIDEO = "video"


VIDEO: Final = _Place.VIDEO
"""Where a clip stands that is shown as video."""

Part: TypeAlias = str | _Place | None
"""Of a prompt: a text, ``VIDEO``, or ``None`` where an image stands."""

_PLACEHOLDERS = ("image_token", "video_token", "audio_token")  # attributes of a processor that name one

# Processors that refuse a prompt without an image although their language model reads one: how they dress a text.
_TEXT_ONLY_DRESS = {"PaliGemmaProcessor": "{bos}{text}\n"}


class PromptWriter:
    """Writes prompts in a model's own chat format, images and text interleaved, up to the assistant's header.

    A model without a chat template (PaliGemma) gets the plain prompt: its image token where an image stands, the texts
    as they are, nothing between; its processor dresses that as the model was trained.
    """

    def __init__(self, processor: Any) -> None:
        self._tokenizer = processor.tokenizer
        self._template = _template(processor)
        self._image_token = _placeholder(processor, "image_token") or "<image>"
        self._video_token = _placeholder(processor, "video_token")
        self._text_dress = _TEXT_ONLY_DRESS.get(type(processor).__name__, "{text}")
        self._control = _control_tokens(processor, self._template)
        self._lead = None if self._template is None else _lead(self._tokenizer, self._template)
        self.write = lru_cache(maxsize=256)(self._write)  # a support set asks one question over and over

    @property
    def template(self) -> str:
        """The chat template, empty when the model has none."""
        return self._template or ""

    def starts_with_bos(self, prompt: str) -> bool:
        """Whether the prompt brings its own first token, so that the tokenizer must not add a second."""
        bos = self._tokenizer.bos_token
        return bool(bos) and prompt.startswith(bos)

    def continuation(self, prompt: str, answer: str) -> list[int]:
        """Return the tokens of an answer after a prompt.

        What stands between the two is what the chat template writes there; where it writes no conversation that goes on
        from its own prompt, the answer is a new word, unless the prompt ends a line or with a token.
        """
        lead = self._lead
        if lead is None:
            ends_so = prompt[-1:].isspace() or any(match.end() == len(prompt) for match in self._control.finditer(prompt))
            lead = "" if ends_so else " "
        text = lead + answer
        before, both = (self._tokenizer(each, add_special_tokens=False)["input_ids"] for each in (prompt, prompt + text))
        if both[: len(before)] == before and len(both) > len(before):
            return list(both[len(before) :])
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])  # they fused where they meet

    def _write(self, parts: Sequence[Part]) -> str:
        """Return the prompt for texts with ``None`` where an image stands, and ``VIDEO`` where a clip does.

        Raises:
            InputError: a text holds one of the model's control tokens.
        """
        for text in parts:
            if isinstance(text, str) and (found := self._control.search(text)):
                raise InputError(
                    f"The question contains {found.group()!r}, which this model reads as a control token and not as "
                    "text: write it in another way."
                )
        if self._template is None:
            return self._plain(parts)
        content = [_content(part) for part in parts]
        rendered: str = self._tokenizer.apply_chat_template(
            [{"role": "user", "content": content}],
            chat_template=self._template,
            add_generation_prompt=True,
            tokenize=False,
        )
        return rendered

    def _plain(self, parts: Sequence[Part]) -> str:
        tokens: dict[Part, str] = {None: self._image_token, VIDEO: self._video_token}
        text = "".join(part if isinstance(part, str) else tokens[part] for part in parts)
        if None in parts or VIDEO in parts:
            return text
        return self._text_dress.format(bos=self._tokenizer.bos_token or "", text=text)


def _content(part: Part) -> dict[str, str]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image" if part is None else "video"}


def _template(processor: Any) -> str | None:
    """The default chat template of the processor, else of its tokenizer."""
    for owner in (processor, processor.tokenizer):
        template = getattr(owner, "chat_template", None)
        if isinstance(template, dict):
            template = template.get("default")
        if template:
            return str(template)
    return None


def _lead(tokenizer: Any, template: str) -> str | None:
    """What a chat template writes between the assistant's header and the answer: nothing, a space; ``None`` if unknown."""
    question = {"role": "user", "content": [{"type": "text", "text": "question"}]}
    answer = {"role": "assistant", "content": [{"type": "text", "text": "answer"}]}

    def render(messages: list[Any], open_end: bool) -> str:
        options = {"chat_template": template, "add_generation_prompt": open_end, "tokenize": False}
        return str(tokenizer.apply_chat_template(messages, **options))

    try:
        prompt, whole = render([question], True), render([question, answer], False)
    except (TemplateError, TypeError, KeyError, ValueError):  # it writes no answers, or not in this form
        return None
    lead, found, _ = whole.removeprefix(prompt).partition("answer")
    return lead if found and whole.startswith(prompt) and not lead.strip() else None


def _placeholder(processor: Any, name: str) -> str:
    """The token of that name, which a processor may hold as a string or with its settings; empty where it has none."""
    token = getattr(processor, name, None) or ""
    return str(getattr(token, "content", token))


def _control_tokens(processor: Any, template: str | None) -> re.Pattern[str]:
    """Match the strings that steer a model when they stand in its prompt: special tokens and what its template writes."""
    added = processor.tokenizer.added_tokens_decoder.values()
    tokens = {token.content for token in added if token.special or token.content in (template or "")}
    tokens.update(processor.tokenizer.all_special_tokens)
    tokens.update(_placeholder(processor, name) for name in _PLACEHOLDERS)
    longest_first = sorted((token for token in tokens if token.strip()), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
