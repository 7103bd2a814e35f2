"""Notes of what an attempt sends and is answered, for whoever tries a target out. No secret stands in them."""

from __future__ import annotations

from collections.abc import Iterable

from horarium.domain.execution import Message
from horarium.domain.target import MASK
from horarium.executors.secrecy import NUL_SHOWN, Scrubber, is_sensitive

# Characters of a body that are shown, of one header, and how many headers.
LONGEST_BODY, LONGEST_HEADER, MOST_HEADERS = 16_384, 1_000, 100
# Our own header whose name sounds like that of a secret, and is none.
_OPEN = "idempotency-key"


def message_of(
    line: str, headers: Iterable[tuple[str, str]], body: bytes | None, scrubber: Scrubber
) -> Message:
    """A message with every secret replaced. The values of headers whose names speak of secrets are replaced as a whole,
    such as a signature: whoever has it could send the same request again."""
    shown: list[tuple[str, str]] = []
    for name, value in headers:
        if len(shown) == MOST_HEADERS:
            break
        hidden = is_sensitive(name) and name.lower() != _OPEN
        shown.append((name[:LONGEST_HEADER], MASK if hidden else _text(value, LONGEST_HEADER, scrubber)))
    text = (body or b"")[: LONGEST_BODY * 4].decode("utf-8", "replace")
    return Message(_text(line, LONGEST_HEADER * 4, scrubber), shown, _text(text, LONGEST_BODY, scrubber))


def _text(text: str, longest: int, scrubber: Scrubber) -> str:
    """A text without secrets, cut where it is long."""
    clean = text.replace("\0", NUL_SHOWN)
    if len(clean) <= longest:
        return scrubber.text(clean)
    return f"{scrubber.cut(clean[:longest])}…"
