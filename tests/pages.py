"""Running the code of a page of the documentation."""

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
_SECTION = re.compile(r"^## ", re.MULTILINE)
_BLOCK = re.compile(r"```(python|bash)\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)


class Block(NamedTuple):
    """Some code of a page: its language, "python" or "bash", and the text block behind it."""

    language: str
    code: str
    printed: str | None


def sections(page: str) -> dict[str, list[Block]]:
    """The blocks of each section that has a title, by title; "" for what stands before them."""
    text = (ROOT / page).read_text(encoding="utf-8")
    parts = [part.partition("\n") for part in _SECTION.split("## \n" + text) if part]
    return {
        title: [Block(name, code, printed or None) for name, code, printed in _BLOCK.findall(part)]
        for title, _, part in parts
    }


def run_python(page: str, code: str, namespace: dict[str, object]) -> str:
    """What a block prints."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(code, page, "exec"), namespace)
    return output.getvalue()


class Shell:
    """A shell that finds this `npdistil`, and stops at the first command that fails."""

    def __init__(self, programs: Path) -> None:
        """Write the command into a folder."""
        programs.mkdir()
        program = programs / "npdistil"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m npdistil "$@"\n')
        program.chmod(0o755)
        self._programs = programs

    def run(self, code: str, folder: Path) -> str:
        """What a block prints; standard error may say what was done, but not warn."""
        path = f"{self._programs}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code],
            cwd=folder,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
        return done.stdout


def run_blocks(page: str, blocks: list[Block], folder: Path, shell: Shell) -> None:
    """Run blocks in order, in the folder that is the working directory; compare what they print.

    Python blocks share their names. A block with nothing shown behind it may print what it likes.
    """
    namespace: dict[str, object] = {}
    for language, code, shown in blocks:
        if language == "python":
            printed = run_python(page, code, namespace)
        else:
            printed = shell.run(code, folder)
        if shown is not None:
            assert printed == shown
