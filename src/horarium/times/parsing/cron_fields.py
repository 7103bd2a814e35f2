"""Reads one field of a cron expression into a mask, in which bit n stands for the number n."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from horarium.times.problems import fail

# The most digits of a number; longer ones are out of range anyway.
NUMBER_DIGITS = 6
AWS_HINT = "; L, W and # exist in AWS expressions only: cron(...)"
_AWS_MARK = re.compile(r"^L$|\d[LW]$|^LW$|#", re.IGNORECASE)
MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def _no_names() -> Mapping[str, int]:
    return MappingProxyType({})


@dataclass(frozen=True, eq=False)
class FieldKind:
    """What a field accepts: the numbers `low` to `high`, names for them, and with `wraps` ranges such as 20-2.

    `name` is the field in problems, `label` its name in sentences. Two kinds are never equal (`eq=False`), so
    that they are fast as keys of a cache.
    """

    name: str
    label: str
    low: int
    high: int
    names: Mapping[str, int] = field(default_factory=_no_names)
    wraps: bool = False

    @property
    def accepts(self) -> str:
        """The accepted numbers and names for messages: "1 to 12, or JAN to DEC"."""
        return ", or ".join([f"{self.low} to {self.high}", *self._name_range()])

    def _name_range(self) -> list[str]:
        return (
            [f"{min(self.names, key=self._order)} to {max(self.names, key=self._order)}"]
            if self.names
            else []
        )

    def _order(self, name: str) -> int:
        return self.names[name]


@lru_cache(maxsize=8192)
def parse_field(kind: FieldKind, text: str) -> int:
    """The mask of a list of numbers, names, ranges and steps. `*` and `?` mean the whole range.

    Raises RecurrenceError under the name of the field.
    """
    if text == "*":
        return _steps(kind.low, kind.high, 1)
    mask = 0
    for item in text.split(","):
        mask |= parse_item(kind, item, text)
    return mask


def parse_item(kind: FieldKind, item: str, text: str) -> int:
    """The mask of one item of a list: `7`, `1-5` or `*`, each also with `/step`. Raises RecurrenceError.

    `text` is the whole field, for messages.
    """
    if item.isdigit() and item.isascii():
        return 1 << parse_value(kind, item)
    if not item:
        raise fail(kind.name, f"{kind.label} has an empty place in its list; remove the extra comma", text)
    base, slash, step_text = item.partition("/")
    step = _parse_step(kind, step_text, item) if slash else 1
    if base in ("*", "?"):
        return _steps(kind.low, kind.high, step)
    first_text, dash, last_text = base.partition("-")
    first = parse_value(kind, first_text, item)
    if not dash:
        return _steps(first, kind.high if slash else first, step)
    return _range(kind, first, parse_value(kind, last_text, item), step, item)


def parse_value(kind: FieldKind, text: str, item: str = "") -> int:
    """One number or name of the field. Raises RecurrenceError, which shows `item` (or `text`)."""
    if text.isdigit() and text.isascii() and len(text) <= NUMBER_DIGITS:
        value = int(text)
    else:
        value = kind.names.get(text.upper(), -1)
        if value < 0:
            hint = AWS_HINT if not kind.wraps and _AWS_MARK.search(item or text) else ""
            wanted = f"{kind.label} must be {kind.accepts}, or a list, range or step{hint}"
            raise fail(kind.name, wanted, item or text)
    if not kind.low <= value <= kind.high:
        raise fail(
            kind.name, f"{kind.label} {value} is out of range; it must be {kind.accepts}", item or text
        )
    return value


def _parse_step(kind: FieldKind, text: str, item: str) -> int:
    if not (text.isdigit() and text.isascii() and len(text) <= NUMBER_DIGITS):
        raise fail(kind.name, f"the step of {kind.label} must be a whole number, such as */5", item)
    if int(text) == 0:
        raise fail(kind.name, f"the step of {kind.label} must be at least 1", item)
    return int(text)


def _range(kind: FieldKind, first: int, last: int, step: int, item: str) -> int:
    if first <= last:
        return _steps(first, last, step)
    if not kind.wraps:
        hint = (
            f"write {first}-{kind.high},{kind.low}-{last}"
            if last >= kind.low
            else "put the smaller number first"
        )
        raise fail(kind.name, f"the range of {kind.label} is reversed; {hint}", item)
    size = kind.high - kind.low + 1
    return sum(1 << kind.low + (n - kind.low) % size for n in range(first, last + size + 1, step))


def _steps(first: int, last: int, step: int) -> int:
    if step == 1:
        return (2 << last) - (1 << first)
    mask = 0
    for number in range(first, last + 1, step):
        mask |= 1 << number
    return mask


def name_map(names: tuple[str, ...], first: int) -> Mapping[str, int]:
    """A table from names in capitals to numbers that count from `first`."""
    return MappingProxyType({name: number for number, name in enumerate(names, first)})
