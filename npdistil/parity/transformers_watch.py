"""What a BERT or DistilBERT of Transformers computes on its way, under our names.

States are taken where the next step takes them: `attention.norm.output` is what the whole block
hands on, not what its LayerNorm gives, for a port may do something between. Scores and
probabilities are what softmax takes and gives, whoever calls it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..dims import Floats

_BLOCKS = {"bert": "encoder.layer.{}", "distilbert": "transformer.layer.{}"}
# Our name -> the module in a layer, and whether its input or its output is meant.
_WITHIN: dict[str, dict[str, tuple[str, str]]] = {
    "bert": {
        "attention.query": ("attention.self.query", "output"),
        "attention.key": ("attention.self.key", "output"),
        "attention.value": ("attention.self.value", "output"),
        "attention.context": ("attention.output.dense", "input"),
        "attention.output": ("attention.output.dense", "output"),
        "attention.norm.output": ("attention.output", "output"),
        "feed_forward.intermediate": ("intermediate.dense", "output"),
        "feed_forward.activation": ("intermediate", "output"),
        "feed_forward.output": ("output.dense", "output"),
        "output": ("output", "output"),
    },
    "distilbert": {
        "attention.query": ("attention.q_lin", "output"),
        "attention.key": ("attention.k_lin", "output"),
        "attention.value": ("attention.v_lin", "output"),
        "attention.context": ("attention.out_lin", "input"),
        "attention.output": ("attention.out_lin", "output"),
        "attention.norm.output": ("ffn", "input"),
        "feed_forward.intermediate": ("ffn.lin1", "output"),
        "feed_forward.activation": ("ffn.lin2", "input"),
        "feed_forward.output": ("ffn.lin2", "output"),
        "output": ("", "output"),
    },
}
# Our name of a LayerNorm -> the module in a layer; mean and rstd are of what it takes.
_NORMS = {
    "bert": {
        "attention.norm": "attention.output.LayerNorm",
        "feed_forward.norm": "output.LayerNorm",
    },
    "distilbert": {"attention.norm": "sa_layer_norm", "feed_forward.norm": "output_layer_norm"},
}


def watched(
    model: Any, inputs: Mapping[str, Any], whole: Any
) -> tuple[Any, Any, dict[str, Floats]]:
    """Run a model, and keep what its encoder computed.

    Args:
        model: a module with the parts of BERT or DistilBERT. Of parts that go by other names
            nothing is seen.
        inputs: tensors, as for a call.
        whole: what is called: the model, or the same with a head.

    Returns:
        What the whole returns, the encoder's last hidden state, and the activations by name.
    """
    import torch

    modules = dict(model.named_modules())
    found: dict[str, Any] = {}
    removed: list[Any] = []
    inside: list[int] = []  # the number of the layer that is at work

    class Softmax(torch.overrides.TorchFunctionMode):  # type: ignore[misc]  # torch is not followed
        """Sees every softmax over maps of attention."""

        def __torch_function__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            result = function(*args, **(kwargs or {}))
            if inside and getattr(function, "__name__", "") == "softmax" and result.ndim == 4:
                here = f"layers.{inside[-1]}.attention"
                taken = args[0] if args else (kwargs or {})["input"]
                found.setdefault(f"{here}.scores", taken)
                found.setdefault(f"{here}.probs", result)
            return result

    def keep(path: str, side: str, take: Callable[[Any], None]) -> None:
        if path in modules:

            def hook(_: Any, args: Any, kwargs: Any, output: Any) -> None:
                value = output if side == "output" else (args or [*kwargs.values()])[0]
                take(value[0] if isinstance(value, tuple) else value)

            removed.append(modules[path].register_forward_hook(hook, with_kwargs=True))

    def named(name: str) -> Callable[[Any], None]:
        return lambda value: found.__setitem__(name, value)

    def norm(name: str, path: str) -> Callable[[Any], None]:
        def take(x: Any) -> None:
            mean = x.mean(-1, keepdim=True)
            found[f"{name}.mean"] = mean
            eps = getattr(modules[path], "eps", None)
            if eps is not None:
                variance = ((x - mean) ** 2).mean(-1, keepdim=True)
                found[f"{name}.rstd"] = (variance + eps).rsqrt()

        return take

    keep("embeddings.LayerNorm", "input", norm("embeddings.norm", "embeddings.LayerNorm"))
    keep("embeddings", "output", named("embeddings"))
    for family, block in _BLOCKS.items():
        for n in range(len([path for path in modules if _is_block(path, block)])):
            here = block.format(n)
            removed.append(
                modules[here].register_forward_pre_hook(lambda _, __, n=n: inside.append(n))
            )
            for part, (path, side) in _WITHIN[family].items():
                keep(f"{here}.{path}".rstrip("."), side, named(f"layers.{n}.{part}"))
            for part, path in _NORMS[family].items():
                path = f"{here}.{path}"
                keep(path, "input", norm(f"layers.{n}.{part}", path))
    keep("pooler", "output", named("pooler"))
    outputs: list[Any] = []
    removed.append(model.register_forward_hook(lambda _, __, output: outputs.append(output)))
    try:
        with Softmax():
            output = whole(**inputs)
    finally:
        for handle in removed:
            handle.remove()
    arrays = {name: as_array(value) for name, value in found.items()}
    return output, outputs[-1].last_hidden_state, arrays


def as_array(tensor: Any) -> Floats:
    """As NumPy has it; bfloat16, which it has not, widened."""
    whole = tensor.detach().cpu()
    values: Floats = (whole.float() if str(whole.dtype) == "torch.bfloat16" else whole).numpy()
    return values


def _is_block(path: str, block: str) -> bool:
    before, _, number = path.rpartition(".")
    return number.isdigit() and before == block.rpartition(".")[0]
