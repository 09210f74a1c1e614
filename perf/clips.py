"""Eight frames of a clip, by ours and by others, and how long a clip takes the model beside as many pictures.

    python -m perf.clips [--minutes 5] [--limit 120]
    PYTHONPATH=FOLDER python -m perf.clips         # after: pip install --target FOLDER --no-deps decord2

The clips are made here, 1080p in H.264: some seconds are encoded and repeated, packet by packet, to their whole length.
Each side runs in a process of its own, which tells its wall time and what the processors worked, both without its imports,
and its peak memory, of all. A side that takes longer than the limit is ended, and that is said. So it is where decord2 is
not installed: it is here to compare with, and nothing else of ours needs it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from rich.console import Console
from rich.table import Table

from sav_core.data.clips.clip import open_clip
from sav_core.data.clips.decoding import sample_frames
from sav_core.data.clips.sampling import ClipSampling

FRAMES, RATE, SIZE = 8, 30, (1920, 1080)
ALL_LIMIT, RIVAL_LIMIT, FORWARD_LIMIT = {60: 10.0, 250: 5.0}, 1.3, 1.05
MIB = 1 << 20


def main() -> None:
    """Print a row for each clip and side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="of the long clips")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds that a side may take for one clip")
    parser.add_argument("--part", choices=("others", "pictures"), help="only this half")
    parser.add_argument("--side", choices=SIDES, help="only run one, on --clip")
    parser.add_argument("--clip")
    options = parser.parse_args()
    if options.side:
        print(json.dumps(_measured(SIDES[options.side], options.clip)))
        return
    from perf.machine import describe  # with torch, which would hide what a side needs of memory

    console = Console()
    console.print(describe())
    with tempfile.TemporaryDirectory() as folder:
        if options.part != "pictures":
            console.print(_against_others(Path(folder), options.minutes, options.limit))
        if options.part != "others":
            console.print(_against_pictures(Path(folder)))


def _against_others(folder: Path, minutes: float, limit: float) -> Table:
    table = Table("clip", "side", "seconds", "processor s", "peak MiB", "ours is faster by", "aim")
    clips = {
        "30 s, a keyframe every 2 s": (_clip(folder / "a.mp4", 30, 60), 60),
        f"{minutes:g} min, a keyframe every 2 s": (_clip(folder / "b.mp4", 60 * minutes, 60), 60),
        f"{minutes:g} min, a keyframe every 250 frames": (_clip(folder / "c.mp4", 60 * minutes, 250), 250),
        "30 s, variable frame rate": (_clip(folder / "d.mp4", 30, 60, varying=True), 60),
    }
    for name, (path, gop) in clips.items():
        ours = _run("ours", path, limit)
        for side in SIDES:
            found = ours if side == "ours" else _run(side, path, limit)
            if isinstance(found, str) or isinstance(ours, str):
                table.add_row(name, side, found if isinstance(found, str) else f"{found[0]:.2f}", "", "", "", "")
                continue
            ratio = "" if side == "ours" else f"{found[0] / ours[0]:.1f} ({found[1] / ours[1]:.1f} of processors)"
            aim = {
                "every frame": f"{ALL_LIMIT[gop]:.0f}" if "5 min" in name else "",
                "decord2": f"{1 / RIVAL_LIMIT:.2f}",
            }.get(side, "")
            table.add_row(name, side, f"{found[0]:.2f}", f"{found[1]:.2f}", f"{found[2]:.0f}", ratio, aim)
    return table


def _run(side: str, path: Path, limit: float) -> tuple[float, float, float] | str:
    """Wall seconds, seconds of processors and peak MiB of the better of two runs; or why there are none."""
    first = _run_once(side, path, limit)
    second = first if isinstance(first, str) else _run_once(side, path, limit)
    return second if isinstance(first, str) or isinstance(second, str) else min(first, second)


def _run_once(side: str, path: Path, limit: float) -> tuple[float, float, float] | str:
    command = [sys.executable, "-m", "perf.clips", "--side", side, "--clip", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit)
    except subprocess.TimeoutExpired:
        return f"did not finish in {limit:g} s"
    if done.returncode:
        return done.stderr.strip().splitlines()[-1][:80]
    seconds, worked, peak = json.loads(done.stdout)
    return seconds, worked, peak


def _measured(side: Callable[[str], object], path: str) -> tuple[float, float, float]:
    side("")  # imports
    wall, worked = time.perf_counter(), time.process_time()
    side(path)
    wall, worked = time.perf_counter() - wall, time.process_time() - worked
    return wall, worked, _peak_bytes() / MIB


