"""Standard Webhooks signatures: HMAC-SHA256 over "id.timestamp.body", one for each current secret."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from binascii import b2a_base64
from collections.abc import Sequence

PREFIX = "whsec_"


def new_secret() -> str:
    """A fresh signing secret in its usual writing: `whsec_` and 32 random bytes in base 64."""
    return PREFIX + b64encode(secrets.token_bytes(32)).decode()


def rotated(current: str | Sequence[str]) -> list[str]:
    """The secrets while one is replaced: a new one, and the newest of the current ones, which still signs
    as well."""
    newest = current if isinstance(current, str) else current[0]
    return [new_secret(), newest]


def key_of(secret: str) -> bytes:
    """The key bytes of a secret, with or without `whsec_`. Raises ValueError where it is not 24 to 64 bytes
    in base 64."""
    key = b64decode(secret.removeprefix(PREFIX), validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError("a signing secret holds 24 to 64 bytes")
    return key


def signature(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: several keys give several signatures, so that a secret can be replaced
    while receivers still verify with the old one."""
    content = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    return " ".join(
        "v1," + b2a_base64(hmac.digest(key, content, "sha256"), newline=False).decode() for key in keys
    )
