"""What the error renderers of dialects share: a machine word for each kind of error, and the headers of an answer."""

from __future__ import annotations

from collections.abc import Mapping

from horarium.api.errors import headers_of, status_of
from horarium.api.web import Malformed, NoRoute, WrongMethod
from horarium.domain.errors import (
    Conflict,
    Forbidden,
    HorariumError,
    Invalid,
    NotFound,
    QuotaReached,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
)

CODES: Mapping[type[HorariumError], str] = {
    Invalid: "VALIDATION_ERROR",
    Unauthorized: "UNAUTHORIZED",
    Forbidden: "FORBIDDEN",
    NotFound: "NOT_FOUND",
    WrongMethod: "METHOD_NOT_ALLOWED",
    Conflict: "CONFLICT",
    QuotaReached: "QUOTA_REACHED",
    TooLarge: "PAYLOAD_TOO_LARGE",
    RateLimited: "RATE_LIMITED",
    Unavailable: "SERVICE_UNAVAILABLE",
    HorariumError: "INTERNAL_ERROR",
}


def code_of(error: HorariumError, own: Mapping[type[HorariumError], str] | None = None) -> str:
    """The word for an error's kind. `own` are the words of a dialect that differ from CODES."""
    words = {**CODES, **(own or {})}
    return next(words[kind] for kind in type(error).__mro__ if kind in words)


__all__ = ["CODES", "Malformed", "NoRoute", "WrongMethod", "code_of", "headers_of", "status_of"]
