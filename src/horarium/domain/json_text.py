"""What can be told of a JSON text without decoding it."""

from __future__ import annotations


def holds_more_than(text: bytes | bytearray, most: int) -> bool:
    """Whether a JSON text holds more than `most` values and names. Texts that are not JSON get some answer."""
    if len(text) <= most or _marks(text) <= most:
        return False
    # Some of the marks stand in strings, between quotes that are not escaped.
    bare = text.replace(rb"\\", b"").replace(rb"\"", b"")
    if bare.count(b'"') // 2 > most:
        return True
    return _marks(b"".join(bare.split(b'"')[::2])) > most


def _marks(text: bytes | bytearray) -> int:
    """There are as many values and names as commas, colons and opening brackets, and one."""
    return text.count(b",") + text.count(b":") + text.count(b"[") + text.count(b"{")
