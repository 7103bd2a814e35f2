"""How a command says that it could not do what was asked."""

from __future__ import annotations

# Exit code: it was tried and did not work.
REFUSED = 1

# Exit code: it was not tried; the command line or the settings are wrong.
MISUSED = 2


class Failure(Exception):
    """One clear sentence with what to do; `code` is the exit code."""

    def __init__(self, message: str, code: int = REFUSED) -> None:
        self.code = code
        super().__init__(message)
