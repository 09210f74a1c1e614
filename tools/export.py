"""Write the trained model where `load_backbone()` looks for it.

python -m tools.export                     # newest checkpoint -> assets/model
python -m tools.export --untrained --to .build/training/untrained
"""

import argparse
from pathlib import Path

import torch
from transformers import GenerationConfig

from sav_core.models.checksums import write_sums
from tools.model import SIDE
from tools.stage_language import Reader, untrained
from tools.stage_tower import tuned
from tools.text import build_processor
from tools.tower import unfold
from tools.train import checkpoint

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def trained() -> torch.nn.Module:
    """The model with the averaged weights of the newest checkpoints, the tower's and the decoder's."""
    saved = torch.load(checkpoint("language"), weights_only=True, map_location="cpu")
    model = untrained()
    model.model.vision_tower = unfold(tuned(SIDE), SIDE)
    weights = {name: average for name, (_, average, *_) in saved["optimizer"]["slots"].items()}
    missing, unexpected = Reader(model).load_state_dict(weights, strict=False)
    assert not missing, f"the checkpoint is of another shape: {missing[:3]} are not in it"
    assert not unexpected, f"the checkpoint is of another shape: {unexpected[:3]} are not in the model"
    return model


def save(model: torch.nn.Module, folder: Path) -> None:
    """Weights in bfloat16, tokenizer, processor."""
    processor = build_processor()
    tokenizer = processor.tokenizer
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, max_new_tokens=32
    )
    model.to(torch.bfloat16).save_pretrained(folder)
    processor.save_pretrained(folder)
    write_sums(folder)


def main() -> None:
    """Save the newest checkpoint, or the model before training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--untrained", action="store_true", help="the same shape before any training")
    parser.add_argument("--to", type=Path, default=ASSETS / "model")
    arguments = parser.parse_args()
    save(untrained() if arguments.untrained else trained(), arguments.to)
    size = sum(path.stat().st_size for path in arguments.to.glob("*.safetensors"))
    print(f"{arguments.to}: {size / 1e6:.1f} MB of weights")


if __name__ == "__main__":
    main()
