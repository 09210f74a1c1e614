"""Where a model runs and in which numbers: what the caller asks for, else what is faster here."""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import json
import math
import platform
import timeit
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import psutil  # type: ignore[import-untyped]  # comes with accelerate
import torch
from torch import nn

from sav_core.errors import OutOfMemoryError, SettingError, StorageError
from sav_core.files import write_atomically
from sav_core.models.checkpoints import Checkpoint
from sav_core.models.decoders import language_model
from sav_core.settings import settings

__all__ = ["Precision", "check_memory", "choose_device", "load_precisely"]

Loader: TypeAlias = Callable[[torch.dtype], Any]
Sampler: TypeAlias = Callable[[Any], Mapping[str, Any]]

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_WORTH = 0.8  # bfloat16 rounds, so it must save a fifth of the time at least
_QUICK = 0.1  # seconds an image; a model as quick as that in float32 gains nothing, and answers everywhere the same
_USABLE = 0.8  # share of the free memory that weights may fill
_TIMED_WHOLE = 50_000_000  # parameters; up to here a whole forward is timed, its vision tower included
_TOKENS = 512  # that a decoder layer is timed with
_REPEATS = 3
_PATIENCE = 1.0  # seconds, after which one repeat is enough


@dataclass(frozen=True, slots=True)
class Precision:
    """The numbers a model computes in, and in one sentence why."""

    dtype: torch.dtype
    why: str


