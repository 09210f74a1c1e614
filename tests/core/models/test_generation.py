import math

import pytest
import torch

from sav_core.data.examples import Example
from sav_core.errors import InputError, SettingError
from sav_core.models import generation
from sav_core.models.generation import generate_text, label_likelihoods, likelihoods_and_text
from tests.support.tiny_models import ARCHITECTURES, example_image

LABELS = ["cats", "dogs!", "bb", "a bit"]
EXAMPLES = [
    Example(example_image(1, (90, 40)), "What is it?"),
    Example([example_image(2), example_image(3, (33, 70))], "<image> and then <image> what?"),
    Example((), "Only words."),
]


def naive(backbone, example, label):
    """The sum of log-probabilities by one forward over prompt and label together, and the number of tokens."""
    answer = torch.tensor([backbone.answer_ids(example, label)])
    encoded = backbone.encode(example)
    batch = backbone.collate([encoded])
    more = {"input_ids": answer, "attention_mask": torch.ones_like(answer)}
    if type(backbone.processor).__name__ == "PaliGemmaProcessor":
        more["token_type_ids"] = torch.ones_like(answer)  # its answers are read causally, its prompts are not
    for name in encoded.tokens:
        batch[name] = torch.cat([batch[name], more.get(name, torch.zeros_like(answer))], dim=1)
    with torch.inference_mode():
        follows = backbone.model(**batch).logits[0, -answer.shape[1] - 1 : -1].log_softmax(-1)
    return follows.gather(1, answer.T).sum().item(), answer.shape[1]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("example", EXAMPLES, ids=["one image", "two images", "text"])
def test_likelihoods_equal_reading_every_label_on_its_own(tiny_backbone, architecture, example):
    backbone = tiny_backbone(architecture)
    sums, counts = zip(*(naive(backbone, example, label) for label in LABELS), strict=True)
    for per_token, scores in ((False, sums), (True, [score / n for score, n in zip(sums, counts, strict=True)])):
        likelihoods = label_likelihoods(backbone, example, LABELS, per_token=per_token)
        assert list(likelihoods) == LABELS
        expected = torch.tensor(scores, dtype=torch.float64).softmax(0)
        assert list(likelihoods.values()) == pytest.approx(expected.tolist(), rel=1e-3)
        assert math.fsum(likelihoods.values()) == pytest.approx(1)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_is_read_once_for_both_says_the_same(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    for tokens in (1, 6):
        likelihoods, text = likelihoods_and_text(backbone, EXAMPLES[0], LABELS, max_new_tokens=tokens)
        assert likelihoods == pytest.approx(label_likelihoods(backbone, EXAMPLES[0], LABELS), rel=1e-5)
        assert text == generate_text(backbone, EXAMPLES[0], max_new_tokens=tokens)


def test_a_prompt_is_read_once_for_both_where_memory_can_be_taken_back(tiny_backbone, monkeypatch):
    read = []
    generate = generation._generate
    monkeypatch.setattr(generation, "_generate", lambda *args, **more: read.append(1) or generate(*args, **more))
    for architecture, times in (("llava", 1), ("gemma3", 2)):  # gemma3 has a sliding window
        read.clear()
        likelihoods_and_text(tiny_backbone(architecture), EXAMPLES[0], LABELS, max_new_tokens=4)
        assert len(read) == times, architecture


def test_the_order_of_labels_of_unlike_length_changes_nothing(tiny_backbone):
    backbone = tiny_backbone("qwen2_vl")
    short, long = "a", "a much longer label"
    lengths = [len(backbone.answer_ids(EXAMPLES[0], label)) for label in (short, long)]
    assert lengths[0] == 1 < lengths[1]
    one, other = (label_likelihoods(backbone, EXAMPLES[0], labels) for labels in ([short, long], [long, short]))
    assert one == pytest.approx(other, rel=1e-4)


def test_a_label_named_twice_is_one_answer(tiny_backbone):
    backbone = tiny_backbone("qwen2_vl")
    assert label_likelihoods(backbone, EXAMPLES[0], ["a", "b", "a"]) == label_likelihoods(backbone, EXAMPLES[0], ["a", "b"])


def test_many_labels_are_read_in_groups_with_the_same_result(tiny_backbone):
    backbone = tiny_backbone("gemma3")
    labels = [f"label {index}" for index in range(40)]
    likelihoods = label_likelihoods(backbone, EXAMPLES[0], labels)
    expected = torch.tensor([naive(backbone, EXAMPLES[0], label)[0] for label in labels]).softmax(0)
    assert list(likelihoods.values()) == pytest.approx(expected.tolist(), rel=1e-3)


def test_an_answer_is_a_word_of_its_own(tiny_backbone):
    llava, qwen = tiny_backbone("llava"), tiny_backbone("qwen2_vl")
    space = llava.processor.tokenizer.encode(" ", add_special_tokens=False)
    assert llava.answer_ids(EXAMPLES[0], "cat")[:1] == space  # after "ASSISTANT:"
    assert qwen.answer_ids(EXAMPLES[0], "cat")[:1] != space  # after "assistant\n"


@pytest.mark.parametrize("labels", [[], ["cat", " "]])
def test_labels_must_be_texts(tiny_backbone, labels):
    with pytest.raises(SettingError, match="labels must be one or more texts"):
        label_likelihoods(tiny_backbone("llava"), EXAMPLES[0], labels)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_text_is_the_likeliest_token_time_and_again(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    example = EXAMPLES[1]
    encoded = backbone.encode(example)
    batch = backbone.collate([encoded])
    tokens = []
    while len(tokens) < 3:
        with torch.inference_mode():
            token = backbone.model(**batch).logits[0, -1].argmax()
        if token == backbone.processor.tokenizer.eos_token_id:
            break
        tokens.append(int(token))
        for name in encoded.tokens:
            mark = {"input_ids": token.item(), "attention_mask": 1}.get(name, 0)
            if type(backbone.processor).__name__ == "PaliGemmaProcessor" and name == "token_type_ids":
                mark = 1
            batch[name] = torch.nn.functional.pad(batch[name], (0, 1), value=mark)
    expected = backbone.processor.tokenizer.decode(tokens, skip_special_tokens=True).strip()
    assert generate_text(backbone, example, max_new_tokens=3) == expected


def test_nothing_is_printed(tiny_backbone, capfd):
    generate_text(tiny_backbone("smolvlm"), EXAMPLES[0], max_new_tokens=2)
    label_likelihoods(tiny_backbone("smolvlm"), EXAMPLES[0], LABELS)
    assert capfd.readouterr() == ("", "")


def test_a_control_token_is_refused(tiny_backbone):
    with pytest.raises(InputError, match="control token"):
        generate_text(tiny_backbone("llava"), Example(example_image(), "</s>"))


def test_an_answer_follows_the_prompt_as_the_chat_template_writes_it(tiny_backbone, monkeypatch):
    backbone = tiny_backbone("qwen2_vl")
    spaced = backbone.prompts.template.replace("{{ part['text'] }}", "{{ ' ' + part['text'] }}")
    monkeypatch.setattr(backbone.processor, "chat_template", spaced)
    monkeypatch.setattr(backbone, "prompts", type(backbone.prompts)(backbone.processor))
    space = backbone.processor.tokenizer.encode(" ", add_special_tokens=False)
    assert backbone.answer_ids(EXAMPLES[0], "cat")[:1] == space
