"""What a folder says about pooling, in old and new spellings, and everything it may not say."""

import warnings
from pathlib import Path

import pytest

from npdistil.encoder.backend import POOLINGS as BUILT
from npdistil.tasks.embedding.dense_folder import DenseConfig
from npdistil.tasks.sentence_config import read_sentence_config
from tests.tasks.folders import (
    NEW_MEAN,
    NEW_SETTINGS,
    OLD_MEAN,
    old_pooling,
    write_json,
    write_settings,
)

ALL = ("Transformer", "Pooling", "Normalize")


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("kinds", [ALL, ALL[:2]])
@pytest.mark.parametrize("first_folder", ["", "0_Transformer"])
def test_both_generations_of_modules_json(tmp_path: Path, new, kinds, first_folder):
    """Catches the classes' new names being unknown, and Normalize found by its old one."""
    folder = write_settings(
        tmp_path,
        kinds=kinds,
        new=new,
        first_folder=first_folder,
        pooling=NEW_MEAN if new else OLD_MEAN,
    )
    config = read_sentence_config(folder, None)
    assert config.pooling == (("mean",), True)
    assert config.modules == (None,) * (len(kinds) - 2)
    assert config.normalize == (len(kinds) == 3)
    assert config.transformer_folder == folder / first_folder
    assert config.max_seq_length is None
    assert not config.guessed


POOLINGS = {
    "old_cls": (old_pooling(cls_token=True, mean_tokens=False), ("cls",)),
    "old_max": (old_pooling(max_tokens=True, mean_tokens=False), ("max",)),
    "old_mean": (old_pooling(mean_tokens=True), ("mean",)),
    "old_nothing_set": (old_pooling(mean_tokens=False, cls_token=False), ("mean",)),
    "old_several_in_their_order": (
        old_pooling(mean_tokens=True, max_tokens=True, cls_token=True),
        ("cls", "max", "mean"),
    ),
    "new_cls": ({"pooling_mode": "cls"}, ("cls",)),
    "new_max": ({"pooling_mode": "max"}, ("max",)),
    "old_sqrt": (old_pooling(mean_sqrt_len_tokens=True), ("mean_sqrt_len_tokens",)),
    "old_all": (
        old_pooling(
            lasttoken=True,
            weightedmean_tokens=True,
            mean_sqrt_len_tokens=True,
            mean_tokens=True,
            max_tokens=True,
            cls_token=True,
        ),
        ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"),
    ),
    "new_lasttoken": ({"pooling_mode": "lasttoken"}, ("lasttoken",)),
    "new_list_in_its_order": ({"pooling_mode": ["mean", "cls"]}, ("mean", "cls")),
    "new_wins_over_old": ({"pooling_mode": "cls", "pooling_mode_mean_tokens": True}, ("cls",)),
}


@pytest.mark.parametrize("name", POOLINGS)
def test_poolings(tmp_path: Path, name):
    """Catches mean pooling for everybody, and several poolings joined in another order."""
    written, expected = POOLINGS[name]
    config = read_sentence_config(write_settings(tmp_path, pooling=written), None)
    assert (config.pooling.modes, config.modules) == (expected, ())


@pytest.mark.parametrize("length", [2, 128, 10**9])
def test_max_seq_length(tmp_path: Path, length):
    """Catches a limit of 512 for everybody."""
    folder = write_settings(tmp_path, settings={"max_seq_length": length, "do_lower_case": False})
    assert read_sentence_config(folder, None).max_seq_length == length


def test_settings_stand_beside_the_transformer(tmp_path: Path):
    """Catches settings looked for at the top where the transformer has a folder of its own."""
    folder = write_settings(tmp_path, settings={"max_seq_length": 7}, first_folder="0_Transformer")
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 9})
    assert read_sentence_config(folder, None).max_seq_length == 7


def test_settings_of_distilbert_have_a_name_of_their_own(tmp_path: Path):
    """Catches a limit that is not seen because an old library named the file after the model."""
    folder = write_settings(tmp_path)
    write_json(folder / "sentence_distilbert_config.json", {"max_seq_length": 7})
    assert read_sentence_config(folder, None).max_seq_length == 7


