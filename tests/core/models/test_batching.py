import pytest
import torch

from sav_core.models.batching import BatchBudget, Encoded, collate


def encoded(length, *, first=1, **images):
    ids = torch.arange(first, first + length)[None]
    return Encoded({"input_ids": ids, "attention_mask": torch.ones_like(ids)}, images, ids[0] == -1)


def test_tokens_are_padded_on_the_left():
    batch = collate([encoded(2, first=5), encoded(4, first=1)], pad_token_id=9)
    assert batch["input_ids"].tolist() == [[9, 9, 5, 6], [1, 2, 3, 4]]
    assert batch["attention_mask"].tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]


def test_marks_that_an_example_lacks_are_zeros():
    marked = encoded(3)
    marked = Encoded({**marked.tokens, "token_type_ids": torch.tensor([[1, 1, 0]])}, {}, marked.image_token_mask)
    batch = collate([encoded(2), marked], pad_token_id=0)
    assert batch["token_type_ids"].tolist() == [[0, 0, 0], [1, 1, 0]]


def test_images_are_joined_in_order_and_text_only_examples_add_none():
    one = encoded(2, pixel_values=torch.full((1, 3, 2, 2), 1.0))
    two = encoded(2, pixel_values=torch.full((2, 3, 2, 2), 2.0))
    batch = collate([one, encoded(2), two], pad_token_id=0)
    assert batch["pixel_values"][:, 0, 0, 0].tolist() == [1, 2, 2]


def test_images_of_unequal_sizes_are_padded_at_the_end_with_zeros():
    small, large = torch.ones(1, 3, 1, 2), torch.ones(1, 3, 2, 1)
    joined = collate([encoded(1, pixel_values=small), encoded(1, pixel_values=large)], pad_token_id=0)["pixel_values"]
    assert joined[:, 0].tolist() == [[[1, 1], [0, 0]], [[1, 0], [1, 0]]]


def test_numbers_without_further_axes_are_joined():
    parts = [encoded(1, batch_num_images=torch.tensor([count])) for count in (1, 2)]
    assert collate(parts, pad_token_id=0)["batch_num_images"].tolist() == [1, 2]


def test_batches_hold_every_example_once_in_order_of_length():
    examples = [encoded(length) for length in (7, 3, 9, 3, 5)]
    batches = BatchBudget(limit_bytes=1 << 30, bytes_per_token=1, bytes_per_number=4, most=2).split(examples)
    assert batches == [[1, 3], [4, 0], [2]]


def test_without_padding_a_batch_holds_examples_of_one_length():
    examples = [encoded(length) for length in (7, 3, 9, 3, 7, 3)]
    budget = BatchBudget(limit_bytes=1 << 30, bytes_per_token=1, bytes_per_number=4, pads=False)
    assert budget.split(examples) == [[1, 3, 5], [0, 4], [2]]


def test_a_batch_is_no_larger_than_pays():
    examples = [encoded(10) for _ in range(5)]
    budget = BatchBudget(1 << 30, bytes_per_token=100, bytes_per_number=4, worth_bytes=2 * 10 * (100 + 10 * 4))
    assert [len(batch) for batch in budget.split(examples)] == [2, 2, 1]


def test_a_batch_stays_within_the_budget_or_holds_one():
    examples = [encoded(length) for length in (10, 10, 10, 40)]
    budget = BatchBudget(limit_bytes=2 * 10 * (100 + 10 * 4), bytes_per_token=100, bytes_per_number=4)
    assert budget.split(examples) == [[0, 1], [2], [3]]


def test_pixels_count_too():
    examples = [encoded(1, pixel_values=torch.zeros(1, 100)) for _ in range(3)]
    assert len(BatchBudget(limit_bytes=15_000, bytes_per_token=1, bytes_per_number=4).split(examples)) == 2


@pytest.mark.parametrize("count", [0, 1, 33])
def test_any_number_of_examples(count):
    batches = BatchBudget(1 << 30, 1, 4).split([encoded(2) for _ in range(count)])
    assert sorted(index for batch in batches for index in batch) == list(range(count))
    assert all(len(batch) <= 32 for batch in batches)
