from sav_core.data.notes import Note, merged, noted


def test_each_thing_is_said_once_with_how_often_and_a_few_names():
    (one, two) = noted([("profile", "Converted", f"{n}.png") for n in range(9)] + [("frames", "Only the first", "a.gif")])
    assert one == Note("profile", "Converted", 9, ("0.png", "1.png", "2.png"))
    assert one.sentence == "Converted: 9, such as '0.png', '1.png', '2.png'."
    assert two.sentence == "Only the first: 'a.gif'."
    assert Note("x", "As it is").sentence == "As it is."
    assert one.as_dict() == {"kind": "profile", "text": "Converted", "count": 9, "examples": ["0.png", "1.png", "2.png"]}


def test_several_readings_of_a_set_count_together():
    parts = [Note("a", "A", 2, ("1", "2")), Note("b", "B"), Note("a", "A", 3, ("3", "4", "5"))]
    assert merged(parts) == (Note("a", "A", 5, ("1", "2", "3")), Note("b", "B"))
