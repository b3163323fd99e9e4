"""Damaged settings: a folder loads and works, or is refused; there is no third way."""

import copy
import random
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from npdistil.errors import TokenizerError
from npdistil.text.tokenizer import Tokenizer
from tests.text.tiny import IDS, VOCAB, added, tokenizer_json, write_folder

NASTY: list[Any] = [
    *(None, True, False, 0, 1, -1, 3, 19, 20, 2**31, 2**63, 10**19, 0.0, 1.5, 1e300, "", "a", "x"),
    *("\0", "\ud800", "[UNK]", "[PAD]", "BertTokenizer", "left", "../../etc/passwd", "os.system"),
    *([], [[]], [1], ["[CLS]"], {}, {"content": "a"}, {"content": "a", "id": 5}, [{}], {"id": "A"}),
]
FILES: dict[str, Any] = {
    "tokenizer_json": tokenizer_json(),
    "tokenizer_config_json": {
        "do_lower_case": True,
        "strip_accents": None,
        "tokenizer_class": "BertTokenizer",
        "model_max_length": 16,
        "cls_token": {"content": "[CLS]", "normalized": False},
        "mask_token": "[MASK]",
        "additional_special_tokens": ["a"],
        "model_input_names": ["input_ids", "attention_mask"],
        "padding_side": "right",
        "clean_up_tokenization_spaces": True,
    },
    "special_tokens_map_json": {"unk_token": "[UNK]", "sep_token": {"content": "[SEP]"}},
    "added_tokens_json": {"Xy": len(VOCAB)},
    "config_json": {"vocab_size": 40, "max_position_embeddings": 32, "model_type": "bert"},
}
FILES["tokenizer_json"]["added_tokens"].append(added("Xy", len(VOCAB), special=False))
FILES["tokenizer_json"]["truncation"] = {"max_length": 5, "direction": "Right"}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with every key of it; the 20 words of the vocabulary count as one."""
    if value == IDS:
        yield value, random.Random(len(str(value))).choice(list(value))
    elif isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def test_mutants(tmp_path: Path) -> None:
    """Catches KeyError, TypeError and their like out of from_pretrained or the first call."""
    rng = random.Random(4)
    outcomes = {"loaded": 0, "refused": 0}
    write_folder(tmp_path, **FILES)
    for number in range(600):
        name = rng.choice([*FILES, "tokenizer_json"])
        content = copy.deepcopy(FILES[name])
        for _ in range(rng.choice((1, 1, 2))):
            container, key = rng.choice(list(places(content)))
            if isinstance(container, dict) and rng.random() < 0.2:
                del container[key]
            else:
                container[key] = copy.deepcopy(rng.choice(NASTY))
            if not list(places(content)):
                break
        write_folder(tmp_path, **{name: content})
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                backend = "python" if number % 8 else "numba"  # whose tables take longer
                tokenizer = Tokenizer.from_pretrained(tmp_path, backend=backend)
            batch = tokenizer(["a Xy [SEP] unable", ""], ["b", "c"], return_offsets_mapping=True)
            assert batch["input_ids"].max() < tokenizer.vocab_size <= 40
            tokenizer.decode(batch["input_ids"][0], skip_special_tokens=True)
            outcomes["loaded"] += 1
        except TokenizerError:
            outcomes["refused"] += 1
        write_folder(tmp_path, **{name: FILES[name]})
    assert min(outcomes.values()) > 60, outcomes  # both ways were really taken
