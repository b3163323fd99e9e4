"""Threads that wait for work and share it with whoever brings it."""

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


class Workers:
    """The caller's thread and up to `num_threads - 1` more.

    The others are started by the first work that needs them and then wait for more. Any number of
    callers may come at once: each works itself, so that none depends on a thread being free. A
    forked child has no threads but its own and starts new ones.
    """

    def __init__(self, num_threads: int) -> None:
        self.num_threads = num_threads
        self._pools: dict[int, ThreadPoolExecutor] = {}  # by process; a child inherits its parent's

    def share(self, work: Callable[[], None], help_out: Callable[[], None], helpers: int) -> None:
        """Call `work` on this thread, and meanwhile `help_out` on others as they become free.

        Returns when `work` has ended and every `help_out` that was begun; the others are called
        off. What any of them raises is raised here.
        """
        invited = min(helpers, self.num_threads - 1)
        if invited <= 0:
            return work()
        tickets = deque(range(invited))
        failures: SimpleQueue[BaseException | None] = SimpleQueue()  # of those that have ended

        def take_part() -> None:
            try:
                tickets.pop()
            except IndexError:  # called off
                return
            failure = None
            try:
                help_out()
            except BaseException as raised:
                failure = raised
            failures.put(failure)

        with suppress(RuntimeError):  # no thread to be had: the interpreter ends, or a limit is met
            for _ in range(invited):
                self._running_pool().submit(take_part)
        try:
            work()
        finally:
            begun = invited - _take_all(tickets)
            found = [failures.get() for _ in range(begun)]
        for failure in found:
            if failure is not None:
                raise failure

    def _running_pool(self) -> "ThreadPoolExecutor":
        """This process's own. Without a lock, which a fork could leave locked for ever."""
        from concurrent.futures import ThreadPoolExecutor  # late: many a start needs no thread

        process = os.getpid()
        pool = self._pools.get(process)
        if pool is None:  # one that loses against another thread's has no threads yet
            pool = ThreadPoolExecutor(self.num_threads - 1, "npdistil")
            pool = self._pools.setdefault(process, pool)
        return pool


@cache
def shared_workers(num_threads: int) -> Workers:
    """One for all who ask for so many threads.

    For what is made often and works briefly, so that starting threads of its own would cost more
    than the work.
    """
    return Workers(num_threads)


def _take_all(tickets: "deque[int]") -> int:
    """How many were left; one by one, because others take them too."""
    taken = 0
    with suppress(IndexError):
        while True:
            tickets.pop()
            taken += 1
    return taken
