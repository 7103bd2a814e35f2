"""Signatures as in Standard Webhooks: HMAC-SHA256 of "id.timestamp.body", one for each current secret."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from binascii import b2a_base64
from collections.abc import Sequence

# Every signing secret begins with this.
PREFIX = "whsec_"


def new_secret() -> str:
    """A new signing secret: `whsec_` and 32 random bytes in base 64."""
    return PREFIX + b64encode(secrets.token_bytes(32)).decode()


def rotated(current: str | Sequence[str]) -> list[str]:
    """The secrets to use while one is replaced: a new secret and the newest of the current ones.

    Both sign, so receivers can change to the new secret at any time.
    """
    newest = current if isinstance(current, str) else current[0]
    return [new_secret(), newest]


def key_of(secret: str) -> bytes:
    """The bytes of a secret, which may be written with or without `whsec_`.

    Raises ValueError if it is not 24 to 64 bytes in base 64.
    """
    key = b64decode(secret.removeprefix(PREFIX), validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError("a signing secret must have 24 to 64 bytes")
    return key


def signature(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the `webhook-signature` header. `timestamp` is in seconds since the epoch.

    It has one signature for each key. So a secret can be replaced while receivers still verify with the old one.
    """
    content = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    return " ".join(
        "v1," + b2a_base64(hmac.digest(key, content, "sha256"), newline=False).decode() for key in keys
    )
