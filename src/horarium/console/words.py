"""How pages write times, lengths of time, numbers, states and values. Pure."""

from __future__ import annotations

import re
from typing import Any

import orjson
from markupsafe import Markup

from horarium.api.fields import instant_text
from horarium.domain.schedule import Schedule
from horarium.times import RecurrenceError, Timing, described, local_text

# Characters that a page shows of a text that somebody chose, and of a value as JSON.
LONGEST_TEXT = 160
LONGEST_VALUE = 20_000
# The look of each outcome: good, bad, under way, waiting, or nothing in particular.
_TONES = {
    "good": (
        *("succeeded", "completed", "fired", "active", "enabled", "closed", "delivered", "done"),
        *("fire.completed", "target.recovered"),
    ),
    "bad": (
        *("failed", "missed", "circuit"),
        *("fire.failed", "fire.missed", "target.failing", "audience.failed", "webhook.disabled"),
    ),
    "mixed": (
        *("partial", "cancelled", "skipped", "unbegun", "limit", "pause", "archived", "disabled"),
        *(
            "fire.partial",
            "fire.cancelled",
            "fire.skipped",
            "fire.late",
            "schedule.paused",
            "target.disabled",
        ),
        "quota.near",
    ),
    "busy": ("running", "resolving", "due", "upcoming", "replayed", "accepted"),
    "calm": (
        "pending",
        "waiting",
        "paused",
        "workspace_paused",
        "no_slot",
        "ended",
        "before_creation",
        "deleted",
    ),
}
_TONE = {word: tone for tone, words in _TONES.items() for word in words}
_SIGNS = {"good": "✓", "bad": "✕", "mixed": "◐", "busy": "●", "calm": "○"}
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))
_UNSEEN = re.compile(
    r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def tone(word: str | None) -> str:
    """The look of a state, an outcome or a reason."""
    return _TONE.get(word or "", "calm")


def pill(word: str | None) -> Markup:
    """A state as a small label, with a sign so that it does not depend on colours."""
    if not word:
        return Markup('<span class="none">–</span>')
    kind = tone(word)
    return Markup('<span class="pill {}"><span aria-hidden="true">{}</span> {}</span>').format(
        kind, _SIGNS[kind], word.replace("_", " ")
    )


def shortened(text: str | None, longest: int = LONGEST_TEXT) -> str:
    """A text that somebody chose, without what would turn the direction of the page, and not longer than so."""
    seen = _UNSEEN.sub("\ufffd", text or "")
    return seen if len(seen) <= longest else f"{seen[: longest - 1]}…"


def name(text: str | None, longest: int = LONGEST_TEXT) -> Markup:
    """A text that somebody chose, kept apart from the direction of the text around it."""
    return Markup("<bdi>{}</bdi>").format(shortened(text, longest))


def moment(at_ms: int | None, seconds: bool = True) -> Markup:
    """An instant in UTC. The browser's script adds the viewer's own time."""
    if at_ms is None:
        return Markup('<span class="none">–</span>')
    text = instant_text(at_ms)
    shown = (
        f"{int(text[8:10])} {_MONTHS[int(text[5:7]) - 1]} {text[:4]}, {text[11 : 19 if seconds else 16]} UTC"
    )
    return Markup('<time datetime="{}">{}</time>').format(text, shown)


def utc(at_ms: int) -> str:
    """An instant as the address of a page writes it."""
    return instant_text(at_ms)


def ago(at_ms: int | None, now_ms: int) -> Markup:
    """How far an instant is from now, with the instant itself for who points at it."""
    if at_ms is None:
        return Markup('<span class="none">–</span>')
    text = instant_text(at_ms)
    apart = abs(now_ms - at_ms)
    if apart < 1_000:
        words = "now"
    else:
        words = f"{rough(apart)} ago" if at_ms < now_ms else f"in {rough(apart)}"
    return Markup('<time class="ago" datetime="{0}" title="{0}">{1}</time>').format(text, words)


def rough(length_ms: int) -> str:
    """A length of time in its largest unit: "3 min", "2 d"."""
    for unit, word in _UNITS:
        if length_ms >= unit:
            return f"{length_ms // unit} {word}"
    return f"{length_ms} ms"


def lasting(length_ms: int | None) -> str:
    """A length of time, exact enough to compare: "412 ms", "1.25 s", "2 min 5 s"."""
    if length_ms is None:
        return "–"
    if length_ms < 1_000:
        return f"{length_ms} ms"
    if length_ms < 60_000:
        return f"{length_ms / 1000:.3g} s"
    parts: list[str] = []
    for unit, word in _UNITS:
        if length_ms >= unit and len(parts) < 2:
            parts.append(f"{length_ms // unit} {word}")
            length_ms %= unit
    return " ".join(parts)


def number(value: int) -> str:
    """A whole number with its thousands apart."""
    return f"{value:,}".replace(",", "\u202f")


def local(timing_zone: str, at_ms: int | None) -> Markup:
    """An instant in the zone of a schedule: "Sat 27 Jan 2024, 09:00:00 −05:00"."""
    if at_ms is None:
        return Markup('<span class="none">–</span>')
    text = local_text(timing_zone, at_ms // 1000)
    shown = f"{int(text[8:10])} {_MONTHS[int(text[5:7]) - 1]} {text[:4]}, {text[11:19]} {text[19:]}"
    return Markup('<span class="at">{}</span>').format(shown)


def in_words(timing: Timing) -> str:
    """The recurrence of a timing in English."""
    return _words(timing)


def rhythm(timing: Timing, usual_zone: str | None = None) -> str:
    """The recurrence of a timing in English, as lists show it: without the instant that intervals count from, and
    without the zone where it is the usual one."""
    return _words(timing).partition(", counted from ")[0].removesuffix(f", {usual_zone} time")


def _words(timing: Timing) -> str:
    try:
        return described(timing)
    except RecurrenceError:
        return "a recurrence that this server cannot read, because its API is not installed here"


def written(timing: Timing) -> str:
    """The recurrence of a timing as it was given."""
    return timing.spec if isinstance(timing.spec, str) else orjson.dumps(timing.spec).decode()


def value(given: Any) -> str:
    """A value as JSON that people can read, cut where it is long. A text that is JSON is shown as what it holds."""
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return _cut(given)
    return _cut(orjson.dumps(given, option=orjson.OPT_INDENT_2, default=str).decode())


def _cut(text: str) -> str:
    text = _UNSEEN.sub("\ufffd", text)
    if len(text) <= LONGEST_VALUE:
        return text
    return f"{text[:LONGEST_VALUE]}\n… {number(len(text) - LONGEST_VALUE)} more characters; the API shows all"


def lateness(due_ms: int, fired_ms: int) -> str:
    """How long after it was due something fired."""
    return f"{lasting(max(0, fired_ms - due_ms))} late"


def editable(schedule: Schedule) -> bool:
    """Whether the console can edit a schedule; those of other APIs are edited through these."""
    return schedule.dialect == "native"
