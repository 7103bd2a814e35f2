"""The clock that use cases and the API ask. Only the application creates a real one; tests set their own."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """A source of the present time."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch, UTC."""
