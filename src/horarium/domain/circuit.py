"""A circuit for each lane: a target that only times out is probed instead of called, and called again once it answers.

The three states are values, and every move is a pure function with the time as an argument. Times are milliseconds.

    Closed    calls go out. Five time-outs in a row, with no answer between them, open the circuit.
    Open      nothing goes out but one probe every 5 s, also while earlier probes hang, at most six at a time.
    HalfOpen  a probe was answered: three more calls go out. The second answer among them closes the circuit, one
              time-out opens it again.

Any answer is a sign of life, a refusal and an error of the target included: this circuit is about targets that keep
their callers waiting. What an error means for its run is decided by the retry policy. A time-out of a call that was
sent before the last sign of life says nothing new and is ignored: after a target has come back, hundreds of calls that
were sent while it was away may still reach their time limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

# Time-outs in a row that open a circuit. One or two happen to every target.
TIMEOUTS_TO_OPEN = 5
PROBE_EVERY_MS = 5_000
# Probes that may hang at the same time: with the default time limit of 30 s one ends as the seventh is due.
MOST_PROBES = 6
# Calls that go out while a circuit is half open.
HALF_OPEN_CALLS = 3
# Answers that close a circuit, the one to the probe included.
ANSWERS_TO_CLOSE = 3


@dataclass(frozen=True, slots=True)
class Closed:
    """Calls go out. `timeouts` counts those in a row."""

    timeouts: int = 0


@dataclass(frozen=True, slots=True)
class Open:
    """Only probes go out, the next at `probe_ms`. `since_ms` is when calls stopped."""

    since_ms: int
    probe_ms: int


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """A probe was answered. `answers` counts the answers since then, `sent` the calls; calls stopped at `since_ms`."""

    since_ms: int
    answers: int = 1
    sent: int = 0


Circuit = Closed | Open | HalfOpen

CLOSED = Closed()


def may_send(circuit: Circuit, now: int, under_way: int) -> bool:
    """Whether a call may go out now.

    `under_way` counts the probes that have not ended. It matters only while the circuit is open.
    """
    match circuit:
        case Closed():
            return True
        case Open(probe_ms=probe_ms):
            return now >= probe_ms and under_way < MOST_PROBES
        case HalfOpen(sent=sent):
            return sent < HALF_OPEN_CALLS


def sent(circuit: Circuit, now: int) -> Circuit:
    """The circuit after a call went out at `now`; where it is open, that was the probe."""
    match circuit:
        case Closed():
            return circuit
        case Open():
            return replace(circuit, probe_ms=now + PROBE_EVERY_MS)
        case HalfOpen():
            return replace(circuit, sent=circuit.sent + 1)


def answered(circuit: Circuit) -> Circuit:
    """The circuit after an answer, whatever it said."""
    match circuit:
        case Closed():
            return CLOSED
        case Open(since_ms=since_ms):
            return HalfOpen(since_ms)
        case HalfOpen(answers=answers) if answers + 1 >= ANSWERS_TO_CLOSE:
            return CLOSED
        case HalfOpen(answers=answers):
            return replace(circuit, answers=answers + 1)


def timed_out(circuit: Circuit, now: int, sent_ms: int, answered_ms: int) -> Circuit:
    """The circuit after a call that was sent at `sent_ms` was waited for in vain; the target last answered at
    `answered_ms`."""
    if sent_ms < answered_ms:
        return circuit
    match circuit:
        case Closed(timeouts=timeouts) if timeouts + 1 >= TIMEOUTS_TO_OPEN:
            return Open(now, now + PROBE_EVERY_MS)
        case Closed(timeouts=timeouts):
            return Closed(timeouts + 1)
        case HalfOpen(since_ms=since_ms):
            return Open(since_ms, now + PROBE_EVERY_MS)
        case Open():
            return circuit