def _peak_bytes() -> int:
    """Of this process alone: what ``getrusage`` says includes that of the process it was started by, on Linux."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _ours(path: str) -> None:
    if path:
        sample_frames(path, "mov", ClipSampling(FRAMES))


def _every_frame(path: str) -> None:
    """Decode all, keep eight by their number: what a reader without an index does."""
    if not path:
        return
    with av.open(path) as opened:
        stream = opened.streams.video[0]
        stream.thread_type = "AUTO"
        wanted = set(np.linspace(0, stream.frames - 1, FRAMES).astype(int).tolist())
        for number, frame in enumerate(opened.decode(stream)):
            if number in wanted:
                frame.to_ndarray(format="rgb24")


def _decord(path: str) -> None:
    decord = importlib.import_module("decord")  # which no list of ours declares: it is here to compare with
    if path:
        reader = decord.VideoReader(path, num_threads=2)
        reader.get_batch(np.linspace(0, len(reader) - 1, FRAMES).astype(int).tolist()).asnumpy()


SIDES: dict[str, Callable[[str], object]] = {"ours": _ours, "every frame": _every_frame, "decord2": _decord}


def _clip(path: Path, seconds: float, gop: int, *, varying: bool = False) -> Path:
    """Encode one group of pictures and repeat its packets; varying, every third frame is shown thrice as long."""
    part = path.with_suffix(".part.mp4")
    with av.open(str(part), "w") as opened:
        stream = opened.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = *SIZE, "yuv420p", gop
        stream.codec_context.time_base = Fraction(1, RATE)
        planes = np.full((SIZE[1] * 3 // 2, SIZE[0]), 128, np.uint8)  # brightness above, and no colour below
        rows = np.arange(SIZE[1], dtype=np.uint8)[:, None] + np.arange(SIZE[0]).astype(np.uint8)
        for number in range(gop):
            planes[: SIZE[1]] = rows + np.uint8(5 * number % 256)
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            opened.mux(stream.encode(frame))
        opened.mux(stream.encode())
    with av.open(str(part)) as source, av.open(str(path), "w") as opened:
        template = source.streams.video[0]
        stream = opened.add_stream_from_template(template)
        packets = [(bytes(packet), packet.is_keyframe) for packet in source.demux(template) if packet.size]
        at = 0
        for number in range(round(seconds * RATE)):
            data, key = packets[number % gop]
            packet = av.Packet(data)
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 3 * RATE), key
            packet.pts = packet.dts = at
            at += (5 if number % 3 == 0 else 2) if varying else 3
            opened.mux(packet)
    return path


def _against_pictures(folder: Path) -> Table:
    """The embedded model on clips, on their frames as pictures, and its forward alone."""
    from sav_core.activations.extraction import extract_head_vectors
    from sav_core.activations.hooks import capture_last_token, forward_to_last_heads
    from sav_core.data.examples import Example
    from sav_core.models.backbones import load_backbone

    backbone = load_backbone()
    clips = [Example(open_clip(_small(folder / f"{number}.mp4", number)), "Which way?") for number in range(8)]
    stills = [example.as_stills() for example in clips]
    encoded = backbone.encode_all(stills)

    def forward() -> None:
        for batch in backbone.budget().split(encoded):
            with capture_last_token(backbone):
                forward_to_last_heads(backbone, backbone.collate([encoded[row] for row in batch]))

    jobs: dict[str, Callable[[], object]] = {
        "the forward alone": forward,
        "extraction of 8 pictures each": lambda: extract_head_vectors(backbone, stills, cache=None),
        "extraction of the clips": lambda: extract_head_vectors(backbone, clips, cache=None),
    }
    wall, worked = ({name: float("inf") for name in jobs} for _ in range(2))
    for turn in range(6):  # in turn, so that a busy moment meets all of them; the first is not counted
        for name, job in jobs.items():
            began, had = time.perf_counter(), time.process_time()
            job()
            if turn:
                wall[name] = min(wall[name], time.perf_counter() - began)
                worked[name] = min(worked[name], time.process_time() - had)
    table = Table("8 clips of 8 frames, the embedded model", "seconds", "times the forward", "processor s", "times", "aim")
    bare, bare_worked = wall["the forward alone"], worked["the forward alone"]
    for name in jobs:
        ratios = f"{wall[name] / bare:.2f}", f"{worked[name] / bare_worked:.2f}"
        aim = f"{FORWARD_LIMIT}" if "clips" in name else ""
        table.add_row(name, f"{wall[name]:.3f}", ratios[0], f"{worked[name]:.3f}", ratios[1], aim)
    return table


def _small(path: Path, seed: int) -> Path:
    with av.open(str(path), "w") as opened:
        stream = opened.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 224, 224, "yuv420p"
        for number in range(20):
            pixels = np.full((224, 224, 3), (seed * 30, number * 12, 90), np.uint8)
            opened.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        opened.mux(stream.encode())
    return path


if __name__ == "__main__":
    main()
