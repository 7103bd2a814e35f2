"""When two JSON values are the same, and the records that hold such values.

To Python `1`, `1.0` and `true` are equal, and so are `0.0` and `-0.0`. Whoever replaces one by another has changed
something.
"""

from __future__ import annotations

from typing import Any, ClassVar

import orjson


def is_same_json(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1 and true are not, and neither are 1 and 1.0. The order of names does not
    count."""
    return one is other or (one == other and _sorted_text(one) == _sorted_text(other))


def _sorted_text(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


class HoldsJson:
    """A dataclass with `eq=False` some of whose fields hold JSON. Two are equal where all of their fields are, and what
    `json_fields` names is the same JSON."""

    __slots__ = ()
    json_fields: ClassVar[tuple[str, ...]]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(other) is not type(self):
            return NotImplemented
        names = type(self).__dataclass_fields__  # type: ignore[attr-defined]
        return all(getattr(self, name) == getattr(other, name) for name in names) and all(
            is_same_json(getattr(self, name), getattr(other, name)) for name in self.json_fields
        )

    __hash__ = None  # type: ignore[assignment]
