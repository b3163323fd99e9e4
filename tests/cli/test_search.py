"""`npdistil search` and `npdistil similar`: what is found, in every form, and what is refused."""

import json

import pytest

from npdistil import SentenceEncoder, paraphrase_mining
from npdistil.tasks.search.texts import search_texts
from tests.cli.example_files import sentence_model
from tests.cli.running import runner

TEXTS = [
    "the unable", "", "a b c é", "the unable", "b\ta", "zzz !", "c , a b 中", "é é é é é", "a", "b",
    "c", "the the", "unable a",
]  # fmt: skip


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    sentence_model(tmp_path / "model")
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run = runner(monkeypatch, capsys)
    return lambda verb, *arguments, **options: run(verb, *arguments, "-m", "model", **options)


@pytest.fixture
def encoder(run):
    return SentenceEncoder.from_pretrained("model")


def test_search_on_the_fly_and_in_an_index(run, encoder, tmp_path):
    """Catches three ways to search that give three answers, or another query's."""
    wanted = [
        {"query": query, "results": hits}
        for query, hits in zip(
            ["the a", "-b"], search_texts(["the a", "-b"], TEXTS, encoder), strict=True
        )
    ]
    for where in (
        ["--texts", "texts.txt"],
        ["--texts", "texts.txt", "--save-index", "index"],
        ["--index", "index"],
    ):
        done = run("search", "the a", "-", *where, "--json", stdin=b"-b\n")
        assert (done.code, done.err) == (0, "")
        assert [json.loads(line) for line in done.out.splitlines()] == wanted
    about = json.loads((tmp_path / "index" / "index.json").read_text())
    assert (about["model"], about["rows"]) == ("model", len(TEXTS))
    assert len(wanted[0]["results"]) == 10


def test_tab_separated_lines(run, encoder):
    """Catches texts that break a line, and a number that is no row of the file."""
    done = run("search", "b\ta", "-t", "texts.txt", "-k", 3)
    rows = [line.split("\t") for line in done.out.splitlines()]
    (hits,) = search_texts("b\ta", TEXTS, encoder, 3)
    assert [row[0] for row in rows] == ["1"] * 3
    assert rows[0][1:] == ["b\\ta", "1", "4", "b\\ta"]
    assert [row[2:4] for row in rows] == [[f"{h['score']:.6g}", str(h["corpus_id"])] for h in hits]


def test_an_index_without_a_query(run, tmp_path):
    """Catches an index that has to be made by searching, and one that is made anew in silence."""
    done = run("search", "--texts", "texts.txt", "--save-index", "index")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (tmp_path / "index" / "vectors.npy").exists()
    assert "exists already" in run("search", "-t", "texts.txt", "--save-index", "index").error


def test_bad_lines_keep_their_numbers(run, tmp_path):
    """Catches numbers that shift behind a line that was left out."""
    lines = ['{"text": "c"}', "no", '{"text": "the unable"}', "{}", '{"text": "the unable"}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    assert "in.jsonl: line 2" in run("search", "a", "-t", "in.jsonl").error
    done = run("search", "the unable", "-t", "in.jsonl", "--skip-errors", "--json")
    (answer,) = map(json.loads, done.out.splitlines())
    assert [hit["corpus_id"] for hit in answer["results"]] == [2, 4, 0]
    assert done.code == 1 and done.err.endswith("2 of 5 inputs were skipped\n")
    done = run("similar", "in.jsonl", "--skip-errors", "--json", "--threshold", 0.999)
    assert [json.loads(line) for line in done.out.splitlines()] == [
        {"score": pytest.approx(1), "i": 2, "j": 4, "texts": ["the unable", "the unable"]}
    ]
    assert done.code == 1 and "2 of 5 inputs" in done.err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["a"], "--texts, --index: expected one of them"),
        (["a", "-t", "texts.txt", "--index", "i"], "--texts, --index: expected one of them"),
        (["-t", "texts.txt"], "QUERY: expected a text"),
        (["a", "a\udcff", "-t", "texts.txt"], "error: QUERY: lone surrogate U+DCFF at"),
        (["a", "--index", "i", "--save-index", "j"], "--save-index: goes with --texts"),
        (["-", "-t", "-"], "standard input holds queries or texts"),
        (["a", "-t", "texts.txt", "-k", 0], "--top-k: expected a positive integer, not 0"),
        (["a", "-t", "texts.txt", "-k", 99], "99 texts are asked for, but there are 13"),
        (["a", "-t", "none.txt"], "none.txt: no such file"),
        (["a", "-t", "empty.txt"], "texts: none, so there is nothing to search in"),
        (["a", "--index", "model"], "holds no index"),
        (["a", "--index", "none"], "holds no index"),
    ],
)
def test_what_search_refuses(run, tmp_path, arguments, message):
    """Catches a traceback, and options of which one is silently left out."""
    (tmp_path / "empty.txt").write_text("")
    assert message in run("search", *arguments).error


def test_long_texts_are_counted(run, tmp_path):
    """Catches texts that lose their end without a word, or with a warning for each."""
    (tmp_path / "long.txt").write_text("a " * 600 + "\nb\n" + "c " * 600)
    one_warning = "npdistil: warning: 2 of 3 inputs are longer than the model takes; "
    for verb in (
        ["search", "a", "-t", "long.txt"],
        ["search", "a", "-t", "long.txt", "--save-index", "index"],
        ["similar", "long.txt"],
    ):
        done = run(*verb)
        assert done.code == 0 and done.err.startswith(one_warning) and done.err.count("\n") == 1


def test_similar(run, encoder):
    """Catches pairs that are not those of Python, twice the same, or below the threshold."""
    wanted = paraphrase_mining(encoder, TEXTS, min_score=0.7)
    done = run("similar", "texts.txt", "--threshold", 0.7, "--json")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [[pair["score"], pair["i"], pair["j"]] for pair in found] == wanted
    assert found[0]["texts"] == ["the unable", "the unable"] and len(found) > 3
    rows = [
        line.split("\t") for line in run("similar", "texts.txt", "--max-pairs", 2).out.splitlines()
    ]
    assert [row[0] for row in rows] == ["1", "2"]
    assert rows[0][2:] == ["0", "3", "the unable", "the unable"]
    done = run("similar", "-", stdin=b"")
    said = "npdistil: the input is empty, so there are no results\n"
    assert (done.code, done.out, done.err) == (0, "", said)
    done = run("similar", "-", "--threshold", 0.9999, stdin=b"the unable\nc\n")
    assert (done.code, done.out) == (0, "")
    assert done.err == "npdistil: no two of 2 texts have a cosine of 0.9999 or more\n"
    done = run("search", "-", "-t", "texts.txt", stdin=b"")
    assert (done.code, done.out, done.err) == (0, "", said)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--threshold", 2], "--threshold: expected a number from -1 to 1, not 2.0"),
        (["--threshold", "nan"], "--threshold: expected a number from -1 to 1"),
        (["--top-k", 0], "--top-k: expected a positive integer, not 0"),
        (["--max-pairs", 0], "--max-pairs: expected a positive integer, not 0"),
    ],
)
def test_what_similar_refuses(run, arguments, message):
    """Catches options that are looked at after the model is loaded, or never."""
    assert message in run("similar", "texts.txt", *arguments).error
