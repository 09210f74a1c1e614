"""Clips that are larger, longer or stranger than one should be: read, or named in one sentence, within stated memory."""

import struct
import sys

import pytest

from sav_core.data.clips import processes
from sav_core.data.clips.clip import open_clip, read_clip
from sav_core.data.clips.processes import MEMORY_BYTES
from sav_core.data.clips.sampling import ClipSampling
from sav_core.errors import ImageError
from tests.support.clips import COLOURS, clip

KEY = "00112233445566778899aabbccddeeff"
ENCRYPTED = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": KEY, "encryption_kid": KEY}


def test_an_encrypted_clip_is_told_as_damaged(tmp_path):
    path = clip(tmp_path / "a.mp4", container_options=ENCRYPTED)
    with pytest.raises(ImageError, match=r"'a\.mp4' [^\n]*damaged[^\n]*replace it\.$"):  # by how the noise looks
        open_clip(path)


def test_frames_beyond_8k_are_refused_before_one_is_decoded(tmp_path):
    path = clip(tmp_path / "a.mov", COLOURS[:3], codec="rawvideo", pix_fmt="rgb24")
    data = bytearray(path.read_bytes())
    sizes = data.index(struct.pack(">HH", 64, 48), data.index(b"stsd"))
    data[sizes : sizes + 4] = struct.pack(">HH", 16384, 8640)
    with pytest.raises(ImageError, match=r"'clip' has frames of 16,384 x 8,640 pixels, more than the 35,651,584"):
        read_clip(bytes(data))


def test_ten_hours_are_read_by_their_keyframes(tmp_path):
    path = clip(tmp_path / "a.mkv", COLOURS[:11], times=[3_600_000 * hour for hour in range(11)], gop=2)
    found = open_clip(path)
    assert found.times[-1] == 36_000
    assert len(found.frames()) == 8


def many_frames(path, count):
    """An AVI of so many frames of one pixel, each of them in its index."""
    few = clip(path, COLOURS[:3], codec="rawvideo", pix_fmt="bgr24", size=(1, 1)).read_bytes()
    head = bytearray(few[: few.index(b"movi") - 8])
    total, length = head.index(b"avih") + 24, head.index(b"strh") + 40
    head[total : total + 4] = head[length : length + 4] = struct.pack("<I", count)
    frame = b"00dc" + struct.pack("<I", 4) + b"\x10\x20\x30\x00"
    places = b"".join(struct.pack("<4sIII", b"00dc", 0x10, 4 + 12 * number, 4) for number in range(count))
    body = b"LIST" + struct.pack("<I", 4 + 12 * count) + b"movi" + frame * count
    body += b"idx1" + struct.pack("<I", len(places)) + places
    head[4:8] = struct.pack("<I", len(head) + len(body) - 8)
    path.write_bytes(bytes(head) + body)
    return path


def test_a_hundred_thousand_frames_of_one_pixel_are_read(tmp_path):
    found = open_clip(many_frames(tmp_path / "a.avi", 100_000))
    assert (found.size, len(found.times), found.times[-1]) == ((1, 1), 8, pytest.approx(9999.9))


def test_a_clip_is_known_by_what_it_begins_with_and_not_by_its_name(tmp_path):
    other = tmp_path / "a.mp4"
    other.write_bytes(clip(tmp_path / "a.webm", codec="libvpx").read_bytes())
    assert open_clip(other).times[-1] == 1.9


@pytest.mark.skipif(sys.platform != "linux", reason="only there a process's memory can be limited for sure")
def test_what_decodes_has_no_more_memory_than_it_is_given(tmp_path, monkeypatch):
    assert MEMORY_BYTES == 3 << 30
    small = clip(tmp_path / "a.mp4")
    large = clip(tmp_path / "large.mp4", COLOURS[:3], codec="libx264", size=(1280, 720))
    with monkeypatch.context() as patched:
        patched.setattr(processes, "MEMORY_BYTES", 1 << 20)
        with pytest.raises(ImageError, match=r"'large' (needs more than|made the decoder stop|cannot be|takes longer)"):
            processes.decode_clip(str(large), "mov", ClipSampling(), "large", seconds=5)
    assert open_clip(large).size == (1280, 720), "with what it is given usually it is read"
    assert open_clip(small).times[-1] == 1.9
