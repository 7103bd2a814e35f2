"""The log is one line an event in one form, whoever speaks."""

import io
import json
import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import structlog

from horarium.cli import log_bounds, logs
from horarium.cli.log_bounds import LINES, LINES_OF_WORKSPACE, LONGEST, PERIOD_S
from horarium.service.trail import REQUEST
from horarium.settings import Settings

SPEAKING = """
import logging
from horarium.cli import logs
from horarium.settings import Settings
logs.configure(Settings(log_format="json"))
library = logging.getLogger("a.library")
try:
    raise ConnectionError("the other side hung up")
except ConnectionError:
    library.warning("trying again in %d s", 3, exc_info=True)
    library.error("given up", exc_info=True)
library.info("not worth a line")
"""


def said() -> list[dict[str, str]]:
    ended = subprocess.run(
        [sys.executable, "-c", SPEAKING], capture_output=True, text=True, timeout=60, check=True
    )
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_what_libraries_say_has_the_form_of_our_own_lines_and_a_warning_no_traceback():
    warning, error = said()
    assert warning["event"] == "trying again in 3 s"
    assert warning["level"] == "warning"
    assert warning["library"] == "a.library"
    assert warning["error"] == "ConnectionError: the other side hung up"
    assert "exception" not in warning
    assert "Traceback" in error["exception"]


def test_a_line_that_cannot_be_written_is_lost_and_ends_nothing():
    with open("/dev/full", "w") as full:
        assert (
            subprocess.run([sys.executable, "-c", SPEAKING], stderr=full, timeout=60, check=False).returncode
            == 0
        )


class Terminal(io.StringIO):
    """Standard error, as a terminal or as a file."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Configure the log so, with standard error being a terminal or not, speak, and return what is written."""
    known, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def speaking(speak: Callable[[], None], is_terminal: bool = False, **settings: str) -> str:
        error = Terminal(is_terminal)
        monkeypatch.setattr(sys, "stderr", error)
        logs.configure(Settings(**settings))
        speak()
        return error.getvalue()

    yield speaking
    structlog.configure(**known)
    root.handlers[:] = handlers
    root.setLevel(level)


def fail() -> None:
    """An error as it happens in the server: with a key and a payload in the variables around it."""
    key = "hor_the-key-itself"
    payload = {"card": "the payload itself"}
    try:
        raise ValueError(f"{len(key)} and {len(payload)}")
    except ValueError:
        structlog.get_logger().exception("it_failed")
        logging.getLogger("a.library").exception("it failed there")


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("form", ["text", "json", "auto"])
def test_a_traceback_shows_where_it_failed_and_the_values_of_no_variables(written, form, is_terminal):
    told = written(fail, is_terminal, log_format=form)
    assert told.count("ValueError: 18 and 1") == 2
    assert told.count("in fail") == 2
    for value in ("hor_the-key-itself", "the payload itself"):
        assert value not in told


@pytest.mark.parametrize(
    ("form", "is_terminal", "is_json"),
    [
        ("json", True, True),
        ("json", False, True),
        ("auto", False, True),
        ("auto", True, False),
        ("text", True, False),
        ("text", False, False),
    ],
)
def test_lines_are_json_for_programs_and_text_for_people_as_the_setting_says(
    written, form, is_terminal, is_json
):
    told = written(lambda: structlog.get_logger().info("begun"), is_terminal, log_format=form)
    assert told.startswith('{"') == is_json
    assert ("\x1b[" in told) == (is_terminal and not is_json)  # colours are for a terminal alone


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_the_level_holds_for_our_own_lines_and_libraries_are_never_told_below_a_warning(written, level):
    def speak() -> None:
        for speaker in (structlog.get_logger(), logging.getLogger("a.library")):
            for name in ("debug", "info", "warning", "error"):
                getattr(speaker, name)("said")

    lines = [json.loads(line) for line in written(speak, log_format="json", log_level=level).splitlines()]
    names = ["debug", "info", "warning", "error"]
    least = names.index(level)
    own = [line["level"] for line in lines if "library" not in line]
    assert own == names[least:]
    others = [line["level"] for line in lines if line.get("library") == "a.library"]
    assert others == names[max(least, 2) :]


