"""`npdistil classify` and `npdistil rerank`: what they print, and what they refuse."""

import json

import pytest

from npdistil import CrossEncoder, TextClassification, ZeroShotClassification
from tests.cli.running import runner
from tests.tasks.classification.folders import NLI, write_classifier
from tests.tasks.folders import write_json

TEXTS = ["the unable", "a b c é", "", "b " * 60]


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture(scope="module")
def nli(tmp_path_factory):
    return write_classifier(tmp_path_factory.mktemp("nli"), NLI)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return write_classifier(tmp_path_factory.mktemp("one"), 1)


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    return path


def json_lines(done) -> list:
    return [json.loads(line) for line in done.out.splitlines()]


def test_classify(run, texts, nli):
    """Catches a shifted line, options that reach nobody, and truncation that nobody tells."""
    task = TextClassification.from_pretrained(nli)
    done = run("classify", texts, "-m", nli, "--json")
    found = json_lines(done)
    assert found[3].pop("num_truncated_tokens") == 21
    assert done.code == 0 and found == task(TEXTS)
    assert done.err == (
        "npdistil: warning: 1 of 4 inputs are longer than the model takes; 21 tokens were left "
        "out\n"
    )
    options = ("--top-k", "all", "--function-to-apply", "none", "--backend", "numpy")
    done = run("classify", texts, "-m", nli, "--json", *options)
    numpy = TextClassification.from_pretrained(nli, "numpy")
    found = json_lines(done)
    assert [row.pop("num_truncated_tokens") for row in found[3]] == [21, 21, 21]
    assert found == numpy(TEXTS, top_k=None, function_to_apply="none")


def test_classify_in_lines(run, texts, nli):
    """Catches rows that lack their text, or their number, and one row for several labels."""
    done = run("classify", texts, "-m", nli, "--top-k", 2)
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[0] for row in rows] == ["1", "1", "2", "2", "3", "3", "4", "4"]
    found = TextClassification.from_pretrained(nli)(TEXTS[1], top_k=2)
    assert rows[2:4] == [["2", TEXTS[1], r["label"], f"{r['score']:.6g}"] for r in found]


def test_classify_pairs(run, tmp_path, nli):
    """Catches a second text that is not read, and one that is no text."""
    path = tmp_path / "pairs.jsonl"
    pairs = [{"text": "a b", "text_pair": "the c"}, {"text": "a b"}]
    path.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    done = run("classify", path, "-m", nli, "--json")
    task = TextClassification.from_pretrained(nli)
    assert json_lines(done) == task(pairs)
    path.write_text('{"text": "a", "text_pair": 5}\n{"text": "b"}\n')
    done = run("classify", path, "-m", nli, "--json", "--skip-errors")
    message = f'{path}: line 1: field "text_pair": expected a string, received int.'
    assert done.code == 1 and json_lines(done) == [{"error": message}, *task(["b"])]


def test_classify_by_any_labels(run, tmp_path, nli):
    """Catches labels, template or --multi-label that reach nobody; an empty line names itself."""
    path = tmp_path / "in.txt"
    path.write_text("the unable\n\na b\n")
    task = ZeroShotClassification.from_pretrained(nli)
    labels = ("--labels", "a, b,c c")
    done = run("classify", path, "-m", nli, "--json", "--skip-errors", *labels)
    first, error, last = json_lines(done)
    assert done.code == 1 and [first, last] == task(["the unable", "a b"], "a,b,c c")
    assert error["error"].endswith("line 2: the text is empty; there is nothing to classify.")
    more = ("--multi-label", "--hypothesis-template", "the {} b", "--top-k", 1)
    done = run("classify", "-", "-m", nli, *labels, *more, stdin=b"a b\n")
    wanted = task("a b", "a,b,c c", multi_label=True, hypothesis_template="the {} b")
    assert done.out == f"1\ta b\t{wanted['labels'][0]}\t{wanted['scores'][0]:.6g}\n"


def test_rerank(run, texts, one):
    """Catches numbers of ranks instead of lines, the best last, and --top-k that cuts first."""
    task = CrossEncoder.from_pretrained(one)
    wanted = task.rank("a b", TEXTS, return_documents=True)
    done = run("rerank", "a b", texts, "-m", one, "--json")
    found = json_lines(done)
    lost = [row.pop("num_truncated_tokens", 0) for row in found]
    assert done.code == 0 and found == wanted
    assert lost == [row.num_truncated_tokens for row in wanted] and sum(lost) > 0
    assert "warning: 1 of 4 documents are longer, with the query, than the model" in done.err
    done = run("rerank", "a b", texts, "-m", one, "--top-k", 2)
    assert done.out == "".join(
        f"{row['corpus_id'] + 1}\t{row['score']:.6g}\t{row['text']}\n" for row in wanted[:2]
    )


