from sav_ui.panels.memo import Memo
from sav_ui.panels.panel import Piece


def test_of_several_subjects_only_what_changed_is_made_anew_and_what_is_gone_is_let_go():
    memo, made = Memo(), []

    def make(letter, times):
        made.append(letter)
        return Piece(letter * times, {})

    first = memo.each("cards", {"one": ("a", 3), "two": ("b", 4)}, make)
    assert [value.html for value in first.values()] == ["aaa", "bbbb"]
    second = memo.each("cards", {"two": ("b", 5), "one": ("a", 3)}, make)
    assert list(second) == ["two", "one"]
    assert second["one"] is first["one"]
    assert made == ["a", "b", "b"]
    assert memo.held_bytes == 8
    memo.each("cards", {"one": ("a", 3)}, make)
    assert memo.held_bytes == 3
