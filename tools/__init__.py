"""How the assets were made: artwork, training, evaluation, the model card."""
