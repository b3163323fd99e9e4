"""What a sentence-transformers folder may not say: each time one error, and nothing followed."""

from pathlib import Path

import pytest

from npdistil import ConfigError, InputError, ModelFileError
from npdistil.tasks.sentence_config import read_sentence_config
from tests.tasks.folders import (
    NEW_SETTINGS,
    modules,
    old_pooling,
    write_json,
    write_settings,
)

ALL = ("Transformer", "Pooling", "Normalize")


NOT_BUILT = {
    "new_one_of_two": {"pooling_mode": ["mean", "attention"]},
    "another_name": {"pooling_mode": "last"},
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
    folder = write_settings(tmp_path, pooling=old_pooling(cls_token=value, mean_tokens=False))
    with pytest.raises(
        ConfigError, match="pooling_mode_cls_token: expected true or false, received"
    ):
        read_sentence_config(folder, None)


MODULES = {
    "layer_norm": modules("Transformer", "Pooling", "LayerNorm"),
    "another_package": [
        *modules("Transformer", "Pooling"),
        {"idx": 2, "name": "2", "path": "2_Dense", "type": "pylate.models.Dense.Dense"},
    ],
    "only_transformer": modules("Transformer"),
    "nothing": [],
    "other_order": modules("Pooling", "Transformer", first_folder="0_Transformer"),
    "normalize_first": modules("Transformer", "Normalize"),
    "pooling_twice": modules("Transformer", "Pooling", "Pooling"),
    "dense_first": modules("Transformer", "Dense", "Pooling"),
    "own_code": [{**modules("Transformer")[0], "type": "os.system"}, modules(*ALL)[1]],
    "remote_code": [{**modules("Transformer")[0], "type": "evil--code.Transformer2"}],
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_modules_that_are_not_built(tmp_path: Path, name):
    """Catches a layer that is silently left out, and code of others taken for the library's."""
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
    with pytest.raises(ConfigError, match=r"modules\.json: (expected a list|module 0: .*expected)"):
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


@pytest.mark.parametrize("length", [0, 1, -5, 128.0, "128", True, [128], {}])
def test_bad_max_seq_length(tmp_path: Path, length):
    """Catches a limit that cannot hold [CLS] and [SEP], or that is no number."""
    folder = write_settings(tmp_path, settings={"max_seq_length": length})
    with pytest.raises(ConfigError, match="max_seq_length: expected an integer of at least 2"):
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


@pytest.mark.parametrize("wrong", ["", "Mean", "last", 1, True, ["mean"], b"mean"])
def test_bad_pooling(tmp_path: Path, wrong):
    """Catches a fallback, and a complaint only after the folder was looked for."""
    pattern = r"^pooling: expected one of \['mean', 'cls', 'max', .*\], received"
    with pytest.raises(InputError, match=pattern):
        read_sentence_config(tmp_path / "absent", wrong)


def test_no_folder(tmp_path: Path):
    """Catches a file's name, or a model's name on a hub, given as the folder."""
    with pytest.raises(ModelFileError, match="absent: no such folder; expected config"):
        read_sentence_config(tmp_path / "absent", None)
    file = write_json(tmp_path / "file", {})
    with pytest.raises(ModelFileError, match="file: is not a folder; expected config"):
        read_sentence_config(file, None)
