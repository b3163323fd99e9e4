"""All real texts, single and as pairs, under a grid of arguments, against Transformers."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import transformers

from npdistil.text.settings import load_settings
from npdistil.text.tokenizer import Tokenizer
from tests.data.real_texts import real_pairs, real_texts, vocabulary_folder
from tests.live.calls import compare_call
from tests.text.engines import ENGINES

BATCH = 20
LIMITS = (8, 16, 33, 64, 128)
LONG, LONG_LIMIT = 300, 96  # a long text cut to a few tokens overflows into thousands of rows
OTHER_SCRIPTS = ("UDHR", "emoji", "naughty strings")
GRID: list[tuple[dict[str, Any], str]] = [
    (
        {
            "truncation": truncation,
            "max_length": limit,
            "padding": padding,
            "padding_side": side,
            "stride": stride,
            "return_overflowing_tokens": overflow,
            "pad_to_multiple_of": multiple if padding else None,
        },
        truncation_side,
    )
    for truncation, limit, padding, side, stride, overflow, multiple, truncation_side in product(
        (True, True, "only_first", "only_second", False),
        LIMITS,
        (True, False, "max_length"),
        ("left", "right"),
        (0, 2, 5),
        (False, True),
        (None, 4),
        ("left", "right"),
    )
    if multiple is None or not truncation or limit % multiple == 0
]


@pytest.fixture(
    scope="module", params=[("bert-base-uncased", True), ("bert-base-multilingual-cased", False)]
)
def peers(
    request: pytest.FixtureRequest, data_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, list[Tokenizer]], Any]:
    """All of ours by truncation_side, and theirs."""
    name, lower = request.param
    folder = vocabulary_folder(data_folder, name, tmp_path_factory.mktemp("grid"))
    settings, vocabulary, added = load_settings(folder)
    ours = {
        side: [
            engine.make(
                settings._replace(do_lower_case=lower, truncation_side=side),
                vocabulary,
                added,
            )
            for engine in ENGINES.values()
        ]
        for side in ("left", "right")
    }
    theirs = transformers.BertTokenizer(str(folder / "vocab.txt"), do_lower_case=lower)
    return ours, theirs


def batches(data: Path, english: bool) -> Iterator[tuple[str, list[str], list[str] | None]]:
    """Everything once as it is; single texts also as pairs with one from elsewhere.

    Without `english` only what is in other scripts.
    """
    for name, texts in real_texts(data).items():
        if not english and name not in OTHER_SCRIPTS:
            continue
        others = texts[::-1]
        for start in range(0, len(texts), BATCH):
            yield name, texts[start : start + BATCH], None
            if name != "SQuAD contexts":
                yield f"{name} as pairs", texts[start : start + BATCH], others[start:][:BATCH]
    for name, pairs in real_pairs(data).items() if english else ():
        for start in range(0, len(pairs), BATCH):
            firsts, seconds = zip(*pairs[start : start + BATCH], strict=True)
            yield name, [*firsts], [*seconds]


@pytest.mark.filterwarnings("ignore:.*max_length")
def test_real_texts_under_the_grid(
    peers: tuple[dict[str, list[Tokenizer]], Any],
    data_folder: Path,
    compared: Callable[[str, int], None],
) -> None:
    """Catches what only long, real texts show: cuts, strides and padding in every combination.

    Each batch meets one place of the grid, and all places are met many times.
    """
    ours, theirs = peers
    rng = random.Random(5)
    places: list[int] = []
    outcomes: Counter[str] = Counter()
    for _, firsts, seconds in batches(data_folder, ours["left"][0].settings.do_lower_case):
        if not places:
            places = rng.sample(range(len(GRID)), len(GRID))
        arguments, side = GRID[places.pop()]
        if max(map(len, firsts + (seconds or []))) > LONG:
            arguments = {**arguments, "max_length": max(LONG_LIMIT, arguments["max_length"])}
        flags = {"special_tokens_mask": True, "offsets_mapping": True, "length": True}
        arguments = {**arguments, **{f"return_{name}": flag for name, flag in flags.items()}}
        outcome = compare_call(ours[side], theirs, firsts, seconds, arguments)
        outcomes[outcome] += 1
        kind = "texts" if seconds is None else "pairs"
        if outcome == "equal":
            engines = " and ".join(ENGINES)
            compared(
                f"real {kind} under a grid of arguments, {engines} (transformers)", len(firsts)
            )
    total = outcomes.total()
    assert outcomes["equal"] > 0.6 * total, outcomes


def test_decoding_real_ids(
    peers: tuple[dict[str, list[Tokenizer]], Any],
    data_folder: Path,
    compared: Callable[[str, int], None],
) -> None:
    """Catches a space too many or too few around real punctuation, in any script."""
    ours, theirs = peers[0]["right"][0], peers[1]
    for texts in real_texts(data_folder).values():
        texts = texts[:: max(1, len(texts) // 200)]
        ids = [row.tolist() for row in ours(texts, padding=False, truncation=False).input_ids]
        for skip, again in product((True, False), (True, False, None)):
            arguments = {"skip_special_tokens": skip, "clean_up_tokenization_spaces": again}
            assert ours.batch_decode(ids, **arguments) == theirs.batch_decode(ids, **arguments)
        compared("decoded real texts x 6 (transformers)", len(texts))
