"""`horarium next --batch`: lines of JSON in, lines of JSON out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from horarium.times.batch import answer_line

# Answers that are written at once where the questions come quickly.
TOGETHER = 512


def answer_all(lines: Iterable[str], write: Callable[[str], object]) -> None:
    """One line out for each line in, in order."""
    waiting: list[str] = []
    loaded = False
    for line in lines:
        if not loaded and '"dialect"' in line:
            # Only then, since it takes longer than thousands of answers.
            from horarium.api.kit import registry

            registry.load()
            loaded = True
        waiting.append(answer_line(line))
        if len(waiting) == TOGETHER:
            write("\n".join(waiting) + "\n")
            waiting.clear()
    if waiting:
        write("\n".join(waiting) + "\n")
