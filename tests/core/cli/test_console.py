import errno
import io
import json
import os
import warnings

import pytest

from sav_core.cli.console import exit_status, print_json, print_line, print_table
from sav_core.errors import InputError


@pytest.fixture
def refusing(monkeypatch, tmp_path):
    """``refusing(number)`` makes standard output refuse with that error number; the real one stays as it is."""

    def refuse(number):
        class Refusing(io.StringIO):
            def __init__(self):
                super().__init__()
                self.file = os.open(tmp_path / "out", os.O_CREAT | os.O_WRONLY)

            def fileno(self):
                return self.file

            def write(self, text):
                if text:  # a disk takes nothing even when it is full
                    raise OSError(number, os.strerror(number))
                return 0

        monkeypatch.setattr("sys.stdout", Refusing())

    return refuse


def test_results_are_written_as_they_are(capsys):
    print_line("[bold]a[/bold] :smile: " + "long " * 100)
    print_json({"label": "Käfer"})
    print_table(["label", "share"], [["[b]", "1 %"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("[bold]a[/bold] :smile: long")
    assert lines[1] == '{"label": "Käfer"}'
    assert [line.split() for line in lines[2:]] == [["label", "share"], ["[b]", "1", "%"]]


def test_what_the_terminal_cannot_say_is_escaped(monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", out)
    print_line("日本 100 %")
    print_json({"label": "日本 🍎"})
    said, value = out.buffer.getvalue().decode("ascii").splitlines()
    assert said == r"\u65e5\u672c 100 %"
    assert json.loads(value) == {"label": "日本 🍎"}


@pytest.mark.parametrize("command", [lambda: print_json(1), lambda: print_table(["a"], [["b"]])], ids=["json", "table"])
def test_a_full_disk_under_the_output_is_one_sentence(refusing, capsys, command):
    refusing(errno.ENOSPC)
    assert exit_status(command) == 2
    assert capsys.readouterr().err == (
        "error: The output cannot be written (No space left on device): write it to another place.\n"
    )


def test_a_reader_that_went_away_is_no_error(refusing, capsys):
    refusing(errno.EPIPE)
    assert exit_status(lambda: print_line("x")) == 141
    assert capsys.readouterr().err == ""


def test_control_characters_are_written_out_and_never_obeyed(capsys):
    label = "a\x1b[31mb\x9bc\u202ed\x07\u200be"
    print_line(label)
    print_table([label], [[label + "\nf"]])
    print_json({"label": label})
    exit_status(lambda: warnings.warn(label, stacklevel=1))

    def refuse():
        raise InputError(label)

    assert exit_status(refuse) == 2
    out, err = capsys.readouterr()
    assert not {"\x1b", "\x9b", "\u202e", "\x07", "\u200b"} & set(out + err)
    first, *_, last = out.splitlines()
    assert first == r"a\u001b[31mb\u009bc\u202ed\u0007\u200be"
    assert json.loads(last) == {"label": label}
    assert "f" in out.splitlines()[2], "a cell is one line"
