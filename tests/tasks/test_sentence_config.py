"""What a folder says about pooling, in old and new spellings, and everything it may not say."""

import warnings
from pathlib import Path

import pytest

from npdistil import ConfigError, InputError, ModelFileError
from npdistil.heads.sentence_embedding import SentenceEmbedding
from npdistil.tasks.sentence_config import read_sentence_config
from tests.tasks.folders import (
    NEW_MEAN,
    NEW_SETTINGS,
    OLD_MEAN,
    modules,
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
    assert config.head == SentenceEmbedding(("mean",), normalize=len(kinds) == 3)
    assert config.transformer_folder == folder / first_folder
    assert config.max_seq_length is None
    assert not config.guessed


def old(**modes: object) -> dict[str, object]:
    return {"word_embedding_dimension": 12, **{f"pooling_mode_{k}": v for k, v in modes.items()}}


POOLINGS = {
    "old_cls": (old(cls_token=True, mean_tokens=False), ("cls",)),
    "old_max": (old(max_tokens=True, mean_tokens=False), ("max",)),
    "old_mean": (old(mean_tokens=True), ("mean",)),
    "old_nothing_set": (old(mean_tokens=False, cls_token=False), ("mean",)),
    "old_several_in_their_order": (
        old(mean_tokens=True, max_tokens=True, cls_token=True),
        ("cls", "max", "mean"),
    ),
    "new_cls": ({"pooling_mode": "cls"}, ("cls",)),
    "new_max": ({"pooling_mode": "max"}, ("max",)),
    "new_list_in_its_order": ({"pooling_mode": ["mean", "cls"]}, ("mean", "cls")),
    "new_wins_over_old": ({"pooling_mode": "cls", "pooling_mode_mean_tokens": True}, ("cls",)),
}


@pytest.mark.parametrize("name", POOLINGS)
def test_poolings(tmp_path: Path, name):
    """Catches mean pooling for everybody, and several poolings joined in another order."""
    written, expected = POOLINGS[name]
    head = read_sentence_config(write_settings(tmp_path, pooling=written), None).head
    assert head == SentenceEmbedding(expected, normalize=False)


NOT_BUILT = {
    "old_sqrt": old(mean_sqrt_len_tokens=True, mean_tokens=False),
    "old_one_of_two": old(mean_tokens=True, lasttoken=True),
    "old_weighted": old(weightedmean_tokens=True),
    "new_lasttoken": {"pooling_mode": "lasttoken"},
    "new_one_of_two": {"pooling_mode": ["mean", "weightedmean"]},
    "new_unknown": {"pooling_mode": "os.system"},
    "empty_list": {"pooling_mode": []},
    "nested": {"pooling_mode": [["mean"]]},
    "true": {"pooling_mode": True},
    "number": {"pooling_mode": 0},
    "joined": {"pooling_mode": "mean+cls"},
}


@pytest.mark.parametrize("name", NOT_BUILT)
def test_poolings_that_are_not_built(tmp_path: Path, name):
    """Catches an unknown pooling taken for the mean: wrong vectors that look right."""
    with pytest.raises(ConfigError, match=r"1_Pooling.config\.json: pooling .* is not built"):
        read_sentence_config(write_settings(tmp_path, pooling=NOT_BUILT[name]), None)


@pytest.mark.parametrize("value", ["false", 1, "yes", []])
def test_old_poolings_are_true_or_false(tmp_path: Path, value):
    """Catches "false", a string, counted as true."""
    folder = write_settings(tmp_path, pooling=old(cls_token=value, mean_tokens=False))
    with pytest.raises(ConfigError, match="pooling_mode_cls_token must be true or false, received"):
        read_sentence_config(folder, None)


MODULES = {
    "dense": [
        *modules("Transformer", "Pooling"),
        {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"},
    ],
    "only_transformer": modules("Transformer"),
    "nothing": [],
    "other_order": modules("Pooling", "Transformer", first_folder="0_Transformer"),
    "normalize_first": modules("Transformer", "Normalize"),
    "pooling_twice": modules("Transformer", "Pooling", "Pooling"),
    "four": modules(*ALL, "Normalize"),
    "own_code": [{**modules("Transformer")[0], "type": "os.system"}, modules(*ALL)[1]],
    "remote_code": [{**modules("Transformer")[0], "type": "evil--code.Transformer2"}],
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_modules_that_are_not_built(tmp_path: Path, name):
    """Catches a Dense layer that is silently left out."""
    folder = write_settings(tmp_path)
    write_json(folder / "modules.json", MODULES[name])
    with pytest.raises(ConfigError, match=r"modules\.json: modules? .*(not built|lies in)"):
        read_sentence_config(folder, None)


@pytest.mark.parametrize(
    "value",
    [{}, {"modules": []}, [1], ["Transformer"], [[]], [{}], [{"type": 5, "path": ""}],
     [{"type": "Transformer"}], [{"type": "Transformer", "path": None}]],
)  # fmt: skip
def test_modules_json_of_another_form(tmp_path: Path, value):
    """Catches KeyError, TypeError and AttributeError leaving the reader."""
    folder = write_settings(tmp_path)
    write_json(folder / "modules.json", value)
    with pytest.raises(
        ConfigError, match=r"modules\.json: (expected a list|module 0 needs a type)"
    ):
        read_sentence_config(folder, None)


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize(
    "foreign",
    [
        "../x",
        "/etc",
        "1_Pooling/../../x",
        ".",
        "./1_Pooling",
        "1_pooling",
        "C:\\x",
        "x" * 999,
        "\0",
    ],
)
def test_no_path_of_theirs_is_followed(tmp_path: Path, index, foreign):
    """Catches a config string used as a path: it would read files outside the folder."""
    folder = write_settings(tmp_path / "model", kinds=ALL)
    write_settings(tmp_path / "x")  # what "../x" would find
    listed = modules(*ALL)
    listed[index]["path"] = foreign
    write_json(folder / "modules.json", listed)
    with pytest.raises(ConfigError, match=rf"module {index} \({ALL[index]}\) lies in .*, expected"):
        read_sentence_config(folder, None)


def test_messages_stay_short(tmp_path: Path):
    """Catches a hostile string that fills the terminal."""
    folder = write_settings(tmp_path)
    for long in (
        [{"type": "x" * 50_000, "path": ""}],
        [{"type": "a.Transformer", "path": "x" * 50_000}],
        [{"type": "Transformer", "path": ""}] * 5000,
    ):
        write_json(folder / "modules.json", long)
        with pytest.raises(ConfigError) as caught:
            read_sentence_config(folder, None)
        assert len(str(caught.value)) < 600 + len(str(folder))


@pytest.mark.parametrize("name", ["modules.json", "1_Pooling/config.json"])
@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"3", b'{"a": 1, "a": 2}', None, "dangling"]
)
def test_damaged_files(tmp_path: Path, name, content):
    """Catches a damaged or missing file taken for an absent one, and so for mean pooling."""
    path = write_settings(tmp_path) / name
    path.unlink()
    if content == "dangling":
        path.symlink_to(tmp_path / "nowhere")
    elif content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=path.name):
        read_sentence_config(tmp_path, None)


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


