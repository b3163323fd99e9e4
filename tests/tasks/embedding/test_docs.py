"""The example of docs/embedding.md."""

import contextlib
import io
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent.parent
EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def test_the_example_prints_what_it_shows(minilm_folder, monkeypatch):
    """An example that nobody ran since the interface changed."""
    monkeypatch.chdir(ROOT)
    content = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
    ((code, printed),) = EXAMPLE.findall(content)
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(code, "embedding.md", "exec"), {})
    assert output.getvalue() == printed
