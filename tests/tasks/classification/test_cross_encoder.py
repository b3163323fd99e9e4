"""Scores of pairs and ranking: shapes, activations, order, and what is refused."""

import itertools
import json
import re

import numpy as np
import pytest

from npdistil import ConfigError, CrossEncoder, InputError, TextClassification, pipeline
from npdistil.tasks.results import Answer
from tests.tasks.classification.folders import write_classifier
from tests.tasks.folders import modules, random_texts, write_json

TEXTS = random_texts()
PAIRS = list(zip(TEXTS, reversed(TEXTS), strict=True))
SIGMOID = "torch.nn.modules.activation.Sigmoid"
IDENTITY = "torch.nn.modules.linear.Identity"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_classifier(tmp_path_factory.mktemp("one"), 1)


@pytest.fixture(scope="module")
def task(folder) -> CrossEncoder:
    return CrossEncoder.from_pretrained(folder)


@pytest.fixture(scope="module")
def three(tmp_path_factory) -> CrossEncoder:
    return CrossEncoder.from_pretrained(write_classifier(tmp_path_factory.mktemp("three"), 3))


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values.astype(np.float64)))


def test_predict(task, folder):
    """Catches texts that are swapped or joined, and a score that is no sigmoid of the logit."""
    classify = TextClassification.from_pretrained(folder)
    pairs = [pair for pair in PAIRS if all(pair)]
    dicts = [{"text": first, "text_pair": second} for first, second in pairs]
    logits = np.array([one["score"] for one in classify(dicts, function_to_apply="none")])
    found = task.predict(pairs)
    assert found.shape == (len(pairs),) and found.dtype == np.float32
    np.testing.assert_allclose(found, sigmoid(logits), rtol=1e-6)
    assert task.predict(dicts).tobytes() == found.tobytes()
    assert np.ptp(found) > 0.1


def test_an_empty_second_text_makes_a_pair(task, folder):
    """Catches the rule of Transformers' pipelines, which sentence-transformers does not have."""
    classify = TextClassification.from_pretrained(folder)
    assert task.predict([("a", "")])[0] != np.float32(classify("a")[0]["score"])


def test_one_pair_gives_one_score(task, three):
    """Catches a pair taken for two inputs; sentence-transformers gives a NumPy scalar."""
    for pair in (PAIRS[0], list(PAIRS[0]), np.array(PAIRS[0])):
        found = task.predict(pair)
        assert found.shape == () and found == task.predict([PAIRS[0]])[0]
    assert three.predict(PAIRS[0]).shape == (3,)
    assert task.predict(np.array(PAIRS[:4])).shape == (4,)
    assert task.predict(iter(PAIRS)).tobytes() == task.predict(PAIRS).tobytes()
    assert task.predict([]).shape == (0,) and three.predict([]).shape == (0, 3)
    rows = three.predict(PAIRS[:2], convert_to_numpy=False)
    assert type(rows) is list and [row.shape for row in rows] == [(3,), (3,)]


