"""`assert_parity` in somebody else's test run, which it must not slow down or break."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from npdistil import InputError
from npdistil.parity import pytest_plugin
from npdistil.parity.ours import Ours
from npdistil.parity.own_side import OwnSide
from tests.pages import ROOT, sections
from tests.tasks.folders import write_model, write_settings

PLUGIN = "npdistil.parity.pytest_plugin"
TEXTS = ["the unable c", "a"]
checked = pytest_plugin.assert_parity  # under another name, as the plugin may be installed
TESTS = """
import numpy as np

def test_it(assert_parity):
    report = assert_parity("model", dict(np.load("port.npz")))
    assert report.passed and report.activations
    assert assert_parity("model", "port.npz").passed

def test_another(assert_parity):
    arrays = dict(np.load("port.npz"))
    arrays["sentence_embedding"] = -arrays["sentence_embedding"]
    assert_parity("model", arrays)
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    """A model, and what a port of it wrote."""
    model = write_settings(write_model(tmp_path / "model"))
    seen = Ours.from_pretrained(model).observe(TEXTS)
    np.savez(tmp_path / "port.npz", texts=TEXTS, sentence_embedding=seen.embeddings)
    return tmp_path


def run_pytest(folder: Path, *arguments: str, path: str = "") -> str:
    """What a run in a process of its own says, with no other plugin installed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), path]))}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--rootdir",
        ".",
        "-p",
        "no:cacheprovider",
        *arguments,
    ]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.stdout + done.stderr


def entry_point() -> tuple[str, str]:
    """The one that pyproject.toml declares."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (entry,) = project["entry-points"]["pytest11"].items()
    return entry


def install(folder: Path) -> str:
    """What an installer leaves of the entry point, in a folder for the path."""
    site = folder / "site"
    info = site / "anything-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: anything\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[pytest11]\n{} = {}\n".format(*entry_point()))
    return str(site)


def test_a_port_passes_or_fails_with_the_table(folder):
    """Catches a fixture that asserts nothing, or fails without saying where and why."""
    (folder / "test_port.py").write_text(TESTS)
    said = run_pytest(folder, "-p", PLUGIN)
    assert "1 failed, 1 passed" in said, said
    assert "sentence_embedding" in said and "does not compute what the model does" in said
    assert "compare(" not in said  # nobody wants to see our own code


def test_the_entry_point_and_the_option_go_together(folder):
    """Catches a plugin that is registered twice, which pytest refuses, or not at all."""
    (folder / "test_port.py").write_text("def test_it(assert_parity):\n    pass\n")
    assert entry_point() == (PLUGIN, PLUGIN)
    site = install(folder)
    for arguments in [], ["-p", PLUGIN]:
        said = run_pytest(folder, *arguments, path=site)
        assert "1 passed" in said, said


def test_a_run_that_does_not_use_it_imports_nothing(folder, monkeypatch):
    """Catches NumPy, or half of this package, in the start of everybody's tests."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (folder / "test_it.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    own = {name for name in sys.modules if name.startswith('npdistil')}\n"
        f"    assert own == {{'npdistil', 'npdistil.parity', {PLUGIN!r}, 'npdistil.version'}}\n"
        "    assert 'numpy' not in sys.modules\n"
    )
    said = run_pytest(folder, "-p", PLUGIN)
    assert "1 passed" in said, said


def test_the_example_of_the_documentation(folder):
    """Catches an example that was never run."""
    ((_, code, _),) = sections("docs/parity.md")["In a test of your own"]
    name = "weights/all-MiniLM-L6-v2"
    assert code.count(name) == 2
    (folder / "test_port.py").write_text(code.replace(name, "model"))
    (folder / "my_port.py").write_text(
        "from npdistil import SentenceEncoder\n"
        "embed = SentenceEncoder.from_pretrained('model', backend='numpy').encode\n"
    )
    said = run_pytest(folder, "-p", PLUGIN)
    assert "2 passed" in said, said


def test_what_it_takes(folder, checked):
    """Catches a kind of port, or of a model, that is not told from another."""
    ours = Ours.from_pretrained(folder / "model")
    vectors = ours.observe(TEXTS).embeddings
    assert checked(ours, OwnSide(ours)).texts != TEXTS
    assert checked(ours, {"sentence_embedding": vectors}, TEXTS).passed
    pairs = [("the a", "b"), "the a"]
    assert checked(ours, {"sentence_embedding": ours.observe(pairs).embeddings}, pairs).passed
    settings = {"pooling": "cls"}
    arrays = {"texts": TEXTS, "sentence_embedding": vectors, "settings": settings}
    with pytest.raises(AssertionError, match=r"settings\.pooling"):
        checked(folder / "model", arrays)
    with pytest.raises(InputError, match="received int; TransformersSide"):
        checked(ours, 3)
