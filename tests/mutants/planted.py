"""One small fault in one place of a file: what a mutant is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """`path` is below src/horarium. The characters from `start` to `end` of the file become `text`; `words` says what
    that changes, `line` is where (from 1)."""

    path: str
    line: int
    words: str
    start: int
    end: int
    text: str

    def planted_in(self, source: str) -> str:
        """The file with this fault."""
        return source[: self.start] + self.text + source[self.end :]

    @property
    def name(self) -> str:
        """What tells it from all other mutants of the same sources."""
        return f"{self.path}:{self.line}: {self.words} [{self.start}]"


def line_of(source: str, place: int) -> int:
    """The line, from 1, in which a character stands."""
    return source.count("\n", 0, place) + 1
