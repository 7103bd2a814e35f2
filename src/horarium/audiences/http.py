"""The audience source `http`: reads rows page by page from an endpoint of the user.

    {"url": "https://crm.example.com/audience", "method": "POST",
     "key": "id", "rows": "data", "next": "next_cursor", "page_size": 500, "timeout": 30,
     "headers": {"Authorization": "Bearer ..."}}

A POST sends {"type", "filter", "cursor", "limit", "now"} as JSON. A GET sends `cursor`, `limit` and the values of
the filter as query parameters. The answer is a JSON object. `rows` is the dotted path to a list of objects in it,
and `key` is the field of each object that identifies it. `next` is the dotted path to the cursor of the next page,
which is null or missing on the last page. Each page may take `timeout` seconds. A key is a text or a whole number; of
any length, since whole numbers of more than 64 bits become texts of their digits. The header `Horarium-Workspace` says
whose audience it is: where the source is shared, another workspace's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Literal

import aiohttp
import orjson
from yarl import URL

from horarium.audiences.registry import AudienceOptions
from horarium.domain.audience import AudienceQuery, AudienceRow, OpenFault, SourceFault
from horarium.domain.errors import Problem
from horarium.domain.ids import Id
from horarium.domain.json_text import NotKept, decode_received, holds_more_than
from horarium.executors.answer_bodies import NotDecoded, decoded
from horarium.executors.checks import check_fields
from horarium.executors.context import instant_text, shared_id
from horarium.executors.egress import EgressClient, explain, read_limited, was_refused
from horarium.executors.headers import check_headers
from horarium.executors.secrecy import Scrubber, split
from horarium.service.turns import Turns, turn

FIELDS = ("url", "method", "headers", "key", "rows", "next", "page_size", "timeout")
METHODS = ("GET", "POST")

# Bytes of one answer.
LARGEST_PAGE = 16 * 1024 * 1024

# Values and names in one answer. They are decoded in one go, in the event loop that everybody shares.
MOST_VALUES = 400_000

# An answer of more bytes than this waits for a turn in the event loop before it is decoded.
LONG_PAGE = 64 * 1024

# Rows of a batch. An endpoint may send more rows in a page than it was asked for.
BATCH = 1_000

# How many pages are read. If there are more, reading fails.
MOST_PAGES = 100_000

# Characters of a field's name, and of a cursor. All cursors are remembered, so they must be short.
LONGEST_NAME = 200
LONGEST_CURSOR = 4096

# Seconds that a page may take, and rows per page: the default and the maximum of each.
TIMEOUT_S, LONGEST_TIMEOUT_S = 30.0, 600.0
PAGE_SIZE, LARGEST_PAGE_SIZE = 500, 10_000


# The header that says whose audience is asked for.
_WORKSPACE = "Horarium-Workspace"


def make(options: AudienceOptions) -> HttpSource:
    """Makes the source. The entry point names this function."""
    return HttpSource(options)


class HttpSource:
    """Reads audiences from endpoints. One instance serves the whole process; it connects only to allowed addresses."""

    type = "http"
    paged: Literal[False] = False
    distinct = False

    def __init__(self, options: AudienceOptions) -> None:
        self._egress = EgressClient(options.outgoing)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """All problems of a configuration. An empty list means that it can be stored."""
        problems = check_fields(config, "http", FIELDS)
        url = config.get("url")
        if url is None:
            problems.append(Problem("url", "is required: the absolute http or https URL to ask", "required"))
        else:
            problems += [Problem("url", found.message, found.code) for found in self._egress.check(url)]
        if config.get("method", "POST") not in METHODS:
            problems.append(Problem("method", f"must be one of {', '.join(METHODS)}"))
        problems += check_headers(config.get("headers"), signed=False)
        for name in ("key", "rows", "next"):
            if name in config and not (
                isinstance(config[name], str) and 0 < len(config[name]) <= LONGEST_NAME
            ):
                text = f"must be the name of a field with at most {LONGEST_NAME} characters"
                problems.append(Problem(name, text, "type"))
        problems += _number_problems(config, "page_size", LARGEST_PAGE_SIZE)
        return [*problems, *_number_problems(config, "timeout", LONGEST_TIMEOUT_S)]

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]:
        """A problem if the workspace may not reach the host of the URL."""
        return self._egress.check_host(workspace_id, config["url"])

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The configuration without its secrets, and the secrets by their path."""
        return split(config)

    def check_filter(self, query: AudienceQuery) -> Sequence[Problem]:
        """Only the endpoint knows its filters. Whoever borrows the source sets nothing that its URL says."""
        return [Problem(name, "is set by the source itself", "unknown") for name in _set_by_source(query)]

    async def rows(self, query: AudienceQuery) -> AsyncGenerator[Sequence[AudienceRow], None]:
        """All rows, a batch or more for each page. Raises SourceFault."""
        cursor: Any = None
        turns = Turns()
        seen: set[bytes] = set()  # hashes of cursors, which may be long
        hidden = None if query.asked_by is None else Scrubber(split(query.config)[1].values())
        for _ in range(MOST_PAGES):
            answer = await self._ask(query, cursor)
            found = _at(answer, query.config.get("rows", "data"))
            if not isinstance(found, list):
                where = query.config.get("rows", "data")
                words = f"the endpoint's answer has no list under {where!r}"
                raise SourceFault(words, True, "the endpoint's answer has no list where one is expected")
            for first in range(0, len(found), BATCH):
                batch = found[first : first + BATCH]
                if hidden:  # what an endpoint sends back of its secrets
                    batch = hidden.value(batch)
                yield [_row(given, query.config.get("key", "id")) for given in batch]
                await turns.give()
            cursor = _at(answer, query.config.get("next", "next_cursor"))
            if cursor is None or cursor == "":
                return
            text = _query_text(cursor)
            if len(text) > LONGEST_CURSOR:
                words = f"the endpoint's cursor is longer than {LONGEST_CURSOR} characters"
                raise OpenFault(words, lasting=True)
            hashed = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            if hashed in seen:
                raise OpenFault("the endpoint gave the same cursor twice", lasting=True)
            seen.add(hashed)
        raise OpenFault(f"the endpoint has more than {MOST_PAGES} pages", lasting=True)

    async def close(self) -> None:
        """Closes all connections."""
        await self._egress.close()

    async def _ask(self, query: AudienceQuery, cursor: Any) -> Any:
        """The answer for one page, parsed from JSON. A cursor of None asks for the first page. Raises SourceFault."""
        config = query.config
        seconds = float(config.get("timeout", TIMEOUT_S))
        method, url, headers, body = _request(query, cursor)
        response = None
        try:
            async with asyncio.timeout(seconds):
                response = await self._egress.request(
                    query.workspace_id, method, url, headers=headers, data=body
                )
                text = await _read(response)
        except TimeoutError:
            raise OpenFault(f"the endpoint did not finish its answer within {seconds:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            refused, words = was_refused(error), f"the endpoint: {explain(error)}"
            if refused:
                raise SourceFault(words, True, "its endpoint may not be reached from this server") from None
            raise OpenFault(words) from None
        finally:
            if response is not None:
                response.close()
        if response.status != 200:
            status = response.status
            passing = status >= 500 or status in (408, 425, 429)
            raise OpenFault(f"the endpoint answered {status}, not 200", lasting=not passing)
        if len(text) > LONG_PAGE:
            await turn()  # what follows cannot stop in the middle
        if holds_more_than(text, MOST_VALUES):
            words = f"the endpoint's answer holds more than {MOST_VALUES} values and names; give fewer rows in a page"
            raise OpenFault(words, lasting=True)
        try:
            return decode_received(text)
        except NotKept as error:
            raise OpenFault(f"the endpoint's answer {error}", lasting=True) from None
        except orjson.JSONDecodeError as error:
            raise OpenFault(f"the endpoint's answer is not valid JSON: {error.msg}", lasting=True) from None


def _request(query: AudienceQuery, cursor: Any) -> tuple[str, str, dict[str, str], bytes | None]:
    config = query.config
    size = int(config.get("page_size", PAGE_SIZE))
    given = config.get("headers") or {}
    headers = {name: value for name, value in given.items() if name.lower() != _WORKSPACE.lower()}
    headers[_WORKSPACE] = shared_id("ws", query.audience_of)
    for name in _set_by_source(query):
        raise OpenFault(f"the filter {name!r} is set by the source itself", lasting=True)
    if config.get("method", "POST") == "GET":
        page = {"limit": str(size)} | ({} if cursor is None else {"cursor": _query_text(cursor)})
        asked = {name: _query_text(value) for name, value in query.filter.items()}
        return "GET", str(URL(config["url"]).update_query({**asked, **page})), headers, None
    body = {
        "type": query.type,
        "filter": dict(query.filter),
        "cursor": cursor,
        "limit": size,
        "now": instant_text(query.now_ms),
    }
    return "POST", config["url"], {"Content-Type": "application/json", **headers}, orjson.dumps(body)


def _set_by_source(query: AudienceQuery) -> Sequence[str]:
    """What a borrower's filter names that the URL of a GET names as well, such as a token."""
    if query.asked_by is None or query.config.get("method", "POST") != "GET":
        return ()
    own = {_plain(name) for name in URL(query.config["url"]).query}
    return [name for name in query.filter if _plain(name) in own]


def _plain(name: str) -> str:
    """A parameter's name as the most lenient endpoints read it: in any case, and `name[]` as `name`."""
    return name.partition("[")[0].strip().casefold()


def _query_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body of an answer, decoded. Raises SourceFault if it is too large."""
    body = await read_limited(response, LARGEST_PAGE)
    if len(body) > LARGEST_PAGE:
        raise _too_large()
    coding = response.headers.get("Content-Encoding")
    if coding is None:
        return body
    await turn()  # decoding cannot stop in the middle
    try:
        whole = decoded(body, coding, LARGEST_PAGE)
    except NotDecoded as error:
        raise OpenFault(f"the endpoint's answer cannot be read: {error}", lasting=True) from None
    if len(whole) > LARGEST_PAGE:
        raise _too_large()
    return whole


def _too_large() -> SourceFault:
    return OpenFault(f"the endpoint's answer is larger than {LARGEST_PAGE} bytes", lasting=True)


def _at(answer: Any, path: str) -> Any:
    """The value at a dotted path, or None if there is none."""
    for name in path.split("."):
        if not isinstance(answer, dict):
            return None
        answer = answer.get(name)
    return answer


def _row(given: Any, key: str) -> AudienceRow:
    if not isinstance(given, dict):
        raise OpenFault("the endpoint's list contains something that is not an object", lasting=True)
    value = given.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return AudienceRow("", given)
    return AudienceRow(str(value), given)


def _number_problems(config: Mapping[str, Any], name: str, most: float) -> list[Problem]:
    value = config.get(name, 1)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        return [Problem(name, f"must be a number above 0 and at most {most:g}", "type")]
    return []
