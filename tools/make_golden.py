"""Write tests/golden/: what Transformers and tokenizers answer, for tests that have neither.

    python tools/make_golden.py            write the files (the same bytes on every run)
    python tools/make_golden.py --check    exit 1 unless a fresh run gives the committed values

Needs the test extras. A check compares values and never the versions of the libraries, which stand
in each file beside the command.
"""

import argparse
import importlib
import json
import string
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import tokenizers
import torch
from numpy.typing import NDArray
from tokenizers import AddedToken, normalizers, pre_tokenizers, processors
from transformers import AutoModel
from transformers.utils import logging

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.live.random_models import save_random_model
from tests.tolerances import GOLDEN_FLOAT64

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
COMMAND = "python tools/make_golden.py"
MODELS = ("tiny-odd", "tiny-distilbert")
VOCAB_ROWS = 99  # of both models
# Made by tools/make_h5_golden.py and tools/make_qa_goldens.py, in environments of their own.
ELSEWHERE = ("tensorflow", "question_answering")

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# do_lower_case, strip_accents, tokenize_chinese_chars
SETTINGS = [*product((True, False), (None, True, False), (True, False))]
LONGEST_ODD_TEXT = 210  # characters; the live tests have the longer ones
PLAIN = [
    "The cat sat on the mat, and nobody noticed.",
    "Sahara, DELAWARE and na\xefve caf\xe9s: 3 of 4 cost \xa35.50 (or \u20ac6)!",
    "Fahren Sie \xfcber M\xfcnchen? \u041d\u0435\u0442. \u6771\u4eac\u3067\u3059\u3002",
]
PAIRS = [
    ("a caramel", "has no real water in it"),
    ("here we are: nobody has ever seen the river", "no"),
    ("", "the second text alone"),
    ("[SEP] in a text", "caf\xe9\u0301 \u4e2d\u6587 [MASK]"),
]
PAIR_LIMITS = (None, 11, 6, 3)


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(
        description="Write the golden files of the tests: two tiny models (config.json, "
        "model.safetensors) with inputs and float64 activations of Transformers, and "
        f"tokenization.json. Target: {GOLDEN.relative_to(ROOT)}/."
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; make everything again elsewhere and compare the values",
    )
    check = parser.parse_args().check
    logging.disable_progress_bar()
    if not check:
        write_all(GOLDEN)
        for path in sorted(file for file in GOLDEN.rglob("*") if file.is_file()):
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")
        return 0
    with tempfile.TemporaryDirectory() as fresh:
        write_all(Path(fresh))
        problems = differences(GOLDEN, Path(fresh))
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{GOLDEN.relative_to(ROOT)}: {'DIFFERS' if problems else 'as made again'}")
    return 1 if problems else 0


