"""Prompts: whose counts, what is put before a text, and what of it is pooled."""

import numpy as np
import pytest

from npdistil import InputError, SentenceEncoder
from npdistil.heads.sentence_embedding import SentenceEmbedding
from npdistil.tasks.prompts import merged_prompts
from tests.tasks.folders import make, write_json, write_model, write_settings
from tests.tolerances import HIDDEN_FLOAT32

TEXTS = ["a b", "the unable", "", "zzz !"]
PROMPTS = {"query": "the: ", "passage": "b, ", "document": ""}


def with_prompts(**options) -> SentenceEncoder:
    parts = make()
    return SentenceEncoder(parts.tokenizer, parts.encoder, parts.head, **options)


def prefixed(encoder: SentenceEncoder, prompt: str) -> bytes:
    return encoder.encode([prompt + text for text in TEXTS], prompt="").tobytes()


def test_a_prompt_stands_before_each_text():
    """Catches a prompt that is ignored, put behind, or joined by a space of its own."""
    encoder = with_prompts(prompts=PROMPTS)
    plain = encoder.encode(TEXTS).tobytes()
    assert encoder.encode(TEXTS, prompt="the").tobytes() == prefixed(encoder, "the") != plain
    assert encoder.encode(TEXTS, "query").tobytes() == prefixed(encoder, "the: ")
    assert encoder.encode(TEXTS, prompt_name="passage").tobytes() == prefixed(encoder, "b, ")
    assert encoder.encode(TEXTS, "document").tobytes() == plain
    one = encoder.encode(TEXTS[1], prompt="the")
    assert one.tobytes() == encoder.encode("the" + TEXTS[1]).tobytes()
    blocks = encoder.encode_iter(TEXTS, prompt_name="query")
    assert np.concatenate([*blocks]).tobytes() == prefixed(encoder, "the: ")


def test_the_default_prompt_and_what_goes_before_it():
    """Catches a default that cannot be switched off, and one that nobody applies."""
    encoder = with_prompts(prompts=PROMPTS, default_prompt_name="passage")
    assert encoder.encode(TEXTS).tobytes() == prefixed(encoder, "b, ")
    assert encoder.encode(TEXTS, prompt="").tobytes() == prefixed(encoder, "")
    assert encoder.encode(TEXTS, "query").tobytes() == prefixed(encoder, "the: ")
    encoder.default_prompt_name = None
    assert encoder.encode(TEXTS).tobytes() == prefixed(encoder, "")


def test_queries_and_documents():
    """Catches the default prompt before queries: "query" is always there, if empty."""
    encoder = with_prompts(prompts=PROMPTS, default_prompt_name="passage")
    assert encoder.encode_query(TEXTS).tobytes() == prefixed(encoder, "the: ")
    assert encoder.encode_document(TEXTS).tobytes() == prefixed(encoder, "")
    assert encoder.encode_query(TEXTS, prompt="c").tobytes() == prefixed(encoder, "c")
    assert encoder.encode_document(TEXTS, "passage").tobytes() == prefixed(encoder, "b, ")
    assert encoder.encode_query(sentences=TEXTS).tobytes() == prefixed(encoder, "the: ")
    del encoder.prompts["document"]
    assert encoder.encode_document(TEXTS).tobytes() == prefixed(encoder, "b, ")
    bare = with_prompts()
    assert bare.prompts == {"query": "", "document": ""}
    assert bare.encode_query(TEXTS).tobytes() == bare.encode(TEXTS).tobytes()
    options = {"batch_size": 1, "normalize_embeddings": True, "truncate_dim": 3}
    wanted = bare.encode(TEXTS, **options).tobytes()
    assert bare.encode_document(TEXTS, **options).tobytes() == wanted


