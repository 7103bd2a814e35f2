"""The headers of answers that clients read, and when they are sent."""

from __future__ import annotations

_SENT = {
    "ETag": "The version of what is answered, to be sent as If-Match with a change. Where it has one.",
    "Idempotent-Replayed": "true where a request came before with the same Idempotency-Key; nothing was done anew.",
    "RateLimit": "How many units the key has left (r), and in how many seconds it has all again (t). With every "
    "answer to a key, where the server has a rate limit.",
    "RateLimit-Policy": "How many units the key has in all (q), and in how many seconds they come back (w).",
    "Retry-After": "Seconds after which the request may be sent again. With 429 and 503.",
    "X-Request-Id": "The name of the request in the log of the server and in the audit log. With every answer.",
}
HEADERS = {name: {"description": words, "schema": {"type": "string"}} for name, words in _SENT.items()}
