"""Typed values out of JSON objects: each case names a value that a laxer reader lets through."""

import re
from pathlib import Path
from typing import Any

import pytest

from npdistil.errors import ConfigError, TokenizerError
from npdistil.fields import Fields, active_keys, float_fault, integer_fault

NEUTRAL: dict[str, tuple[object, ...]] = {"decoder": (False, None), "pruned": ({}, None)}


def fields(**values: Any) -> Fields:
    return Fields(values, "a.json", ConfigError)


@pytest.mark.parametrize(
    ("method", "arguments", "accepted", "refused", "expected"),
    [
        ("text", (), ["", "x"], [None, 1, True, ["x"]], "a string"),
        ("flag", (), [True, False], [None, 0, 1, "true"], "true or false"),
        ("optional_flag", (), [True, False, None], [0, "false"], "true or false"),
        ("integer", (2, 4), [2, 3, 4], [1, 5, True, 3.0, "3", None], "an integer from 2 to 4"),
        ("integer", (2,), [2, 10**30], [1, -1, False, None], "an integer of at least 2"),
        ("choice", (("p", "q"),), ["p", "q"], ["r", "P", ""], "one of p, q"),
        ("choice", (("p", "q"),), [], [None, 1], "a string"),
        ("object", (), [], [None, [], "x", 1], "an object"),
    ],
)
def test_by_name_and_type(method, arguments, accepted, refused, expected):
    """Catches True as an integer, 1 as true, null as an empty string, and a bound that is off."""
    for value in accepted:
        assert getattr(fields(x=value), method)("x", *arguments) is value
    for value in refused:
        with pytest.raises(ConfigError, match=rf"^a\.json: x: expected {expected}, received .*\.$"):
            getattr(fields(x=value), method)("x", *arguments)


def test_an_absent_field_takes_the_default_and_null_does_not():
    """Catches null that silently becomes the default: it is a mistake in the file."""
    assert fields().text("x", "y") == "y" and fields().integer("x", 1, 5, 3) == 3
    assert fields().flag("x", False) is False and fields().optional_flag("x") is None
    with pytest.raises(ConfigError, match="received nothing"):
        fields().text("x")
    with pytest.raises(ConfigError, match="received nothing"):
        fields(x=None).text("x", "y")


def test_messages_lead_to_the_place_and_stay_short():
    """Catches an error about "type" in a file with ten of them, and a megabyte in a message."""
    inner = fields(a={"b": {"c": "x" * 10_000}}).object("a").object("b")
    with pytest.raises(ConfigError, match=r"^a\.json: a: b: c: expected true") as caught:
        inner.flag("c")
    assert len(str(caught.value)) < 200
    with pytest.raises(ConfigError, match=r"^a\.json: a: b: d: unknown field; only c, e can be"):
        Fields({"d": 1}, "a.json: a: b", ConfigError).known(("e", "c"))
    with pytest.raises(TokenizerError, match=r"^x: y: expected an object, received 3\.$"):
        Fields({}, "x", TokenizerError).inside(3, "y")


def test_keys_that_would_act():
    """Catches 0 taken for False, and an absent key taken for one that asks for something."""
    assert active_keys({}, NEUTRAL) == []
    assert active_keys({"decoder": False, "pruned": {}, "other": True}, NEUTRAL) == []
    asked = {"decoder": 0, "pruned": {"0": [1]}}
    assert active_keys(asked, NEUTRAL) == [
        "decoder 0 is not built",
        "pruned {'0': [1]} is not built",
    ]


def test_bounds_belong_to_the_range():
    """Catches < for <=, and NaN, which no comparison finds too large."""
    assert integer_fault(1, 1, 3) is None and integer_fault(3, 1, 3) is None
    assert integer_fault(0, 1, 3) == "expected an integer from 1 to 3, received 0"
    assert float_fault(0.5, 0.5, 1.0) is None and float_fault(1.0, 0.5, 1.0) is None
    for wrong in (float("nan"), 0.4, 1.1, 1, None, "0.5"):
        assert re.match(r"expected a float from 0\.5 to 1\.0, rec", float_fault(wrong, 0.5, 1.0))


def test_a_file_may_be_absent_where_that_is_said(tmp_path: Path):
    """Catches a link that leads nowhere, or a folder, taken for an absent file."""
    path = tmp_path / "a.json"
    assert Fields.from_optional_file(path, ConfigError).value == {}
    with pytest.raises(ConfigError, match="no such file"):
        Fields.from_file(path, ConfigError)
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="no such file"):
        Fields.from_optional_file(path, ConfigError)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="not a regular file"):
        Fields.from_optional_file(path, ConfigError)
    with pytest.raises(ConfigError, match="cannot be looked up"):
        Fields.from_optional_file(tmp_path / ("x" * 5000), ConfigError)
