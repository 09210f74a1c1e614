"""What a visitor teaches: labels, examples, question and settings, as one immutable value; every edit returns a new one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sav_core.data.clips.clip import Clip
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example
from sav_core.data.pictures.levels import Levels
from sav_core.data.pictures.picture import Picture
from sav_core.data.sets.one_scale import levels_of
from sav_core.errors import InputError
from sav_core.types import Detail
from sav_ui.limits import CLIPS, limits

__all__ = ["MAX_LABEL_LENGTH", "Item", "Label", "Project", "check_label"]

MAX_LABEL_LENGTH = 80
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")  # the last are halves of characters
"""Controls, and what turns the direction of writing; marks within Arabic or Hebrew, and joiners, are letters' own."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label's identity and its name; renaming keeps the identity."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """One example under its label; ``text`` is its own question, empty for the project's."""

    id: str
    label: str
    pictures: tuple[Picture, ...]
    text: str = ""

    @property
    def name(self) -> str:
        """What to call it: the first picture's name."""
        return self.pictures[0].name if self.pictures else self.text[:60]

    @property
    def content(self) -> tuple[str, ...]:
        """What makes two items the same: their pictures' digests and their text."""
        return (*(picture.digest for picture in self.pictures), self.text)


@dataclass(frozen=True)
class Project:
    """A visitor's work.

    Attributes:
        labels: in the order they were added.
        items: the examples, in the order they were added.
        question: what the model is asked about every example without a text of its own.
        n_kept: how many heads vote.
        scoring: what ranks the heads, one of ``sav_core.heads.scoring.SCORINGS``.
        voting: how the heads' votes are counted, one of ``sav_core.heads.rules.VOTING_RULES``.
        threshold: of the share of the vote times closeness, below which the answer is "none of these"; as learned from
            the examples where ``None``.
        model: what ``load_backbone`` is given; empty for the embedded model.
        title: the ready task it began with, if any.
        name: what the visitor calls it; empty while they have not.
        clips: how clips are sampled and shown to the model.
        detail: how finely the model looks at pictures.
        max_layer: the last layer that heads come from and that the model runs to; ``None`` for its last.
        next_id: the next identity's number.
    """

    labels: tuple[Label, ...] = ()
    items: tuple[Item, ...] = ()
    question: str = ""
    n_kept: int = 20
    scoring: str = "leave_one_out"
    voting: str = "majority"
    threshold: float | None = None
    model: str = ""
    title: str = ""
    name: str = ""
    clips: ClipSampling = CLIPS
    detail: Detail = "full"
    max_layer: int | None = None
    next_id: int = field(default=1, compare=False)

    @property
    def begun(self) -> bool:
        """Whether there is anything in it that a visitor would miss."""
        return bool(self.labels or self.question or self.name)

    @property
    def levels(self) -> Levels:
        """Which values are black and white in its pictures of more than eight bits: as the first of them were read."""
        return levels_of(picture for item in self.items for picture in item.pictures)

    @property
    def clips_taught(self) -> ClipSampling | None:
        """How its clips are sampled; ``None`` where none of its examples has one."""
        taught = any(isinstance(picture, Clip) for item in self.items for picture in item.pictures)
        return self.clips if taught else None

    @property
    def empty(self) -> bool:
        """Whether nothing has been taught yet."""
        return not self.items

    def label(self, label_id: str) -> Label:
        """Return the label of that identity.

        Raises:
            InputError: it is gone.
        """
        for label in self.labels:
            if label.id == label_id:
                return label
        raise InputError("That label is no longer there: choose another.")

    def item(self, item_id: str) -> Item:
        """Return the example of that identity.

        Raises:
            InputError: it is gone.
        """
        for item in self.items:
            if item.id == item_id:
                return item
        raise InputError("That example is no longer there: choose another.")

    def of_label(self, label_id: str) -> tuple[Item, ...]:
        """The examples of one label, in order."""
        return tuple(item for item in self.items if item.label == label_id)

    def with_label(self, name: str) -> Project:
        """Add a label.

        Raises:
            InputError: the name is empty, too long, or taken; or there are as many labels as there may be.
        """
        limits().check_labels(len(self.labels) + 1)
        label = Label(f"l{self.next_id}", self._free(name))
        return replace(self, labels=(*self.labels, label), next_id=self.next_id + 1)

    def renamed(self, label_id: str, name: str) -> Project:
        """Give a label another name.

        Raises:
            InputError: the name is empty, too long, or taken; or the label is gone.
        """
        label = self.label(label_id)
        fresh = Label(label.id, self._free(name, but=label.id))
        return replace(self, labels=tuple(fresh if each.id == label.id else each for each in self.labels))

    def without_label(self, label_id: str) -> Project:
        """Delete a label with its examples."""
        return replace(
            self,
            labels=tuple(label for label in self.labels if label.id != label_id),
            items=tuple(item for item in self.items if item.label != label_id),
        )

    def named(self, name: str) -> Project:
        """Call it something; an empty name takes the name away."""
        return replace(self, name=" ".join(name.split())[:MAX_LABEL_LENGTH].strip())

    def with_examples(self, label_id: str, examples: Iterable[Example]) -> Project:
        """Add examples to a label; a question of their own that is not the project's becomes their text.

        Raises:
            InputError: the label is gone, or the project would be too large.
        """
        label = self.label(label_id)
        return self._with_items((label, example) for example in examples)

    def with_labelled(self, examples: Sequence[Example]) -> Project:
        """Add labelled examples in their order, making the labels that are not there yet.

        Raises:
            InputError: a label's name cannot be, or means two labels; or the project would be too large.
        """
        project = self
        names = _shortened([" ".join(str(example.label).split()) for example in examples])
        known = {label.name for label in self.labels}
        fresh = [name for name in dict.fromkeys(names) if name not in known]
        limits().check_labels(len(known) + len(fresh))
        for name in fresh:
            project = project.with_label(name)
        labels = {label.name: label for label in project.labels}
        return project._with_items((labels[name], example) for name, example in zip(names, examples, strict=True))

    def without_items(self, item_ids: Iterable[str]) -> Project:
        """Remove examples."""
        gone = set(item_ids)
        return replace(self, items=tuple(item for item in self.items if item.id not in gone))

    def moved(self, item_ids: Iterable[str], label_id: str) -> Project:
        """Put examples under another label; all keep their order."""
        label, chosen = self.label(label_id), set(item_ids)
        return replace(self, items=tuple(replace(i, label=label.id) if i.id in chosen else i for i in self.items))

    def placed(self, item_ids: Iterable[str], label_id: str, before: str = "") -> Project:
        """Put examples under a label by hand: before another one of it, or, with an empty ``before``, behind its last.

        Raises:
            InputError: the label is gone, or the example to stand before is, or is under another label.
        """
        label, chosen = self.label(label_id), set(item_ids)
        if before and self.item(before).label != label.id:
            raise InputError("That example is under another label now: choose another place.")
        moving = [replace(item, label=label.id) for item in self.items if item.id in chosen]
        staying = [item for item in self.items if item.id not in chosen]
        under = [item.id for item in self.of_label(label.id)]
        after = under[under.index(before) :] if before else []
        next_id = next((each for each in after if each not in chosen), "")  # what is moved may be what it stands before
        ends = [place + 1 for place, item in enumerate(staying) if item.label == label.id]
        at = next((place for place, item in enumerate(staying) if item.id == next_id), ends[-1] if ends else len(staying))
        return replace(self, items=(*staying[:at], *moving, *staying[at:]))

    def resampled(self, clips: Mapping[str, Clip], sampling: ClipSampling) -> Project:
        """Have its clips sampled and shown otherwise.

        Args:
            clips: as they are sampled now, by the digest of what they were; one that is missing is read here.
            sampling: which that is.

        Raises:
            ImageError: a clip cannot be read any more.
            InputError: an example would have more frames than one may have.
        """

        def other(picture: Picture) -> Picture:
            if not isinstance(picture, Clip):
                return picture
            return clips[picture.digest] if picture.digest in clips else picture.resampled(sampling)

        items = tuple(replace(item, pictures=tuple(other(picture) for picture in item.pictures)) for item in self.items)
        for item in items:
            limits().check_pictures(item.pictures)
        return replace(self, items=items, clips=sampling)

    def with_text(self, item_id: str, text: str) -> Project:
        """Give an example a question of its own, or, with an empty text, the project's again."""
        clean = text.strip()
        return replace(self, items=tuple(replace(i, text=clean) if i.id == item_id else i for i in self.items))

    def example(self, item: Item) -> Example:
        """Return an item as the labelled example that the model reads."""
        return Example(item.pictures, item.text or self.question, self.label(item.label).name, detail=self.detail)

    def examples(self) -> list[Example]:
        """Return every item as a labelled example, in order."""
        return [self.example(item) for item in self.items]

    def why_not_ready(self) -> str:
        """What is missing before heads can be found, as advice; empty when nothing is."""
        filled = {item.label for item in self.items}
        if not self.labels:
            return "Start from an example above, or add two labels with a few pictures each."
        if len(self.labels) == 1:
            return "Add a second label: the model learns by telling labels apart."
        if len(filled) < 2:
            bare = [label.name for label in self.labels if label.id not in filled]
            return f"Add a picture to {' and '.join(f'“{name}”' for name in bare[:2])}."
        if len({item.content for item in self.items}) == 1:
            return "All examples are the same, so that nothing tells the labels apart: add other pictures."
        return ""

    def _with_items(self, added: Iterable[tuple[Label, Example]]) -> Project:
        next_id, items = self.next_id, list(self.items)
        fresh = list(added)
        limits().check_examples(len(items) + len(fresh), "A project")
        levels = levels_of(
            picture
            for pictures in (*(item.pictures for item in items), *(example.images for _, example in fresh))
            for picture in pictures
        )
        for label, example in fresh:
            limits().check_example(example)
            text = "" if example.question.strip() == self.question.strip() else example.question
            pictures = tuple(picture.at_levels(levels) for picture in example.images)
            items.append(Item(f"e{next_id}", label.id, pictures, text))
            next_id += 1
        return replace(self, items=tuple(items), next_id=next_id)

    def _free(self, name: str, but: str = "") -> str:
        clean = " ".join(name.split())
        if not clean:
            raise InputError("A label needs a name: type one.")
        check_label(clean)
        if any(label.name == clean and label.id != but for label in self.labels):
            raise InputError(f"There is already a label “{clean}”: choose another name.")
        return clean


def check_label(name: str) -> None:
    """Refuse a label's name that is too long, or that shows otherwise than it is.

    Raises:
        InputError: it is one.
    """
    if len(name) > MAX_LABEL_LENGTH:
        raise InputError(f"A label's name has at most {MAX_LABEL_LENGTH} characters, and “{name[:20]}…” has {len(name):,}.")
    if odd := _ODD.search(name):
        raise InputError(
            f"A label's name may not have the character U+{ord(odd[0]):04X}, which nobody sees and which can turn "
            "the order of others: type it again."
        )


def _shortened(names: Sequence[str]) -> list[str]:
    """Names as long as a label's may be; two that would become one are refused, for that would mix their examples."""
    whole: dict[str, str] = {}
    short = [name[:MAX_LABEL_LENGTH].strip() for name in names]
    for name, cut in zip(names, short, strict=True):
        if whole.setdefault(cut, name) != name:
            raise InputError(
                f"A label's name has at most {MAX_LABEL_LENGTH} characters, but two here begin with the same "
                f"{MAX_LABEL_LENGTH}, “{cut[:40]}…”: give them shorter names."
            )
    return short
