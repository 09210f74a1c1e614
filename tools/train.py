"""Train the embedded model: one command, resumable, on CPU cores or a GPU.

    python -m tools.artwork                                   # once
    python -m tools.train                                     # both stages, some four hours of two quiet cores
    python -m tools.train --stage language --minutes 60       # one stage, as long as you like
    python -m tools.train --stage language --minutes 180 --shipped 120     # go on from assets/model

Each stage starts from the newest checkpoint of the stage before it, and goes on from its own if there is one; so the
same command after a stop continues where it stopped, and one with more minutes trains longer. Where the checkpoints are
gone, `--shipped` starts from the exported model and counts that many minutes as spent. On a CPU it runs one
process per core with a single thread each and averages gradients over gloo: two threads in one process lose everything
as soon as anything else runs on the machine.

The learning rate follows the clock, not a step count: it is level for the first part of a stage's minutes, then falls
in a straight line to nearly nothing when they are over.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import torch
import torch.distributed as dist
from transformers import FastVlmForConditionalGeneration

from tools.artwork import BUILD
from tools.export import ASSETS
from tools.optimizer import Optimizer, to_low_precision

SHIPPED = ASSETS / "model"
CURVE = BUILD / "curve.jsonl"
STAGES = {"tower": 25.0, "language": 200.0}  # minutes
SAVE_EVERY = 150.0  # seconds
WARM_UP, LEVEL = 0.01, 0.4  # shares of a stage

# Fresh memory is dear on virtual machines: keep what was once mapped.
MALLOC = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=34359738368"


def rate(share: float) -> float:
    """The learning rate, as a part of its highest, when a share of the stage is over."""
    if share < WARM_UP:
        return max(share, 1e-4) / WARM_UP
    return 1.0 if share < LEVEL else max(0.02, 1 - (share - LEVEL) / (1 - LEVEL))


def checkpoint(stage: str) -> Path:
    """Where a stage keeps all it needs to go on."""
    return BUILD / f"{stage}.pt"


def log(stage: str, record: dict) -> None:
    """Append one time-stamped line to the learning curve."""
    record = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "stage": stage, **record}
    line = json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in record.items()})
    with CURVE.open("a") as curve:
        curve.write(line + "\n")
    print(line, flush=True)


def make_stage(name: str, device: str, *, shipped: bool) -> object:
    """The stage, with its module built (untrained, or with the weights of the exported model) and on the device."""
    from tools.stage_language import LanguageStage, untrained
    from tools.stage_tower import TowerStage

    model = FastVlmForConditionalGeneration.from_pretrained(SHIPPED, dtype=torch.float32) if shipped else untrained()
    stage = (TowerStage if name == "tower" else LanguageStage)(model, device)
    to_low_precision(stage.module).to(device).train()
    return stage


def work(name: str, minutes: float, shipped: float | None) -> None:
    """Train one stage in this process, beside its peers; ``shipped`` is the age in minutes of the exported model."""
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)
    if world > 1:
        dist.init_process_group("gloo")
    from_shipped = shipped is not None and not checkpoint(name).exists()
    stage = make_stage(name, device, shipped=from_shipped)
    optimizer = Optimizer(stage.module, **stage.rates)
    spent = 60 * shipped if from_shipped else 0.0
    if from_shipped and rank == 0 and not CURVE.exists():
        shutil.copy(SHIPPED / CURVE.name, CURVE)
    order = list(STAGES)
    sources = [(name, False), *((s, True) for s in reversed(order[: order.index(name)]))]
    origin = shipped or 0.0
    for source, fresh in [] if from_shipped else sources:
        if checkpoint(source).exists():
            saved = torch.load(checkpoint(source), weights_only=True, map_location="cpu")
            optimizer.restore(saved["optimizer"], fresh=fresh)
            stage.module.load_state_dict(saved["buffers"], strict=False)
            spent, origin = (0.0, 0.0) if fresh else (saved["spent"], saved.get("origin", 0.0))
            break

    begun = saved_at = reported_at = time.monotonic() - spent
    saved_at = reported_at = begun + spent
    sums: dict[str, float] = {}
    steps = 0
    while True:
        clock = torch.tensor([time.monotonic() - begun])
        if world > 1:
            dist.broadcast(clock, 0)  # all must agree on when to stop
        spent = float(clock)
        share = spent / (60 * minutes)
        done = share >= 1
        if not done:
            stage.share = share
            # Steps are counted anew from an exported model, whose age so keeps the pictures from coming again.
            loss, figures = stage.loss(Random(f"{name} {origin} {optimizer.step_count} {rank}"))
            loss.backward()
            norm = optimizer.step(rate(share))
            steps += 1
            for key, value in {"loss": float(loss.detach()), "norm": norm, **figures}.items():
                sums[key] = sums.get(key, 0.0) + value
                sums[f"#{key}"] = sums.get(f"#{key}", 0.0) + 1
        now = begun + spent
        if done or now - reported_at > stage.report_every:
            if rank == 0 and steps:
                optimizer.swap_average()
                held_out = stage.evaluate()
                optimizer.swap_average()
                training = {k: v / sums[f"#{k}"] for k, v in sums.items() if not k.startswith("#")}
                pace = steps * world * stage.batch / (now - reported_at)
                log(
                    name,
                    {
                        "minutes": spent / 60,
                        "images_a_second": pace,
                        "step": optimizer.step_count,
                        "training": {k: round(v, 3) for k, v in training.items()},
                        "held_out_artist": {k: round(v, 3) for k, v in held_out.items()},
                    },
                )
            sums, steps, reported_at = {}, 0, now
        if rank == 0 and (done or now - saved_at > SAVE_EVERY):
            buffers = {k: v for k, v in stage.module.state_dict().items() if "running" in k}
            state = {"optimizer": optimizer.state(), "buffers": buffers, "spent": spent, "origin": origin}
            torch.save(state, checkpoint(name).with_suffix(".partial"))
            checkpoint(name).with_suffix(".partial").replace(checkpoint(name))
            saved_at = now
        if done:
            break


def main() -> None:
    """Start one worker a core for each stage in turn, or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=STAGES, help="only this one; both in turn unless given")
    parser.add_argument("--minutes", type=float, help="of the whole stage, those already spent included")
    parser.add_argument("--shipped", type=float, metavar="MINUTES", help="without a checkpoint, start from assets/model")
    parser.add_argument("--processes", type=int, default=0, help="0: one a core, or one on a GPU")
    arguments = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    if "RANK" in os.environ:
        work(arguments.stage, arguments.minutes, arguments.shipped)
        return
    processes = arguments.processes or (1 if torch.cuda.is_available() else len(os.sched_getaffinity(0)))
    shared = os.environ | {
        "WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "29517",
        "OMP_NUM_THREADS": "1",
        "GLIBC_TUNABLES": MALLOC,
    }
    for stage in [arguments.stage] if arguments.stage else STAGES:
        command = [sys.executable, "-m", "tools.train", "--stage", stage]
        command += ["--minutes", str(arguments.minutes or STAGES[stage])]
        if arguments.shipped is not None:
            command += ["--shipped", str(arguments.shipped)]
        workers = [subprocess.Popen(command, env=shared | {"RANK": str(rank)}) for rank in range(processes)]
        if failed := max(worker.wait() for worker in workers):
            sys.exit(failed)


if __name__ == "__main__":
    main()
