"""config.json files that must be refused: every field with every wrong value, and broken JSON."""

import json

from tests.checkpoint.tiny import BERT, DISTILBERT

INTEGERS = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads")
INTEGERS += ("intermediate_size", "max_position_embeddings", "type_vocab_size", "pad_token_id")
MAY_BE_ZERO = ("type_vocab_size", "pad_token_id")
MAY_BE_ABSENT = ("pad_token_id",)
LINES = {key: json.dumps(value) for key, value in BERT.items()}
TEXT = json.dumps(BERT)

# JSON text of a value -> what the message says; {key} is the field.
_TYPES = ("null", "true", "false", "12.0", "1e1", '"12"', '""', "[12]", "{}", '{"12": 12}')
_SIZES = ("-1", "2147483648", "9223372036854775808", "-9223372036854775809")
_NO_JSON = {
    "-0": "-0 is no integer",
    "NaN": "NaN is not JSON",
    "Infinity": "Infinity is not JSON",
    "-Infinity": "-Infinity is not JSON",
    "1e400": "outside the range of a float",
    "-1e400": "outside the range of a float",
    "1" * 5000: "an integer of 5000 digits",
    "012": "not valid JSON",
    "0x0c": "not valid JSON",
    "1_2": "not valid JSON",
    "+12": "not valid JSON",
    "'12'": "not valid JSON",
    "None": "not valid JSON",
    "": "not valid JSON",
}


def stated(**lines: str) -> bytes:
    """The tiny BERT's file, with the JSON text of some values replaced or added."""
    return ("{" + ", ".join(f'"{k}": {v}' for k, v in {**LINES, **lines}.items()) + "}").encode()


def without(key: str) -> bytes:
    """The file without one line."""
    return json.dumps({k: v for k, v in BERT.items() if k != key}).encode()


def distilbert(**changed: object) -> bytes:
    """The tiny DistilBERT's file with some values replaced."""
    return json.dumps({**DISTILBERT, **changed}).encode()


def more(line: str) -> bytes:
    """The file with something behind its last value."""
    return f"{TEXT[:-1]}{line}}}".encode()


CONFIG: dict[str, tuple[bytes, str]] = {}
for key in INTEGERS:
    for value in (*_TYPES, *_SIZES, *(() if key in MAY_BE_ZERO else ("0",))):
        CONFIG[f"{key}_is_{value}"] = (
            stated(**{key: value}),
            f"{key}: expected an integer from",
        )
    for value, message in _NO_JSON.items():
        CONFIG[f"{key}_is_{value[:12]}"] = (stated(**{key: value}), message)
    CONFIG[f"{key}_twice"] = (more(f', "{key}": {LINES[key]}'), f"key '{key}' appears twice")
    if key not in MAY_BE_ABSENT:
        CONFIG[f"{key}_missing"] = (without(key), f"missing {key};")
for value in ("null", "true", "0", "1", '"1e-12"', "0.0", "1e-16", "0.5", "-1e-12", "[1e-12]"):
    CONFIG[f"layer_norm_eps_is_{value}"] = (
        stated(layer_norm_eps=value),
        "layer_norm_eps: expected a float from",
    )
for value in ("null", "1", "true", '"selu"', '"GELU"', '"gelu "', '""', '["gelu"]', '{"gelu": 1}'):
    CONFIG[f"hidden_act_is_{value}"] = (stated(hidden_act=value), "hidden_act .* is not built")
for value in ("null", "1", '"BERT"', '"bert "', '""', '["bert"]', '{"bert": 1}', '"../bert"'):
    CONFIG[f"model_type_is_{value}"] = (stated(model_type=value), "model_type .* is not built")

