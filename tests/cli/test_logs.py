"""The log is one line an event in one form, whoever speaks."""

import json
import subprocess
import sys

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
