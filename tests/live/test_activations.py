"""Every activation that a config may name, in a whole model, against Transformers in float64."""

import json

import pytest

from npdistil.config import HIDDEN_ACTS, KEYS
from npdistil.encoder import Encoder
from tests.live.exact import BACKENDS, expected, worst_differences
from tests.live.random_models import save_random_model

FAMILIES = {"tiny-odd": "bert", "tiny-distilbert": "distilbert"}


@pytest.mark.parametrize("hidden_act", HIDDEN_ACTS)
@pytest.mark.parametrize("name", FAMILIES)
def test_every_activation_equals_transformers(name, hidden_act, tmp_path, compared):
    """A name that means another function, or one that a backend does not pass on."""
    save_random_model(name, tmp_path, hidden_act)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert config[KEYS[FAMILIES[name]]["hidden_act"]] == hidden_act
    for backend, dtype in BACKENDS:
        encoder = Encoder.from_pretrained(tmp_path, backend, dtype)
        for what, batch, exact in expected(tmp_path):
            ours = encoder(**batch, output_hidden_states=True, output_attentions=True)
            worst = worst_differences(ours, exact, batch["attention_mask"] == 1)
            bound = BACKENDS[backend, dtype]
            wrong = {where: size for where, size in worst.items() if not size <= bound}
            assert not wrong, f"{what}, {backend} {dtype}: first at {next(iter(wrong.items()))}"
            compared(f"activations with Transformers ({backend} {dtype})", len(worst))
    expected.cache_clear()  # the maps of 512 tokens are large


def test_the_functions_are_told_apart(tmp_path):
    """A model in which the activation hardly matters would let any pass."""
    save_random_model("tiny-odd", tmp_path)
    _, batch, exact = expected(tmp_path)[0]
    keep_BL = batch["attention_mask"] == 1
    bound = BACKENDS["numba", "float32"]
    for hidden_act in set(HIDDEN_ACTS) - {"gelu", "gelu_python"}:
        config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
        (tmp_path / "config.json").write_text(json.dumps({**config, "hidden_act": hidden_act}))
        encoder = Encoder.from_pretrained(tmp_path, "numpy", "float64")
        ours = encoder(**batch, output_hidden_states=True, output_attentions=True)
        assert max(worst_differences(ours, exact, keep_BL).values()) > bound, hidden_act
