"""The embedded model before this one, whose decoder the training starts from: out of the repository's history.

That model was trained from nothing on drawn scenes (its card, at the same commit, says how). Its tower is not used but to
teach the new projector once what the old one said of each cell; its decoder already counts, compares places and infers
relations, which would be hours to learn again.
"""

import io
import subprocess
import tarfile
from pathlib import Path

import torch
from transformers import AutoTokenizer, FastVlmForConditionalGeneration

from tools.artwork import BUILD

COMMIT = "e83c755"
FOLDER = BUILD / "former"
SIDE = 96  # px of the picture its tower reads


def fetch() -> Path:
    """The folder with its files, taken from the history once."""
    model = FOLDER / "assets" / "model"
    if not model.exists():
        root = Path(__file__).resolve().parent.parent
        archive = subprocess.run(
            ["git", "archive", COMMIT, "assets/model"], cwd=root, check=True, stdout=subprocess.PIPE
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(FOLDER, filter="data")
    return model


def load() -> FastVlmForConditionalGeneration:
    """The model in float32, not to be trained."""
    return FastVlmForConditionalGeneration.from_pretrained(fetch(), dtype=torch.float32).eval().requires_grad_(False)


@torch.no_grad()
def hand_over(former: FastVlmForConditionalGeneration, model: FastVlmForConditionalGeneration, tokenizer: object) -> int:
    """Give the model the former decoder, each token it knew its old row; returns how many those are.

    A name it wrote as several tokens, now one, begins as their mean; so "hot pepper" is near "pepper".
    """
    model.model.language_model.layers.load_state_dict(former.model.language_model.layers.state_dict())
    model.model.language_model.norm.load_state_dict(former.model.language_model.norm.state_dict())
    before = AutoTokenizer.from_pretrained(fetch())
    old, new = former.get_input_embeddings().weight, model.get_input_embeddings().weight
    known = before.get_vocab()
    new.mul_(float(old.std() / new.std()))
    kept = 0
    for token, index in tokenizer.get_vocab().items():
        if token in known:
            new[index] = old[known[token]]
            kept += 1
        else:
            parts = before.encode(tokenizer.decode([index]), add_special_tokens=False)
            if parts:
                new[index] = 0.5 * new[index] + 0.5 * old[parts].mean(0)
    return kept
