"""From what is wrong in each look to what people are told: once, grouped, again after hours, and when it is over.

Pure; times are seconds of any clock that does not go back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from horarium.watchdog.checks import Finding

# In so many looks in a row something must be seen before people are told, and be gone before they are told that.
LOOKS = 2
# How often people are told again what goes on.
AGAIN_S = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Message:
    """What people are told at once. `over`: it only tells what is over."""

    title: str
    text: str
    over: bool


@dataclass(slots=True)
class _Alert:
    finding: Finding
    since: float
    seen: int = 0
    missing: int = 0
    told: float | None = None


@dataclass(slots=True)
class Alerts:
    """What is wrong and was told. `silenced` are kinds that nobody is told of."""

    silenced: frozenset[str] = frozenset()
    _open: dict[tuple[str, str], _Alert] = field(default_factory=dict)

    def look(self, found: Collection[Finding], now: float) -> Message | None:
        """Take what one look has found; what people are to be told of it, in one message."""
        heard = {
            (finding.kind, finding.about): finding for finding in found if finding.kind not in self.silenced
        }
        for name, finding in heard.items():
            alert = self._open.setdefault(name, _Alert(finding, now))
            alert.finding, alert.seen, alert.missing = finding, alert.seen + 1, 0
        over = []
        for name in self._open.keys() - heard.keys():
            alert = self._open[name]
            alert.missing += 1
            if alert.told is None:
                del self._open[name]
            elif alert.missing >= LOOKS:
                over.append(self._open.pop(name))
        new = [alert for alert in self._open.values() if alert.seen >= LOOKS and alert.told is None]
        again = [
            alert
            for alert in self._open.values()
            if alert.told is not None and not alert.missing and now - alert.told >= AGAIN_S
        ]
        for alert in (*new, *again):
            alert.told = now
        return _message(new, again, over, now)

    @property
    def count(self) -> int:
        """How much is wrong that was told."""
        return sum(alert.told is not None for alert in self._open.values())


def _message(
    new: Sequence[_Alert], again: Sequence[_Alert], over: Sequence[_Alert], now: float
) -> Message | None:
    if not (new or again or over):
        return None
    lines = [f"- {alert.finding.words}" for alert in sorted(new, key=_order)]
    lines += [f"- still: {alert.finding.words}" for alert in sorted(again, key=_order)]
    lines += [
        f"- over after {round(now - alert.since)} s: {alert.finding.words}"
        for alert in sorted(over, key=_order)
    ]
    wrong = [*new, *again]
    if not wrong:
        return Message(f"Horarium: over ({_kinds(over)})", "\n".join(lines), True)
    return Message(f"Horarium: {_kinds(wrong)}", "\n".join(lines), False)


def _order(alert: _Alert) -> tuple[str, str]:
    return alert.finding.kind, alert.finding.about


def _kinds(alerts: Sequence[_Alert]) -> str:
    return ", ".join(sorted({alert.finding.kind for alert in alerts}))