@pytest.mark.parametrize("length", [0, 1, -5, 128.0, "128", True, [128], {}])
def test_bad_max_seq_length(tmp_path: Path, length):
    """Catches a limit that cannot hold [CLS] and [SEP], or that is no number."""
    folder = write_settings(tmp_path, settings={"max_seq_length": length})
    with pytest.raises(ConfigError, match="max_seq_length must be an integer of at least 2"):
        read_sentence_config(folder, None)


@pytest.mark.parametrize(
    "settings",
    [
        {"max_seq_length": 128, "do_lower_case": True},
        {**NEW_SETTINGS, "transformer_task": "text-generation"},
        {**NEW_SETTINGS, "module_output_name": "sentence_embedding"},
        {**NEW_SETTINGS, "processor_kwargs": {"model_max_length": 5}},
        {"max_seq_length": 128, "tokenizer_args": {"do_lower_case": False}},
    ],
)
def test_settings_that_would_change_the_vectors(tmp_path: Path, settings):
    """Catches a key that sentence-transformers obeys and this package would ignore."""
    folder = write_settings(tmp_path, settings=settings)
    with pytest.raises(ConfigError, match=r"sentence_bert_config\.json: \w+ .* is not built here"):
        read_sentence_config(folder, None)


def test_prompts(tmp_path: Path):
    """Catches a default prompt that is left out; a prompt that nobody chose changes nothing."""
    folder = write_settings(tmp_path)
    path = folder / "config_sentence_transformers.json"
    prompts = {"query": "Find: "}
    write_json(path, {"prompts": prompts, "default_prompt_name": None})
    assert read_sentence_config(folder, None).head.pooling == ("mean",)
    write_json(path, {"prompts": prompts, "default_prompt_name": "query"})
    with pytest.raises(ConfigError, match="default_prompt_name 'query': prompts are not built"):
        read_sentence_config(folder, None)
    path.write_text("[]")
    with pytest.raises(ConfigError, match="expected a JSON object"):
        read_sentence_config(folder, None)


def test_without_modules_json_one_warning(tmp_path: Path):
    """Catches a guess without a word, and a second word about it."""
    with pytest.warns(UserWarning) as caught:
        config = read_sentence_config(tmp_path, None)
    assert config.head == SentenceEmbedding(("mean",), normalize=False)
    assert (config.transformer_folder, config.max_seq_length) == (tmp_path, 512)
    assert config.guessed and len(caught) == 1
    assert "no modules.json, so pooling is a guess: mean" in str(caught[0].message)
    assert "pooling='mean', 'cls' or 'max'" in str(caught[0].message)


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_pooling_silences_the_warning_and_overrides(tmp_path: Path, pooling):
    """Catches a warning about a choice that was made, and a choice that the folder overrules."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bare = read_sentence_config(tmp_path, pooling)
    assert bare.head == SentenceEmbedding((pooling,), normalize=False)
    assert bare.max_seq_length == 512
    folder = write_settings(
        tmp_path / "st", kinds=ALL, pooling={"pooling_mode": "lasttoken"},
        settings={"max_seq_length": 9},
    )  # fmt: skip
    config = read_sentence_config(folder, pooling)
    assert config.head == SentenceEmbedding((pooling,), normalize=True)
    assert config.max_seq_length == 9


@pytest.mark.parametrize("wrong", ["", "Mean", "lasttoken", 1, True, ["mean"], b"mean"])
def test_bad_pooling(tmp_path: Path, wrong):
    """Catches a fallback, and a complaint only after the folder was looked for."""
    pattern = r"^pooling: expected one of \['mean', 'cls', 'max'\], received"
    with pytest.raises(InputError, match=pattern):
        read_sentence_config(tmp_path / "absent", wrong)


def test_no_folder(tmp_path: Path):
    """Catches a file's name, or a model's name on a hub, given as the folder."""
    with pytest.raises(ModelFileError, match="absent: no such folder; expected config"):
        read_sentence_config(tmp_path / "absent", None)
    file = write_json(tmp_path / "file", {})
    with pytest.raises(ModelFileError, match="file: is not a folder; expected config"):
        read_sentence_config(file, None)
