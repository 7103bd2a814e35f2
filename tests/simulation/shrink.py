"""Make a failing script shorter: leave out events while the same kind of finding stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.simulation.script import Event, Script

MOST_PLAYS = 250


def shrink(script: Script, findings: Callable[[Script], list[str]]) -> tuple[Script, list[str]]:
    """The shortest script found whose play shows the first finding's kind, and its findings.

    Whole stretches of events are tried first, then single ones, until nothing can be left out.
    """
    found = findings(script)
    wanted, plays = _kind(found[0]), 0
    size = max(1, len(script.events) // 2)
    while size >= 1 and plays < MOST_PLAYS:
        shorter = False
        at = 0
        while at < len(script.events) and plays < MOST_PLAYS:
            tried = _without(script, at, size)
            shown = findings(tried)
            plays += 1
            if any(_kind(words) == wanted for words in shown):
                script, found, shorter = tried, [w for w in shown if _kind(w) == wanted], True
            else:
                at += size
        if not shorter:
            size //= 2
    return script, found


def _without(script: Script, at: int, size: int) -> Script:
    events: tuple[Event, ...] = script.events[:at] + script.events[at + size :]
    return replace(script, events=events)


def _kind(finding: str) -> str:
    """The check that spoke, or the last line of a fault."""
    return finding.strip().splitlines()[-1].split(":")[0]
