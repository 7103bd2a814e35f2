"""How events are followed: what a stream says, and when it is opened again. Everything here is pure."""

from __future__ import annotations

import json
import random
from typing import Any

from horarium_client.errors import (
    EventForgotten,
    HorariumError,
    Invalid,
    NotReached,
    ServerFault,
    TooManyRequests,
)

STREAM = {"Accept": "text/event-stream"}
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
# What may be over the next time that the stream is opened.
_PASSING = (NotReached, ServerFault, TooManyRequests)


class Following:
    """Where somebody stands who follows the events of a workspace. `last` is the id of the last event that was seen, or
    the position that the stream has told since, while none came."""

    def __init__(self, last: str | None) -> None:
        self.last = last
        self._is_opened = False
        self._failures = 0
        self._data: list[bytes] = []
        self._id: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers with which a stream goes on after the last event."""
        return STREAM if self.last is None else {**STREAM, "Last-Event-ID": self.last}

    @property
    def broke_just_now(self) -> bool:
        """Whether nothing was tried yet since the stream broke."""
        return self._failures == 1

    def fed(self, line: bytes) -> Any:
        """The event that a line of the stream completes, or None."""
        self._is_opened, self._failures = True, 0
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"id":
            self._id = value.decode()
        elif name == b"data":
            self._data.append(value)
        elif not line:
            self.last = self._id or self.last
            if self._data:
                event = json.loads(b"\n".join(self._data))
                self._data = []
                return event
        return None

    def seen(self, event: Any) -> Any:
        """An event that was read from the list instead."""
        self.last = event["id"]
        return event

    def wait_before_return(self, error: HorariumError | None) -> float:
        """Seconds to wait before the stream is opened again, which broke with an error or came to its end. Raises the
        error where that would not help, or where the stream was never open."""
        if isinstance(error, Invalid) and any(_is_of_last_event(one) for one in error.errors):
            what = f"event {self.last}" if str(self.last).startswith("evt_") else "position of this stream"
            words = f"the {what} is not kept any more, so it is not known what came after it"
            raise EventForgotten(words, error.status, error.problem, error.request_id) from error
        if error is not None and not (self._is_opened and isinstance(error, _PASSING)):
            raise error
        self._data, self._id = [], None
        self._failures += 1
        wait: float = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(self._failures - 1, 10))
        return wait * random.uniform(0.5, 1)


def _is_of_last_event(problem: Any) -> bool:
    return problem.get("field") in ("after", "Last-Event-ID") and problem.get("code") == "unknown"
