"""docs/functions.md is what the committed JSON says, of these functions, within their bounds."""

import copy
import json

import numpy as np
import pytest

from npdistil.config import HIDDEN_ACTS
from tools import check_functions as tool
from tools.readme_block import read_block


@pytest.fixture(scope="module")
def committed() -> tool.Row:
    return json.loads(tool.JSON.read_text(encoding="utf-8"))


def test_the_page_is_what_the_json_renders_to(committed):
    """A table edited by hand, or a name that the page forgets."""
    page = tool.PAGE.read_text(encoding="utf-8")
    assert read_block(page, "functions") == tool.render(committed)
    assert all(name in page for name in HIDDEN_ACTS)


def test_every_float_was_tested_and_kept_its_promise(committed):
    """A table of a sample, or of a run that failed."""
    assert tool.beyond(committed) == []
    for name, row in committed["functions"].items():
        assert row["floats"] == 2**32, name
        assert row["nan_in"] == row["nan_out"] == 2 * (2**23 - 1), name
    assert set(committed["functions"]) == set(tool.PROMISES)


def test_the_functions_are_those_of_the_table(committed):
    """A coefficient changed after the table was made: `make functions` makes it again."""
    assert tool.sample_digest() == committed["sample"]


def test_what_breaks_a_promise_is_named(committed):
    """A tool that writes a failure down as a table."""
    for key, value in [("error", 9.0), ("error", float("nan")), ("nan_wrong", 1)]:
        found = copy.deepcopy(committed)
        found["functions"]["tanh"][key] = value
        assert [problem.partition(":")[0] for problem in tool.beyond(found)] == ["tanh"]
    found = copy.deepcopy(committed)
    found["functions"]["silu"]["at_infinity"] = ["nan", "inf"]
    assert [problem.partition(":")[0] for problem in tool.beyond(found)] == ["silu"]


def test_a_missed_bound_writes_nothing(committed, monkeypatch, tmp_path, capsys):
    """The last good table replaced by a bad one."""
    found = copy.deepcopy(committed)
    found["functions"]["exp"]["error"] = 2.5
    monkeypatch.setattr(tool, "measure", lambda names, every, processes: found)
    monkeypatch.setattr(tool, "JSON", tmp_path / "functions.json")
    assert tool.main([]) == 1
    assert "exp: 2.5 ulp, allowed is 2" in capsys.readouterr().err
    assert not tool.JSON.exists()


def test_one_function_alone_keeps_the_others(committed, monkeypatch, tmp_path):
    """Rows lost or out of order, or the old row in place of the new one."""
    monkeypatch.setattr(tool, "JSON", tmp_path / "functions.json")
    monkeypatch.setattr(tool, "PAGE", tmp_path / "functions.md")
    tool.JSON.write_text(json.dumps(committed))
    tool.PAGE.write_text("<!-- functions:begin -->\n<!-- functions:end -->\n")
    row = {**committed["functions"]["relu"], "at": 5.0}
    found = {**committed, "functions": {"relu": row}}
    monkeypatch.setattr(tool, "measure", lambda names, every, processes: found)
    assert tool.main(["--only", "relu"]) == 0
    written = json.loads(tool.JSON.read_text())["functions"]
    assert list(written) == list(tool.PROMISES)
    assert written == {**committed["functions"], "relu": row}


@pytest.mark.parametrize(
    ("y", "exact", "units"),
    [
        (1.0 + 2.0**-23, 1.0, 1.0),
        (1.0, 1.0 - 2.0**-24, 1.0),  # just below 1 the unit is half as large
        (2.0**-149, 0.0, 1.0),
        (2.0**-126 + 2.0**-149, 2.0**-126, 1.0),
        (np.inf, 2.0**128 - 2.0**104, 1.0),
        (np.inf, 1e300, 0.0),
        (2.0**128 - 2.0**104, np.inf, 1.0),
    ],
)
def test_units_in_the_last_place(y, exact, units):
    """Units of the wrong binade, of subnormal results, or infinity counted as no error."""
    assert tool.ulps(np.array([y]), np.array([exact]))[0] == units


def test_chunks_cover_everything_once_and_steps_cross_their_edges(monkeypatch):
    """Floats between two chunks that nobody tests, and a step down just there."""
    assert list(tool.chunks(1)) == list(range(0, 2**32, tool.CHUNK))

    def computed(name, x_N):
        return np.where(x_N < 1, np.float32(1), np.float32(0))

    monkeypatch.setattr(tool, "computed", computed)
    one = int(np.array(1, np.float32).view(np.uint32))
    before = tool.check_chunk("sigmoid", one - tool.CHUNK, 1)
    after = tool.check_chunk("sigmoid", one, 1)
    assert (before["steps_down"], after["steps_down"]) == (1, 0)
    both = tool.merge(before, after)
    assert (both["steps_down"], both["floats"]) == (1, 2 * tool.CHUNK)
    assert both["error"] == max(before["error"], after["error"])
    nan = tool.check_chunk("sigmoid", 0x7FC00000, 1)
    assert nan["nan_in"] == tool.CHUNK == nan["nan_wrong"]
