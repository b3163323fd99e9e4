"""What the book's tests share: its folder, its chapters, and how it is built."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "docs" / "book"
# The book is no package: its files are found as in the reader's command and in the cells.
sys.path.append(str(BOOK))
CHECK, FIGURES = map(importlib.import_module, ("check", "figures"))
PAGES = {int(page.name[:2]): page for page in sorted(BOOK.glob("0*.md"))}


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Build pages as `make book` does, options included."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    options = re.findall(r"-m sphinx (.*?) docs/book ", makefile)
    assert len(options) == 1
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *options[0].split(), source, target],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=280,
    )
