"""Names for what chance decides, so that a text that is kept is the same at every time."""

from __future__ import annotations

import re

from horarium.domain.ids import PREFIXES

_PREFIXES = (*PREFIXES, "act", "ers", "pau", "src", "win")


class Names:
    """Names for what chance decides: ids, keys and the like are numbered as they come up. A name that is short stands
    in a table with the blanks that keep the table straight."""

    KINDS = (
        (re.compile(rf"\b({'|'.join(_PREFIXES)})_[0-9A-HJKMNP-TV-Z]{{26}}\b"), None),
        (re.compile(r"\bhor_[A-Za-z0-9_-]{32,}"), "hor_KEY"),
        (re.compile(r"\bwhsec_[A-Za-z0-9+/=]{20,}"), "whsec_SECRET"),
        (re.compile(r"\bwhpk_[A-Za-z0-9+/=]{20,}"), "whpk_PUBLIC"),
        (re.compile(r"\b[0-9a-f]{64}\b"), "HASH"),
        (re.compile(r"\b[0-9a-f]{12}-[0-9a-f]+\b"), "REQUEST"),
        (re.compile(r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\b"), "TRACE"),
        (re.compile(r"\b[0-9a-f]{32}\b"), "SALT"),
        (re.compile(r"\bv1a?,[A-Za-z0-9+/]{40,}=*"), "SIGNATURE"),
    )  # fmt: skip

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._hints: dict[str, str] = {}

    def knows_key(self, key: str) -> None:
        """The end of a key stands in lists of keys."""
        self._hints.setdefault(key[-4:], f"~k{len(self._hints) + 1:02}")

    def known(self, text: str) -> str:
        """A text in which each name is again what it stands for."""
        found = {name: real for real, name in self._names.items()}
        return re.sub(r"\b[A-Za-z]+_?[A-Z]*_?\d+\b", lambda seen: found.get(seen[0], seen[0]), text)

    def named(self, text: str) -> str:
        """A text in which names stand for what chance decides."""
        for seen in re.finditer(r"\bhor_[A-Za-z0-9_-]{32,}", text):
            self.knows_key(seen[0])
        for end, name in self._hints.items():
            text = re.sub(rf"(?<![\w-]){re.escape(end)}(?![\w-])", name, text)
        for form, kind in self.KINDS:
            text = form.sub(lambda seen, kind=kind: self._name(seen, kind), text)  # type: ignore[misc]
        return text

    def _name(self, seen: re.Match[str], kind: str | None) -> str:
        real, family = seen[0], kind or seen[1] + "_"
        if real not in self._names:
            self._counts[family] = self._counts.get(family, 0) + 1
            self._names[real] = f"{family}{self._counts[family]}"
        in_table = seen.string[seen.end() : seen.end() + 2] == "  "
        return self._names[real].ljust(len(real)) if in_table else self._names[real]