def write_all(folder: Path) -> None:
    """Every golden file."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # one order of summation
    try:
        for name in MODELS:
            write_model(name, folder / name)
    finally:
        torch.set_num_threads(threads)
    write_tokenization(folder / "tokenization.json")


def made_by(*packages: str) -> dict[str, str]:
    """What each file says of its origin."""
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return {"made_by": COMMAND, "made_with": versions}


# --------------------------------------------------------------------------------- the encoders


def write_model(name: str, folder: Path) -> None:
    """config.json and model.safetensors as Transformers saves them, and activations.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    save_random_model(name, folder)
    origin = made_by("torch", "transformers", "safetensors")
    weights, config = folder / "model.safetensors", folder / "config.json"
    weights.write_bytes(with_metadata(weights.read_bytes(), origin))
    stated = {**json.loads(config.read_text(encoding="utf-8")), **origin}
    config.write_text(json.dumps(stated, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    model = AutoModel.from_pretrained(folder, attn_implementation="eager").double().eval()
    arrays: dict[str, NDArray[Any]] = {}
    for batch_name, batch in batches(types=hasattr(model.config, "type_vocab_size")):
        tensors = {key: torch.from_numpy(value) for key, value in batch.items()}
        with torch.no_grad():
            out = model(**tensors, output_hidden_states=True, output_attentions=True)
        found = {
            **batch,
            **{f"hidden_states.{n}": state.numpy() for n, state in enumerate(out.hidden_states)},
            **{f"attentions.{n}": maps.numpy() for n, maps in enumerate(out.attentions)},
        }
        if getattr(out, "pooler_output", None) is not None:
            found["pooler_output"] = out.pooler_output.numpy()
        arrays |= {f"{batch_name}.{key}": np.ascontiguousarray(a) for key, a in found.items()}
    content = with_metadata(safetensors.numpy.save(arrays), origin)
    (folder / "activations.safetensors").write_bytes(content)


def batches(types: bool) -> Iterator[tuple[str, dict[str, NDArray[np.int64]]]]:
    """Texts and pairs with padding right, left and in between; one token; several of one token."""
    rng = np.random.default_rng(99)

    def batch(mask_BL: NDArray[np.int64], second_text: list[int]) -> dict[str, NDArray[np.int64]]:
        input_ids = rng.integers(0, VOCAB_ROWS, mask_BL.shape)
        input_ids[:, 0] = (VOCAB_ROWS - 1, 0, 5, 6, 7)[: len(mask_BL)]  # both ends of the table
        arrays = {"input_ids": input_ids, "attention_mask": mask_BL}
        if types:
            columns = np.arange(mask_BL.shape[1])
            starts = np.array(second_text)[:, None]
            arrays["token_type_ids"] = (columns >= starts).astype(np.int64)
        return arrays

    mask_BL = np.ones((5, 13), np.int64)
    mask_BL[1, 8:] = 0
    mask_BL[2, :4] = 0
    mask_BL[3, [2, 3, 7, 12]] = 0
    mask_BL[4, [0, 1, 2, 5, 11, 12]] = 0
    yield "padded", batch(mask_BL, second_text=[6, 13, 9, 5, 13])
    yield "one_token", batch(np.ones((2, 1), np.int64), second_text=[1, 0])


def with_metadata(content: bytes, metadata: dict[str, str]) -> bytes:
    """The same safetensors file with more metadata, sorted: the library's order is random."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    stated = {**header.pop("__metadata__", {}), **metadata}
    header = {"__metadata__": dict(sorted(stated.items())), **header}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


# -------------------------------------------------------------------------------- the tokenizer


def write_tokenization(path: Path) -> None:
    """The odd texts alone and glued, and pairs: ids, types and offsets under every setting."""
    odd: list[str] = importlib.import_module("tests.live.test_tokenizer_parity").ODD
    odd = [text for text in odd if len(text) <= LONGEST_ODD_TEXT]
    texts = [*PLAIN]
    for text in odd:
        texts += [text, f"a{text}b", f"{text}b", f"a{text}"]
    vocabulary = make_vocabulary([*odd, *PLAIN])
    peers = [make_tokenizer(vocabulary, *settings) for settings in SETTINGS]
    cases: list[tuple[str, str | None, int | None]] = [(text, None, None) for text in texts]
    cases += [(*pair, limit) for pair in PAIRS for limit in PAIR_LIMITS]

    head = {**made_by("tokenizers"), "vocabulary": vocabulary, "settings": SETTINGS}
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    encoded = ",\n".join(json.dumps(case_of(peers, *case)) for case in cases)
    lines.append(f'"cases": [\n{encoded}\n]')
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")


def case_of(
    peers: list[tokenizers.Tokenizer], text: str, pair: str | None, max_length: int | None
) -> dict[str, Any]:
    """One text or pair; settings (by index) that give the same answer share one entry."""
    answers: dict[str, dict[str, Any]] = {}
    for index, peer in enumerate(peers):
        peer.no_truncation()
        if max_length is not None:
            peer.enable_truncation(max_length)
        found = peer.encode(text, pair)
        answer = {
            "input_ids": found.ids,
            "token_type_ids": found.type_ids,
            "offset_mapping": found.offsets,
        }
        answers.setdefault(json.dumps(answer), {"settings": [], **answer})["settings"] += [index]
    case = {"text": text, "pair": pair, "max_length": max_length}
    return {**case, "encodings": list(answers.values())}


def make_vocabulary(texts: list[str]) -> list[str]:
    """Letters, syllables, and most of what is left of the texts: some words stay [UNK]."""
    syllables = ["".join(pair) for pair in product("bcdhlmnrstvw", "aeio")]
    pieces = [*SPECIAL, *string.punctuation]
    pieces += [*string.ascii_letters, *string.digits, *syllables, "the", "water", "nobody"]
    pieces += [f"##{piece}" for piece in (*string.ascii_letters, *string.digits, *syllables)]
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    for settings in SETTINGS:
        normalize = normalizer(*settings).normalize_str
        words = [word for text in texts for word, _ in split(normalize(text))]
        pieces += [word[0] for word in words if ord(word[0]) % 5]
        pieces += [f"##{char}" for word in words for char in word[1:] if ord(char) % 5]
    return list(dict.fromkeys(pieces))


def normalizer(lower: bool, strip: bool | None, chinese: bool) -> normalizers.BertNormalizer:
    """BERT's normaliser under one setting."""
    return normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower
    )


def make_tokenizer(
    vocabulary: list[str], lower: bool, strip: bool | None, chinese: bool
) -> tokenizers.Tokenizer:
    """BERT's tokenizer over the vocabulary, by the peer."""
    ids = {piece: row for row, piece in enumerate(vocabulary)}
    peer = tokenizers.Tokenizer(tokenizers.models.WordPiece(ids, unk_token="[UNK]"))
    peer.normalizer = normalizer(lower, strip, chinese)
    peer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    peer.post_processor = processors.BertProcessing(
        ("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"])
    )
    peer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in SPECIAL]
    )
    return peer


