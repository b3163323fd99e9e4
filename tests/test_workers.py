"""Threads that share work: everybody helps, nobody waits for somebody who never came."""

import os
import subprocess
import sys
import threading
import time

import pytest

from npdistil.workers import LOOK_AGAIN, Workers, shared_workers


def names_of(workers: Workers, helpers: int) -> set[str]:
    """The threads that took part in one piece of work, the caller's first."""
    seen = {threading.current_thread().name}
    all_here = threading.Barrier(helpers + 1)

    def take_part() -> None:
        seen.add(threading.current_thread().name)
        all_here.wait(20)

    workers.share(take_part, take_part, helpers)
    return seen


def test_the_caller_and_its_helpers_work_at_the_same_time():
    """Catches helpers that run after one another, or a caller that only waits."""
    workers = Workers(4)
    assert len(names_of(workers, 3)) == 4
    assert names_of(workers, 0) == {threading.current_thread().name}


def test_shared_workers_are_shared_by_those_who_want_as_many():
    """Catches threads that every tokenizer starts anew, or one's number taken for another's."""
    assert names_of(shared_workers(3), 2) == names_of(shared_workers(3), 2)
    assert [shared_workers(n).num_threads for n in (1, 2, 3)] == [1, 2, 3]


def test_threads_are_started_once():
    """Catches a new thread for each call, which costs more than a short text."""
    workers = Workers(3)
    first = names_of(workers, 2)
    assert all(names_of(workers, 2) == first for _ in range(20))


def test_never_more_than_num_threads():
    """Catches an argument of one call that overrules the limit of all."""
    workers, running, most = Workers(2), [], []

    def work() -> None:
        running.append(1)
        most.append(len(running))
        time.sleep(0.01)
        running.pop()

    workers.share(work, work, 50)
    assert max(most) <= 2


def test_a_helper_that_comes_too_late_is_not_waited_for():
    """Catches a caller that stands still until a busy machine has started its helper."""
    workers, release, busy = Workers(2), threading.Event(), threading.Event()

    def block() -> None:
        busy.set()
        release.wait(20)

    other = threading.Thread(target=workers.share, args=(block, block, 1))
    other.start()
    busy.wait(20)
    called = []
    workers.share(lambda: called.append("work"), lambda: called.append("help"), 1)
    assert called in (["work"], ["help", "work"], ["work", "help"])
    release.set()
    other.join()


@pytest.mark.parametrize("where", ["caller", "helper"])
def test_a_failure_reaches_the_caller(where):
    """Catches an exception that dies with its thread, and results that were never computed."""
    workers, helped = Workers(2), threading.Event()

    def fail() -> None:
        helped.set()
        raise ValueError("lost")

    def wait() -> None:
        helped.wait(20)

    work, help_out = (fail, helped.set) if where == "caller" else (wait, fail)
    with pytest.raises(ValueError, match="lost"):
        workers.share(work, help_out, 1)
    workers.share(lambda: None, lambda: None, 1)


def test_who_needs_no_helper_any_more_does_not_wait_for_one():
    """Catches a caller whose work is done and who stands still until its helper comes back."""
    workers, begun, release, ended = Workers(2), *(threading.Event() for _ in range(3))

    def help_out() -> None:
        begun.set()
        release.wait(20)
        ended.set()

    workers.share(lambda: begun.wait(20) and None, help_out, 1, wait=False)
    assert begun.is_set() and not ended.is_set()
    release.set()
    assert ended.wait(20)


@pytest.mark.parametrize("threads", [1, 2])
def test_two_things_side_by_side(threads):
    """Catches a second thing that nobody does, or two threads, or the wrong one; or a wait."""
    done, both = [], threading.Barrier(threads)

    def work() -> None:
        both.wait(20)  # with a second thread: until that is at work too
        done.append(("work", threading.current_thread() is threading.main_thread()))

    def other() -> None:
        both.wait(20)
        done.append(("other", threading.current_thread() is threading.main_thread()))

    Workers(threads).beside(work, other)
    assert sorted(done) == [("other", threads == 1), ("work", True)]


def test_who_is_done_first_joins_in():
    """Catches a thread that waits idly while the other has work to share, or waits for ever."""
    workers, names, both = Workers(2), set(), threading.Barrier(2)

    def piece(number: int) -> None:
        if number < 2:
            both.wait(20)  # nobody has two of these
        names.add(threading.current_thread().name)

    started = threading.Event()

    def other() -> None:
        started.set()
        workers.each(piece, range(6))

    workers.beside(lambda: started.wait(20) and None, other)
    assert names == {"MainThread", "npdistil_0"}


def test_who_joins_in_is_not_kept_by_work_that_another_took():
    """Catches a wait that outlasts its time limit: SimpleQueue.get(timeout=...) of CPython 3.11 has
    none any more where a thread is woken, and finds too late that another took what woke it."""
    workers = Workers(2)
    ended = threading.Event()

    def hand_over(rounds: int) -> None:
        time.sleep(LOOK_AGAIN / 3)  # who joins in waits meanwhile
        if rounds:
            workers._crew().call(lambda: hold(rounds))
        else:
            ended.set()

    def hold(rounds: int) -> None:
        """Keep the interpreter until the limit of the other thread, which is woken, has passed."""
        until = time.perf_counter() + 2 * LOOK_AGAIN
        while time.perf_counter() < until:
            pass
        workers._crew().call(lambda: hand_over(rounds - 1))

    workers._crew().call(lambda: hand_over(20))
    joined = threading.Thread(target=workers._crew().join_in, args=(ended,), daemon=True)
    joined.start()
    joined.join(20)
    assert not joined.is_alive()


def test_two_things_that_fail_side_by_side():
    """Catches an error that depends on which thread was faster, and one that is not heard of."""

    def fail(word: str) -> None:
        raise ValueError(word)

    with pytest.raises(ValueError, match="first"):
        Workers(2).beside(lambda: time.sleep(0.05) or fail("first"), lambda: fail("second"))
    with pytest.raises(ValueError, match="second"):
        Workers(2).beside(lambda: time.sleep(0.05), lambda: fail("second"))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_item_is_worked_on_once(threads):
    """Catches an item that two threads take, or nobody, and a call that returns before the last."""
    done = []
    Workers(threads).each(lambda item: time.sleep(0.001) or done.append(item), range(40))
    assert sorted(done) == [*range(40)]
    Workers(threads).each(done.append, [])
    assert len(done) == 40


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_first_item_that_fails_is_heard_of(threads):
    """Catches an error that depends on threads, and work that goes on for nothing."""
    done = []

    def work(item: int) -> None:
        time.sleep(0.01 * (20 - item))  # later items are faster
        done.append(item)
        if item in (6, 7):
            raise ValueError(item)

    with pytest.raises(ValueError, match="6"):
        Workers(threads).each(work, range(20))
    assert {*range(7)} <= {*done} and 19 not in done


def test_a_forked_child_starts_its_own(monkeypatch):
    """Catches work handed to threads that exist in the parent alone: it would never be done."""
    workers = Workers(2)
    assert len(names_of(workers, 1)) == 2
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert len(names_of(workers, 1)) == 2
    assert len(set(workers._crews.values())) == 2


def test_work_is_done_when_the_interpreter_ends():
    """Catches an encode that fails in a thread that outlives the main one."""
    program = """
import threading
from npdistil.workers import LOOK_AGAIN, Workers, shared_workers

def late():
    threading.main_thread().join()
    done = []
    Workers(2).share(lambda: done.append("work"), lambda: done.append("help"), 1)
    print("work" in done)

threading.Thread(target=late).start()
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "True\n", "")
