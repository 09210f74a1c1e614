from types import SimpleNamespace

import pytest
from torch import nn

from sav_core.errors import UnsupportedModelError
from sav_core.models.decoders import find_decoder
from sav_core.types import Geometry


class Attention(nn.Module):
    def __init__(self, width, output="o_proj"):
        super().__init__()
        self.add_module(output, nn.Linear(width, 8, bias=False))


class Layer(nn.Module):
    def __init__(self, **children):
        super().__init__()
        for name, child in children.items():
            self.add_module(name, child)


class Model(nn.Module):
    def __init__(self, layers, heads=4, encoder_decoder=False):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.config = SimpleNamespace(num_attention_heads=heads, is_encoder_decoder=encoder_decoder)

    def get_decoder(self):
        return self


def ordinary(width=16):
    return Layer(self_attn=Attention(width), mlp=nn.Identity())


def test_heads_and_dim_are_measured_on_the_projection():
    model = Model([ordinary(), ordinary()])
    decoder = find_decoder(model, "m")
    assert decoder.geometry == Geometry(2, 4, 4)
    assert decoder.projections == tuple(layer.self_attn.o_proj for layer in model.layers)


def test_where_layers_differ_in_dim_the_largest_counts():
    decoder = find_decoder(Model([ordinary(16), ordinary(32), ordinary(16)]), "m")
    assert decoder.geometry == Geometry(3, 4, 8)
    assert decoder.dims == (4, 8, 4)


def test_layers_one_level_down_are_found():
    whole = Model([])
    del whole.layers
    whole.model = Model([ordinary(), ordinary()])
    assert find_decoder(whole, "m").layers == tuple(whole.model.layers)


def test_pictures_that_enter_between_the_layers_are_refused():
    model = Model([ordinary(), ordinary()])
    model.gated_cross_attn_layers = nn.ModuleList([nn.Identity()])
    with pytest.raises(UnsupportedModelError, match="between the layers, by gated_cross_attn_layers, and not as tokens"):
        find_decoder(model, "m")


def typed(*types, layers=None):
    model = Model([ordinary() for _ in (layers or types)])
    model.config.layer_types = list(types)
    return model


def test_what_a_config_calls_its_layers_says_which_are_alike():
    decoder = find_decoder(typed("sliding_attention", "full_attention", "sliding_attention"), "m")
    assert decoder.kinds == tuple(f"Attention {kind}_attention" for kind in ("sliding", "full", "sliding"))
    assert not decoder.sparse
    assert find_decoder(typed("full_attention", "indexed_attention"), "m").sparse
    assert not find_decoder(typed(layers="ab"), "m").sparse  # it says nothing


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (
            typed("linear_attention", "full_attention", "linear_attention"),
            r"layers 0, 2: linear attention \(Attention\) under the name self_attn",
        ),
        (
            Model([Layer(linear_attn=nn.Identity(), mlp=nn.Identity()), ordinary(), Layer(linear_attn=nn.Identity())]),
            r"layers 0, 2: linear_attn \(Identity\) instead of self_attn",
        ),
        (Model([ordinary(), ordinary(), *[Layer(cross_attn=nn.Identity())] * 3]), "layers 2-4: cross-attention"),
        (Model([ordinary(), Layer(self_attn=Attention(16, "out_proj"))]), "layer 1: no o_proj in Attention"),
        (Model([Layer(mlp=nn.Identity())]), "layer 0: no self_attn"),
        (Model([]), "Model has no list of decoder layers"),
        (Model([ordinary()], encoder_decoder=True), "prompt goes into an encoder"),
        (Model([ordinary()], heads=5), "does not divide into 5 heads"),
    ],
    ids=["linear", "mixer", "cross", "projection", "none", "layers", "encoder", "heads"],
)
def test_what_cannot_serve_is_refused_with_the_layers_and_the_reason(model, reason):
    with pytest.raises(UnsupportedModelError, match=rf"^m cannot serve because .*{reason}.*; choose a model"):
        find_decoder(model, "m")


def test_layers_that_differ_in_their_heads_are_refused():
    layers = [ordinary(), ordinary()]
    layers[1].self_attn.num_heads = 2
    with pytest.raises(UnsupportedModelError, match=r"differ in their number of heads: \[2, 4\]"):
        find_decoder(Model(layers), "m")