def test_rerank_with_a_prompt(run, texts, tmp_path):
    """Catches options that reach nobody, and a prompt before the documents."""
    folder = write_classifier(tmp_path / "prompts", 1)
    settings = {"model_type": "CrossEncoder", "prompts": {"query": "un", "other": "the b "}}
    write_json(folder / "config_sentence_transformers.json", settings)
    plain = run("rerank", "able", texts, "-m", folder).out
    for options, query in (
        (("--prompt", "un"), "unable"),
        (("--prompt-name", "query"), "unable"),
        (("--prompt-name", "other"), "the b able"),
    ):
        found = run("rerank", "able", texts, "-m", folder, *options).out
        assert found == run("rerank", query, texts, "-m", folder).out != plain
    error = run("rerank", "able", texts, "-m", folder, "--prompt-name", "x").error
    assert "--prompt-name: expected one of ['query', 'other'], received 'x'" in error
    error = run("rerank", "a", texts, "-m", folder, "--prompt", "a", "--prompt-name", "x").error
    assert "not allowed with" in error


def test_rerank_for_a_query_from_standard_input(run, texts, one):
    """Catches - as a query of one character, which would order the documents without a word."""
    wanted = run("rerank", "a b", texts, "-m", one).out
    assert run("rerank", "-", texts, "-m", one, stdin=b"a b\n").out == wanted
    assert wanted != run("rerank", "c", texts, "-m", one).out
    two = run("rerank", "-", texts, "-m", one, stdin=b"a\nb\n")
    assert "QUERY: standard input has 2 lines; expected one, the query." in two.error
    assert "the query or the documents" in run("rerank", "-", "-", "-m", one, stdin=b"a").error


def test_rerank_counts_lines_of_all_files(run, tmp_path, one):
    """Catches line numbers of good documents alone, and of each file from 1."""
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n{}\n{"text": "unable"}\n')
    (tmp_path / "b.txt").write_text("c\n")
    files = (tmp_path / "a.jsonl", tmp_path / "b.txt")
    done = run("rerank", "the b", *files, "-m", one, "--json", "--skip-errors")
    assert done.code == 1 and "1 of 4 inputs were skipped" in done.err
    found = {row["corpus_id"]: row["text"] for row in json_lines(done)}
    assert found == {0: "a", 2: "unable", 3: "c"}
    out = tmp_path / "ranked.jsonl"
    assert run("rerank", "the b", tmp_path / "b.txt", "-m", one, "-o", out).code == 0
    assert json.loads(out.read_text())["text"] == "c"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("classify", "--multi-label"), "--multi-label: works with --labels only."),
        (("classify", "--hypothesis-template", "a {}"), "--hypothesis-template: works with"),
        (("classify", "--labels", "a", "--function-to-apply", "none"), "does not work with"),
        (("classify", "--labels", ","), "--labels: expected at least one label, received none."),
        (("classify", "--labels", "a," + "b " * 60), "--labels: 'b b b b"),
        (
            ("classify", "--labels", "a", "--hypothesis-template", "{b}"),
            "--hypothesis-template: '{b}'",
        ),
        (("classify", "--hypothesis-template", ""), "--hypothesis-template: works with"),
        (
            ("classify", "--labels", "a", "--hypothesis-template", ""),
            "'' has no place for the label",
        ),
        (("classify", "--labels", "a", "--hypothesis-template", "a"), "has no place for the label"),
        (("classify", "--top-k", "0"), 'expected a positive integer or "all", received'),
        (("classify", "--function-to-apply", "relu"), "invalid choice: 'relu'"),
        (("rerank", "a b"), "`npdistil classify` scores pairs by the labels"),
        (("rerank", "a b", "--top-k", "0"), "--top-k: expected a positive integer, not 0"),
    ],
)
def test_refusals(run, texts, nli, arguments, message):
    """Catches a traceback, and an answer to options that contradict each other."""
    verb, *others = arguments
    query = others[:1] if verb == "rerank" else []
    done = run(verb, *query, texts, "-m", nli, *others[len(query) :])
    assert message in done.error


def test_labels_are_looked_at_before_the_model(run, texts):
    """Catches a model that is loaded, and warns, for no label."""
    for labels in ("", " , "):
        error = run("classify", texts, "-m", "none", "--labels", labels).error
        assert "--labels: expected at least one label" in error


def test_the_template_is_that_of_the_class(run, texts, nli):
    """Catches two defaults that drift apart."""
    (found,) = json_lines(run("classify", "-", "-m", nli, "--json", "--labels=a,c", stdin=b"b\n"))
    assert found == ZeroShotClassification.from_pretrained(nli)("b", ["a", "c"])


@pytest.mark.parametrize("verb", [["classify"], ["rerank", "a b"]])
def test_no_input_at_all(run, one, verb):
    """Catches silence that looks like a lost answer, and an error where nothing is wrong."""
    done = run(*verb, "-", "-m", one, stdin=b"")
    said = "npdistil: the input is empty, so there are no results\n"
    assert (done.code, done.out, done.err) == (0, "", said)


def test_a_text_that_is_no_file(run, one):
    """Catches "no such file" for the text itself, and nothing said of what to do."""
    for verb in (["classify", "A warm film."], ["rerank", "a", "b " * 200]):
        error = run(*verb, "-m", one).error
        assert "no such file; a text itself goes through standard input" in error
        assert "echo TEXT | npdistil ... -" in error
