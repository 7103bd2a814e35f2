"""How many calls may wait follows from how many files the process may open."""

import resource

import pytest

from horarium.open_files import raise_limit, waiting_calls


@pytest.mark.parametrize(
    ("open_files", "calls"),
    [(1 << 20, 4_096), (20_000, 4_096), (4_096, 1_664), (1_024, 128), (256, 1)],
)
def test_waiting_calls_leave_files_for_everything_else(open_files, calls):
    assert waiting_calls(4_096, 256, open_files) == calls


def test_the_limit_that_is_told_is_the_one_that_holds():
    limit = raise_limit()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft in (limit, resource.RLIM_INFINITY)
