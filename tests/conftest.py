"""For all tests: the dialects that are installed, so that timings of theirs can be compiled, and a receiver of what is
sent. And statements have to use what they are given, names of tests have to be the same in each process, and no test
may hang."""

import gc
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext

import pytest

# Compiled modules are kept, whatever the environment says: otherwise each of the many processes that tests start would
# compile them anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

from horarium.api.kit import registry  # noqa: E402
from tests.support import used_parameters  # noqa: E402
from tests.support.receiver import Receiver  # noqa: E402
from tests.support.steady_names import by_chance  # noqa: E402
from tests.support.time_limit import LONGEST_S, end_all_the_same, time_limit  # noqa: E402

registry.load()
used_parameters.watch()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made


def _in_time(item: pytest.Item) -> Iterator[None]:
    """A part of a test within its time. Long tests and those of real engines and browsers have limits of their own."""
    apart = item.get_closest_marker("long") or item.path.parent.name in {"engines", "browser"}
    with nullcontext() if apart else time_limit(LONGEST_S):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    return (yield from _in_time(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    return (yield from _in_time(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    return (yield from _in_time(item))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    end_all_the_same()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse to run tests whose names chance decides: now and then two processes would find different tests."""
    if names := by_chance(item.nodeid for item in items):
        raise pytest.UsageError(f"Give these tests ids without addresses and random bytes: {names}")


def pytest_collection_finish() -> None:
    """Leave what has been imported out of garbage collections, and make these rarer. Each test makes some ten thousand
    objects of an application, and every full collection looked at all modules and tests as well."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
