"""The keys that encrypt stored secrets, as they are written."""

from __future__ import annotations

from base64 import urlsafe_b64decode

# Bytes of a key.
SIZE = 32


def key_bytes(text: str) -> bytes | None:
    """The bytes of a key in base64, plain or URL-safe; None where the text is not one."""
    try:
        raw = urlsafe_b64decode(text.strip().encode("ascii"))
    except ValueError:
        return None
    return raw if len(raw) == SIZE else None
