"""One hash of what a real model makes of many texts, computed here, in children, or elsewhere.

`test_minilm_invariance.py` calls it, and runs it as a program: `python -m tests.tasks.one_hash
FOLDER` prints the hash that each kind of process arrives at, as JSON.
"""

import faulthandler
import hashlib
import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from npdistil import SentenceEncoder
from npdistil.heads.sentence_embedding import SentenceEmbedding

SENTENCES = Path(__file__).parent.parent.parent / "tools" / "demo" / "sentences.txt"
TEXTS = [
    *SENTENCES.read_text(encoding="utf-8").splitlines()[::9],
    "", "x", "中", "long " * 60, "longer " * 130, "longest " * 400,
]  # fmt: skip
# Rows of ids, for what the encoder itself returns: one token, a full sequence, and between.
LENGTHS = (1, 2, 256, 3, 16, 1, 100, 17, 47, 5, 256, 31)
SECONDS = 60  # a child that hangs is a failure with a traceback


def outputs(model: SentenceEncoder, batch_size: int, seed: int | None) -> list[bytes]:
    """Each text's two embeddings and each row's hidden states, in the order of the lists above.

    A text's first token is pooled too: the last layer then has a form of its own.

    Args:
        model: all-MiniLM-L6-v2.
        batch_size: texts, and rows, computed together.
        seed: shuffles what is handed over; None keeps the order.
    """
    orders = [np.arange(len(TEXTS)), np.arange(len(LENGTHS))]
    if seed is not None:
        orders = [np.random.default_rng(seed).permutation(order) for order in orders]
    head, limit = SentenceEmbedding(("cls",), normalize=True), model.max_seq_length
    by_first = SentenceEncoder(model.tokenizer, model.encoder, head, limit)
    results = {}
    for name, encoder in (("text", model), ("first", by_first)):
        for start in range(0, len(TEXTS), batch_size):
            part = orders[0][start : start + batch_size]
            vectors = encoder.encode([TEXTS[n] for n in part], show_progress_bar=False)
            results |= {(name, n): vectors[place].tobytes() for place, n in enumerate(part)}
    for start in range(0, len(LENGTHS), batch_size):
        part = orders[1][start : start + batch_size]
        ids_BL, mask_BL = np.zeros((2, len(part), max(LENGTHS[n] for n in part)), int)
        for b, n in enumerate(part):
            ids_BL[b, : LENGTHS[n]] = np.random.default_rng(n).integers(1000, 30000, LENGTHS[n])
            mask_BL[b, : LENGTHS[n]] = 1
        hidden_BLD = model.encoder(ids_BL, mask_BL).last_hidden_state
        for b, n in enumerate(part):
            results["ids", n] = hidden_BLD[b, : LENGTHS[n]].tobytes()
    return [results[key] for key in sorted(results)]


def one_hash(model: SentenceEncoder, batch_size: int, seed: int | None = None) -> str:
    """sha256 of all output bytes."""
    return hashlib.sha256(b"".join(outputs(model, batch_size, seed))).hexdigest()


MODELS: list[SentenceEncoder] = []  # what a forked child finds, and a spawned one does not


def answer(pipe: Connection, folder: str, num_threads: int) -> None:
    """A child's work: with the parent's model if there is one, else with its own."""
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    model = MODELS[0] if MODELS else SentenceEncoder.from_pretrained(folder, "numba", num_threads)
    pipe.send(one_hash(model, 7, seed=num_threads))
    pipe.close()


def from_child(method: str, folder: str, num_threads: int = 2) -> str:
    """The hash of a child of multiprocessing."""
    context = multiprocessing.get_context(method)
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=answer, args=(send, folder, num_threads))
    process.start()
    send.close()
    try:
        found = receive.recv()
    except EOFError:
        found = "died without an answer"
    process.join()
    return found if process.exitcode == 0 else f"exit code {process.exitcode}"


def from_fork(folder: str) -> str:
    """The hash of a child by os.fork, which leaves without Python's farewell."""
    receive, send = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            os.write(send, one_hash(MODELS[0], 32, seed=4).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(send)
    with os.fdopen(receive) as stream:
        found = stream.read()
    _, status = os.waitpid(pid, 0)
    return found if status == 0 else f"status {status}"


def while_encoding(call: Callable[[str], str], folder: str) -> str:
    """The hash of a child that was made while another thread was inside the model."""
    stop, busy = threading.Event(), threading.Event()

    def work() -> None:
        while not stop.is_set():
            MODELS[0].encode(TEXTS[:20], show_progress_bar=False)
            busy.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert busy.wait(SECONDS)
        return call(folder)
    finally:
        stop.set()
        thread.join()


def main(folder: str) -> None:
    """Every kind of process, before and after the parent has computed on several threads."""
    found = {"spawn": from_child("spawn", folder)}
    if sys.platform != "win32":
        found["forkserver"] = from_child("forkserver", folder)
        found["fork before a model"] = from_child("fork", folder)
        MODELS.append(SentenceEncoder.from_pretrained(folder, "numba", 3))
        found["fork before a call"] = from_child("fork", folder)
    else:
        MODELS.append(SentenceEncoder.from_pretrained(folder, "numba", 3))
    found["itself"] = one_hash(MODELS[0], 32, seed=1)
    if sys.platform != "win32":
        found["fork"] = from_child("fork", folder)
        found["os.fork"] = from_fork(folder)
        found["os.fork while encoding"] = while_encoding(from_fork, folder)
    found["spawn after a call"] = from_child("spawn", folder)
    found["itself after children"] = one_hash(MODELS[0], 7)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
