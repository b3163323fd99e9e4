"""Random strings and mutated real texts, each under a setting and a vocabulary of its own."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data.real_texts import VOCABULARIES, real_pairs, real_texts, vocabulary_folder
from tests.live.bert_peer import ALL_SWITCHES, Peers, difference, our_tokens, their_tokens
from tests.live.drawn_texts import drawn_text, mutated
from tests.text.engines import ENGINES

Count = Callable[[str, int], None]
STRINGS, MUTANTS = 100_000, 20_000
BATCH = 100  # texts that share a drawn setting


@pytest.fixture(scope="module")
def peers(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Peers]:
    folder = tmp_path_factory.mktemp("vocabularies")
    return [Peers(vocabulary_folder(data_folder, name, folder / name)) for name in VOCABULARIES]


def check(rng: random.Random, peers: list[Peers], texts: list[str]) -> None:
    """Ids, offsets and words under one vocabulary and setting, of every engine."""
    switches = rng.choice(ALL_SWITCHES)
    place = rng.randrange(len(peers))
    wanted = their_tokens(peers[place].theirs(switches), texts)
    for engine in ENGINES:
        wrong = difference(our_tokens(peers[place].ours(switches, engine), texts), wanted)
        assert wrong is None, (ascii(texts[wrong]), VOCABULARIES[place], switches, engine)


def count_engines(compared: Count, what: str, count: int) -> None:
    for engine in ENGINES:
        compared(f"{what} under drawn settings, {engine} (tokenizers)", count)


def test_random_strings(peers: list[Peers], compared: Count) -> None:
    """Catches what no list foresaw, in three vocabularies and twelve settings."""
    rng = random.Random(1)
    for _ in range(STRINGS // BATCH):
        check(rng, peers, [drawn_text(rng) for _ in range(BATCH)])
    count_engines(compared, "random strings", STRINGS)


def test_mutated_texts(peers: list[Peers], data_folder: Path, compared: Count) -> None:
    """Catches what real words hide until something odd stands among them."""
    rng = random.Random(2)
    sources = [
        *real_texts(data_folder).values(),
        *([text for pair in pairs for text in pair] for pairs in real_pairs(data_folder).values()),
    ]
    for _ in range(MUTANTS // BATCH):
        source = rng.choice(sources)
        check(rng, peers, [mutated(rng, rng.choice(source)) for _ in range(BATCH)])
    count_engines(compared, "mutated real texts", MUTANTS)
