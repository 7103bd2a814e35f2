"""How the server logs: text for a terminal, JSON for programs, and never the values of variables."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

from horarium.cli.log_bounds import LogBounds, shown_texts
from horarium.service.trail import REQUEST
from horarium.settings import Settings


def configure(settings: Settings) -> None:
    """Set up logging for this process. Log lines go to standard error."""
    as_json = writes_json(settings)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    # Tracebacks are plain, because the detailed ones print local variables, among them keys and payloads.
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    structlog.configure(
        processors=[
            LogBounds(),
            _with_request,
            shown_texts,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # A line is one write with its end, so that lines of several processes do not get into each other.
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Lossy())),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[_Libraries()], force=True)


def _with_request(logger: Any, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Add the id of the request that the line belongs to."""
    request = REQUEST.get()
    if request is not None:
        event.setdefault("request_id", request)
    return event


def writes_json(settings: Settings) -> bool:
    """Whether log lines are JSON."""
    return settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())


def keeps_banner(settings: Settings) -> bool:
    """Whether what people read when a server starts may be printed to standard output: not among JSON lines, where
    programs would stumble over it. Under `auto` the two may go to different places, and then do not meet."""
    if not writes_json(settings):
        return True
    if settings.log_format == "json":
        return False
    try:
        out, log = os.fstat(sys.stdout.fileno()), os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):  # one of them is closed, or no file
        return True
    return (out.st_dev, out.st_ino) != (log.st_dev, log.st_ino)


class _Lossy:
    """Standard error, where a line is lost that cannot be written: a full disk must not end the server."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


class _Libraries(logging.Handler):
    """Log lines of libraries, in the form of our own.

    Below the level of an error only the sentence is kept, so that a database that is away for a minute does not
    fill the log with tracebacks. Errors keep their traceback.
    """

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"library": record.name}
        if record.exc_info and record.levelno >= logging.ERROR:
            fields["exc_info"] = record.exc_info
        elif record.exc_info and record.exc_info[1] is not None:
            fields["error"] = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        structlog.get_logger().log(record.levelno, record.getMessage(), **fields)
