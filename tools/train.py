"""Train the embedded model: one command, resumable, on CPU cores or a GPU.

    python -m tools.train                                     # all stages
    python -m tools.train --stage language --steps 8000       # one stage, as long as you like
    python -m tools.train --stage language --minutes 7        # for so long, the steps that fit: for a lent GPU
    python -m tools.train --stage language --from assets/model --rate 0.5    # without checkpoints

The first stage tunes the later blocks of the pretrained tower for drawings; the second fits a projector between it and
the former model's decoder; the third trains all but the tower. Each goes on from its own checkpoint if there is one, else
starts from what the stage before it left; so the same command after a stop continues where it stopped, and one with more
steps trains longer. On a CPU it runs one process a core with a single thread each and averages gradients over gloo: two
threads in one process lose everything as soon as anything else runs on the machine. Processes may be stopped and continued;
the others wait. On a GPU one process learns, steps are larger, and the other cores draw.

Where a machine lacks the checkpoints of the stages before, the third goes on from an exported model, as precisely as that
is stored.

The learning rate is level for the first part of a stage's steps, then falls in a straight line to nearly nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from tools.artwork import BUILD
from tools.optimizer import Optimizer, to_working_type
from tools.tally import Tally, Told

CHECKPOINTS = BUILD / "checkpoints"
CURVE = BUILD / "curve.jsonl"
STAGES = {"tower": 2000, "align": 320, "language": 2400}  # steps
BEFORE = {"language": "align"}  # whose parameters a stage takes over
SAVE_EVERY = 150.0  # seconds
WARM_UP, LEVEL = 20, 0.5  # steps; share of a stage
SETTLED = 150  # steps in which what a stage took over whole rises to the full rate, for what is new beside it is poor yet
PATIENCE = timedelta(hours=4)  # with a process that others have stopped

# Fresh memory is dear on virtual machines: keep what was once mapped.
MALLOC = (
    "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=34359738368"
    ":glibc.malloc.top_pad=268435456"
)


def rate(step: int, share: float) -> float:
    """The learning rate, as a part of its highest, at a step of a stage of which such a share is over."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 1.0 if share < LEVEL else max(0.02, 1 - (share - LEVEL) / (1 - LEVEL))


def checkpoint(stage: str) -> Path:
    """Where a stage keeps all it needs to go on."""
    return CHECKPOINTS / f"{stage}.pt"


def log(stage: str, record: dict) -> None:
    """Append one time-stamped line to the learning curve."""
    record = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "stage": stage, **record}
    line = json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in record.items()})
    with CURVE.open("a") as curve:
        curve.write(line + "\n")
    print(line, flush=True)


def make_stage(name: str, device: str, start: Path | None = None) -> object:
    """The stage, with its module in the type and on the device that it trains in; ``start`` is an exported model."""
    from tools.stage_align import AlignStage
    from tools.stage_language import LanguageStage, begun, exported
    from tools.stage_tower import TowerStage

    if name == "tower":
        stage: object = TowerStage(device)
    else:
        model = begun() if start is None else exported(start)
        stage = (AlignStage if name == "align" else LanguageStage)(model, device)
    to_working_type(stage.module, device).to(device).train()
    return stage


def keep_tower(start: Path) -> None:
    """Leave an exported model's tower where the first stage leaves its own."""
    from tools.stage_language import exported
    from tools.stage_tower import keep_tuned

    keep_tuned(exported(start).model.vision_tower, checkpoint("tower"))


def restore(name: str, optimizer: Optimizer, started: bool = False) -> float:
    """Take up the newest checkpoint there is for the stage, its own only if it has ``started`` from an exported model.

    Returns the minutes it has run.
    """
    for source in (name,) if started else (name, BEFORE.get(name, name)):
        if checkpoint(source).exists():
            saved = torch.load(checkpoint(source), weights_only=True, map_location="cpu")
            optimizer.restore(saved["optimizer"], fresh=source != name)
            return saved["minutes"] if source == name else 0.0
    return 0.0


def save(name: str, optimizer: Optimizer, minutes: float) -> None:
    """Write the checkpoint, whole or not at all."""
    partial = checkpoint(name).with_suffix(".partial")
    torch.save({"optimizer": optimizer.state(), "minutes": minutes}, partial)
    partial.replace(checkpoint(name))


def evaluated(stage: object, optimizer: Optimizer, done: bool) -> dict[str, dict[str, float]]:
    """What the averaged weights reach on the held-out artist, where it is time to ask; it takes a while."""
    if optimizer.step_count % stage.evaluate_every and not done:
        return {}
    optimizer.swap_average()
    found = {key: round(value, 3) for key, value in stage.evaluate().items()}
    optimizer.swap_average()
    return {"held_out_artist": found}


