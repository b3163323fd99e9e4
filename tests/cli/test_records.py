"""Inputs, errors and forms of output that all verbs share, on a verb that computes nothing."""

import json
from pathlib import Path

import pytest

from npdistil.cli import cache, read_lines
from tests.cli import tiny_verb
from tests.cli.running import runner


@pytest.fixture
def run(monkeypatch, capsys):
    monkeypatch.setattr(cache, "add_arguments", tiny_verb.add_arguments)
    monkeypatch.setattr(cache, "run", tiny_verb.run)
    run = runner(monkeypatch, capsys)
    return lambda *arguments, **options: run("cache", *arguments, **options)


GOOD = b'{"text": "a b"}\n{"text": "", "id": 7}\n{"text": "\\u00e9\\t"}'


def test_text_lines(run, tmp_path):
    """Catches rows that cannot be put back to their lines: of an empty text, or of several."""
    path = tmp_path / "in.txt"
    path.write_bytes(b"\xef\xbb\xbfone two\r\n\nx\ty\n\xe2\x80\xa8")
    done = run(path)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "1\tone\t7\t2.33333\n1\ttwo\t7\t2.33333\n2\t\t\t\n3\tx\\ty\t3\t1\n4\t\\u2028\t1\t0.333333\n"
    )


@pytest.mark.parametrize("stdin", [True, False])
def test_json_lines(run, tmp_path, stdin):
    """Catches a suffix or --jsonl that is not looked at, and results that are not JSON."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(GOOD)
    done = run("-", "--jsonl", "--json", stdin=GOOD) if stdin else run(path, "--json")
    assert (done.code, done.err) == (0, "")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [line["text"] for line in found] == ["a b", "", "é\t"]
    assert found[0] == {"text": "a b", "length": 3, "share": 1.0}


def test_several_inputs(run, tmp_path):
    """Catches numbers that begin anew, inputs in another order, and one kind for all."""
    (tmp_path / "z.jsonl").write_bytes(GOOD)
    (tmp_path / "a.txt").write_bytes(b'{"text": 1}')
    done = run(tmp_path / "z.jsonl", "-", tmp_path / "a.txt", stdin=b"q\n")
    numbers = [line.split("\t")[:2] for line in done.out.splitlines()]
    assert numbers == [
        ["1", "a"], ["1", "b"], ["2", ""], ["3", "é\\t"], ["4", "q"],
        ["5", '{"text":'], ["5", "1}"],
    ]  # fmt: skip


BAD = {
    "not_utf8": (b"a\xff", "line 2 is not UTF-8 (byte 0xff); convert the file first"),
    "no_json": (b"{text: 1}", "line 2: not valid JSON: "),
    "empty": (b"", "line 2: is empty; expected a JSON object."),
    "list": (b'["a"]', "line 2: expected a JSON object, received list."),
    "nan": (b'{"text": NaN}', "line 2: not valid JSON: NaN is not JSON"),
    "missing": (b'{"sentence": "a"}', 'line 2: field "text" is missing; it has "sentence".'),
    "nothing": (b"{}", 'line 2: field "text" is missing; it has no field.'),
    "number": (b'{"text": 5}', 'line 2: field "text": expected a string, received int.'),
    "surrogate": (b'{"text": "\\ud83d"}', "line 2: holds a lone surrogate"),
    "check": (b'{"text": "refused"}', 'line 2: "text": may not be "refused".'),
    "long": (b'{"text": "%b"}' % (b"x" * 300), "line 2 has more than 200 bytes."),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_lines(run, tmp_path, name, monkeypatch):
    """Catches a line that is not named, results that shift, and exit code 0."""
    monkeypatch.setattr(read_lines, "MAX_LINE_BYTES", 200)
    content, message = BAD[name]
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"text": "a"}\n' + content + b'\n{"text": "c"}\n')
    stopped = run(path, "--json")
    assert f"in.jsonl: {message}" in stopped.err and "--skip-errors" in stopped.err
    assert (stopped.code, stopped.err.count("\n")) == (2, 1)

    skipped = run(path, "--json", "--skip-errors")
    first, second, third = map(json.loads, skipped.out.splitlines())
    assert (first["text"], third["text"]) == ("a", "c")
    assert list(second) == ["error"] and f"in.jsonl: {message}" in second["error"]
    *reasons, total = skipped.err.splitlines()
    assert skipped.code == 1 and total == "npdistil: 1 of 3 inputs were skipped"
    assert reasons == ["npdistil: skipped: " + second["error"]]

    rows = [line.split("\t") for line in run(path, "--skip-errors").out.splitlines()]
    assert [row[0] for row in rows] == ["1", "2", "3"] and {len(row) for row in rows} == {4}
    assert rows[1][1].startswith("error: ") and message[:20] in rows[1][1]


def test_many_bad_lines(run):
    """Catches an order that is lost at windows, all lines bad, and a report without end."""
    lines = [b"{}" if n % 3 else b'{"text": "%d"}' % n for n in range(1000)]
    done = run("-", "--jsonl", "--json", "--skip-errors", stdin=b"\n".join(lines))
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [line.get("text") for line in found] == [None if n % 3 else str(n) for n in range(1000)]
    assert done.err.count("\n") == 12 and "skipped: and 656 more" in done.err
    assert "666 of 1000 inputs" in done.err
    done = run("-", "--jsonl", "--json", "--skip-errors", stdin=b"x\ny\n")
    assert (done.code, done.out.count("error")) == (1, 2)


def test_truncated_inputs_are_counted(run):
    """Catches texts that lose their end without a word, or with a warning for each."""
    done = run("-", stdin=b"x" * 53 + b"\na\n" + b"y" * 51)
    assert done.code == 0
    assert done.err == (
        "npdistil: warning: 2 of 3 inputs are longer than the model takes; 4 tokens were left out\n"
    )


def test_output_file(run, tmp_path):
    """Catches a file of a run that failed, and forms that differ from standard output's."""
    out = tmp_path / "out.txt"
    assert run("-", "-o", out, stdin=b"a b\n").out == ""
    assert out.read_text() == run("-", stdin=b"a b\n").out
    assert "line 2 is not UTF-8" in run("-", "-o", out, stdin=b"a\n\xff").error
    assert out.read_text() == "1\ta\t3\t1\n1\tb\t3\t1\n"
    for name, options in (("x.jsonl", []), ("x.txt", ["--json"])):
        assert run("-", "-o", tmp_path / name, *options, stdin=b"a b\n").code == 0
        assert json.loads((tmp_path / name).read_text())["length"] == 3
    assert "make it first" in run("-", "-o", tmp_path / "no" / "x", stdin=b"a").error