def test_a_line_tells_its_time_in_utc_and_the_request_that_it_belongs_to(written):
    def speak() -> None:
        known = REQUEST.set("req_1")
        structlog.get_logger().info("within")
        REQUEST.reset(known)
        structlog.get_logger().info("after")

    within, after = (json.loads(line) for line in written(speak, log_format="json").splitlines())
    assert within["request_id"] == "req_1"
    assert "request_id" not in after
    assert within["timestamp"].endswith("Z")


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Time that passes only when it is told to."""
    now = [1_000.0]
    monkeypatch.setattr(log_bounds, "monotonic", lambda: now[0])

    def passed(seconds: float) -> None:
        now[0] += seconds

    return passed


def test_what_others_bring_about_over_and_over_takes_a_bounded_number_of_lines_and_is_counted(
    written, passing
):
    def speak() -> None:
        ours, library = structlog.get_logger(), logging.getLogger("a.library")
        for number in range(1_000):
            library.warning("bad request %d", number)
            ours.warning("run_failed", workspace="ws_a")
            ours.info("request", path="/")
        for number in range(LINES):
            ours.warning("run_failed", workspace=f"ws_{number}")
        passing(PERIOD_S - 1)
        ours.warning("circuit_opened")
        passing(1)
        ours.warning("run_failed", workspace="ws_a")

    lines = [json.loads(line) for line in written(speak, log_format="json").splitlines()]
    counts = Counter((line["event"], line.get("workspace")) for line in lines)
    assert sum("bad request" in line["event"] for line in lines) == LINES
    assert counts["run_failed", "ws_a"] == LINES_OF_WORKSPACE + 1
    assert sum(name == "run_failed" for name, _ in counts.elements()) == LINES + 1
    assert counts["request", None] == 1_000
    assert counts["circuit_opened", None] == 1
    left_out = {line["kind"]: line["lines"] for line in lines if line["event"] == "log_lines_left_out"}
    assert left_out == {"a.library": 1_000 - LINES, "run_failed": 1_000}  # of ws_a, and of others


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_text_of_a_caller_in_a_line_is_cut_and_moves_no_terminal(written, form):
    def speak() -> None:
        structlog.get_logger().warning("circuit_opened", name="a\x1b[2J\nb\u202ec\ud800", error="x" * 20_000)
        structlog.get_logger().warning("executor_failed", places="one\ntwo\x1b")

    told = written(speak, log_format=form)
    assert not any(char in told for char in "\x1b\u202e\ud800")
    assert "x" * LONGEST + "..." in told
    assert "x" * (LONGEST + 1) not in told
    assert "one\\ntwo" in told


class Output(io.StringIO):
    """A stream that is written to an open file."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor = descriptor

    def fileno(self) -> int:
        return self.descriptor


def test_the_banner_is_not_printed_among_lines_of_json(monkeypatch, tmp_path):
    def keeps(form: str, out: int, error: int) -> bool:
        monkeypatch.setattr(sys, "stdout", Output(out))
        monkeypatch.setattr(sys, "stderr", Output(error))
        return logs.keeps_banner(Settings(log_format=form))

    with open(tmp_path / "out", "w") as out, open(tmp_path / "log", "w") as log:
        here, there = out.fileno(), log.fileno()
        again = os.dup(here)
        assert keeps("text", here, here)
        assert not keeps("json", here, there)
        assert keeps("auto", here, there)
        assert not keeps("auto", here, again)
        os.close(again)
        assert keeps("auto", again, here)  # standard output is closed


def test_neither_a_write_nor_a_flush_that_fails_reaches_who_logs(monkeypatch):
    class Full:
        asked = 0

        def fail(self, *given):
            self.asked += 1
            raise OSError(28, "No space left on device")

        write = flush = fail

    full = Full()
    monkeypatch.setattr(logs.sys, "stderr", full)
    lossy = logs._Lossy()
    lossy.write("a line")
    lossy.flush()
    assert full.asked == 2


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_line_and_its_end_are_one_write_so_that_several_processes_can_share_a_log(
    written, monkeypatch, log_format
):
    writes: list[str] = []

    def speak() -> None:
        monkeypatch.setattr(sys.stderr, "write", writes.append)
        structlog.get_logger().info("one")
        logging.getLogger("a.library").warning("two")

    written(speak, log_format=log_format)
    assert [(line.count("\n"), line[-1]) for line in writes] == [(1, "\n"), (1, "\n")]
