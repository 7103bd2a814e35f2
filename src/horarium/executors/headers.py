"""Checks the headers that a configuration sets on outgoing requests: which are allowed, and how large they may be."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.target import MASK
from horarium.executors.checks import check_texts, shortened
from horarium.executors.secrecy import NOT_KEPT
from horarium.executors.template import check_template

# The number of headers, and the characters of one value and of all values together. Most servers accept less.
MAX_HEADERS = 50
LONGEST_HEADER = 16 * 1024
LONGEST_TOGETHER = 64 * 1024

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# These headers say where a request goes and where its body ends.
_FRAMING = re.compile(
    r"host|content-length|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer|accept-encoding"
    r"|proxy-.*",
    re.IGNORECASE,
)

# The server signs and identifies its requests with these.
_SIGNED = re.compile(r"idempotency-key|webhook-.*|ce-.*|horarium-.*", re.IGNORECASE)

# Receivers trust these headers, because usually only a proxy inside their own network can set them. The first line
# gives access to cloud metadata services. The others tell a receiver behind a proxy who sends the request. A tenant
# must not be able to act as such a proxy.
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
    """All problems of an object of header names and values.

    `signed` says that the server adds its own headers, by which receivers recognise its requests. These must not be
    set. With `secret_names` the values are templates that may use these secrets. With None they are plain texts.
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
        elif value == MASK:
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
        return "is given twice: upper and lower case make no difference in header names"
    return None


def value_refusal(value: str) -> str | None:
    """Why a text cannot be the value of a header, or None if it can."""
    if len(value) > LONGEST_HEADER:
        return f"is longer than {LONGEST_HEADER} characters"
    if _CONTROL.search(value):
        return "contains a line break or a control character"
    return None
