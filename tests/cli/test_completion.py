"""`npdistil completion`: scripts that complete what there is, tried in a real bash."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from npdistil.cli.completion import SHELLS
from npdistil.cli.main import VERBS
from tests.cli.running import runner

# What readline does at <Tab>: ask for the function of the program's completion, and call it.
COMPLETE = """
source "$1"
COMP_WORDS=("${@:2}")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMP_LINE="${COMP_WORDS[*]}"
COMP_POINT=${#COMP_LINE}
function=$(complete -p npdistil | sed -E 's/.*-F ([^ ]+).*/\\1/')
"$function" npdistil "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
bash_only = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("bash") is None, reason="needs bash"
)


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture
def complete(run, tmp_path, monkeypatch):
    """What bash offers for the words of a command line."""
    (tmp_path / "a_folder").mkdir()
    (tmp_path / "a_file.txt").touch()
    (tmp_path / "script").write_text(run("completion", "bash").out)
    monkeypatch.chdir(tmp_path)

    def offered(*words: str) -> set[str]:
        done = subprocess.run(
            ["bash", "--norc", "-c", COMPLETE, "bash", "./script", "npdistil", *words],
            capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return {line.rstrip("/ ") for line in done.stdout.splitlines()} - {""}

    return offered


@bash_only
def test_bash_completes(complete, tmp_path):
    """Catches a script that does not load, and verbs, options, choices and files it misses."""
    assert complete("em") == {"embed"}
    assert set(VERBS) <= complete("")
    assert complete("embed", "--resu") == {"--resume"}
    assert {"--shard", "--skip-errors", "--output"} <= complete("embed", "--")
    assert complete("embed", "--backend", "num") == {"numba", "numpy"}
    assert complete("completion", "") == {*SHELLS}
    assert Path("script").exists() and {"a_file.txt", "a_folder"} <= complete("embed", "a_")
    assert complete("embed", "-m", "a_") == {"a_folder"}
    assert complete("fill-mask", "--top") == {"--top-k"}


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_all_verbs(run, shell):
    """Catches a shell for which only the verb that was called is known."""
    done = run("completion", shell)
    assert (done.code, done.err) == (0, "")
    assert [verb for verb in VERBS if verb not in done.out] == []
    assert "skip-errors" in done.out or "skip_errors" in done.out


def test_without_shtab(run, monkeypatch):
    """Catches an ImportError."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'npdistil[completion]'" in run("completion", "bash").error
