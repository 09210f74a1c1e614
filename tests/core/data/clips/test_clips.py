"""Clips: the right frame at the right time in the right colour, upright; and one sentence on each that cannot be read."""

import io
import json
import os
import re
import signal
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sav_core.data.clips import decoding, processes
from sav_core.data.clips.clip import Clip, open_clip, read_clip
from sav_core.data.clips.sampling import MOST_FRAMES, ClipSampling
from sav_core.data.clips.seeking import ClipFaultError
from sav_core.data.clips.worker import answer
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import as_picture
from sav_core.data.pictures.processes import read_in_processes
from sav_core.data.sets.datasets import read_examples, read_queries
from sav_core.data.sets.duplicates import find_duplicates
from sav_core.data.workers.pool import Answer, WorkerPool
from sav_core.errors import ImageError, InputError, SettingError, SkippedWarning
from tests.support.clips import COLOURS, clip, planes, sound


def colours(found):
    """The colour in the middle of each frame."""
    return [frame.rgb().getpixel((frame.size[0] // 2, frame.size[1] // 2)) for frame in found.frames()]


def near(colour, expected, within=8):
    return all(abs(one - other) <= within for one, other in zip(colour, expected, strict=True))


@pytest.fixture(scope="module")
def mp4(tmp_path_factory):
    return clip(tmp_path_factory.mktemp("clips") / "a.mp4")


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mp4", "libx264", "yuv420p"),  # frames that are stored in another order than they are shown
        ("a.m4v", "mpeg4", "yuv420p"),
        ("a.mov", "mpeg4", "yuv420p"),
        ("a.avi", "mjpeg", "yuvj420p"),  # which knows only when frames are decoded
        ("a.mkv", "libx264", "yuv420p"),  # which knows only when they are shown
        ("a.webm", "libvpx", "yuv420p"),
    ],
)
def test_each_frame_is_that_shown_at_its_time(tmp_path, name, codec, pix_fmt):
    extra = {"format": "mp4"} if name == "a.m4v" else {}
    found = open_clip(clip(tmp_path / name, codec=codec, pix_fmt=pix_fmt, **extra), ClipSampling(5))
    assert found.times == (0.0, 0.4, 0.9, 1.4, 1.9)
    for time, colour in zip(found.times, colours(found), strict=True):
        assert near(colour, COLOURS[round(10 * time)])


def test_a_recording_of_a_browser_tells_neither_length_nor_places(tmp_path):
    class Pipe(io.RawIOBase):
        data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    clip(pipe, codec="libvpx", format="webm", container_options={"live": "1"})
    found = read_clip(pipe.data, ClipSampling(3))
    assert found.times == (0.0, 0.9, 1.9)
    assert near(colours(found)[1], COLOURS[9])


def test_a_frame_that_is_shown_long_is_shown_at_all_its_times(tmp_path):
    times = [0, 100, 200, 1500, 1600, 2000]
    found = open_clip(clip(tmp_path / "a.mp4", COLOURS[:6], codec="libx264", times=times), ClipSampling(5))
    assert found.times == (0.0, 0.2, 1.5, 2.0)  # at 0.5 and 1.0 still the third
    assert [near(each, COLOURS[place]) for each, place in zip(colours(found), (0, 2, 3, 5), strict=True)] == [True] * 4


def test_frames_by_the_second(mp4):
    assert open_clip(mp4, ClipSampling(per_second=2)).times == (0.0, 0.5, 1.0, 1.5)
    assert len(ClipSampling(per_second=100).times(0.0, 60.0)) == MOST_FRAMES
    with pytest.raises(SettingError, match="1 to 256 frames"):
        ClipSampling(0)


def test_a_clip_is_turned_and_its_pixels_are_square(tmp_path):
    half = np.zeros((48, 64, 3), np.uint8)
    half[:24] = 255  # white above
    path = clip(tmp_path / "a.mp4", pixels=[half] * 3, rotation=90, aspect=2)
    still = open_clip(path, ClipSampling(2)).frames()[0]
    assert still.size == (48, 128)
    left = np.asarray(still.rgb())[:, :24].mean()
    assert (left > 200) or (left < 50)
    turned = open_clip(clip(tmp_path / "b.mp4", pixels=[half] * 3, rotation=-90), ClipSampling(2)).frames()[0]
    assert abs(np.asarray(turned.rgb())[:, :24].mean() - left) > 150


@pytest.mark.parametrize(
    ("values", "tags", "expected"),
    [
        ((81, 90, 240), {}, (254, 0, 0)),  # red by BT.601, as small videos are that do not say
        ((63, 102, 240), {"colorspace": 1, "color_range": 1}, (254, 0, 0)),  # red by BT.709
        ((235, 128, 128), {"color_range": 1}, (255, 255, 255)),
        ((235, 128, 128), {"color_range": 2}, (235, 235, 235)),  # of full range, where white is 255
    ],
)
def test_matrix_and_range_are_applied(tmp_path, values, tags, expected):
    frames = [planes(values, "yuv420p") for _ in range(2)]
    path = clip(tmp_path / "a.mp4", pixels=frames, codec="libx264", tags=tags)
    assert near(colours(open_clip(path, ClipSampling(2)))[0], expected, within=3)


@pytest.mark.parametrize(
    ("grey", "transfer", "expected"),
    [(573, 16, 231), (940, 16, 255), (721, 18, 231)],  # paper white of PQ (58 %) and of HLG (75 %); the brightest light
)
def test_hdr_is_tone_mapped_and_that_is_said(tmp_path, grey, transfer, expected):
    tags = {"color_trc": transfer, "color_primaries": 9, "colorspace": 9, "color_range": 1}
    frames = [planes((grey, 512, 512), "yuv420p10le") for _ in range(2)]
    path = clip(tmp_path / "a.mkv", pixels=frames, codec="ffv1", pix_fmt="yuv420p10le", tags=tags)
    found = open_clip(path, ClipSampling(2))
    red, green, blue = colours(found)[0]
    assert max(red, green, blue) - min(red, green, blue) <= 3
    assert abs(red - expected) <= 26
    assert [kind for kind, _ in found.remarks] == ["hdr"]


def test_identity_is_of_frames_and_sampling(mp4, tmp_path):
    found = open_clip(mp4)
    copy = read_clip(mp4.read_bytes(), name="copy")
    assert found == copy
    assert hash(found) == hash(copy)
    assert found.digest != open_clip(mp4, ClipSampling(4)).digest
    assert found.resampled(ClipSampling(4)) == open_clip(mp4, ClipSampling(4))
    assert found.resampled(ClipSampling(8, animated=True)) is found
    still = found.frames()[0]
    assert still == as_picture(still.rgb())
    assert found.rgb().tobytes() == found.frames()[4].rgb().tobytes()


def test_a_file_that_changes_is_told(mp4, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(mp4.read_bytes())
    found = open_clip(path)
    path.write_bytes(mp4.read_bytes() + b"more")
    with pytest.raises(ImageError, match=r"'a\.mp4' has changed since it was read: read it again\."):
        found.resampled(ClipSampling(3))


def bad(folder, mp4):
    whole = mp4.read_bytes()
    front = clip(folder / "front.mp4", codec="libx264", container_options={"movflags": "faststart"}).read_bytes()
    huge = clip(folder / "thin.mkv", COLOURS[:2], codec="ffv1", size=(2100, 4)).read_bytes()
    audio = sound(folder / "audio.mp4").read_bytes()
    one = clip(folder / "one.mp4", COLOURS[:1]).read_bytes()
    return {
        "empty.mp4": (b"", "is empty: a video was expected"),
        "cut.mp4": (whole[: len(whole) // 2], "truncated"),
        "front.mp4": (front[: len(front) // 2], "truncated"),
        "audio.mp4": (audio, "has sound but no picture"),
        "one.mp4": (one, "holds one frame, but a clip has several: save it as an image."),
        "text.mp4": (b"Dear diary, " * 50, "is not an MP4, MOV, AVI, MKV or WebM video by what it begins with"),
        "film.mp4": (b"FLV\x01" + bytes(60), "is not an MP4, MOV, AVI, MKV or WebM video but a video"),
        "noise.mp4": (whole[:64] + os.urandom(2000), "replace it"),
        "thin.mkv": (huge, "a side more than 200 times the other"),
        "codec.avi": (
            clip(folder / "c.avi", codec="mjpeg", pix_fmt="yuvj420p").read_bytes().replace(b"MJPG", b"ZZZZ"),
            "has no decoder here|cannot be",
        ),
    }


def test_each_bad_clip_is_named_in_one_sentence_and_left_out(mp4, tmp_path):
    cases = bad(tmp_path, mp4)
    folder = tmp_path / "set"
    for name, (data, _) in {**cases, "good.mp4": (mp4.read_bytes(), "")}.items():
        (folder / "a").mkdir(parents=True, exist_ok=True)
        (folder / "a" / name).write_bytes(data)
    with pytest.warns(SkippedWarning):
        found = read_queries(folder)
    assert [query.name for query in found] == [str(folder / "a" / "good.mp4")]
    told = {Path(skip.name).name: skip.reason for skip in found.skipped}
    assert set(told) == set(cases)
    for name, (_, reason) in cases.items():
        assert any(part in told[name] for part in reason.split("|")), told[name]
        assert name in told[name]
        assert "\n" not in told[name]


def test_frames_that_are_all_shown_at_once_are_told(mp4):
    data = bytearray(mp4.read_bytes())
    entry = data.index(b"stts") + 12  # how many frames, and for how long each
    data[entry + 4 : entry + 8] = bytes(4)
    with pytest.raises(ImageError, match=r"'clip' shows all its frames at one time"):
        read_clip(bytes(data))


def test_timestamps_that_run_backwards_are_told(tmp_path):
    data = bytearray(clip(tmp_path / "a.mkv", codec="mjpeg", pix_fmt="yuvj420p").read_bytes())
    blocks = [  # the first is of the header
        match.end() for match in re.finditer(rb"\xa3[\x40-\x7f].\x81", data, re.DOTALL)
    ][1:]
    assert len(blocks) == 20
    stamps = [data[place : place + 2] for place in blocks]
    for place, stamp in zip(blocks, reversed(stamps), strict=True):
        data[place : place + 2] = stamp
    with pytest.raises(ImageError, match=r"'clip' (has timestamps that run backwards|shows all its frames at one time)"):
        read_clip(bytes(data))


def test_a_decoder_that_crashes_or_hangs_is_survived(mp4, monkeypatch):
    open_clip(mp4)  # so that a worker waits
    worker = processes._POOL._idle[-1]
    ask = type(worker).ask

    def crash(self, request, payload, seconds):
        os.kill(self._process.pid, signal.SIGSEGV)
        return ask(self, request, payload, seconds)

    with monkeypatch.context() as patched:
        patched.setattr(type(worker), "ask", crash)
        with pytest.raises(ImageError, match=r"'a\.mp4' made the decoder stop: it is damaged"):
            open_clip(mp4)
    open_clip(mp4)
    worker = processes._POOL._idle[-1]
    os.kill(worker._process.pid, signal.SIGSTOP)
    with pytest.raises(ImageError, match=r"'a' was not decoded within 0\.4 seconds: try again when"):
        processes.decode_clip(str(mp4), "mov", ClipSampling(), "a", seconds=0.1)
    assert open_clip(mp4).times[-1] == 1.9


def test_a_strangers_clip_begins_with_little_memory_and_has_more_alone(mp4, monkeypatch):
    asked, ask = [], WorkerPool.ask

    def watched(pool, request, allotment, payload=b"", *, alone=False):
        asked.append((allotment.memory_bytes, alone))
        return Answer({"fault": "memory"}) if request["more"] else ask(pool, request, allotment, payload, alone=alone)

    monkeypatch.setattr(WorkerPool, "ask", watched)
    plain = open_clip(mp4)
    read_in_processes()
    try:
        assert open_clip(mp4) == plain
    finally:
        read_in_processes(False)
    assert asked == [(3 << 30, False), (512 << 20, False), (3 << 30, True)]


def test_what_a_decoder_calls_damaged_for_want_of_memory_is_tried_with_more(mp4, tmp_path):
    (tmp_path / "a.mp4").write_bytes(mp4.read_bytes()[:100])
    request = {"path": str(tmp_path / "a.mp4"), "container": "mov", "sampling": ClipSampling().as_dict()}
    assert answer({**request, "more": True}, b"")[0] == {"fault": "memory"}
    assert "truncated or damaged" in answer({**request, "more": False}, b"")[0]["fault"]


def test_a_picture_that_moves_without_end_is_refused_before_it_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "_MOST_STEPS", 2)
    with pytest.raises(ClipFaultError, match="moves in 3 frames, and up to 2 are read: convert it to MP4"):
        decoding.sample_frames(str(moving_gif(tmp_path / "a.gif")), "", ClipSampling(2))


def moving_gif(path):
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[100, 300, 100])
    return path


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_animated_pictures_are_clips_where_that_is_asked_for(tmp_path, suffix):
    path = moving_gif(tmp_path / f"a.{suffix}")
    Image.new("RGB", (64, 48), "red").save(tmp_path / "still.gif")
    still, _ = read_queries(tmp_path).examples
    assert not still.clips
    assert [kind for kind, _ in still.images[0].remarks] == ["frames"]
    moving, other = read_queries([path, tmp_path / "still.gif"], clips=ClipSampling(5, animated=True))
    assert not other.clips
    (found,) = moving.clips
    assert found.times == (0.0, 0.1, 0.4)
    assert [near(one, other) for one, other in zip(colours(found), [(255, 0, 0), (0, 255, 0), (0, 0, 255)], strict=True)]


def test_sets_hold_clips_and_pictures(mp4, tmp_path):
    for label in ("a", "b"):
        (tmp_path / "set" / label).mkdir(parents=True)
        (tmp_path / "set" / label / "1.mp4").write_bytes(mp4.read_bytes())
    Image.new("RGB", (64, 48), "red").save(tmp_path / "set" / "a" / "2.png")
    found = read_examples(tmp_path / "set", clips=ClipSampling(3))
    assert [(type(one.images[0]).__name__, one.label) for one in found] == [("Clip", "a"), ("Picture", "a"), ("Clip", "b")]
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in sorted((tmp_path / "set").rglob("*.*")):
            archive.write(file, file.relative_to(tmp_path / "set"))
    packed = read_examples(tmp_path / "set.zip", clips=ClipSampling(3))
    assert [one.images for one in packed] == [one.images for one in found]
    with pytest.warns(SkippedWarning, match="but a video"), pytest.raises(ImageError):
        raise ImageError(str(read_queries(tmp_path / "set", clips=None).skipped[0].reason))


def test_clips_with_one_middle_frame_are_no_copies_of_each_other(tmp_path):
    grey_amid = [(250, 0, 0)] * 5 + [(120, 120, 120)] * 10 + [(0, 0, 250)] * 5
    there = [open_clip(clip(tmp_path / f"{number}.mp4", some)) for number, some in enumerate((grey_amid, grey_amid[::-1]))]
    assert near(there[0].rgb().getpixel((9, 9)), there[1].rgb().getpixel((9, 9)))
    examples = [Example(one, "Which way?", label) for one, label in zip([*there, there[0]], "aba", strict=True)]
    assert [group.positions for group in find_duplicates(examples)] == [(0, 2)]


@pytest.mark.parametrize("line", [{"image": "a.mp4"}, {"video": "a.mp4"}, {"videos": ["a.mp4", "a.mp4"]}])
def test_lines_name_clips(mp4, tmp_path, line):
    (tmp_path / "a.mp4").write_bytes(mp4.read_bytes())
    (tmp_path / "l.jsonl").write_text(json.dumps({**line, "question": "Which?", "label": "x"}))
    (one,) = read_examples(tmp_path / "l.jsonl")
    assert all(isinstance(image, Clip) for image in one.images)
    assert len(one.images) == (2 if "videos" in line else 1)


def test_markers_mark_clips_and_pictures(mp4):
    red = Image.new("RGB", (64, 48), "red")
    moving = open_clip(mp4, ClipSampling(2))
    example = Example([moving, red], "<video> or <image>?")
    assert example.parts == (moving, "or", example.images[1], "?")
    stills = example.as_stills()
    assert stills.question == "<image><image> or <image>?"
    assert len(stills.images) == 3
    assert stills.images[:2] == moving.frames()
    assert Example(red, "Is <video> a tag?").parts[1] == "Is <video> a tag?"
    with pytest.raises(InputError, match="marks 2 image places"):
        Example(moving, "<video> <video>")
    assert Example(str(mp4)).clips
