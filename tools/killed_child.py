"""A piece of work in a process of its own, which kills itself (kill -9) or is killed."""

import os
import signal
import time
import traceback
from collections.abc import Callable

DIED = -signal.SIGKILL


def in_a_child(run: Callable[[], None], after: float | None = None) -> int:
    """Run in a fork, kill it after some seconds, and return its exit code; 3 for an exception."""
    child = os.fork()
    if child == 0:
        try:
            run()
        except BaseException:
            traceback.print_exc()
            os._exit(3)
        os._exit(0)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die() -> None:
    """Kill this process as nothing can catch it."""
    os.kill(os.getpid(), signal.SIGKILL)
