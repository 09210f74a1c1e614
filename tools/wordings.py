"""How questions about several pictures are put, and the prompts that ask to keep the whole of a picture."""

from collections.abc import Mapping

WORDINGS: Mapping[str, tuple[str, ...]] = {
    "moved": ("What moved?", "Which object moved?"),
    "way": ("Which way did the {name} move?", "Where did the {name} go?"),
    "new": ("What is new?", "Which object was added?"),
    "gone": ("What is gone?", "Which object is missing?"),
    "change": ("What changed?", "What happened?", "What is the difference?"),
    "same": ("Are these the same thing?", "Is it the same thing twice?", "Same or different?"),
    "like": ("Which picture is like the first?", "Which one shows the same thing as the first?"),
    "odd": ("Which picture is different?", "Which is the odd one out?"),
    "rule": ("Which side?",),
}
"""For each family of questions about several pictures the ways to put it, the plain one first."""

KEEP = (
    "What is this?", "What is it?", "Describe the picture.", "Describe.", "", "What do you see?", "What kind is it?",
    "What is it made of?", "Which kind is this?", "What is this a picture of?", "What material?",
    "What scene is this?", "Where was it taken?", "Is it good or bad?", "Which of these is it?", "Which species is this?",
)  # fmt: skip
"""Prompts whose last token must tell all of the picture: those that name nothing in it, meaningful to the model or not."""

ORDINALS = ("first", "second", "third", "fourth")
STEPS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}

CLASS = "Which class is it?"
"""Answered as the tower's own classifier would."""