REFUSED = {
    "missing_second": (["-", "{tmp}/absent"], "absent: no such file"),
    "folder": (["{tmp}"], "not a regular file"),
    "stdin_twice": (["-", "-"], "'-' (standard input) can be read only once"),
    "pairs_of_lines": (["-", "--pairs"], 'JSON lines with "text" and "text_pair"'),
}


@pytest.mark.parametrize("name", REFUSED)
def test_inputs_that_cannot_be_read(run, tmp_path, name):
    """Catches a missing file that is met when the others are done."""
    arguments, message = REFUSED[name]
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    assert message in run(*arguments, stdin=b"a\n").error


def test_lines_across_chunks(tmp_path, monkeypatch):
    """Catches lines torn where a chunk of the file ends, and a long one that stays in memory."""
    content = b"\xef\xbb\xbfab\r\n\ncdefgh\r\nlonger than it may be\nx\r\r\n\r"
    path = tmp_path / "in"
    path.write_bytes(content)
    monkeypatch.setattr(read_lines, "MAX_LINE_BYTES", 8)
    wanted = [b"ab", b"", b"cdefgh", None, b"x\r", b""]
    for chunk in range(3, len(content) + 1):
        monkeypatch.setattr(read_lines, "CHUNK", chunk)
        lines = [*read_lines.read_lines([str(path)])]
        assert [line.content for line in lines] == wanted
        assert [line.start for line in lines] == [0, 7, 8, 16, 38, 42]
    assert [line.number for line in lines] == [1, 2, 3, 4, 5, 6]


def test_an_input_that_changes_while_it_is_read(tmp_path, monkeypatch):
    """Catches half an old file and half a new one, taken for one."""
    path: Path = tmp_path / "in"
    path.write_bytes(b"a\nb\nc\n")
    monkeypatch.setattr(read_lines, "CHUNK", 2)
    lines = read_lines.read_lines([str(path)])
    next(lines)
    path.write_bytes(b"a")
    with pytest.raises(read_lines.InputError, match="changed while it was read"):
        list(lines)
