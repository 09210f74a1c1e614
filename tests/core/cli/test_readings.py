from sav_core.cli.readings import print_left_out


def test_clips_that_are_left_out_are_called_clips(capsys):
    print_left_out([])
    print_left_out(["warm/1.mp4"])
    print_left_out(["warm/1.mp4", "warm/2.webm", "3.png"])
    assert capsys.readouterr().out.splitlines() == [
        "1 clip was left out; the warnings say why.",
        "1 image and 2 clips were left out; the warnings say why.",
    ]
