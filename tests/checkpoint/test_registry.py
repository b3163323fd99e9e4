"""The registry's figures belong together, and its names lead to one model each."""

import itertools
import tomllib

import pytest

from npdistil.checkpoint.registry import REGISTRY_FILE, SCORES, Registered, entries, find

BY_NAME = {entry.name: entry for entry in entries()}
CARD = {  # layers, hidden size, heads, intermediate size, parameters: typed a second time
    "bert-base": (12, 768, 12, 3072, 109_482_240),
    "distilbert": (6, 768, 12, 3072, 66_362_880),
    "tinybert-6x768": (6, 768, 12, 3072, 66_955_008),
    "tinybert-4x312": (4, 312, 12, 1200, 14_350_248),
    "minilm-6x768": (6, 768, 12, 3072, 66_955_008),
    "minilm-12x384": (12, 384, 12, 1536, 33_360_000),
    "minilm-6x384": (6, 384, 12, 1536, 22_713_216),
    "xtremedistil-l6-h256": (6, 256, 8, 1024, 12_750_080),
    "xtremedistil-l6-h384": (6, 384, 12, 1536, 22_713_216),
    "xtremedistil-l12-h384": (12, 384, 12, 1536, 33_360_000),
}


def test_the_ten_configurations_are_there():
    """A model that was left out, or a size with a slip of the pen."""
    found = {
        entry.name: (
            entry.layers,
            entry.hidden_size,
            entry.config.num_attention_heads,
            entry.config.intermediate_size,
            entry.parameters,
        )
        for entry in entries()
    }
    sibling = found.pop("all-MiniLM-L6-v2")
    assert found == CARD
    assert sibling == CARD["minilm-6x384"]


@pytest.mark.parametrize("name", BY_NAME)
def test_parameters_are_those_of_the_configuration(name):
    """A count that belongs to another configuration, or counts a pooler that is not there."""
    entry = BY_NAME[name]
    c = entry.config
    D, F = c.hidden_size, c.intermediate_size
    embeddings = (c.vocab_size + c.max_position_embeddings + c.type_vocab_size) * D + 2 * D
    layer = 4 * D * D + 2 * D * F + 9 * D + F
    assert entry.parameters == embeddings + entry.layers * layer + entry.pooler * (D * D + D)
    assert entry.pooler == (c.model_type == "bert") == (c.type_vocab_size == 2)


def names_of(entry: Registered) -> list[str]:
    names = [entry.name]
    if entry.hub_id:
        names += [entry.hub_id, entry.hub_id.partition("/")[2] or entry.hub_id]
    return names


@pytest.mark.parametrize("name", BY_NAME)
def test_every_name_leads_to_its_model(name):
    """A short name that two models share, or one that is found in lower case only."""
    entry = BY_NAME[name]
    for known in names_of(entry):
        for spelling in (known, known.upper(), known.lower()):
            assert find(spelling) is entry


@pytest.mark.parametrize("name", ["", "bert", "microsoft", "l6-h256", "microsoft/", "/"])
def test_half_a_name_leads_nowhere(name):
    """A search for a part of a name, which would fetch another model than was meant."""
    assert find(name) is None


def test_no_two_models_share_a_name():
    """An entry that nobody can reach, because another is found first."""
    names = [
        name.lower()
        for entry in entries()
        for name in dict.fromkeys(map(str.lower, names_of(entry)))
    ]
    assert len(names) == len(set(names))


def test_the_average_is_the_mean_of_its_columns():
    """A score in another column than its own cannot be seen, one mistyped can."""
    averaged = 0
    for entry in entries():
        *columns, average = (entry.scores[column] for column in SCORES)
        if average is not None:
            assert average == pytest.approx(sum(columns) / 7, abs=0.051), entry.name
            averaged += 1
    assert averaged == 8  # the rows of the card's table


def test_speeds_are_below_what_the_arithmetic_allows():
    """A speed under another model: no published one is above the ratio of the FLOPs."""
    base = BY_NAME["bert-base"].flops_per_token(128)
    speeds = {entry.name: entry.speed for entry in entries() if entry.speed is not None}
    assert len(speeds) == 9
    for name, speed in speeds.items():
        assert 0.5 * base / BY_NAME[name].flops_per_token(128) < speed
        assert speed <= base / BY_NAME[name].flops_per_token(128) + 1e-9


def test_flops_of_a_token():
    """Attention forgotten, or a multiplication and an addition counted as one."""
    ratios = {"xtremedistil-l6-h256": (17.99, 15.00), "tinybert-4x312": (18.65, 16.19)}
    base = BY_NAME["bert-base"]
    assert base.flops_per_token(0) == 2 * 12 * 12 * 768**2
    for (name, expected), n in itertools.product(ratios.items(), (0, 1)):
        length = (1, 512)[n]
        ratio = base.flops_per_token(length) / BY_NAME[name].flops_per_token(length)
        assert ratio == pytest.approx(expected[n], abs=0.01)


def test_what_is_unknown_is_empty():
    """A guess in the place of what no source says."""
    assert {entry.name for entry in entries() if entry.hub_id is None} == {"minilm-6x768"}
    with_files = {entry.name for entry in entries() if entry.files is not None}
    assert with_files == {name for name in BY_NAME if name.startswith(("xtreme", "all-"))}
    assert with_files == {entry.name for entry in entries() if entry.licence is not None}
    unscored = {entry.name for entry in entries() if entry.scores_source is None}
    assert unscored == {"tinybert-4x312", "all-MiniLM-L6-v2"}
    for entry in entries():
        assert (entry.speed is None) == (entry.speed_source is None)
        assert (entry.scores["MNLI"] is None) == (entry.scores_source is None)
    for name in ("xtremedistil-l6-h256", "xtremedistil-l6-h384", "xtremedistil-l12-h384"):
        assert {"config.json", "pytorch_model.bin", "tf_model.h5", "vocab.txt"} <= set(
            BY_NAME[name].files
        )


def test_no_key_of_the_file_is_lost():
    """A key with a slip of the pen, which would read as "unknown"."""
    tables = tomllib.loads(REGISTRY_FILE.read_text(encoding="utf-8"))
    known = {"name", "title", "hub_id", "files", "licence", "parameters", "pooler", "config"}
    for table in tables["model"]:
        assert set(table) <= known | {"speed", "scores", "note"}
        assert set(table.get("scores", {})) <= {"source", *SCORES}
