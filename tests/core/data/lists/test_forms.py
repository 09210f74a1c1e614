"""Lists as published sets write them are understood, and what their keys are read as is said."""

import json

import pytest

from sav_core.data.folders.sources import FolderSource
from sav_core.data.lists.jsonl import list_lines


@pytest.mark.parametrize(
    ("record", "question", "label", "said"),
    [
        (
            {"image_path": "1.png", "claim": "A cat", "claim_label": "no"},
            "A cat",
            "no",
            "Read 'image_path' as the picture, 'claim' as the question and 'claim_label' as the label",
        ),
        (
            {"image_1": "1.png", "image_2": "1.png", "image_3": "", "question": "Which?", "label": "A"},
            "Which?",
            "A",
            "Read 'image_1' and so on as the pictures",
        ),
        (
            {
                "Category": "vqa",
                "Text": "Which?",
                "Image": "1.png",
                "Output1": "It",
                "Output2": "That",
                "Better": "Output2",
            },
            "Question: Which?\n\nAnswer 1: It\n\nAnswer 2: That",
            "Output2",
            "Read 'Text' with 'Output1' and 'Output2' as a question with two answers, 'Image' as the picture and 'Better' "
            "as the better one",
        ),
        (
            {"Category": "vqa", "Text": "Which?", "Image": "1.png", "Output": "It", "label": "preferred"},
            "Question: Which?\n\n Answer: It",
            "preferred",
            "Read 'Text' with 'Output' as a question with one answer, 'Image' as the picture and 'label' as how it was "
            "judged",
        ),
        ({"image": "1.png", "question": "Which?", "label": "A"}, "Which?", "A", ""),
        ({"image": "1.png", "instruction": "Which?", "output": "A"}, "Which?", None, "Read 'instruction' as the question"),
        (
            {"image": "1.png", "text": "Which?", "output1": "A", "output2": 3, "label": "A"},
            "Which?",
            "A",
            "Read 'text' as the question",
        ),
    ],
)
def test_published_lists_are_understood_and_what_as_is_said(tmp_path, record, question, label, said):
    (tmp_path / "list.json").write_text(json.dumps([record]))
    listing = list_lines(FolderSource(tmp_path), "list.json", "", labelled=label is not None)
    (found,) = listing.examples
    assert (found.question, found.label) == (question, label)
    assert [note.text for note in listing.notes if note.kind == "read as"] == [said] * bool(said)
    assert not [note for note in listing.notes if note.kind == "unread keys"]