def test_whose_prompt_counts():
    """Catches the folder's prompt before the caller's, and None that hides the folder's."""
    folder = {"query": "f: ", "document": None, "x": "folder x"}
    assert merged_prompts(folder, {"query": "c: ", "document": None, "y": None}) == {
        "query": "c: ", "document": "", "y": "", "x": "folder x",
    }  # fmt: skip
    assert merged_prompts(folder, None) == {"query": "f: ", "document": "", "x": "folder x"}


def test_prompts_of_a_folder(tmp_path):
    """Catches a folder's default that is dropped, and arguments that do not win."""
    folder = write_settings(write_model(tmp_path / "m"))
    write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": PROMPTS, "default_prompt_name": "query", "truncate_dim": 7,
         "similarity_fn_name": "euclidean"},
    )  # fmt: skip
    encoder = SentenceEncoder.from_pretrained(folder)
    assert encoder.encode(TEXTS).tobytes() == prefixed(encoder, "the: ")
    assert encoder.encode(TEXTS).shape == (4, 7) and encoder.similarity_fn_name == "euclidean"
    other = SentenceEncoder.from_pretrained(
        folder, prompts={"query": "c "}, default_prompt_name="passage", truncate_dim=5,
        similarity_fn_name="dot",
    )  # fmt: skip
    assert other.encode(TEXTS).tobytes() == prefixed(other, "b, ")
    assert other.encode_query(TEXTS).tobytes() == prefixed(other, "c ")
    assert (other.embedding_dimension, other.similarity_fn_name) == (5, "dot")


@pytest.mark.parametrize("pooling", ["mean", "weightedmean", "cls", "max"])
def test_a_prompt_that_is_not_pooled(pooling):
    """Catches the prompt's rows in the mean, and [SEP] counted as the prompt's."""
    parts = make()
    head = SentenceEmbedding((pooling,), normalize=False, include_prompt=False)
    encoder = SentenceEncoder(parts.tokenizer, parts.encoder, head)
    prompt = "the unable, "
    count = len(encoder.tokenizer.tokenize(prompt)) + 1  # [CLS]
    ids = [encoder.tokenizer([prompt + text]).input_ids for text in TEXTS]
    rows = [encoder.encoder(each).last_hidden_state[0].astype(np.float64) for each in ids]
    pool = {
        "mean": lambda x: x[count:].mean(axis=0),
        "max": lambda x: x[count:].max(axis=0),
        "cls": lambda x: x[count],
        "weightedmean": lambda x: np.average(
            x[count:], axis=0, weights=np.arange(count + 1, len(x) + 1)
        ),
    }[pooling]
    found = encoder.encode(TEXTS, prompt=prompt)
    assert np.abs(found - np.array([pool(x) for x in rows])).max() <= HIDDEN_FLOAT32
    assert encoder.encode(TEXTS).tobytes() == encoder.encode(TEXTS, prompt="").tobytes()


def test_bad_prompts():
    """Catches an unknown name that means no prompt, and surrogates that reach the tokenizer."""
    with pytest.raises(InputError, match=r"^prompt_name: expected one of \['query', 'document'\]"):
        make().encode(TEXTS, "missing")
    with pytest.raises(InputError, match=r"^prompt_name: .* received 32"):
        make().encode(TEXTS, 32)
    with pytest.raises(InputError, match=r"^prompt: expected a str, received 5"):
        make().encode(TEXTS, prompt=5)
    with pytest.raises(InputError, match=r"^prompt\[0\]: lone surrogate"):
        make().encode(TEXTS, prompt="\ud800")
    with pytest.raises(InputError, match=r"^default_prompt_name: expected one of"):
        with_prompts(default_prompt_name="missing")
    for wrong in (["a"], {"query": 5}, {1: "a"}):
        with pytest.raises(InputError, match=r"^prompts"):
            with_prompts(prompts=wrong)
    with pytest.warns(UserWarning, match="prompt_name is ignored"):
        both = make().encode(TEXTS, "query", "the")
    assert both.tobytes() == prefixed(make(), "the")
