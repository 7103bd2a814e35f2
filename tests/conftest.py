"""For all tests: the dialects that are installed, so that timings of theirs can be compiled, and a receiver of what is
sent. And statements have to use what they are given, and names of tests have to be the same in each process."""

import gc
import os
import sys
from collections.abc import AsyncIterator

import pytest

# Compiled modules are kept, whatever the environment says: otherwise each of the many processes that tests start would
# compile them anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

from horarium.api.kit import registry  # noqa: E402
from tests.support import used_parameters  # noqa: E402
from tests.support.receiver import Receiver  # noqa: E402
from tests.support.steady_names import by_chance  # noqa: E402

registry.load()
used_parameters.watch()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made


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
