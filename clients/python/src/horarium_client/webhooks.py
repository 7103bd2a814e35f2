"""Verifies requests that a Horarium server sends to targets and webhooks (Standard Webhooks, HMAC-SHA256)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping

# How far the time of a request may be from this machine's clock, in seconds.
TOLERANCE_S = 300

_PREFIX = "whsec_"


class InvalidSignature(Exception):
    """The request does not come from the server, was changed, or is too old."""


def verify_webhook(
    body: bytes, headers: Mapping[str, str], secrets: str | Iterable[str], *, now: float | None = None
) -> None:
    """Return if a request is signed with one of the secrets (`whsec_...`) and is at most five minutes old.

    `body` is the body as it came, before it is decoded. `now` is the present time in seconds since the epoch; without
    it, the clock of this machine says it. Raises InvalidSignature. Ed25519 keys (`whpk_...`) are for other libraries:
    the page on signatures shows how.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp = given["webhook-id"], given["webhook-timestamp"]
        signatures = given["webhook-signature"].split()
        sent = int(timestamp)
    except (KeyError, ValueError):
        raise InvalidSignature("webhook-id, webhook-timestamp or webhook-signature is missing") from None
    if abs((time.time() if now is None else now) - sent) > TOLERANCE_S:
        raise InvalidSignature("the request is more than five minutes from this clock")
    signed = message_id.encode() + b"." + timestamp.encode() + b"." + body
    for secret in [secrets] if isinstance(secrets, str) else secrets:
        expected = base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()
        for signature in signatures:
            version, _, value = signature.partition(",")
            if version == "v1" and hmac.compare_digest(value.encode(), expected.encode()):
                return
    raise InvalidSignature("no signature fits one of the secrets")


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(
            "a secret must be whsec_ and base 64; requests that are signed with Ed25519 (whpk_) are not verified here"
        ) from None
