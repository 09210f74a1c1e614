"""Photographs by name: which of 200 names the model itself gives a photograph that no training saw.

Asked for the class, the first token of its answer decides, among the names alone; beside it the tower's own classifier.
"""

import re
from random import Random

import numpy as np
import torch

from sav_core.data.examples import Example
from sav_core.models.backbones import Backbone
from tools.evaluation_photographs import photographs_apart
from tools.figures import Figure, share
from tools.names import CLASSES
from tools.tower import classifier
from tools.wordings import CLASS
from tools.world import HELD_OUT

AMONG = 200
NAMED = {
    "bee": r"animals/.*-bee", "cheetah": r"animals/.*-cheetah", "chameleon": r"animals/.*-chamaeleon",
    "gibbon": r"animals/.*-gibbon", "proboscis monkey": r"animals/.*-long_nosed_monkey",
    "macaque": r"animals/.*-macaque", "meerkat": r"animals/.*-meerkats", "alpine ibex": r"animals/.*-nubian_ibex",
    "king penguin": r"animals/.*-penguin", "spoonbill": r"animals/.*-spoonbills", "fox squirrel": r"animals/.*-squirrel",
    "toucan": r"animals/.*-toucan", "hammer": r"things/.*-hammer\d+", "dam": r"things/.*-dam\d+",
    "solar thermal collector": r"things/.*-solar[4-8]", "frying pan": r"things/.*-pan", "baseball": r"things/.*-baseball",
    "bucket": r"things/.*-bucket", "pillow": r"things/.*-pillow", "plate": r"things/.*-plate",
    "weighing scale": r"things/.*-weighingMachine", "church": r"things/.*-cathedral", "palace": r"things/.*-zimniPalace",
    "triumphal arch": r"things/.*-(arcDeTriomphe|IndiaGate|brandenburgGate)",
}  # fmt: skip
"""The class of a photograph by its collection and name, where one of the classifier's is plainly right."""


def by_name(backbone: Backbone, seed: int) -> dict[str, Figure]:
    """How often the right one of the names comes out first."""
    pictures = [
        (image, said)
        for path, image in photographs_apart().items()
        for said, pattern in NAMED.items()
        if re.fullmatch(pattern, path)
    ]
    tokenizer = backbone.processor.tokenizer
    single = [name for name in CLASSES if len(tokenizer.encode(f" {name}", add_special_tokens=False)) == 1]
    able = sorted(set(single) - set(HELD_OUT) - set(NAMED))
    names = [*NAMED, *Random(f"names {seed}").sample(able, AMONG - len(NAMED))]
    tokens = [tokenizer.encode(f" {name}", add_special_tokens=False)[0] for name in names]
    weight, bias = classifier()
    rows = [CLASSES.index(name) for name in names]
    said, seen = [], []
    for image, _ in pictures:
        batch = backbone.collate([backbone.encode(Example(image, CLASS))])
        with torch.inference_mode():
            logits = backbone.model(**batch, use_cache=False).logits[0, -1, tokens]
            maps = backbone.model.base_model.vision_tower(batch["pixel_values"]).last_hidden_state.cpu()
        said.append(names[int(logits.argmax())])
        seen.append(names[int((maps.float().mean((2, 3))[0] @ weight[rows].T + bias[rows]).argmax())])
    wanted = np.array([name for _, name in pictures])
    return {"model": share(np.array(said) == wanted), "tower's classifier": share(np.array(seen) == wanted)}
