"""What a JSON of measurements says about where they were made."""

from importlib.metadata import version
from pathlib import Path

import pytest

from tools.machine import cpu_flags, cpu_name, processors, versions


def test_the_machine_is_named():
    """A JSON that does not say where it was measured."""
    assert cpu_name()
    assert processors() >= 1
    assert versions(("numpy",)) == {"numpy": version("numpy")}


@pytest.mark.parametrize("system", ["x86-64", "ARM64", "none"])
def test_fields_of_the_processor(system, monkeypatch):
    """A field read from another line, or a failure where there is no such file."""
    text = {
        "x86-64": "model\t\t: 207\nmodel name\t: A: b\nflags\t\t: fma avx2\nflags\t\t: x\n",
        "ARM64": "Features\t: fp asimd\n",
        "none": None,
    }[system]

    def read_text(self, encoding):
        if text is None:
            raise FileNotFoundError(self)
        return text

    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setattr("platform.processor", lambda: "from platform")
    assert cpu_name() == ("A: b" if system == "x86-64" else "from platform")
    expected = {"x86-64": ["avx2", "fma"], "ARM64": ["asimd", "fp"], "none": []}
    assert cpu_flags() == expected[system]
