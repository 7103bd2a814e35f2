"""`horarium next --batch`: lines of JSON in, lines of JSON out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from horarium.times.batch import answer_line

# How many answers are written at once. Writing each alone would take longer than computing it.
ANSWERS_AT_ONCE = 512


def answer_all(lines: Iterable[str], write: Callable[[str], object]) -> None:
    """Write one line for each line read, in order."""
    waiting: list[str] = []
    loaded = False
    for line in lines:
        if not loaded and '"dialect"' in line:
            # Only when one is named, because loading the grammars takes longer than thousands of answers.
            from horarium.api.grammars import load_grammars

            load_grammars()
            loaded = True
        waiting.append(answer_line(line))
        if len(waiting) == ANSWERS_AT_ONCE:
            write("\n".join(waiting) + "\n")
            waiting.clear()
    if waiting:
        write("\n".join(waiting) + "\n")
