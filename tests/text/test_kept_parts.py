"""A tokenizer that is taken from what is kept is the one that its files describe."""

import copy
import json
import pickle
import threading
from pathlib import Path

import pytest

from npdistil import Tokenizer
from npdistil.text import kept, kept_parts, settings
from npdistil.text.listed import ListedVocabulary, listing_of
from npdistil.text.tokenizer_files import MAX_BYTES
from npdistil.text.vocab import Vocabulary
from tests.text.test_kept import TEXTS, folder, kept_files, refuse
from tests.text.tiny import VOCAB, tokenizer_json

__all__ = ["folder"]


def started_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Tokenizer, Tokenizer]:
    """One that read the files, and one that must not."""
    first = Tokenizer.from_pretrained(folder)
    with monkeypatch.context() as patched:
        patched.setattr(kept_parts, "resolve", refuse)
        return first, Tokenizer.from_pretrained(folder)


def with_an_added_token(folder: Path) -> None:
    """One behind the vocabulary, which words are not made of."""
    (folder / "added_tokens.json").write_text(json.dumps({"<new>": len(VOCAB)}))
    described = {"additional_special_tokens": ["<new>"], "model_max_length": 7}
    (folder / "tokenizer_config.json").write_text(json.dumps(described))


def test_all_that_can_be_asked_is_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role, a setting or an added token that is not kept, or a row that has moved."""
    with_an_added_token(folder)
    first, again = started_again(folder, monkeypatch)
    assert type(again._vocabulary) is ListedVocabulary
    assert type(again._vocabulary) is not type(first._vocabulary)
    assert again.settings == first.settings and again.model_max_length == 7
    assert again._added_tokens == first._added_tokens
    for role in ("unk", "cls", "sep", "pad", "mask"):
        name = f"{role}_token_id"
        assert getattr(again, name) == getattr(first, name) is not None
    assert again.vocab_size == first.vocab_size == len(VOCAB) + 1
    everything = range(again.vocab_size)
    assert again.convert_ids_to_tokens(everything) == [*VOCAB, "<new>"]
    assert again.convert_tokens_to_ids([*VOCAB, "<new>"]) == [*everything]
    assert again.convert_tokens_to_ids("nowhere") == again.unk_token_id
    assert again.decode(everything) == first.decode(everything)
    assert again._vocabulary.lookups() == first._vocabulary.lookups()
    assert "<new>" not in again._vocabulary.pieces
    for text in [*TEXTS, "the<new>a"]:
        assert again.tokenize(text) == first.tokenize(text)
        assert again.tokenize(text, special_tokens_in_text="text") == first.tokenize(
            text, special_tokens_in_text="text"
        )


def test_ids_are_had_without_the_tokens(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tens of thousands of strings at every start, for a model that needs ids alone."""
    _, again = started_again(folder, monkeypatch)
    monkeypatch.setattr(ListedVocabulary, "lookups", refuse)
    again(TEXTS, [*TEXTS], return_special_tokens_mask=True, return_offsets_mapping=True)
    again.pack(TEXTS)
    assert again.vocab_size == len(VOCAB) and again.pad_token_id == VOCAB.index("[PAD]")
    with pytest.raises(AssertionError, match="made again"):
        again.tokenize("the")


