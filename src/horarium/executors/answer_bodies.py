"""Decodes bodies of HTTP answers that were sent in a content coding.

No coding is asked for (`Accept-Encoding: identity`), but some servers and proxies compress all the same. gzip and
deflate are decoded up to a limit, so a small body cannot become a large one.
"""

from __future__ import annotations

import zlib

# Codings in one Content-Encoding, and members in one gzip body, that are decoded.
_MOST_CODINGS = 3
_MOST_MEMBERS = 16
_CODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}


class NotDecoded(ValueError):
    """A body is in a coding that is not known here, or is not what its coding says."""


def decoded(body: bytes | bytearray, content_encoding: str | None, limit: int) -> bytes:
    """The body without its codings: at most `limit` + 1 bytes, so that a longer one can be told.

    `body` may be cut short; then the beginning of what it stands for is returned. Raises NotDecoded.
    """
    if not content_encoding or not body:
        return bytes(body)
    codings = [
        coding for part in content_encoding.lower().split(",") if (coding := part.strip()) != "identity"
    ]
    if len(codings) > _MOST_CODINGS:
        raise NotDecoded(f"it was encoded {len(codings)} times")
    for coding in reversed(codings):
        known = _CODINGS.get(coding)
        if known is None:
            raise NotDecoded(f"it was sent in the encoding {coding[:40]!r} although none was asked for")
        if not body:  # as of one that was cut short within the coding that is around this one
            break
        try:
            body = _gunzipped(body, limit) if known == "gzip" else _inflated(body, limit)
        except zlib.error:
            raise NotDecoded(f"it is not valid {coding}, although its Content-Encoding says so") from None
    return bytes(body)


def _gunzipped(body: bytes | bytearray, limit: int) -> bytes:
    found, members = b"", 0
    while body and len(found) <= limit:
        if members == _MOST_MEMBERS:
            raise NotDecoded(f"it consists of more than {_MOST_MEMBERS} gzip members")
        member = zlib.decompressobj(wbits=31)
        try:
            found += member.decompress(body, limit + 1 - len(found))
        except zlib.error:
            if not members:
                raise
            break  # what follows the last member is padding
        body, members = member.unused_data, members + 1
    return found


def _inflated(body: bytes | bytearray, limit: int) -> bytes:
    """Some servers send deflate data without the zlib header around it that the name stands for."""
    wrapped = body[0] & 0x0F == 8 and (len(body) < 2 or (body[0] << 8 | body[1]) % 31 == 0)
    return zlib.decompressobj(15 if wrapped else -15).decompress(body, limit + 1)
