"""What config.json says about a head, read closed."""

import json
from pathlib import Path
from typing import Any

import pytest

from npdistil.checkpoint.task_settings import TaskSettings, is_tied, read_task_settings
from npdistil.errors import ConfigError

NAMED = {"id2label": {"0": "no", "1": "maybe", "2": "yes"}}


def settings(folder: Path, num_labels: int = 3, **config: Any) -> TaskSettings:
    (folder / "config.json").write_text(json.dumps(config))
    return read_task_settings(folder, num_labels)


def test_labels_by_their_number(tmp_path):
    """Catches labels in the order of the file, and numbers that are compared as text."""
    names = {str(n): f"kind {n}" for n in (10, 2, 1, 0, 9, 8, 7, 6, 5, 4, 3)}
    found = settings(tmp_path, 11, id2label=names)
    assert found.labels == tuple(f"kind {n}" for n in range(11)) and found.num_labels == 11
    assert found.label2id == {f"kind {n}": n for n in range(11)}


def test_missing_labels_are_counted(tmp_path):
    """Catches an error where Transformers has LABEL_0; and labels for scores that have none."""
    found = settings(tmp_path)
    assert found.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    assert found.label2id == {"LABEL_0": 0, "LABEL_1": 1, "LABEL_2": 2}
    assert settings(tmp_path, id2label=None).labels == found.labels
    without = settings(tmp_path, 0, **NAMED)
    assert without.labels == () and without.label2id == {} and without.num_labels == 0


def test_label2id_is_the_files_own(tmp_path):
    """Catches numbers that are derived where the file says otherwise, as zero-shot reads them."""
    found = settings(tmp_path, **NAMED, label2id={"entailment": 2, "no": 0})
    assert found.label2id == {"entailment": 2, "no": 0} and found.labels == ("no", "maybe", "yes")


@pytest.mark.parametrize(
    "config, problem",
    [
        ({"id2label": {"0": "a", "1": "b"}}, "names 2 labels, but the classifier has 3 outputs"),
        ({"id2label": {str(n): "a" for n in range(9)}}, "names 9 labels, but the classifier"),
        ({"id2label": {"0": "a", "1": "b", "3": "c"}}, "no label for 2; the 3 outputs"),
        ({"id2label": {"1": "a", "2": "b", "3": "c"}}, "no label for 0; the 3 outputs"),
        ({"id2label": {"0": "a", "1": 5, "2": "c"}}, "id2label: 1: expected a string, received 5"),
        ({"id2label": ["a", "b", "c"]}, "id2label: expected an object"),
        ({**NAMED, "label2id": {"no": 3}}, "label2id: no: expected an integer from 0 to 2"),
        ({**NAMED, "label2id": {"no": "0"}}, "label2id: no: expected an integer from 0 to 2"),
        ({"problem_type": "ranking"}, "problem_type: expected one of"),
        ({"architectures": "BertModel"}, "architectures: expected a list of strings"),
        ({"sentence_transformers": {"activation_fn": 3}}, "activation_fn: expected a string"),
        ({"sentence_transformers": ["x"]}, "sentence_transformers: expected an object"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, config, problem):
    """Catches labels of other scores, and values of other types that pass through."""
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, **config)
    assert problem in str(caught.value) and "config.json" in str(caught.value)


def test_one_score_is_no_choice(tmp_path):
    """Catches a softmax of one number, which is always 1; Transformers refuses it as well."""
    for kind in ("regression", "multi_label_classification"):
        assert settings(tmp_path, 1, problem_type=kind).problem_type == kind
    with pytest.raises(ConfigError, match="needs at least 2 labels"):
        settings(tmp_path, 1, problem_type="single_label_classification")
    assert settings(tmp_path, 1).problem_type is None


def test_the_newest_activation_wins(tmp_path):
    """Catches an old spelling that outlives the new one; as sentence-transformers reads them."""
    old = {"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"}
    new = {"sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Sigmoid"}}
    assert settings(tmp_path).activation_fn is None
    assert settings(tmp_path, **old).activation_fn == "torch.nn.modules.linear.Identity"
    assert settings(tmp_path, **old, **new).activation_fn == "torch.nn.modules.activation.Sigmoid"
    beside = tmp_path / "config_sentence_transformers.json"
    beside.write_text(json.dumps({"activation_fn": "torch.nn.modules.activation.Tanh"}))
    assert settings(tmp_path, **old, **new).activation_fn == "torch.nn.modules.activation.Tanh"


def test_tied_unless_it_says_otherwise(tmp_path):
    """Catches "false" for False, and a decoder that is looked for where none is saved."""
    for config, tied in (({}, True), ({"tie_word_embeddings": False}, False)):
        settings(tmp_path, **config)
        assert is_tied(tmp_path) is tied
    settings(tmp_path, tie_word_embeddings="false")
    with pytest.raises(ConfigError, match="tie_word_embeddings: expected true or false"):
        is_tied(tmp_path)