@pytest.mark.parametrize("asked", [False, True])
def test_copies_know_what_the_original_knows(
    folder: Path, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    """A view of a file's memory in a member, which cannot be pickled, or is shared by a copy."""
    first, again = started_again(folder, monkeypatch)
    if asked:
        again.tokenize("the")
    for made in (copy.copy(again), copy.deepcopy(again), pickle.loads(pickle.dumps(again))):
        assert made.tokenize(TEXTS[0]) == first.tokenize(TEXTS[0])
        assert made.pack(TEXTS).input_ids_T.tolist() == first.pack(TEXTS).input_ids_T.tolist()
        assert made.sep_token_id == first.sep_token_id


def test_the_readable_one_takes_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two engines that keep, or find, different vocabularies."""
    readable = Tokenizer.from_pretrained(folder, backend="python")
    assert [path.name.partition("-")[0] for path in kept_files()] == ["vocabulary"]
    monkeypatch.setattr(kept_parts, "resolve", refuse)
    for backend in ("python", "numba"):
        again = Tokenizer.from_pretrained(folder, backend=backend)
        assert [again.tokenize(text) for text in TEXTS] == [
            readable.tokenize(text) for text in TEXTS
        ]


def test_threads_may_ask_at_once() -> None:
    """One that sees half of what another is making."""
    tokens = [f"t{row}" for row in range(50_000)]
    listing = listing_of(Vocabulary({token: row for row, token in enumerate(tokens)}))
    assert listing is not None
    for _ in range(5):
        vocabulary = ListedVocabulary(listing, len(tokens), len(tokens), {})
        start, wrong = threading.Barrier(4), []

        def ask(
            vocabulary: ListedVocabulary = vocabulary,
            start: threading.Barrier = start,
            wrong: list[object] = wrong,
        ) -> None:
            start.wait()
            found = vocabulary.tokens[-1], vocabulary.ids[tokens[-1]], len(vocabulary.pieces)
            if found != (tokens[-1], len(tokens) - 1, len(tokens)):
                wrong.append(found)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


@pytest.mark.parametrize(
    "ids",
    [{"a": 0, "b": 2}, {"b": 1, "a": 0}, {"a\n": 0, "b": 1}],
    ids=["gap", "other order", "line feed"],
)
def test_what_a_listing_cannot_say_is_not_listed(ids: dict[str, int]) -> None:
    """A row that moves by one, or a token cut in two."""
    assert listing_of(Vocabulary(ids)) is None


def test_a_listing_says_every_token() -> None:
    """The empty token, one that is no ASCII, and added ones behind the pieces."""
    pieces = {"": 0, "é\u2028中\U0001f600": 1, " ": 2}
    vocabulary = Vocabulary({**pieces, "[X]": 3}, pieces)
    listing = listing_of(vocabulary)
    assert listing is not None
    assert ListedVocabulary(listing, 4, 3, {}).lookups() == vocabulary.lookups()
    moved = Vocabulary({**pieces, "[X]": 3}, {" ": 2, "": 0})
    assert listing_of(moved) is None


@pytest.mark.parametrize("name", MAX_BYTES)
def test_every_file_has_a_part_in_the_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """An edit of a small file that nobody notices, until the cache is cleared."""
    path = folder / name
    before = path.read_bytes() if path.exists() else None
    keys = {kept_parts.load_parts(folder)[1]}
    if before is None:
        path.write_text("{}")
        keys.add(kept_parts.load_parts(folder)[1])
        path.write_text("{ }")
        keys.add(kept_parts.load_parts(folder)[1])
        assert len(keys) == 3
        path.unlink()
    elif name == "vocab.txt":
        path.unlink()
        keys.add(kept_parts.load_parts(folder)[1])
        path.write_bytes(before.replace(b"\n", b"\r\n"))
        keys.add(kept_parts.load_parts(folder)[1])
        assert len(keys) == 3
        path.write_bytes(before)
    else:
        path.write_bytes(before + b"\n")
        keys.add(kept_parts.load_parts(folder)[1])
        assert len(keys) == 2
        path.write_bytes(before)
    assert kept_parts.load_parts(folder)[1] in keys and None not in keys
    monkeypatch.setattr(kept, "_sources", lambda: b"edited")
    assert kept_parts.load_parts(folder)[1] not in keys


def test_a_doubt_is_said_every_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning that only the first start gives; and tables that are made anew because of it."""
    cased = tokenizer_json()
    cased["normalizer"]["lowercase"] = False
    (folder / "tokenizer.json").write_text(json.dumps(cased))
    (folder / "config.json").write_text('{"model_type": "bert"}')
    for start in range(3):
        with pytest.warns(UserWarning, match="does not say do_lower_case"):
            Tokenizer.from_pretrained(folder)
        assert [path.name.partition("-")[0] for path in kept_files()] == ["tokenizer"]
        if start == 0:
            monkeypatch.setattr("npdistil.text.compiled.tables.text_tables", refuse)


def test_a_refusal_is_said_every_time(folder: Path) -> None:
    """A model whose ids do not fit its table, refused once and loaded ever after."""
    (folder / "config.json").write_text(json.dumps({"vocab_size": len(VOCAB) - 1}))
    for _ in range(2):
        with pytest.raises(settings.TokenizerError, match="gives the embedding table"):
            Tokenizer.from_pretrained(folder)
    assert kept_files() == []


def test_what_comes_first_is_said_first(folder: Path) -> None:
    """A complaint about a file's size, where the folder says that it is no tokenizer of ours."""
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "XLMRobertaTokenizer"}')
    with (folder / "tokenizer.json").open("wb") as stream:
        stream.truncate(MAX_BYTES["tokenizer.json"] + 1)
    with pytest.raises(settings.TokenizerError, match="tokenizer_class"):
        Tokenizer.from_pretrained(folder)