# -------------------------------------------------------------------------------------- --check


def differences(committed: Path, fresh: Path) -> list[str]:
    """Every file that is missing, superfluous or of other values."""

    def names(folder: Path) -> set[str]:
        files = (path for path in folder.rglob("*") if path.is_file())
        files_here = (path.relative_to(folder) for path in files)
        return {path.as_posix() for path in files_here if path.parts[0] not in ELSEWHERE}

    problems = [
        f"{name}: made again, but not committed" for name in names(fresh) - names(committed)
    ]
    problems += [f"{name}: nothing makes this file" for name in names(committed) - names(fresh)]
    for name in names(committed) & names(fresh):
        old, new = values_of(committed / name), values_of(fresh / name)
        wrong = [key for key in old.keys() | new.keys() if not same(old.get(key), new.get(key))]
        problems += [f"{name}: {key} differs from what is made again" for key in wrong]
    return sorted(problems)


def values_of(path: Path) -> dict[str, Any]:
    """What a file says, without its origin."""
    if path.suffix == ".safetensors":
        return dict(safetensors.numpy.load_file(path))
    content = json.loads(path.read_text(encoding="utf-8"))
    origin = ("made_by", "made_with", "transformers_version")
    return {key: value for key, value in content.items() if key not in origin}


def same(old: Any, new: Any) -> bool:
    """Equal; float64 arrays up to the order of BLAS's sums."""
    if not isinstance(old, np.ndarray) or not isinstance(new, np.ndarray):
        return type(old) is type(new) and bool(old == new)
    if old.dtype != new.dtype or old.shape != new.shape:
        return False
    if old.dtype == np.float64:
        return bool((np.abs(old - new) <= GOLDEN_FLOAT64).all())
    return bool((old == new).all())


if __name__ == "__main__":
    sys.exit(main())
