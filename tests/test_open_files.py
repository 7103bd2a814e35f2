"""How many calls may wait follows from how many files the process may open, and so does whether it starts others."""

import errno
import resource
from collections.abc import Callable

import psutil
import pytest

from horarium.open_files import FOR_A_PROCESS, raise_limit, require_for_process, waiting_calls
from tests.support.few_files import room_for


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


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[int, int]]]:
    """Have the operating system tell these limits, and refuse to change them with `refusal`; what it was asked for."""

    def set_up(soft: int, hard: int, refusal: Exception | None = None) -> list[tuple[int, int]]:
        asked: list[tuple[int, int]] = []

        def change(_: int, wanted: tuple[int, int]) -> None:
            asked.append(wanted)
            if refusal is not None:
                raise refusal

        monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
        monkeypatch.setattr(resource, "setrlimit", change)
        return asked

    return set_up


def test_the_limit_is_raised_as_far_as_it_may_be(limits):
    asked = limits(1_024, 4_096)
    assert (raise_limit(), asked) == (4_096, [(4_096, 4_096)])
    asked = limits(4_096, 4_096)
    assert (raise_limit(), asked) == (4_096, [])


@pytest.mark.parametrize("refusal", [OSError("not permitted"), ValueError("above the limit of the kernel")])
def test_where_the_limit_cannot_be_raised_the_one_that_holds_is_counted_on(limits, refusal):
    asked = limits(1_024, 4_096, refusal)
    assert (raise_limit(), asked) == (1_024, [(4_096, 4_096)])


@pytest.mark.parametrize(
    ("soft", "hard"),
    [(resource.RLIM_INFINITY, resource.RLIM_INFINITY), (1_024, resource.RLIM_INFINITY)],
)
def test_without_a_limit_as_many_as_anybody_needs_are_counted_on(limits, soft, hard):
    asked = limits(soft, hard)
    assert (raise_limit(), asked) == (1 << 20, [])


def test_a_process_is_started_only_where_its_files_can_be_opened_and_the_look_at_that_takes_none():
    before = psutil.Process().num_fds()
    with room_for(FOR_A_PROCESS):
        require_for_process()
    for room in (0, 1, FOR_A_PROCESS - 1):
        with room_for(room), pytest.raises(OSError, match="Too many open files") as refused:
            require_for_process()
        assert refused.value.errno == errno.EMFILE
    assert psutil.Process().num_fds() == before
