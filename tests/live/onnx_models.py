"""A BERT as an ONNX graph, written node by node: padded, with a mask, as exporters make it."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from npdistil.config import EncoderConfig
from npdistil.params import EncoderParams, LinearParams, NormParams

LAST, POOLER = "last_hidden_state", "pooler_output"
SHOWN = ("embeddings", "layers.0.attention.probs", "layers.0.output")
Size = int | str


class Graph:
    """Nodes and weights that are collected one after another."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._count = 0

    def constant(self, value: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def node(self, kind: str, *inputs: str, name: str = "", **attributes: object) -> str:
        self._count += 1
        output = name or f"n{self._count}"
        self.nodes.append(helper.make_node(kind, [*inputs], [output], **attributes))
        return output

    def number(self, value: float) -> str:
        return self.constant(np.float32(value).reshape(()))

    def linear(self, x: str, params: LinearParams, name: str = "") -> str:
        product = self.node("MatMul", x, self.constant(params.weight_EI.T))
        return self.node("Add", product, self.constant(params.bias_E), name=name)

    def norm(self, x: str, params: NormParams, eps: float, name: str = "") -> str:
        weights = self.constant(params.weight_D), self.constant(params.bias_D)
        return self.node("LayerNormalization", x, *weights, name=name, axis=-1, epsilon=eps)


def write_bert(
    path: Path,
    config: EncoderConfig,
    params: EncoderParams,
    sizes: tuple[Size, Size] = ("batch", "tokens"),
    shown: tuple[str, ...] = SHOWN,
    integers: int = TensorProto.INT64,
) -> Path:
    """Write a graph that takes ids of a type. Returns the path."""
    graph = Graph()
    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    hidden = _embed(graph, config, params)
    allowed = graph.node("Cast", "attention_mask", to=TensorProto.FLOAT)
    masked = graph.node("Mul", graph.node("Sub", allowed, graph.number(1)), graph.number(1e9))
    bias = graph.node("Unsqueeze", masked, graph.constant(np.array([1, 2])))
    for n in range(config.num_hidden_layers):
        hidden = _layer(graph, config, params, n, hidden, bias)
    graph.node("Identity", hidden, name=LAST)
    first = graph.node("Gather", hidden, graph.constant(np.array(0)), axis=1)
    assert params.pooler is not None
    graph.node("Tanh", graph.linear(first, params.pooler), name=POOLER)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "bert",
            [helper.make_tensor_value_info(name, integers, [*sizes]) for name in inputs],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
                for name in (*shown, LAST, POOLER)
            ],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    onnx.save(model, path)
    return path


def _embed(graph: Graph, config: EncoderConfig, params: EncoderParams) -> str:
    tables = params.embeddings
    words = graph.node("Gather", graph.constant(tables.word_VD), "input_ids")
    types = graph.node("Gather", graph.constant(tables.token_type_GD), "token_type_ids")
    length = graph.node("Gather", graph.node("Shape", "input_ids"), graph.constant(np.array(1)))
    zero, one = graph.constant(np.array(0)), graph.constant(np.array(1))
    places = graph.node("Range", zero, length, one)
    positions = graph.node("Gather", graph.constant(tables.position_PD), places)
    both = graph.node("Add", graph.node("Add", words, types), positions)
    return graph.norm(both, tables.norm, config.layer_norm_eps, "embeddings")


def _layer(
    graph: Graph, config: EncoderConfig, params: EncoderParams, n: int, hidden: str, bias: str
) -> str:
    layer, here, eps = params.layers[n], f"layers.{n}", config.layer_norm_eps
    heads = graph.constant(np.array([0, 0, config.num_attention_heads, config.head_size]))

    def split(x: str) -> str:
        return graph.node("Transpose", graph.node("Reshape", x, heads), perm=[0, 2, 1, 3])

    attention = layer.attention
    query, key, value = (
        split(graph.linear(hidden, part))
        for part in (attention.query, attention.key, attention.value)
    )
    turned = graph.node("Transpose", key, perm=[0, 1, 3, 2])
    scale = graph.number(config.head_size**-0.5)
    scores = graph.node("Mul", graph.node("MatMul", query, turned), scale)
    probs = graph.node(
        "Softmax", graph.node("Add", scores, bias), name=f"{here}.attention.probs", axis=-1
    )
    mixed = graph.node("Transpose", graph.node("MatMul", probs, value), perm=[0, 2, 1, 3])
    joined = graph.constant(np.array([0, 0, config.hidden_size]))
    context = graph.node("Reshape", mixed, joined)
    added = graph.node("Add", graph.linear(context, attention.output), hidden)
    state = graph.norm(added, attention.norm, eps)

    wide = graph.linear(state, layer.feed_forward.intermediate)
    erf = graph.node("Erf", graph.node("Mul", wide, graph.number(0.5**0.5)))
    half = graph.node("Mul", wide, graph.number(0.5))
    bent = graph.node("Mul", half, graph.node("Add", erf, graph.number(1)))
    narrow = graph.linear(bent, layer.feed_forward.output)
    return graph.norm(
        graph.node("Add", narrow, state), layer.feed_forward.norm, eps, f"{here}.output"
    )