@dataclass(frozen=True)
class Length:
    """How long a stage is: so many steps, and no longer than so many minutes from now."""

    steps: int
    minutes: float = float("inf")
    rate: float = 1.0  # its highest learning rate, as a part of the stage's

    def share(self, step: int, minutes: float) -> float:
        """How much of it is over."""
        return max(step / self.steps, minutes / self.minutes)


def agreed(minutes: float) -> float:
    """The first process' clock, for all must end with the same step."""
    if not dist.is_initialized():
        return minutes
    told = torch.tensor([minutes], dtype=torch.float64)
    dist.broadcast(told, src=0)
    return float(told)


def work(name: str, length: Length, workers: int, start: Path | None = None) -> None:
    """Train one stage in this process, beside its peers, with processes that prepare what it teaches."""
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)
    else:
        torch.set_float32_matmul_precision("high")
    if world > 1:
        dist.init_process_group("gloo", timeout=PATIENCE)
    stage = make_stage(name, device, start)
    optimizer = Optimizer(stage.module, **stage.rates)
    before, begun = restore(name, optimizer, started=start is not None), time.monotonic()
    minutes = lambda: (time.monotonic() - begun) / 60  # noqa: E731
    saved_at, tally = time.monotonic(), Tally()
    for lesson in stage.lessons(optimizer.step_count, length.steps, rank, workers):
        step = optimizer.step_count
        now = agreed(minutes())
        stage.share = length.share(step, now)
        loss, figures = stage.loss(lesson)
        loss.backward()
        norm = optimizer.step(length.rate * rate(step, stage.share), gently=min(1.0, (step + 1) / SETTLED))
        tally.add([Told.one("loss", loss), Told.one("norm", norm), *figures])
        done = length.share(optimizer.step_count, now) >= 1
        if optimizer.step_count % stage.report_every == 0 or done:
            if rank == 0:
                record = {"minutes": before + minutes(), "step": optimizer.step_count, "training": tally.means()}
                log(name, record | evaluated(stage, optimizer, done))
            tally = Tally()
        if done:
            stage.finish(optimizer)
        if rank == 0 and (done or time.monotonic() - saved_at > SAVE_EVERY):
            save(name, optimizer, before + minutes())
            saved_at = time.monotonic()
        if done:
            return


def main() -> None:
    """Start one worker a core for each stage in turn, or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=STAGES, help="only this one; all in turn unless given")
    parser.add_argument("--steps", type=int, help="of the whole stage, those already made included")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="from now, at most; the rate falls to it")
    parser.add_argument(
        "--rate", type=float, default=1.0, help="of learning, as a part of the usual: less to go on at the end"
    )
    parser.add_argument("--from", dest="start", type=Path, help="an exported model, for the stage `language` to go on from")
    parser.add_argument("--processes", type=int, default=0, help="0: one a core, or one on a GPU")
    parser.add_argument(
        "--workers", type=int, default=-1, help="that draw beside each; -1: none, or all other cores on a GPU"
    )
    arguments = parser.parse_args()
    if arguments.start is not None and arguments.stage != "language":
        parser.error("--from needs --stage language: the stages before make what an exported model already has.")
    CHECKPOINTS.mkdir(parents=True, exist_ok=True)
    if "RANK" in os.environ:
        length = Length(arguments.steps, arguments.minutes, arguments.rate)
        work(arguments.stage, length, arguments.workers, arguments.start)
        return
    if arguments.start is not None and not checkpoint("language").exists():
        if checkpoint("tower").exists():
            parser.error(f"--from brings a tower of its own, and {checkpoint('tower')} is another: move that away first.")
        keep_tower(arguments.start)
    cores, gpu = len(os.sched_getaffinity(0)), torch.cuda.is_available()
    processes = arguments.processes or (1 if gpu else cores)
    workers = arguments.workers if arguments.workers >= 0 else (cores - 1) * gpu
    shared = os.environ | {
        "WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "29517",
        "OMP_NUM_THREADS": "1",
        "GLIBC_TUNABLES": MALLOC,
    }
    for stage in [arguments.stage] if arguments.stage else STAGES:
        command = [sys.executable, "-m", "tools.train", "--stage", stage, "--steps", str(arguments.steps or STAGES[stage])]
        command += ["--minutes", str(arguments.minutes), "--rate", str(arguments.rate), "--workers", str(workers)]
        command += ["--from", str(arguments.start)] if arguments.start is not None else []
        started = [subprocess.Popen(command, env=shared | {"RANK": str(rank)}) for rank in range(processes)]
        if failed := max(process.wait() for process in started):
            sys.exit(failed)


if __name__ == "__main__":
    main()
