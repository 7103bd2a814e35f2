"""The configuration of `http` targets: how it is checked and compiled.

    {"url": "https://example.com/hooks/{{ input.team }}",
     "method": "POST",
     "headers": {"Authorization": "Bearer {{ secrets.TOKEN }}", "X-Team": "{{ input.team }}"},
     "body": {"name": "{{ row.name }}", "at": "{{ slot }}"},
     "secrets": {"TOKEN": "..."},
     "signing_secret": "whsec_..."}

Only `url` is required. Without `body`, the run's whole context is sent as JSON (GET and HEAD send no body).
`"body": null` sends no body. If `body` is a text and the Content-Type is not JSON, the text is sent unchanged.
`signing_secret` may be a list, so that a new secret can replace an old one step by step; see signing.py for how secrets
are written. If it is left out, the server makes one. `verification_keys` are the public keys of Ed25519 secrets; the
server writes them, and ignores what a request says there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson
from multidict import istr

from horarium.domain.errors import Problem
from horarium.domain.target import MASK
from horarium.executors.addresses import MAX_URL, AddressPolicy, check_url
from horarium.executors.checks import check_fields
from horarium.executors.headers import check_headers, value_refusal
from horarium.executors.http_poll import CompiledPoll, check_done_on, check_poll
from horarium.executors.secrecy import Scrubber, check_secrets, named_secrets, origin, reveal, secret_names
from horarium.executors.signing import (
    MOST_SECRETS,
    PREFIX,
    PRIVATE_PREFIX,
    PUBLIC_FIELD,
    Signer,
    signer_of,
)
from horarium.executors.template import (
    RenderText,
    TemplateError,
    Values,
    check_template,
    compile_text,
    compile_value,
    has_placeholder,
    without_placeholders,
)

FIELDS = ("url", "method", "headers", "body", "secrets", "signing_secret", PUBLIC_FIELD, "done_on", "poll")
SECRET_FIELDS = ("signing_secret",)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
JSON_TYPE = "application/json"

_BODILESS = ("GET", "HEAD")


def check_config(config: Mapping[str, Any], policy: AddressPolicy) -> list[Problem]:
    """All problems of a configuration as it came in a request."""
    names = secret_names(config)
    return [
        *check_fields(config, "http", FIELDS),
        *check_secrets(config, SECRET_FIELDS),
        *_check_url(config.get("url"), policy, names),
        *_check_method(config.get("method")),
        *check_headers(config.get("headers"), signed=True, secret_names=names),
        *check_template(config.get("body"), "body", names),
        *_check_signing(config.get("signing_secret")),
        *check_done_on(config.get("done_on")),
        *check_poll(config.get("poll"), names),
        *_check_poll_url(config),
    ]


def _check_poll_url(config: Mapping[str, Any]) -> list[Problem]:
    """A problem where looks would lead to another place than the request, and take the target's secrets there."""
    poll, url = config.get("poll"), config.get("url")
    asked = poll.get("url") if isinstance(poll, Mapping) else None
    if not isinstance(asked, str) or not isinstance(url, str) or origin(asked) == origin(url):
        return []
    return [Problem("poll.url", "must have the scheme, host and port of url")]


def _check_url(url: Any, policy: AddressPolicy, secret_names: Sequence[str]) -> list[Problem]:
    if url is None:
        return [Problem("url", "is required: the absolute http or https URL to call", "required")]
    if not isinstance(url, str) or len(url) > MAX_URL:
        return check_url(url, policy)
    # A host that comes from a placeholder is checked when the request is sent, because only then its value is known.
    return check_template(url, "url", secret_names) or check_url(without_placeholders(url, "x"), policy)


def _check_method(method: Any) -> list[Problem]:
    if method is None or (isinstance(method, str) and method.upper() in METHODS):
        return []
    return [Problem("method", f"must be one of {', '.join(METHODS)}")]


def _check_signing(given: Any) -> list[Problem]:
    if given is None:
        return []
    secrets = given if isinstance(given, list) else [given]
    if not 1 <= len(secrets) <= MOST_SECRETS:
        return [Problem("signing_secret", f"must be a secret or a list of 1 to {MOST_SECRETS} secrets")]
    return [
        Problem(
            "signing_secret",
            "must be whsec_ followed by 24 to 64 bytes in base 64, or whsk_ followed by the 32 bytes of an Ed25519 "
            "key; then ;until= and an RFC 3339 instant may follow",
        )
        for secret in secrets
        if not _is_signing_secret(secret)
    ]


