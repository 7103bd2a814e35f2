"""How a label is written as one text: `name:value`.

The first colon ends the name. A colon that belongs to the name is written `\\:`, and a backslash `\\\\`. Where `=` may
stand for the colon, as in commands, an equals sign of the name is written `\\=`.
"""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\([\\:=])")
# A backslash before anything else is one as it stands.
_NAME = r"((?:[^\\{signs}]|\\[\\:=]|\\(?![\\:=]))+)"
_LABELS = {signs: re.compile(f"{_NAME.format(signs=signs)}[{signs}](.*)", re.DOTALL) for signs in (":", ":=")}


def label_text(name: str, value: str) -> str:
    """A label as a text from which `label_in` reads it."""
    return name.replace("\\", r"\\").replace(":", r"\:") + ":" + value


def label_in(text: str, signs: str = ":") -> tuple[str, str] | None:
    """The name and the value of a label, between which the first of the signs (`:` or `:=`) stands; None where there
    is no name or no sign. The value may be empty."""
    found = _LABELS[signs].fullmatch(text)
    return None if found is None else (_ESCAPED.sub(r"\1", found[1]), found[2])
