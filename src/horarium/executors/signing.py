"""Signatures as in Standard Webhooks, over "id.timestamp.body": one for each current signing secret.

A secret is written `whsec_...` for HMAC-SHA256 (`v1`), or `whsk_...` for Ed25519 (`v1a`), whose receivers get only the
public key, `whpk_...`, and so can verify but not sign. A secret that is being replaced may have an end:
`whsec_...;until=2026-12-01T00:00:00Z`. From then on nothing is signed with it.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from horarium.domain.execution import SigningRotation
from horarium.times.instants import InstantError, Rounding, seconds_of, utc_text

# What secrets and public keys begin with.
PREFIX = "whsec_"
PRIVATE_PREFIX = "whsk_"
PUBLIC_PREFIX = "whpk_"
# The field of a configuration with the public keys, which the server writes.
PUBLIC_FIELD = "verification_keys"
# The secrets of a target, the replaced ones included.
MOST_SECRETS = 5

_UNTIL = ";until="
_SEED_BYTES = 32


class Signer(NamedTuple):
    """Makes the signatures of one secret, each with its version in front. `until_s` is when it ends, in seconds since
    the epoch (None: never)."""

    sign: Callable[[bytes], str]
    until_s: int | None


def new_secret(ed25519: bool = False) -> str:
    """A new signing secret with 32 random bytes."""
    return (PRIVATE_PREFIX if ed25519 else PREFIX) + b64encode(secrets.token_bytes(32)).decode()


def bare(secret: str) -> str:
    """A secret without its end."""
    return secret.partition(_UNTIL)[0]


def random_part(secret: str) -> str:
    """A secret without its prefix and its end: what must not be seen anywhere."""
    return bare(secret).removeprefix(PREFIX).removeprefix(PRIVATE_PREFIX)


def rotated(current: Sequence[str], ed25519: bool, keep_until_ms: int | None) -> SigningRotation:
    """Replace the newest of the current secrets by a new one.

    The newest signs too until `keep_until_ms`; with None it ends at once. Older ones end at once.
    """
    new = new_secret(ed25519)
    kept = [] if keep_until_ms is None else [f"{bare(current[0])}{_UNTIL}{utc_text(keep_until_ms // 1000)}"]
    together = [new, *kept]
    return SigningRotation(together, None if ed25519 else new, public_keys(together))


def public_keys(given: str | Sequence[str] | None) -> list[str]:
    """The public keys of those secrets that have one, `whpk_...`, in their order."""
    listed = [] if given is None else [given] if isinstance(given, str) else given
    return [
        PUBLIC_PREFIX
        + b64encode(_private(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
        for secret in map(bare, listed)
        if secret.startswith(PRIVATE_PREFIX)
    ]


def signer_of(secret: str) -> Signer:
    """The signer of a secret. An HMAC secret may be written without `whsec_`.

    Raises ValueError if it is not 24 to 64 bytes in base 64 (HMAC) or 32 or 64 (Ed25519), or its end is no instant.
    """
    text, _, end = secret.partition(_UNTIL)
    until = _end(end) if end else None
    if not text.startswith(PRIVATE_PREFIX):
        key = key_of(text)
        return Signer(lambda content: "v1," + _base64(hmac.digest(key, content, "sha256")), until)
    private = _private(text)
    return Signer(lambda content: "v1a," + _base64(private.sign(content)), until)


def key_of(secret: str) -> bytes:
    """The bytes of an HMAC secret. Raises ValueError if it is not 24 to 64 bytes in base 64."""
    key = b64decode(secret.removeprefix(PREFIX), validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError("a signing secret must have 24 to 64 bytes")
    return key


def signature(signers: Sequence[Signer], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the `webhook-signature` header. `timestamp` is in seconds since the epoch.

    It has one signature for each secret that has not ended. So a secret can be replaced while receivers still verify
    with the old one.
    """
    content = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    return " ".join(
        signer.sign(content) for signer in signers if signer.until_s is None or timestamp < signer.until_s
    )


def _private(secret: str) -> Ed25519PrivateKey:
    """The private key of a `whsk_` secret: 32 bytes, which the public key may follow. Raises ValueError."""
    key = b64decode(secret.removeprefix(PRIVATE_PREFIX), validate=True)
    if len(key) not in (_SEED_BYTES, 2 * _SEED_BYTES):
        raise ValueError("an Ed25519 signing secret must have 32 or 64 bytes")
    return Ed25519PrivateKey.from_private_bytes(key[:_SEED_BYTES])


def _end(text: str) -> int:
    try:
        return seconds_of(text, Rounding.DOWN)
    except InstantError as error:
        raise ValueError(f"the end of a signing secret {error}") from None


def _base64(value: bytes) -> str:
    return b2a_base64(value, newline=False).decode()
