"""Whether the model uses what a head knows: heads switched off in the model itself, and what its own answer loses.

backbone = load_backbone()
clf = SavClassifier(backbone).fit(support)
heads = choose_heads(clf.kept_heads_, backbone.geometry, clf.head_classifier_.fitted_.scores.ranking)
found = ablate(backbone, heads, queries, clf.classes_.tolist(), support=support)
found.lost("kept").log_likelihood               # what the right label loses without the kept heads
found.against_random.log_likelihood             # and how much more than without as many others of the same layers
patch_pictures(backbone, heads, queries, clf.classes_.tolist()).outcome("kept").follows

That a label can be read from a head does not show that the model uses it. Readable and used are two findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sav_core.lazy import lazy_names

if TYPE_CHECKING:
    from sav_core.causes.ablation import Ablation, ablate
    from sav_core.causes.each_head import lost_by_each
    from sav_core.causes.head_sets import CONDITIONS, HeadSets, choose_heads
    from sav_core.causes.knock_out import OwnAnswer, answer_without, knocked_out
    from sav_core.causes.patching import Patching, patch_pictures
    from sav_core.causes.ways import KnockOut

_HOMES = {
    "Ablation": "ablation",
    "CONDITIONS": "head_sets",
    "HeadSets": "head_sets",
    "KnockOut": "ways",
    "OwnAnswer": "knock_out",
    "Patching": "patching",
    "ablate": "ablation",
    "answer_without": "knock_out",
    "choose_heads": "head_sets",
    "knocked_out": "knock_out",
    "lost_by_each": "each_head",
    "patch_pictures": "patching",
}

__all__ = [
    "CONDITIONS",
    "Ablation",
    "HeadSets",
    "KnockOut",
    "OwnAnswer",
    "Patching",
    "ablate",
    "answer_without",
    "choose_heads",
    "knocked_out",
    "lost_by_each",
    "patch_pictures",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
