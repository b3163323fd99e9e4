"""Random strings and mutated real texts, each under a setting and a vocabulary of its own."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data.real_texts import VOCABULARIES, real_pairs, real_texts, vocabulary_folder
from tests.live.bert_peer import ALL_SWITCHES, Peers, difference, our_tokens
from tests.live.drawn_texts import drawn_text, mutated
from tests.text.engines import ENGINES

Count = Callable[[str, int], None]
STRINGS, MUTANTS = 100_000, 20_000
BATCH = 100  # texts that share a drawn setting


@pytest.fixture(scope="module")
def peers(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Peers]:
    folder = tmp_path_factory.mktemp("vocabularies")
    return [Peers(vocabulary_folder(data_folder, name, folder / name)) for name in VOCABULARIES]


def check(rng: random.Random, peers: list[Peers], engine: str, texts: list[str]) -> int:
    """Ids, offsets and words under one vocabulary and setting."""
    switches = rng.choice(ALL_SWITCHES)
    place = rng.randrange(len(peers))
    ours, theirs = peers[place].both(switches, engine)
    encodings = theirs.encode_batch(texts, add_special_tokens=False)
    wrong = difference(our_tokens(ours, texts), encodings)
    assert wrong is None, (ascii(texts[wrong]), VOCABULARIES[place], switches)
    return len(texts)


@pytest.mark.parametrize("engine", ENGINES)
def test_random_strings(peers: list[Peers], compared: Count, engine: str) -> None:
    """Catches what no list foresaw, in three vocabularies and twelve settings."""
    rng = random.Random(1)
    for _ in range(STRINGS // BATCH):
        texts = [drawn_text(rng) for _ in range(BATCH)]
        count = check(rng, peers, engine, texts)
        compared(f"random strings under drawn settings, {engine} (tokenizers)", count)


@pytest.mark.parametrize("engine", ENGINES)
def test_mutated_texts(peers: list[Peers], data_folder: Path, compared: Count, engine: str) -> None:
    """Catches what real words hide until something odd stands among them."""
    rng = random.Random(2)
    sources = [
        *real_texts(data_folder).values(),
        *([text for pair in pairs for text in pair] for pairs in real_pairs(data_folder).values()),
    ]
    for _ in range(MUTANTS // BATCH):
        source = rng.choice(sources)
        texts = [mutated(rng, rng.choice(source)) for _ in range(BATCH)]
        count = check(rng, peers, engine, texts)
        compared(f"mutated real texts under drawn settings, {engine} (tokenizers)", count)
