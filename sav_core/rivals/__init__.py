"""The ways to learn from the same examples that papers compare with: LoRA, CLIP and SigLIP, on the same splits.

measure(SavClassifier(backbone), support, test, rivals=read_rivals(["lora", "clip:openai/clip-vit-large-patch14"]))

What stands here is run by ``sav_core.reports.rival_answers``; each row says what it costs.
"""
