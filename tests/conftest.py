"""For all tests: the dialects that are installed, so that timings of theirs can be compiled."""

import gc

from horarium.api.kit import registry

registry.load()


def pytest_collection_finish() -> None:
    """Leave what has been imported out of garbage collections, and make these rarer. Each test makes some ten thousand
    objects of an application, and every full collection looked at all modules and tests as well."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
