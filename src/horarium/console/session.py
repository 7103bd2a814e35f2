"""Who is signed in: an API key, sealed in a cookie by the server's secret key.

The cookie is all there is of a session. So every node can read it, nothing is kept on the server, and the browser has
no key in clear. Each request presents the key anew, exactly as a request to the API does. A key that was revoked
therefore ends its sessions at once.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from horarium.domain.errors import HorariumError

COOKIE = "horarium_session"
# For how long a session lasts, however much it is used, in milliseconds.
LASTS_MS = 12 * 3_600_000
# The keys that one session holds at most, the one in use included.
MOST_KEYS = 8
# A longer cookie is none of ours.
_LONGEST = 2_000
_CONTEXT = b"console session"


class Sealer(Protocol):
    """What seals and opens secrets by the server's secret key."""

    def seal(self, values: Mapping[str, Any], context: bytes) -> bytes: ...

    def open(self, blob: bytes, context: bytes) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Session:
    """The API key of somebody who has signed in at `since_ms`, and the token that each form of theirs carries.

    `others` are keys of other workspaces that they have signed in with as well, and can switch to.
    """

    key: str
    token: str
    since_ms: int
    others: tuple[str, ...] = ()

    def knows(self, token: str) -> bool:
        """Whether a form with this token was made for this session."""
        return hmac.compare_digest(self.token.encode(), token.encode("utf-8", "replace"))


def begin(key: str, now_ms: int) -> Session:
    """A new session of a key."""
    return Session(key, secrets.token_urlsafe(24), now_ms)


def added(session: Session, key: str) -> Session:
    """A session that now uses `key`, and keeps the keys that it had, as many as it can hold."""
    kept = tuple(known for known in (session.key, *session.others) if known != key)
    return replace(session, key=key, others=kept[: MOST_KEYS - 1])


def sealed(session: Session, sealer: Sealer) -> str:
    """A session as the value of its cookie."""
    values: dict[str, Any] = {"key": session.key, "token": session.token, "since_ms": session.since_ms}
    if session.others:
        values["others"] = list(session.others)
    return urlsafe_b64encode(sealer.seal(values, _CONTEXT)).decode().rstrip("=")


def opened(text: str | None, sealer: Sealer, now_ms: int) -> Session | None:
    """The session in the value of a cookie, or None where it is not ours or has ended."""
    if not text or len(text) > _LONGEST or not text.isascii():
        return None
    try:
        found = sealer.open(urlsafe_b64decode(text + "=" * (-len(text) % 4)), _CONTEXT)
    except (ValueError, HorariumError):
        return None
    session = Session(found["key"], found["token"], found["since_ms"], tuple(found.get("others", ())))
    return session if session.since_ms <= now_ms < session.since_ms + LASTS_MS else None


def cookie(name: str, value: str, seconds: int, secure: bool, path: str) -> tuple[bytes, bytes]:
    """The header that sets a cookie which only this server and no script gets to see; 0 seconds take it away."""
    text = f"{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict"
    return b"set-cookie", (text + ("; Secure" if secure else "")).encode()