def test_several_labels(three):
    """Catches a sigmoid or softmax that nobody asked for, and a softmax over the pairs."""
    logits = three.predict(PAIRS)
    assert three.num_labels == 3 and np.abs(logits).max() > 1
    shared = three.predict(PAIRS, apply_softmax=True)
    np.testing.assert_allclose(shared.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(shared / shared[:, :1], np.exp(logits - logits[:, :1]), rtol=1e-4)
    both = three.predict(PAIRS[:3], activation_fn="sigmoid", apply_softmax=True)
    wanted = np.exp(sigmoid(logits[:3]))
    np.testing.assert_allclose(both, wanted / wanted.sum(1, keepdims=True), rtol=1e-5)


def test_a_function_of_the_callers(three):
    """Catches a function that sees a batch, whose scores could depend on neighbours."""
    shapes = []

    def doubled(scores: np.ndarray) -> np.ndarray:
        shapes.append((scores.shape, scores.dtype.name))
        return 2 * scores

    found = three.predict(PAIRS[:5], activation_fn=doubled)
    assert found.tobytes() == (2 * three.predict(PAIRS[:5])).tobytes()
    assert set(shapes) == {((1, 3), "float32")} and len(shapes) == 5
    with pytest.raises(InputError, match=r"expected an array of shape \(1, 3\) again"):
        three.predict(PAIRS[0], activation_fn=lambda scores: scores.sum())


@pytest.mark.parametrize(
    "num_labels, keys, wanted",
    [
        (1, {}, "sigmoid"),
        (2, {}, "none"),
        (1, {"sentence_transformers": {"activation_fn": IDENTITY}}, "none"),
        (2, {"sentence_transformers": {"activation_fn": SIGMOID}}, "sigmoid"),
        (1, {"sbert_ce_default_activation_function": IDENTITY}, "none"),
        (1, {"sbert_ce_default_activation_function": "torch.nn.Identity"}, "none"),
    ],
)
def test_the_folder_decides_the_activation(tmp_path, num_labels, keys, wanted):
    """Catches a spelling that is not read, and a default that does not look at the labels."""
    folder = write_classifier(tmp_path, num_labels, **keys)
    found = CrossEncoder.from_pretrained(folder, "numpy")
    assert found.activation_fn == wanted
    assert CrossEncoder.from_pretrained(folder, "numpy", activation_fn="softmax").activation_fn == (
        "softmax"
    )


def test_the_newest_file_wins(tmp_path):
    """Catches a folder of sentence-transformers 5.4 or later read by config.json alone."""
    folder = write_classifier(tmp_path, 1, sbert_ce_default_activation_function=SIGMOID)
    write_json(folder / "modules.json", modules("Transformer", new=True))
    write_json(folder / "config_sentence_transformers.json", {"activation_fn": IDENTITY})
    settings = {"max_seq_length": 9, "transformer_task": "sequence-classification"}
    write_json(folder / "sentence_bert_config.json", settings)
    found = CrossEncoder.from_pretrained(folder, "numpy")
    assert found.activation_fn == "none" and found.max_seq_length == 9
    assert CrossEncoder.from_pretrained(folder, "numpy", max_length=12).max_seq_length == 12


def test_a_function_that_is_not_torchs_is_not_trusted(tmp_path):
    """Catches a dotted name that is imported; sentence-transformers warns and goes on."""
    keys = {"sbert_ce_default_activation_function": "evil.module.Function"}
    folder = write_classifier(tmp_path, 1, **keys)
    with pytest.warns(UserWarning, match=r"'evil\.module\.Function' is none of torch's") as told:
        assert CrossEncoder.from_pretrained(folder, "numpy").activation_fn == "sigmoid"
    assert [warning.filename for warning in told] == [__file__]  # the line of the caller
    with pytest.warns(UserWarning, match="none of torch's"):
        made = CrossEncoder(str(folder), max_length=9)
    assert made.max_seq_length == 9 and made.activation_fn == "sigmoid"


@pytest.mark.parametrize(
    "file, content, message",
    [
        ("modules.json", modules("Transformer", "Pooling"), "are no cross-encoder that is built"),
        ("modules.json", {}, "expected a list of modules"),
        ("modules.json", modules("Transformer", first_folder="0_X"), "are no cross-encoder"),
        (
            "config_sentence_transformers.json",
            {"model_type": "CrossEncoder", "default_prompt_name": "query"},
            "default_prompt_name: 'query' is none of the file's prompts",
        ),
        (
            "config_sentence_transformers.json",
            {"model_type": "CrossEncoder", "prompts": {"q": 5}},
            "prompts: expected strings, received 5",
        ),
        ("config_sentence_transformers.json", {"activation_fn": "torch.nn.Tanh"}, "is not built"),
        ("sentence_bert_config.json", {"do_lower_case": True}, "do_lower_case True is not built"),
        ("sentence_bert_config.json", {"max_seq_length": 2}, "expected an integer of at least 3"),
        ("sentence_bert_config.json", {"transformer_task": "fill-mask"}, "is not built"),
    ],
)
def test_folders_that_are_refused(tmp_path, file, content, message):
    """Catches a file that is not read, and scores that silently differ."""
    folder = write_classifier(tmp_path, 1)
    write_json(folder / file, content)
    for options in ({}, {"max_length": 9}):
        with pytest.raises(ConfigError, match=re.escape(message)):
            CrossEncoder.from_pretrained(folder, "numpy", **options)


def test_rank(task):
    """Catches the order of the work, float32 in JSON, and a text of another document."""
    scores = task.predict([("a b", text) for text in TEXTS])
    found = task.rank("a b", TEXTS, return_documents=True)
    assert [row["corpus_id"] for row in found] == np.argsort(-scores, kind="stable").tolist()
    assert [row["score"] for row in found] == sorted(scores.tolist(), reverse=True)
    assert all(row["text"] == TEXTS[row["corpus_id"]] for row in found)
    assert type(found[0]) is Answer and type(found[0]["score"]) is float
    json.dumps(found)
    assert task.rank("a b", TEXTS, top_k=3) == [
        {"corpus_id": row["corpus_id"], "score": row["score"]} for row in found[:3]
    ]
    assert len(task.rank("a b", iter(TEXTS), top_k=999)) == len(TEXTS)
    assert task.rank("a b", []) == []


def test_equal_scores_keep_their_order(task):
    """Catches a sort that is not stable, or reversed as a whole."""
    found = task.rank("a", ["b", "the", "b", "the", "b"])
    ids = [row["corpus_id"] for row in found]
    assert ids in ([0, 2, 4, 1, 3], [1, 3, 0, 2, 4])


def test_what_was_cut_off_is_counted(task):
    """Catches counts in the order of the documents instead of the ranks."""
    long = " ".join(["a"] * 60)
    found = task.rank("b b", ["c", long, "the"])
    assert {row["corpus_id"]: row.num_truncated_tokens for row in found} == {0: 0, 1: 24, 2: 0}
    assert [row.num_truncated_tokens for row in task([("b", "c"), ("b b", long)])] == [0, 24]


def test_a_call_streams(task, three):
    """Catches a pair taken for a list, and answers that differ from predict's."""
    scores = task.predict(PAIRS).tolist()
    assert task(PAIRS) == [{"score": score} for score in scores]
    assert task(PAIRS[0]) == {"score": scores[0]}
    stream = task(iter(PAIRS), batch_size=2)
    assert iter(stream) is stream and list(stream) == task(PAIRS)
    assert three(PAIRS[0], apply_softmax=True)["scores"] == pytest.approx(
        three.predict(PAIRS[0], apply_softmax=True).tolist()
    )


@pytest.mark.parametrize("call", ["predict", "rank"])
def test_work_is_bounded_by_tokens(task, monkeypatch, call):
    """Catches short pairs that go by themselves because long ones may come."""
    rows, honest = [], task.model.encoder.backend.pooled
    limit = task.max_seq_length

    def recording(batch, *rest):
        rows.append(len(batch.input_ids_T))
        return honest(batch, *rest)

    monkeypatch.setattr(task.model.encoder.backend, "pooled", recording)
    texts = ["b", "c c", "the", "a b c", "a " * 3 * limit] * 5
    pairs = [("a", text) for text in texts]
    if call == "predict":
        task.predict(pairs, batch_size=2)
    else:
        task.rank("a", texts, batch_size=2)
    assert sum(rows) > 5 * limit and max(rows) == 2 * limit
    assert all(a + b > 2 * limit for a, b in itertools.pairwise(rows))


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_a_score_does_not_depend_on_its_neighbours(task, three, batch_size):
    """Catches sums whose order depends on the batch."""
    for model in (task, three):
        alone = np.stack([model.predict(pair) for pair in PAIRS])
        assert model.predict(PAIRS, batch_size=batch_size).tobytes() == alone.tobytes()


@pytest.mark.parametrize(
    "inputs, options, message",
    [
        (None, {}, "inputs: expected an iterable of pairs, received NoneType"),
        ("a", {}, "inputs: expected an iterable of pairs, received str"),
        (np.array("a"), {}, "inputs: expected an iterable of pairs, received str"),
        (["a"], {}, "inputs[0]: expected a pair of texts, received list of 1"),
        (("a", "b", "c"), {}, "inputs[0]: expected a pair of texts, received tuple of 3"),
        ([("a", "b"), "c"], {}, "inputs[1]: expected a pair of texts, received str"),
        ([("a", 5)], {}, "text_pair[0]: expected a str, received int"),
        ([("a", None)], {}, "text_pair[0]: expected a str, received NoneType"),
        ({"text": "a"}, {}, "inputs[0]: expected a pair of texts, received dict"),
        ([("a", "b")], {"batch_size": 0}, "batch_size: expected a positive integer"),
        ([("a", "b")], {"activation_fn": "tanh"}, "activation_fn: expected one of"),
        ([("a", "b")], {"apply_softmax": 1}, "apply_softmax: expected True or False"),
        ([("a", "b")], {"show_progress_bar": 1}, "show_progress_bar: expected True or False"),
    ],
)
def test_refusals(task, inputs, options, message):
    """Catches a traceback from deep inside."""
    with pytest.raises(InputError, match=re.escape(message)):
        task.predict(inputs, **options)


def test_refusals_of_rank(task, three):
    """Catches a query of several texts, a text taken for its letters, and several labels."""
    for arguments, message in [
        ((["a"], ["b"]), "query: expected a str, received list"),
        (("a", "b"), "documents: expected an iterable of str, received str"),
        (("a", None), "documents: expected an iterable of str, received NoneType"),
        (("a", ["b", 7]), "documents[1]: expected a str, received int"),
        (("a", ["b"], 0), "top_k: expected a positive integer or None, received 0"),
    ]:
        with pytest.raises(InputError, match=re.escape(message)):
            task.rank(*arguments)
    with pytest.raises(InputError, match="rank: needs a model with one label, this one has 3"):
        three.rank("a", ["b"])


def test_by_its_name(folder, task):
    """Catches a table without this task."""
    made = pipeline("text-ranking", folder, max_length=9)
    assert type(made) is CrossEncoder and made.max_seq_length == 9
    assert made(PAIRS[4]) != task(PAIRS[4])
