"""How many threads, and running work on them. Kernels hold no GIL, so plain threads suffice."""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from .arguments import as_integer
from .cgroup import cpu_quota
from .errors import InputError

Item = TypeVar("Item")
MAX_THREADS = 1024


def resolve_num_threads(num_threads: int | None) -> int:
    """The argument, else NPDISTIL_NUM_THREADS, else the processors this process may use.

    The latter are those of its affinity mask (PYTHON_CPU_COUNT from Python 3.13 on, if set), but no
    more than the CPU quota of its control groups.

    Raises:
        InputError: not an integer from 1 to 1024.
    """
    source, value = "num_threads", num_threads
    if value is None:
        source = "NPDISTIL_NUM_THREADS"
        text = os.environ.get(source)
        if not text:
            return _available_processors()
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
    value = as_integer(value, source)
    if not 1 <= value <= MAX_THREADS:
        shown = num_threads if source == "num_threads" else os.environ[source]
        raise InputError(f"{source}: expected an integer from 1 to {MAX_THREADS}, not {shown!r}.")
    return value


def run_all(work: Callable[[Item], None], items: Sequence[Item]) -> None:
    """Call `work` on all items at the same time, a thread for each; the first failure is raised.

    The threads live for this call alone, so nothing survives into a forked child.
    """
    if len(items) <= 1:
        for item in items:
            work(item)
        return
    from concurrent.futures import ThreadPoolExecutor  # late: many a start needs no thread

    with ThreadPoolExecutor(len(items), thread_name_prefix="npdistil") as pool:
        for _ in pool.map(work, items):
            pass


def _available_processors() -> int:
    if hasattr(os, "process_cpu_count"):
        processors = os.process_cpu_count() or 1
    elif hasattr(os, "sched_getaffinity"):
        processors = len(os.sched_getaffinity(0))
    else:
        processors = os.cpu_count() or 1
    return min(processors, cpu_quota() or processors, MAX_THREADS)