def _is_signing_secret(secret: Any) -> bool:
    if not isinstance(secret, str):
        return False
    if secret == MASK:  # check_secrets reports it
        return True
    try:
        signer_of(secret)
    except ValueError:
        return False
    return secret.startswith((PREFIX, PRIVATE_PREFIX))


class CompiledHttp:
    """A compiled configuration: everything that is the same for all runs is done. It never changes.

    `body` is None if the run's context is sent. Otherwise it makes the bytes of the body, or None for no body.
    `signers` sign for each signing secret. `needs_values` says whether the request has any placeholder.
    """

    __slots__ = (
        "body",
        "done_on",
        "fixed_headers",
        "look_headers",
        "method",
        "named",
        "needs_values",
        "poll",
        "poll_origin",
        "poll_url",
        "scrubber",
        "signers",
        "templated_headers",
        "url",
    )

    def __init__(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        config = reveal(public, secrets)
        headers: Mapping[str, str] = config.get("headers") or {}
        self.method = str(config.get("method") or "POST").upper()
        self.named = named_secrets(config)
        self.signers = _signers(config.get("signing_secret"))
        self.url = compile_text(config["url"], _url_piece, MAX_URL)
        self.fixed_headers: dict[str, str] = {
            istr(n): v for n, v in headers.items() if not has_placeholder(v)
        }
        self.templated_headers = [
            (istr(n), compile_text(v)) for n, v in headers.items() if has_placeholder(v)
        ]
        self.body = _body(config, self.method, headers)
        if self.body is not _no_body and not any(name.lower() == "content-type" for name in headers):
            self.fixed_headers[istr("Content-Type")] = JSON_TYPE
        self.scrubber = Scrubber(secrets.values())
        self.done_on = frozenset(config.get("done_on") or ())
        poll = config.get("poll")
        self.poll = None if poll is None else CompiledPoll(poll)
        self.poll_url = None if poll is None else compile_text(poll["url"], _url_piece, MAX_URL)
        # Where looks lead, as far as no value decides about it.
        leads = None if poll is None else origin(poll["url"])
        self.poll_origin = None if leads is None or has_placeholder(leads[1]) else leads
        # Of looks at a run: without those headers that need one of its values.
        self.look_headers = dict(self.fixed_headers) | {
            istr(n): compile_text(v)({"secrets": self.named})
            for n, v in headers.items()
            if poll is not None and has_placeholder(v) and not check_template(v, "", self.named, {})
        }
        self.needs_values = (
            has_placeholder(config["url"])
            or bool(self.templated_headers)
            or has_placeholder(config.get("body"))
        )

    def headers(self, values: Values) -> dict[str, str]:
        """The target's own headers for one request. Raises TemplateError if a value cannot be in a header."""
        headers = dict(self.fixed_headers)
        for name, render in self.templated_headers:
            headers[name] = _header_value(name, render, values)
        return headers


def _signers(given: Any) -> tuple[Signer, ...]:
    if given is None:
        return ()
    return tuple(signer_of(secret) for secret in (given if isinstance(given, list) else [given]))


def _url_piece(text: str) -> str:
    # A path segment of dots means "this folder" or "the folder above", so it would lead to another path.
    if text in (".", ".."):
        raise TemplateError("a value that is only dots cannot be part of a URL")
    return quote(text, safe="")


def _header_value(name: str, render: RenderText, values: Values) -> str:
    text = render(values)
    wrong = value_refusal(text)
    if wrong:
        raise TemplateError(f"the value for the header {name} {wrong}")
    return text


def _no_body(values: Values) -> bytes | None:
    return None


def _body(
    config: Mapping[str, Any], method: str, headers: Mapping[str, str]
) -> Callable[[Values], bytes | None] | None:
    if "body" not in config:
        return _no_body if method in _BODILESS else None
    template = config["body"]
    if template is None:
        return _no_body
    content_type = next((v for n, v in headers.items() if n.lower() == "content-type"), JSON_TYPE)
    if isinstance(template, str) and "json" not in content_type.lower():
        text = compile_text(template)
        return lambda values: text(values).encode()
    if not has_placeholder(template):
        fixed = orjson.dumps(template)
        return lambda values: fixed
    render = compile_value(template)
    return lambda values: orjson.dumps(render(values))
