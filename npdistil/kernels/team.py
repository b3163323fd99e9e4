"""How several threads share one forward pass.

A pass is a row of stages, and a stage is a number of tasks that may run in any order, on any
thread. Every thread runs the whole program: it takes tasks of a stage while there are any, then
waits until all of them are done, whoever did them. A thread that comes late finds the first stages
done and helps with the rest; one that never comes is not missed. Only tasks touch memory, so
somebody who arrives after the end touches counters and nothing else.

The counters, int64 [stages, 16], are zero at the start: [s, 0] tasks taken, [s, 8] tasks done, each
on its own cache line; and [0, 4] threads that came.
"""

from .ir.atomics import fetch_add, give_way, load_acquire, pause
from .ir.intrinsics import address
from .jit import part_of_kernels
from .model import COUNTER_COLUMNS

ROW_BYTES, TEAM_BYTES, DONE_BYTES = 8 * COUNTER_COLUMNS, 8 * 4, 8 * 8
SPINS = 4000  # tens to hundreds of microseconds; who waits longer lets others use the processor


@part_of_kernels
def join(counters):
    """Be counted among the team."""
    fetch_add(address(counters) + TEAM_BYTES)


@part_of_kernels
def team_size(counters):
    """How many threads have come so far: a thread's next task is likely so many further on."""
    return max(load_acquire(address(counters) + TEAM_BYTES), 1)


@part_of_kernels
def take_task(counters, stage):
    """The number of a task that is now this thread's to do; past the last when all are taken."""
    return fetch_add(address(counters) + stage * ROW_BYTES)


@part_of_kernels
def next_task(counters, stage):
    """Report a task as done and take another."""
    fetch_add(address(counters) + stage * ROW_BYTES + DONE_BYTES)
    return fetch_add(address(counters) + stage * ROW_BYTES)


@part_of_kernels
def wait_for_all(counters, stage, num_tasks):
    """Until every task of the stage is done and its results can be read."""
    done = address(counters) + stage * ROW_BYTES + DONE_BYTES
    spins = 0
    while load_acquire(done) < num_tasks:
        pause()
        spins += 1
        if spins > SPINS:
            give_way()
