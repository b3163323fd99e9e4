"""`QuestionAnswering` as a whole, on a tiny model."""

import json
import threading
from itertools import count, islice

import pytest

import npdistil
from npdistil import ConfigError, InputError, QuestionAnswering
from npdistil.tasks import stream
from npdistil.tasks.answering import question_answering
from tests.tasks.answering.span_models import write_span_model

QUESTION = "the unable a"
CONTEXT = "a b c unable, the é! zzz 中 b " * 9
WINDOWS = {"max_seq_len": 20, "doc_stride": 5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_span_model(tmp_path_factory.mktemp("span"))


@pytest.fixture(scope="module")
def task(folder):
    return QuestionAnswering.from_pretrained(folder, num_threads=2)


def pairs(number: int) -> list[dict[str, str]]:
    """Questions of contexts of many lengths; some are equal."""
    return [
        {"question": "a b c the"[: 1 + n % 9], "context": CONTEXT[: 1 + 31 * n % 250]}
        for n in range(number)
    ]


def test_an_answer_stands_at_its_place(task):
    """Catches offsets of the window in place of the context's, and scores out of order."""
    found = task(question=QUESTION, context=CONTEXT, top_k=8, **WINDOWS)
    assert len(found) == 8 and len({answer["start"] for answer in found}) > 2
    for answer in found:
        assert list(answer) == ["score", "start", "end", "answer"]
        assert answer["answer"] == CONTEXT[answer["start"] : answer["end"]] != ""
    assert found == sorted(found, key=lambda answer: -answer["score"])
    assert task(question=QUESTION, context=CONTEXT, top_k=1, **WINDOWS)["answer"] in [
        answer["answer"] for answer in found
    ]


def test_forms_of_calls_agree(task, tmp_path):
    """Catches a form that mixes up questions, loses order or answers in another shape."""
    asked = pairs(12)
    singles = [task(**pair) for pair in asked]
    assert all(type(single).__name__ == "SpanAnswer" for single in singles)
    assert task(asked) == task(tuple(asked)) == singles
    assert [*task(iter(asked))] == [*task(pair for pair in asked)] == singles
    assert task(asked[0]) == task(asked[0]["question"], asked[0]["context"]) == singles[0]
    assert task([asked[0]]) == singles[:1]
    texts = {name: [pair[name] for pair in asked] for name in ("question", "context")}
    assert task(**texts) == task(texts["question"], texts["context"]) == singles
    assert task(question=["a", "the"], context=CONTEXT) == [
        task("a", CONTEXT),
        task("the", CONTEXT),
    ]
    path = tmp_path / "asked.jsonl"
    path.write_text("".join(json.dumps({**pair, "id": 1}) + "\n" for pair in asked), "utf-8")
    assert [*task(path)] == singles
    assert task([]) == []


def test_pipeline_by_name(folder):
    """Catches a task that is not in the table, or options that get lost on the way."""
    by_name = npdistil.pipeline("question-answering", folder, top_k=2, **WINDOWS)
    direct = QuestionAnswering.from_pretrained(folder)
    assert by_name(question=QUESTION, context=CONTEXT) == direct(
        question=QUESTION, context=CONTEXT, top_k=2, **WINDOWS
    )


def test_neighbours_change_no_bit(task, monkeypatch):
    """Catches scores that depend on what else is in the batch, or on where it is cut."""
    asked = pairs(40)
    together = task(asked, top_k=3, handle_impossible_answer=True, **WINDOWS)
    alone = [task(pair, top_k=3, handle_impossible_answer=True, **WINDOWS) for pair in asked]
    assert together == alone
    monkeypatch.setattr(stream, "CHARACTERS", 300)
    for bound in ({"batch_tokens": 50}, {"batch_size": 3}):
        assert task(asked, top_k=3, handle_impossible_answer=True, **bound, **WINDOWS) == alone


def test_computed_tokens_are_bounded(task, monkeypatch):
    """Catches all windows of a long context in one batch."""
    sizes, rows = [], []
    backend = task.model.encoder.backend
    encode = backend.encode

    def watched(batch, *rest):
        sizes.append(len(batch.input_ids_T))
        rows.append(len(batch.lengths))
        return encode(batch, *rest)

    monkeypatch.setattr(backend, "encode", watched)
    task(question=QUESTION, context=CONTEXT * 20, batch_tokens=100, **WINDOWS)
    assert max(sizes) <= 100 and len(sizes) > 50 and max(rows) > 2
    rows.clear()
    task(question=QUESTION, context=CONTEXT * 20, batch_size=2, **WINDOWS)
    assert max(rows) == 2


def test_a_context_is_tokenised_once(task, monkeypatch):
    """Catches a context that is read again for each of its questions."""
    read = []
    tokens = question_answering.context_tokens

    def watched(tokenizer, contexts):
        read.extend(contexts)
        return tokens(tokenizer, contexts)

    monkeypatch.setattr(question_answering, "context_tokens", watched)
    task(question=["a", "b", "c", "the"], context=CONTEXT, **WINDOWS)
    assert read == [CONTEXT]


def test_streams_have_no_end(task):
    """Catches a stream that is read to its end before the first answer."""
    endless = ({"question": "a", "context": f"b c {'the ' * (n % 5)}"} for n in count())
    first = [*islice(task(endless), 300)]
    assert len(first) == 300 and first[0] == first[5] == task("a", "b c ")


def test_threads_share_it(task):
    """Catches state that one call leaves for another."""
    asked = pairs(30)
    wanted = task(asked, **WINDOWS)
    results = {}
    threads = [
        threading.Thread(target=lambda n=n: results.update({n: task(asked, **WINDOWS)}))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[n] for n in range(4)] == [wanted] * 4


def test_backends_agree(folder, task):
    """Catches one engine's head with its rows swapped."""
    plain = QuestionAnswering.from_pretrained(folder, backend="numpy")
    for mine, other in zip(task(pairs(30)), plain(pairs(30)), strict=True):
        assert {**mine, "score": 0} == {**other, "score": 0}
        assert mine["score"] == pytest.approx(other["score"], rel=1e-4)


def test_what_is_cut_off_is_said(task):
    """Catches a question that is cut in silence, and a context that counts as cut."""
    long = "the unable " * 20
    assert task(question=QUESTION, context=CONTEXT).num_truncated_tokens == 0
    whole = len(task.model.tokenizer.tokenize(long))
    found = task(question=long, context=CONTEXT, max_question_len=7)
    assert found.num_truncated_tokens == whole - 7
    several = task(question=long, context=CONTEXT, max_question_len=7, top_k=2)
    assert several.num_truncated_tokens == whole - 7


def test_null_odds_are_what_the_threshold_is_compared_with(task):
    """Catches a threshold on probabilities, and one that compares with something else."""
    odds = task(question=QUESTION, context=CONTEXT, **WINDOWS).null_odds
    for threshold, empty in ((odds + 0.01, False), (odds - 0.01, True)):
        found = task(question=QUESTION, context=CONTEXT, null_threshold=threshold, **WINDOWS)
        assert (found["answer"] == "") == empty and found.null_odds == odds


def test_another_head(tmp_path):
    """Catches rows of another head that are taken for starts and ends."""
    write_span_model(tmp_path / "tags", head="classifier")
    with pytest.raises(ConfigError, match="holds no question-answering head; it holds"):
        QuestionAnswering.from_pretrained(tmp_path / "tags")


@pytest.mark.parametrize(
    "inputs, options, message",
    [
        ([{"question": "a", "context": ""}], {}, r"inputs\[0\]: the context is empty"),
        ([*pairs(3), {"question": "", "context": "a"}], {}, r"inputs\[3\]: the question is empty"),
        ([*pairs(3), "a"], {}, r"inputs\[3\]: expected a dict"),
        (7, {}, "expected one of the questions"),
        ("a", {}, "expected one of the questions"),
        (pairs(1), {"top_k": 0}, "top_k: at least 1"),
        (pairs(1), {"doc_stride": 40}, "doc_stride: 40"),
        (pairs(1), {"max_seq_len": 42}, "takes 41 tokens at most"),
        ([{"question": "a \ud800", "context": "a"}], {}, "lone surrogate"),
        ([{"question": "a " * 60, "context": CONTEXT}], {}, "leave no room for the context"),
    ],
)
def test_errors(task, inputs, options, message):
    """Catches bad input that becomes an answer, or an error nobody can place."""
    with pytest.raises(InputError, match=message):
        task(inputs, **options)


def test_a_stream_checks_options_at_once(task):
    """Catches a wrong option that is noticed when the first answer is wanted, or never."""
    with pytest.raises(InputError, match="top_k"):
        task(iter(pairs(1)), top_k=-1)


def test_left_padding_puts_the_context_first(tmp_path):
    """Catches an answer out of the question, where the context is the first text."""
    folder = write_span_model(tmp_path / "left", padding_side="left")
    found = QuestionAnswering.from_pretrained(folder)(
        question=QUESTION, context=CONTEXT, top_k=9, **WINDOWS
    )
    for answer in found:
        assert answer["answer"] == CONTEXT[answer["start"] : answer["end"]] != ""
