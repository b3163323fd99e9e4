"""`npdistil answer`."""

import json

import pytest

from npdistil import QuestionAnswering
from tests.cli.running import runner
from tests.tasks.answering.span_models import write_span_model

CONTEXT = "the unable a\nc é b! the a b c\n"
QUESTIONS = ["a b", "the unable", "é"]


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_span_model(tmp_path_factory.mktemp("span"))


@pytest.fixture
def context(tmp_path):
    path = tmp_path / "boat.txt"
    path.write_bytes(CONTEXT.replace("\n", "\r\n").encode())
    return path


@pytest.fixture
def wanted(folder):
    """What Python says."""
    task = QuestionAnswering.from_pretrained(folder)
    return lambda **options: [
        task(question=asked, context=CONTEXT.rstrip("\n"), **options) for asked in QUESTIONS
    ]


def test_questions_about_a_file(run, folder, context, wanted):
    """Catches a file that is cut into lines, and an option that does not reach the call."""
    done = run("answer", *QUESTIONS, "-c", context, "-m", folder, "--json")
    assert (done.code, done.err) == (0, "")
    assert [json.loads(line) for line in done.out.splitlines()] == wanted()
    options = {"top_k": 3, "max_answer_len": 2, "max_seq_len": 12, "doc_stride": 2}
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    done = run("answer", *QUESTIONS, "-c", context, "-m", folder, "--json", *given)
    assert [json.loads(line) for line in done.out.splitlines()] == wanted(**options)


@pytest.mark.parametrize(
    "flag, option",
    [
        ("--no-answer", {"handle_impossible_answer": True}),
        ("--handle-impossible-answer", {"handle_impossible_answer": True}),
        ("--null-threshold=-1000", {"null_threshold": -1000}),
        ("--max-question-len=1", {"max_question_len": 1}),
    ],
)
def test_options(run, folder, context, wanted, flag, option):
    """Catches a flag that is parsed and forgotten."""
    done = run("answer", *QUESTIONS, "-c", context, "-m", folder, "--json", "--top-k=40", flag)
    found = [json.loads(line) for line in done.out.splitlines()]
    if "question" in flag:  # "a b" and "the unable" lose a token each
        for line in (answer for answers in found[:2] for answer in answers):
            assert line.pop("num_truncated_tokens") > 0
    assert found == wanted(top_k=40, **option) != wanted(top_k=40)
    assert ("tokens of question 1 were left out" in done.err) == ("question" in flag)


def test_lines_for_other_programs(run, folder, context, wanted):
    """Catches a column that is missing or moved."""
    done = run("answer", "a b", "-c", context, "-m", folder, "--top-k", 2)
    rows = [line.split("\t") for line in done.out.splitlines()]
    for row, answer in zip(rows, wanted(top_k=2)[0], strict=True):
        score, start, end = answer["score"], str(answer["start"]), str(answer["end"])
        assert row[:2] == ["1", "a b"] and row[3:5] == [start, end]
        assert float(row[2]) == pytest.approx(score, rel=1e-5)
        assert row[5].replace("\\n", "\n") == answer["answer"]


def test_json_lines_with_a_bad_one(run, folder, tmp_path, wanted):
    """Catches outputs that slip against their inputs after a bad line."""
    records = [
        {"question": asked, "context": CONTEXT.rstrip("\n"), "id": n}
        for n, asked in enumerate(QUESTIONS)
    ]
    records.insert(1, {"question": "", "context": "a"})
    path = tmp_path / "asked.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    done = run("answer", path, "-m", folder, "--json")
    assert done.code == 2 and "line 2: the question is empty" in done.err
    done = run("answer", path, "-m", folder, "--json", "--skip-errors")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 1 and "1 of 4 inputs were skipped" in done.err
    assert "question is empty" in found.pop(1)["error"] and found == wanted()


def test_standard_input(run, folder, wanted):
    """Catches - as the name of a file."""
    questions = ["answer", *QUESTIONS, "-c", "-"]
    done = run(*questions, "-m", folder, "--json", stdin=CONTEXT.encode())
    assert [json.loads(line) for line in done.out.splitlines()] == wanted()


def test_questions_from_standard_input(run, folder, context, wanted):
    """Catches - as a question of one character, which would be answered without a word."""
    lines = "\n".join(QUESTIONS[1:]).encode()
    asked = "answer", QUESTIONS[0], "-", "-m", folder, "--json"
    done = run(*asked, "-c", context, stdin=lines)
    assert [json.loads(line) for line in done.out.splitlines()] == wanted()
    assert "questions or the --context, not both" in run(*asked, "-c", "-", stdin=lines).error
    done = run("answer", "-", "-m", folder, "-c", context, stdin=b"")
    assert (done.code, done.out) == (0, "") and "the input is empty" in done.err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["a", "-c", "none.txt"], "none.txt"),
        (["a", "-c", "empty.txt"], "empty.txt: is empty; --context needs a text"),
        (["a", "", "-c", "boat.txt"], "error: question 2: is empty; say what is asked."),
        (["a", "-c", "boat.txt", "--jsonl"], "--jsonl: is about INPUT files"),
        (
            ["a", "-c", "boat.txt", "--top-k", "0"],
            "argument --top-k: expected a positive integer, not 0",
        ),
        (["boat.txt"], "expected JSON lines"),
        (["who built it?"], "a question goes with --context FILE"),
        (["a", "-c", "the unable a"], "the unable a: no such file; a text itself goes through"),
        (["a " * 70, "-c", "boat.txt"], "question 1: the question's 70 tokens leave no room"),
        (
            ["a", "-c", "boat.txt", "--max-seq-len", "9", "--doc-stride", "6"],
            "error: --doc-stride: 6",
        ),
    ],
)
def test_errors(run, folder, context, monkeypatch, arguments, message):
    """Catches a traceback, and a question that is taken for a file."""
    (context.parent / "empty.txt").write_text("")
    monkeypatch.chdir(context.parent)
    done = run("answer", *arguments, "-m", folder)
    assert done.code == 2 and message in done.err and done.err.count("\n") == 1


def test_a_question_that_no_window_holds(run, folder, tmp_path, wanted):
    """Catches good lines that are lost with it, and an error that names no line or no option."""
    records = [{"question": asked, "context": CONTEXT.rstrip("\n")} for asked in QUESTIONS]
    records.insert(1, {"question": "a " * 70, "context": "the b"})
    path = tmp_path / "what is asked.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    reason = (
        f"{path}: line 2: the question's 70 tokens leave no room for the context in a window of "
        "41; shorten it, or cut it by --max-question-len."
    )
    assert reason in run("answer", path, "-m", folder).error
    done = run("answer", path, "-m", folder, "--json", "--skip-errors")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 1 and found.pop(1) == {"error": reason} and found == wanted()
    cut = run("answer", path, "-m", folder, "--json", "--max-question-len", 30)
    assert cut.code == 0 and json.loads(cut.out.splitlines()[1])["num_truncated_tokens"] == 40
    stride = ("--max-seq-len", 12, "--doc-stride", 8)
    error = run("answer", path, "-m", folder, "--max-question-len", 2, *stride).error
    assert "line 1: beside a question of 2 tokens" in error
    assert "too few for --doc-stride=8; lower it, or raise --max-seq-len." in error


def test_an_option_is_refused_before_the_model_is_looked_for(run, context):
    """Catches a model that is loaded, and perhaps fetched, for a call that cannot be."""
    stride = ("--max-seq-len", 9, "--doc-stride", 6)
    assert "--doc-stride: 6" in run("answer", "a", "-c", context, "-m", "none", *stride).error