def choose_device(device: str | torch.device = "auto") -> torch.device:
    """Return the GPU when there is one, else the CPU; or the device asked for.

    Raises:
        SettingError: it does not exist here.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise SettingError(f"device must be 'auto', 'cpu' or 'cuda', but is {device!r}.") from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise SettingError("device is 'cuda', but torch sees no GPU here: use 'auto' or 'cpu'.")
    try:
        torch.zeros(1, device=chosen).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # each backend has its own way to be missing
        raise SettingError(f"device is {str(device)!r}, which torch cannot use here: use 'auto' or 'cpu'.") from error
    return chosen


def load_precisely(
    load: Loader, sample: Sampler, dtype: str | torch.dtype, device: torch.device, checkpoint: Checkpoint
) -> tuple[Any, Precision]:
    """Load a model in the dtype asked for, or with ``"auto"`` in the one that suits the device.

    On a GPU that is bfloat16. On a CPU it is measured on the model itself: small models are several times slower in
    bfloat16 there, large ones faster, and where the border lies depends on the processor. A small model that is quick in
    float32 stays with it, so that its figures are the same on every machine. What was measured is kept beside the cached
    vectors, so that a model near the border computes the same vectors tomorrow.

    Args:
        load: loads the model in a dtype.
        sample: makes the inputs of one example for a loaded model.
        dtype: ``"auto"``, or what to compute in.
        device: where it will run.
        checkpoint: the model's files.

    Raises:
        SettingError: there is no such dtype.
        OutOfMemoryError: memory does not hold the weights; nothing was loaded.
    """
    check_memory(checkpoint.name, checkpoint.parameters, dtype, device)
    if dtype != "auto":
        chosen = Precision(_named(dtype), "as asked for")
    elif device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        chosen = Precision(torch.bfloat16, "half the memory and the fastest numbers of this GPU")
    elif device.type != "cpu":
        chosen = Precision(torch.float32, "this device does not compute in bfloat16")
    elif (needed_bytes := 4 * checkpoint.parameters) > _USABLE * (free := _free_memory()):
        needed = f"float32 weights need {needed_bytes / 1e9:.1f} GB and {free / 1e9:.1f} GB are free"
        chosen = Precision(torch.bfloat16, needed)
    elif (found := _recall(note := _note(checkpoint))) is not None:
        chosen = found
    else:
        model, chosen = _load_faster(load, sample, checkpoint.parameters)
        with contextlib.suppress(StorageError):  # then it is measured again next time
            write_atomically(note, json.dumps({"dtype": str(chosen.dtype), "why": chosen.why}).encode())
        return model, chosen
    return load(chosen.dtype), chosen


def check_memory(name: str, parameters: int, dtype: str | torch.dtype, device: torch.device) -> None:
    """Refuse weights that memory cannot hold: the system would end the process, with all that others do in it.

    Raises:
        SettingError: there is no such dtype.
        OutOfMemoryError: the weights in that dtype, or with ``"auto"`` in the smallest that may be chosen, do not fit.
    """
    numbers = torch.bfloat16 if dtype == "auto" else _named(dtype)
    needed, free = numbers.itemsize * parameters, _free_for_weights(device)
    if needed > free:
        raise OutOfMemoryError(
            f"{name!r} needs {needed / 1e9:.1f} GB of memory in {str(numbers).removeprefix('torch.')}, and "
            f"{free / 1e9:.1f} GB are free here: choose a smaller model, or a machine with more memory."
        )


def _free_for_weights(device: torch.device) -> float:
    """Bytes that weights may fill: of main memory, of one GPU, or of all GPUs and main memory, over which they spread."""
    if device.type == "cpu":
        return _free_memory()
    if device.type != "cuda":
        return math.inf  # nobody can be asked
    if str(device) != "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return _free_memory() + sum(torch.cuda.mem_get_info(index)[0] for index in range(torch.cuda.device_count()))


def _note(checkpoint: Checkpoint) -> Path:
    """Where it is written what was faster for this model, on this processor with this torch and as many threads."""
    facts = (checkpoint.identity, _processor(), torch.__version__, torch.get_num_threads())
    return settings().cache_dir / "precision" / f"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}.json"


def _recall(note: Path) -> Precision | None:
    """What was measured before; ``None`` when nothing was, or the note cannot be read."""
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        return Precision(_named(found["dtype"]), str(found["why"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return next((line for line in lines if line.startswith("model name")), platform.processor() or platform.machine())


def _load_faster(load: Loader, sample: Sampler, parameters: int) -> tuple[Any, Precision]:
    """Load in float32, and again in bfloat16 if that is clearly faster."""
    model = load(torch.float32)
    if parameters <= _TIMED_WHOLE:
        what, trial = "one image", _Trial(model.base_model, (), {**sample(model), "use_cache": False})
    else:
        what, trial = "a decoder layer", _first_layer(model)
    float32, bfloat16 = trial.seconds(torch.float32, torch.bfloat16)
    why = f"{what} takes {_shown(float32)} in float32 and {_shown(bfloat16)} in bfloat16 on this CPU"
    if parameters <= _TIMED_WHOLE and float32 < _QUICK:
        return model, Precision(torch.float32, f"{why}, too little to round for")
    if bfloat16 >= _WORTH * float32:
        return model, Precision(torch.float32, why)
    del model, trial
    return load(torch.bfloat16), Precision(torch.bfloat16, why)


@dataclass(frozen=True, slots=True)
class _Trial:
    """A module and the arguments it is called with."""

    module: Any
    given: tuple[Any, ...]
    named: Mapping[str, Any]

    def seconds(self, *dtypes: torch.dtype) -> list[float]:
        """How long a call takes in each dtype: the shortest of a few, turn and turn about, the first to warm up."""
        calls = []
        for dtype in dtypes:
            module = copy.deepcopy(self.module).to(dtype)
            calls.append(functools.partial(module, *_cast(self.given, dtype), **_cast(self.named, dtype)))
        times: list[list[float]] = []
        with torch.inference_mode():
            while len(times) < 2 or (len(times) < 1 + _REPEATS and sum(map(sum, times)) < _PATIENCE):
                times.append([timeit.timeit(call, number=1) for call in calls])
        return [min(turns[1:]) for turns in zip(*times, strict=True)]


class _ReachedError(Exception):
    """Ends a forward pass once its first decoder layer was called."""


def _shown(seconds: float) -> str:
    return f"{1e3 * seconds:,.{0 if seconds >= 0.01 else 1}f} ms"


def _first_layer(model: Any) -> _Trial:
    """The first decoder layer, with what reaches it when the model reads some hundred tokens."""
    layer = language_model(model).layers[0]
    reached: list[_Trial] = []

    def keep(module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        reached.append(_Trial(module, given, named))
        raise _ReachedError

    hook = layer.register_forward_pre_hook(keep, with_kwargs=True)
    text = torch.ones(1, _TOKENS, dtype=torch.long)
    try:
        with torch.inference_mode(), contextlib.suppress(_ReachedError):
            model.get_decoder()(input_ids=text, attention_mask=text, use_cache=False)
    finally:
        hook.remove()
    return reached[0]


def _free_memory() -> int:
    """Bytes of main memory that this process may still fill, the limit of its container included."""
    free = int(psutil.virtual_memory().available)
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / f"memory.{what}").read_text().strip() for what in ("max", "current"))
    except OSError:
        return free
    return free if limit == "max" else min(free, max(0, int(limit) - int(used)))


def _cast(value: Any, dtype: torch.dtype) -> Any:
    """The same, with every floating-point tensor in another dtype."""
    if isinstance(value, torch.Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, tuple):
        return tuple(_cast(each, dtype) for each in value)
    if isinstance(value, Mapping):
        return {name: _cast(each, dtype) for name, each in value.items()}
    return value


def _named(dtype: str | torch.dtype) -> torch.dtype:
    chosen = _DTYPES.get(str(dtype).removeprefix("torch."))
    if chosen is None:
        raise SettingError(f"dtype must be 'auto', {', '.join(map(repr, _DTYPES))}, but is {dtype!r}.")
    return chosen