CONFIG |= {
    "model_type_missing": (without("model_type"), "no model_type"),
    "model_type_roberta": (stated(model_type='"roberta"'), "'roberta' is not built"),
    "hidden_act_missing": (without("hidden_act"), "missing hidden_act"),
    "hidden_act_is_a_module": (stated(hidden_act='"os.system"'), "'os.system' is not built"),
    # what does not fit together
    "heads_do_not_divide": (stated(num_attention_heads="5"), "12 is not a multiple of"),
    "padding_outside": (stated(pad_token_id="37"), "outside the vocabulary of 37"),
    "distilbert_two_sizes": (distilbert(hidden_size=24), "hidden_size 24 contradicts dim 12"),
    "distilbert_dim_true": (distilbert(dim=True), "dim: expected an integer"),
    "distilbert_with_berts_keys": (stated(model_type='"distilbert"'), "missing dim, n_layers"),
    # what is not built
    "relative_positions": (
        stated(position_embedding_type='"relative_key"'),
        "only a table of absolute positions is",
    ),
    "relative_positions_twice": (
        stated(position_embedding_type='"relative_key_query"'),
        "position_embedding_type 'relative_key_query' is not built",
    ),
    "alibi": (stated(position_embedding_type='"alibi"'), "'alibi' is not built"),
    "decoder": (stated(is_decoder="true"), "is_decoder True is not built"),
    "decoder_as_a_number": (stated(is_decoder="0"), "is_decoder 0 is not built"),
    "cross_attention": (stated(add_cross_attention="true"), "add_cross_attention"),
    "encoder_decoder": (stated(is_encoder_decoder="true"), "is_encoder_decoder"),
    "pruned_heads": (stated(pruned_heads='{"0": [1]}'), "pruned_heads"),
    "quantized": (stated(quantization_config='{"bits": 4}'), "quantization_config"),
    "narrow_embeddings": (stated(embedding_size="8"), "factorised embeddings"),
    "narrow_embeddings_null": (stated(emb_size="null"), "factorised embeddings"),
    # JSON
    "empty": (b"", "not valid JSON"),
    "blank": (b" \n\t", "not valid JSON"),
    "nul_bytes": (bytes(64), "not valid JSON"),
    "byte_order_mark": (b"\xef\xbb\xbf" + TEXT.encode(), "not valid JSON"),
    "utf16": (TEXT.encode("utf-16"), "not UTF-8"),
    "utf16_without_mark": (TEXT.encode("utf-16-le"), "not valid JSON"),
    "utf32": (TEXT.encode("utf-32"), "not UTF-8"),
    "latin1": (more(', "author": "\u00e9"').decode().encode("latin-1"), "not UTF-8"),
    "surrogate_bytes": (more("").replace(b"gelu", b"\xed\xa0\x80"), "not UTF-8"),
    "array": (b"[]", "received an array"),
    "array_of_the_object": (f"[{TEXT}]".encode(), "received an array"),
    "text": (b'"bert"', "received str"),
    "number": (b"12", "received int"),
    "null": (b"null", "received NoneType"),
    "two_values": (TEXT.encode() * 2, "not valid JSON"),
    "cut": (TEXT.encode()[:-1], "not valid JSON"),
    "comment": (more(" // x"), "not valid JSON"),
    "trailing_comma": (more(","), "not valid JSON"),
    "control_character": (more(', "a": "\n"'), "not valid JSON"),
    "duplicate_nested": (more(', "cell": {"a": 1, "a": 2}'), "'a' appears twice"),
    "duplicate_by_escape": (more(', "hidden_siz\\u0065": 12'), "'hidden_size' appears twice"),
    "nan_where_nobody_looks": (more(', "dropout": NaN'), "NaN is not JSON"),
    "digits_where_nobody_looks": (more(f', "a": {"7" * 5000}'), "5000 digits"),
    "deep_lists": (more(f', "cell": {"[" * 100_000}{"]" * 100_000}'), "nested more than"),
    "deep_lists_open": (b"[" * 500_000, "nested more than"),
    "deep_objects_open": (b'{"a":' * 150_000, "nested more than"),
    "seventy_levels": (more(f', "cell": {"[" * 70}{"]" * 70}'), "nested more than"),
    "larger_than_a_megabyte": (more(f', "a": "{"x" * (1 << 20)}"'), "at most 1048576"),
    # other files of this name
    "html": (b"<!doctype html><html>rate limited</html>", "not valid JSON"),
    "git_lfs_pointer": (b"version https://git-lfs.github.com/spec/v1\n", "not valid JSON"),
    "pickle": (b"\x80\x04}\x94.", "not UTF-8"),
    "gzip": (b"\x1f\x8b\x08\0\0\0\0\0", "not UTF-8"),
}
