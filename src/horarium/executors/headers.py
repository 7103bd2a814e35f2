"""Headers that a caller sets on outgoing requests: which ones may be set, and how large they may be."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.target import MASK
from horarium.executors.checks import check_texts, shortened
from horarium.executors.secrecy import NOT_KEPT, is_sensitive
from horarium.executors.template import check_template

# More than most servers accept.
MAX_HEADERS = 50
LONGEST_HEADER = 16 * 1024
LONGEST_TOGETHER = 64 * 1024

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# They say how the request is framed or where it goes.
_FRAMING = re.compile(
    r"host|content-length|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer|accept-encoding"
    r"|proxy-.*",
    re.IGNORECASE,
)

# The server signs and identifies its requests with these.
_SIGNED = re.compile(r"idempotency-key|webhook-.*|ce-.*|horarium-.*", re.IGNORECASE)

# Receivers believe these because they come from inside a network: cloud metadata services open at the first ones,
# the others tell a receiver behind a proxy who is asking. A request of a tenant must not speak for such a proxy.
_TRUSTED = re.compile(
    r"metadata|metadata-flavor|x-metadata-.*|x-google-metadata-.*|x-aws-ec2-metadata-.*"
    r"|forwarded|via|x-forwarded|x-forwarded-.*|x-real-ip|x-client-ip|x-cluster-client-ip|x-originating-ip"
    r"|x-remote-.*|remote-.*|x-original-.*|x-rewrite-url|x-host|true-client-ip|cf-connecting-ip.*|fastly-client-ip"
    r"|x-envoy-.*|x-azure-clientip|x-azure-socketip|x-appengine-.*|x-auth-request-.*|x-webauth-.*"
    r"|x-goog-authenticated-user-.*|x-goog-iap-.*|x-amzn-oidc-.*|x-ms-client-principal.*|x-ssl-client-.*"
    r"|ssl-client-.*",
    re.IGNORECASE,
)


def check_headers(
    headers: Any, *, signed: bool, secret_names: Collection[str] | None = None
) -> list[Problem]:
    """Everything wrong with an object of header names and texts.

    `signed`: the server adds headers of its own by which receivers know its requests, so these may not be given.
    `secret_names`: values are templates that may name these secrets; None where they are plain texts.
    """
    problems = check_texts(headers, "headers", MAX_HEADERS)
    if problems or headers is None:
        return problems
    if sum(len(value) for value in headers.values()) > LONGEST_TOGETHER:
        return [Problem("headers", f"are longer than {LONGEST_TOGETHER} characters together", "too_long")]
    seen: set[str] = set()
    for name, value in headers.items():
        field = f"headers.{shortened(name)}"
        wrong = _name_refusal(name, seen, signed) or value_refusal(value)
        if wrong:
            problems.append(Problem(field, wrong))
        elif secret_names is not None:
            problems += check_template(value, field, secret_names)
        elif value == MASK and is_sensitive(name):
            problems.append(Problem(field, NOT_KEPT))
        seen.add(name.lower())
    return problems


def _name_refusal(name: str, seen: Collection[str], signed: bool) -> str | None:
    if not _NAME.fullmatch(name):
        return "is not a header name"
    if _FRAMING.fullmatch(name) or (signed and _SIGNED.fullmatch(name)):
        return "is set by the server itself"
    if _TRUSTED.fullmatch(name):
        return "may not be set: receivers believe that such a header comes from a proxy inside their network"
    if name.lower() in seen:
        return "is given twice: header names differ by more than case"
    return None


def value_refusal(value: str) -> str | None:
    """Why a text cannot be sent as the value of a header, or None."""
    if len(value) > LONGEST_HEADER:
        return f"is longer than {LONGEST_HEADER} characters"
    if _CONTROL.search(value):
        return "holds a line break or a control character"
    return None
