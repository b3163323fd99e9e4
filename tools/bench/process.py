"""The parent's side of an engine's process: one question at a time, and stopped in between."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import Any, Self

from tools.bench.models import ROOT

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NPDISTIL_NUM_THREADS",
)
CAN_STOP = hasattr(signal, "SIGSTOP")


class BenchError(Exception):
    """One line that says why nothing was measured."""


class EngineProcess:
    """An engine in its own process. Outside its turn it is stopped, so its threads cannot spin."""

    def __init__(self, engine: str, folder: object, threads: int) -> None:
        """Start it and wait until it is loaded.

        Raises:
            BenchError: it ended instead.
        """
        self.name = f"{engine}, {threads} thread{'s' if threads > 1 else ''}"
        self.engine, self.threads = engine, threads
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        budget = dict.fromkeys(THREAD_VARIABLES, str(threads))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.bench.worker", engine, str(folder), str(threads)],
            cwd=ROOT,
            env={**os.environ, **budget, "TRANSFORMERS_VERBOSITY": "error"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
        )
        try:
            self._read()
        except BaseException:
            self.close()
            raise

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        """Wake it, ask, wait for the answer, stop it.

        Raises:
            BenchError: it ended instead of answering; with the last line that it wrote.
        """
        assert self._process.stdin is not None
        if CAN_STOP:
            self._process.send_signal(signal.SIGCONT)
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # reading says why
        return self._read()

    def close(self) -> None:
        """End it, stopped or not."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass  # a question that it never read

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            last = (self._errors.read().strip() or "no word").splitlines()[-1]
            raise BenchError(f"{self.name}: the process ended: {last}")
        if CAN_STOP:
            self._process.send_signal(signal.SIGSTOP)
        answer: dict[str, Any] = json.loads(line)
        return answer
