"""Threads that wait for work and share it with whoever brings it."""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from itertools import count
from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
LOOK_AGAIN = 0.001  # seconds; a thread that has joined others looks whether they have work


class Workers:
    """The caller's thread and up to `num_threads - 1` more.

    The others are started by the first work that needs them and then wait for more. Any number of
    callers may come at once: each works itself, so that none depends on a thread being free. A
    forked child has no threads but its own and starts new ones.
    """

    def __init__(self, num_threads: int) -> None:
        self.num_threads = num_threads
        self._crews: dict[int, _Crew] = {}  # by process; a child inherits its parent's

    def share(
        self,
        work: Callable[[], None],
        help_out: Callable[[], None],
        helpers: int,
        *,
        wait: bool = True,
    ) -> None:
        """Call `work` on this thread, and meanwhile `help_out` on others as they become free.

        Returns when `work` has ended and every `help_out` that was begun; the others are called
        off. What any of them raises is raised here.

        Args:
            work: for this thread.
            help_out: for the others.
            helpers: how many others there is work for.
            wait: False returns when `work` has ended; what `help_out` raises is then lost. For a
                `work` that is done only when nothing is left to help with.
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

        crew = self._crew()
        for _ in range(invited):
            crew.call(take_part)
        try:
            work()
        finally:
            begun = invited - _take_all(tickets)
            found = [failures.get() for _ in range(begun if wait else 0)]
        for failure in found:
            if failure is not None:
                raise failure

    def beside(self, work: Callable[[], None], other: Callable[[], None]) -> None:
        """Call `work` on this thread and `other` on another; behind it if there is none.

        When `work` has ended, this thread takes part in what `other` shares, if it shares anything
        by these workers. What `work` raises comes first.
        """
        begun, ended = threading.Event(), threading.Event()

        def help_out() -> None:
            begun.set()
            try:
                other()
            finally:
                ended.set()

        def work_and_join() -> None:
            work()
            if begun.is_set():
                self._crew().join_in(ended)

        self.share(work_and_join, help_out, 1)
        if not begun.is_set():
            other()

    def each(self, function: Callable[[Item], object], items: Sequence[Item]) -> None:
        """Call `function` on each item, begun in their order by whoever is free.

        After a failure no item is begun any more; that of the first item that failed is raised, so
        it is the same however many threads there are.
        """
        numbers, failures = count(), dict[int, BaseException]()

        def take() -> None:
            while not failures and (number := next(numbers)) < len(items):
                try:
                    function(items[number])
                except BaseException as failure:
                    failures[number] = failure

        self.share(take, take, len(items) - 1)
        if failures:
            raise failures[min(failures)]

    def _crew(self) -> "_Crew":
        """This process's own. Without a lock, which a fork could leave locked for ever."""
        process = os.getpid()
        crew = self._crews.get(process)
        if crew is None:  # one that loses against another thread's has no threads yet
            crew = self._crews.setdefault(process, _Crew(self.num_threads - 1))
        return crew


class _Crew:
    """Threads that end with the process.

    The library's ThreadPoolExecutor does more than is needed here, and it shows: importing it takes
    longer than a short text, and handing over a task a hundredth of it.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._number = count()
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def call(self, function: Callable[[], None]) -> None:
        """Have it called by one of the threads, if there are any."""
        self._calls.put(function)
        number = next(self._number)  # no two callers get the same
        if number < self._size:
            self._start(number)

    def join_in(self, ended: threading.Event) -> None:
        """Work as one of the threads until something has ended.

        Without the queue's own timeout, which CPython 3.11 forgets where a thread is woken for a
        call, and finds after that time that another has taken it.
        """
        while not ended.is_set():
            try:
                function = self._calls.get_nowait()
            except Empty:
                ended.wait(LOOK_AGAIN)
            else:
                function()

    def _start(self, number: int) -> None:
        with suppress(RuntimeError):  # none to be had: the interpreter ends, or a limit is met
            threading.Thread(target=self._run, name=f"npdistil_{number}", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._calls.get()()


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