@pytest.mark.parametrize("settings", [NEW_SETTINGS, {}, {"max_seq_length": None}])
def test_settings_without_a_length_leave_it_to_the_tokenizer(tmp_path: Path, settings):
    """Catches the new files, which carry no length, being refused or read as some default."""
    assert read_sentence_config(write_settings(tmp_path, settings=settings), None) == (
        read_sentence_config(write_settings(tmp_path), None)
    )


@pytest.mark.parametrize(
    "written, expected", [(True, True), (False, False), (None, True), ("absent", True)]
)
def test_include_prompt(tmp_path: Path, written, expected):
    """Catches a prompt pooled where the folder says that it is not, and the other way round."""
    pooling = {"pooling_mode": "mean", "include_prompt": written}
    if written == "absent":
        del pooling["include_prompt"]
    config = read_sentence_config(write_settings(tmp_path, pooling=pooling), None)
    assert config.pooling.include_prompt is expected


def test_settings_of_the_whole(tmp_path: Path):
    """Catches prompts, a shorter vector or a similarity that are silently left out."""
    folder = write_settings(tmp_path)
    assert read_sentence_config(folder, None).settings == ({}, None, None, None)
    path = folder / "config_sentence_transformers.json"
    written = {
        "prompts": {"query": "Find: ", "document": None},
        "default_prompt_name": "query",
        "similarity_fn_name": "dot",
        "truncate_dim": 7,
        "__version__": {},
    }
    write_json(path, written)
    expected = ({"query": "Find: ", "document": None}, "query", "dot", 7)
    assert read_sentence_config(folder, None).settings == expected
    # What another kind of model compares with counts as nothing, as in sentence-transformers.
    write_json(path, {"similarity_fn_name": "maxsim", "prompts": None, "default_prompt_name": None})
    assert read_sentence_config(folder, None).settings == ({}, None, None, None)


def test_dense_and_normalize_in_any_order(tmp_path: Path):
    """Catches modules that are sorted, dropped or read from another's folder."""
    kinds = ("Transformer", "Pooling", "Dense", "Normalize", "Dropout", "Dense")
    for new in (False, True):
        folder = write_settings(tmp_path / str(new), kinds=kinds, new=new)
        write_json(folder / "2_Dense" / "config.json", {
            "in_features": 12, "out_features": 7, "bias": False,
            "activation_function": "torch.nn.modules.linear.Identity",
        })  # fmt: skip
        write_json(folder / "5_Dense" / "config.json", {"in_features": 7, "out_features": 5})
        config = read_sentence_config(folder, None)
        assert config.modules == (
            DenseConfig(folder / "2_Dense", 12, 7, False, "identity", False),
            None,
            DenseConfig(folder / "5_Dense", 7, 5, True, "tanh", False),
        )
        assert not config.normalize


def test_without_modules_json_one_warning(tmp_path: Path):
    """Catches a guess without a word, and a second word about it."""
    with pytest.warns(UserWarning) as caught:
        config = read_sentence_config(tmp_path, None)
    assert (config.pooling.modes, config.modules) == (("mean",), ())
    assert (config.transformer_folder, config.max_seq_length) == (tmp_path, 512)
    assert config.guessed and len(caught) == 1
    assert "no modules.json, so pooling is a guess: mean" in str(caught[0].message)
    assert "pooling='mean', 'cls' or another" in str(caught[0].message)


@pytest.mark.parametrize("pooling", BUILT)
def test_pooling_silences_the_warning_and_overrides(tmp_path: Path, pooling):
    """Catches a warning about a choice that was made, and a choice that the folder overrules."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bare = read_sentence_config(tmp_path, pooling)
    assert (bare.pooling.modes, bare.modules) == ((pooling,), ())
    assert bare.max_seq_length == 512
    folder = write_settings(
        tmp_path / "st", kinds=ALL, pooling={"pooling_mode": "attention"},
        settings={"max_seq_length": 9},
    )  # fmt: skip
    config = read_sentence_config(folder, pooling)
    assert (config.pooling.modes, config.modules) == ((pooling,), (None,))
    assert config.max_seq_length == 9
