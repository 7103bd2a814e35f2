"""How a command says that it could not do what was asked."""

from __future__ import annotations

# Exit code: the command was tried and did not succeed.
REFUSED = 1

# Exit code: nothing was tried, because the command line or the settings are wrong.
MISUSED = 2


class Failure(Exception):
    """A sentence that says what went wrong and what to do; `code` is the exit code."""

    def __init__(self, message: str, code: int = REFUSED) -> None:
        self.code = code
        super().__init__(message)
