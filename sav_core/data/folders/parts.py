"""Folders that are parts of a set, such as train and test, and not labels: known by their names and by what is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from itertools import pairwise

__all__ = ["part_to_learn_from", "parts_among"]

_PART = re.compile(
    r"[xy]?(?P<kind>train|test|val|dev|eval|pred|support|quer|holdout|unseen|gallery|probe|unlabel)"
    r"(ing|id|idation|el|uation|ict|iction|ictions|led|led|y|ies|s)?(set|data|images?|imgs?|split|s)?$"
)
_ELSEWHERE = re.compile(  # in other languages, and cut short
    "(?P<kind>(?P<train>trn|treino|entrenamiento|entra[iî]nement|apprentissage|обуч(ение|ающая)|трен(ировка|ировочная)"
    "|训练|訓練|学習|훈련|학습)|(?P<test>tst|teste|prueba|тест(овая)?|测试|測試|テスト|評価|테스트|평가|시험)"
    "|(?P<val>validaç?ão|validaci[oó]n|валидац(ия|ионная)|проверка|验证|驗證|検証|검증))(集|用|数据|數據|データ|데이터|세트)*"
)
_NUMBERED = re.compile(r"(.*[\W_])?(fold|split|shard|chunk|cv)s?[\W_]*\d+", re.IGNORECASE)
_PLAIN = frozenset(
    {"set", "sets", "data", "dataset", "images", "image", "imgs", "img", "samples", "split", "fold", "part", "parts"}
    | {"folder", "the", "of", "and"}
)
_WITHIN = frozenset(  # what a label's own folders are called, whatever the label
    {"mask", "masks", "annotation", "annotations", "labels", "gt", "rgb", "depth", "raw", "processed", "left", "right"}
    | {"front", "back", "top", "side", "indoor", "outdoor", "day", "night", "old", "new", "color", "colour", "gray", "grey"}
)
_HALF_ALIKE = 0.8


def parts_among(folders: Mapping[str, Set[str]]) -> tuple[str, ...]:
    """Return the folders that are parts of one set; none where they may be labels.

    Args:
        folders: those where labels are expected, each with the names of the folders in it that hold pictures.
    """
    if len(folders) < 2:
        return ()
    words = {name: _words(name) for name in folders}
    if all(map(_NUMBERED.fullmatch, folders)):
        return tuple(folders)
    kinds = {name: {kind for word in words[name] if (kind := _kind(word))} for name in folders}
    named = [name for name in folders if kinds[name]]
    rest = {frozenset(w for w in words[name] if not _kind(w) and w not in _PLAIN) for name in named}
    of_one_kind = len(set().union(*kinds.values())) == 1
    alike = len(rest - {frozenset()}) < 2 and not (of_one_kind and rest != {frozenset()})
    if alike and len(named) > 1 and (len(named) == len(folders) or not of_one_kind):
        return tuple(named)
    only_numbered = all(word in _PLAIN or len(word) == 1 for name in folders for word in words[name])
    return tuple(folders) if _repeats(list(folders.values()), whatever=only_numbered) else ()


def part_to_learn_from(parts: Sequence[str]) -> str:
    """The first part that is called one to train on, else the first."""
    words = ((part, _ELSEWHERE.fullmatch(word), _kind(word)) for part in parts for word in _words(part))
    return next((part for part, found, kind in words if kind == "train" or (found and found["train"])), parts[0])


def _kind(word: str) -> str:
    """What part of a set a word means; nothing for most words."""
    found = _PART.match(word) or _ELSEWHERE.fullmatch(word)
    return found["kind"] if found else ""


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", re.sub("(?<=[a-z])(?=[A-Z])", " ", name).lower())


def _repeats(inside: list[Set[str]], *, whatever: bool) -> bool:
    """Whether each folder holds the same folders, which then are the labels.

    Not if these in turn are called as folders inside of labels are, but ``whatever`` they are called in folders that are
    only numbered.
    """
    if any(len(names) < 2 for names in inside):
        return False
    words = [word for names in inside for name in names for word in _words(name)]
    if words and not whatever and all(_kind(word) or word in _WITHIN or word in _PLAIN for word in words):
        return False
    return all(len(one & other) >= _HALF_ALIKE * len(one | other) for one, other in pairwise(inside))
