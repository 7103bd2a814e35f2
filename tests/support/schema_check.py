"""Runs schemathesis against one dialect's OpenAPI page, in-process and bounded.

Requests are made from the page, good and bad ones; every answer must have a documented status, content type
and shape, no request may end in a fault, and what the page forbids must be refused.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from unittest import SkipTest

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable

from horarium.api.kit.registry import Dialects
from tests.support.house import House

EXAMPLES = 8
"""Requests of each mode and operation: some hundred in all, a few seconds."""
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
]
"""Not whether good data is accepted: a page cannot say which workflows, callbacks or agents there are."""


def check_page(
    base: str,
    now: str,
    prepare: Callable[[House], Awaitable[None]],
    dialects: Dialects | None = None,
) -> int:
    """Check the page published below `base`; how many requests were made. `prepare` fills the house."""
    loop = asyncio.new_event_loop()
    opening = House.open(now, dialects=dialects)
    house = loop.run_until_complete(opening.__aenter__())
    try:
        loop.run_until_complete(prepare(house))
        return _requests(house, loop, base)
    finally:
        loop.run_until_complete(opening.__aexit__(None, None, None))
        loop.close()


def _requests(house: House, loop: asyncio.AbstractEventLoop, base: str) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns about its own dependencies
        import schemathesis
        from schemathesis import GenerationMode, checks

        kept = [getattr(checks, name) for name in CHECKS]
        page = loop.run_until_complete(house.client.get(f"{base}/openapi.json")).json()
        made = 0
        for found in schemathesis.openapi.from_dict(page).get_all_operations():
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                cases = found.ok().as_strategy(generation_mode=mode)
                made += _examples(cases, lambda case: loop.run_until_complete(_send(house, base, case, kept)))
    return made


def _examples(cases: Any, send: Callable[[Any], None]) -> int:
    """Draw cases and send them; how many. Where nothing can be wrong, there are no bad ones."""
    made = 0

    @seed(7)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def one(case: Any) -> None:
        nonlocal made
        made += 1
        send(case)

    with suppress(Unsatisfiable, SkipTest):
        one()
    return made


def _bad_in_headers_alone(case: Any) -> bool:
    """Whether nothing is wrong with a bad request but its headers: the key, which is sent in any case."""
    bad = [
        str(getattr(place, "value", place))
        for place, one in case.meta.components.items()
        if one.mode.is_negative
    ]
    return bad == ["header"]


async def _send(house: House, base: str, case: Any, checks: list[Any]) -> None:
    if _bad_in_headers_alone(case):
        return
    sent = case.as_transport_kwargs(base_url=f"http://testserver{base}")
    headers = {**(sent.get("headers") or {}), "Authorization": f"Bearer {house.key}"}
    known = {name: sent[name] for name in ("params", "json", "cookies") if sent.get(name) is not None}
    if sent.get("data") is not None:
        known["content"] = sent["data"]
    answer = await house.client.request(sent["method"], sent["url"], headers=headers, **known)
    case.validate_response(answer, checks=checks)
