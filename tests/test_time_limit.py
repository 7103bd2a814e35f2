"""A test that hangs fails, wherever it hangs."""

import asyncio
import signal
import subprocess
import sys
import threading

import pytest

from tests.support import time_limit as limits
from tests.support.time_limit import LONGEST_S, time_limit

TAKES_LONGER = pytest.raises(pytest.fail.Exception, match=r"longer than 0\.02 s")


def compute() -> None:
    while True:
        pass


def wait_for_a_thread() -> None:
    threading.Event().wait()


def wait_in_the_event_loop() -> None:
    asyncio.run(asyncio.Event().wait())


def wait_beside_a_task_that_computes() -> None:
    async def computes() -> None:
        compute()

    async def waits() -> None:
        task = asyncio.create_task(computes())
        await asyncio.Event().wait()
        await task

    asyncio.run(waits())


HANGS = [compute, wait_for_a_thread, wait_in_the_event_loop, wait_beside_a_task_that_computes]


@pytest.fixture(autouse=True)
def _nothing_hangs_here(monkeypatch):
    monkeypatch.setattr(limits, "over", [])


@pytest.mark.parametrize("hang", HANGS)
def test_what_hangs_fails_when_its_time_is_over(hang):
    with TAKES_LONGER, time_limit(0.02, again_s=0.02):
        hang()


def test_a_process_in_which_something_hangs_ends_all_the_same_and_clears_up():
    program = """
import atexit, threading
from tests.support import time_limit
atexit.register(print, "cleared up")
threading.Thread(target=threading.Event().wait).start()
try:
    with time_limit.time_limit(0.02):
        threading.Event().wait()
except BaseException as error:
    print(error)
time_limit.end_all_the_same()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "this took longer than 0.02 s\ncleared up\n")


def test_every_test_has_a_limit_and_an_inner_one_gives_it_back():
    left, again = signal.getitimer(signal.ITIMER_REAL)
    handler = signal.getsignal(signal.SIGALRM)
    assert 0 < left <= LONGEST_S
    with time_limit(0.02):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (pytest.approx(left, abs=30), again)
    assert signal.getsignal(signal.SIGALRM) is handler


async def test_asynchronous_tests_have_it_as_well():
    assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
