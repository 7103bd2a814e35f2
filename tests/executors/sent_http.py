"""What `http` targets are sent, and what comes of their answers: chapters of `sent.txt`."""

from __future__ import annotations

import gzip
import zlib
from typing import Any
from unittest.mock import patch

from horarium.domain.execution import Exchange, Watched, WatchedTarget
from horarium.domain.host_lists import host_list
from horarium.domain.ids import derived_id
from horarium.domain.run import Missed
from horarium.executors.egress import EgressClient
from horarium.executors.http import HttpExecutor, make
from tests.executors.calls import NOW_MS, call_of
from tests.executors.sent_world import World
from tests.support.kept_page import shown
from tests.support.wire import CUT, RESET, SILENCE, Step, answer

URL = "http://example.com/hook"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
PRIVATE = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
BASE = {"url": URL, "signing_secret": KEY, "body": None}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

# What else a configuration may say, one thing at a time; the body of BASE is none.
CONFIGS: dict[str, dict[str, Any]] = {
    "the context": {"url": URL, "signing_secret": KEY},
    "GET has no body": {"url": URL, "signing_secret": KEY, "method": "GET"},
    "HEAD has no body": {"url": URL, "signing_secret": KEY, "method": "HEAD"},
    "DELETE has the context": {"url": URL, "signing_secret": KEY, "method": "delete"},
    "GET with a body": BASE | {"method": "GET", "body": {"a": 1}},
    "PUT": BASE | {"method": "PUT"},
    "PATCH": BASE | {"method": "Patch"},
    "method null": BASE | {"method": None},
    "values in the URL": BASE | {"url": "http://example.com/{{ input.team }}/{{ row.path }}?n={{ attempt }}"},
    "headers": BASE
    | {
        "headers": {"X-Plain": "a b", "x-team": "{{ input.team }}-{{ slot }}", "X-Key": "{{ secrets.WORD }}"},
        "secrets": {"WORD": "sesame-open"},
    },
    "a User-Agent of its own": BASE | {"headers": {"User-Agent": "Own/1", "Accept": "text/plain"}},
    "a trace of its own": BASE | {"headers": {"TraceParent": "own"}},
    "a text as a body": BASE | {"body": "Team {{ input.team }}", "headers": {"content-type": "text/plain"}},
    "a text as JSON": BASE | {"body": "Team {{ input.team }}"},
    "a text as another JSON": BASE
    | {"body": "{{ input.team }}", "headers": {"Content-Type": "application/vnd.x+json"}},
    "a fixed body": BASE | {"body": {"b": [1, None, "ä"], "a": True}},
    "a body of values": BASE
    | {"body": {"team": "{{ input.team }}", "all": "{{ input }}", "n": ["{{ attempt }}", "#{{ attempt }}"]}},
    "a text as JSON in capitals": BASE
    | {"body": "{{ input.team }}", "headers": {"Content-Type": "Application/JSON"}},
    "a body that is false": BASE | {"body": False},
    "a body that is empty": BASE | {"body": "", "headers": {"Content-Type": "text/plain"}},
    "two secrets": BASE | {"signing_secret": [KEY, OTHER]},
    "a private key": BASE | {"signing_secret": PRIVATE},
    "a secret that ends now": BASE | {"signing_secret": [OTHER, f"{KEY};until=2026-03-08T13:00:00Z"]},
    "a secret that ends in a second": BASE | {"signing_secret": [OTHER, f"{KEY};until=2026-03-08T13:00:01Z"]},
    "keys that a request claims": BASE | {"verification_keys": ["whpk_claimed"]},
    "statuses that say done": BASE | {"done_on": [409]},
    "every part of a run": BASE
    | {
        "body": {
            name.replace(".", "_"): f"{{{{ {name} }}}}"
            for name in (
                "run.id",
                "run.label",
                "run.uuid",
                "run.kind",
                "run.fire",
                "run.row_key",
                "schedule.id",
                "schedule.name",
                "schedule.timezone",
                "slot",
                "due",
                "missed.count",
                "missed.first",
                "attempt",
                "input.team",
                "row.path",
                "target.id",
                "target.name",
                "workspace.id",
                "callback.url",
                "callback.token",
                "variation",
                "environment",
            )
        }
    },
}

# What else a run may have, each with the context as its body.
CALLS: dict[str, dict[str, Any]] = {
    "no schedule": {"schedule_id": None, "schedule_name": None, "fire_id": None, "slot_ms": None},
    "a fire without audience": {"fire_id": call_of({}).run_id},
    "a row": {"row_key": "ä b/1%", "row": {"path": "../x y"}},
    "a due instant and milliseconds": {"due_ms": NOW_MS + 7_005, "slot_ms": NOW_MS + 1},
    "missed slots": {"missed": Missed(3, NOW_MS - 180_000, NOW_MS - 60_000)},
    "a callback": {"callback_token": "token-of-this-run"},
    "a callback at another address": {
        "callback_token": "token-of-this-run",
        "callback_base": "https://b.example/",
    },
    "a trace": {"traceparent": TRACE},
    "a third attempt by hand": {"attempt": 3, "kind": "manual"},
    "a variation": {"variation": {"id": "variation_1", "name": "Brief", "spec": {"n": 1}}},
    "variables": {"environment": {"REGION": "eu-central"}},
    "no input": {"input": None},
}

STATUSES = (
    "200 OK", "201 Created", "202 Accepted", "204 No Content", "206 Partial Content", "299", "300", "301 Moved",
    "302", "303",
    "304 Not Modified", "307", "308", "399", "400 Bad", "401", "403", "404 Not Found", "407", "408", "409",
    "410 Gone", "411",
    "418", "424", "425", "426", "428", "429", "431", "451", "499", "500", "501", "502", "503", "504",
    "507",
    "511", "520", "599", "600", "999",
)  # fmt: skip
RETRY_AFTER = (
    "0", "1", "7", "86400", "86401", "999999999999", "9999999999999", " 30 ", "-1", "1.5", "soon", "", "٣",
    "Sun, 08 Mar 2026 13:00:10 GMT", "Sun, 08 Mar 2026 13:00:10", "Sun, 08 Mar 2026 12:00:00 GMT",
    "Tue, 10 Mar 2026 13:00:00 GMT", "Sunday, 08-Mar-26 13:00:10 GMT", "Sun, 08 Mar 2026 14:00:10 +0100",
    "Sun, 99 Mar 2026 13:00:10 GMT", "1" * 200,
)  # fmt: skip
JSON = {"Content-Type": "application/json"}
BODIES: dict[str, list[Step]] = {
    "an object": answer(200, b'{"a": [1, null, true], "b": "\xc3\xa4"}', JSON),
    "a number, whatever the type says": answer(200, b"7", {"Content-Type": "text/html"}),
    "a text": answer(200, b"Thanks!", {"Content-Type": "text/plain"}),
    "broken JSON": answer(200, b'{"a": ', JSON),
    "what is not UTF-8": answer(200, b"\xff\xfe", {"Content-Type": "application/octet-stream"}),
    "a NUL": answer(200, b"a\0b"),
    "a NUL in JSON": answer(200, b'{"a\\u0000": "\\u0000"}', JSON),
    "a long number": answer(200, b"[18446744073709551615, 18446744073709551616]", JSON),
    "what is nested deeply": answer(200, b"[" * 150 + b"]" * 150, JSON),
    "a secret": answer(200, b"you sent sesame-open and MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    "the token of the run": answer(200, b"you sent token-of-this-run"),
    "399 bytes": answer(200, b"x" * 399),
    "400 bytes": answer(200, b"x" * 400),
    "401 bytes": answer(200, b"x" * 401),
    "401 bytes of JSON": answer(200, b'"' + b"x" * 399 + b'"', JSON),
    "a letter cut in two": answer(200, b"x" * 399 + "ä".encode()),
    "a secret cut in two": answer(200, b"x" * 394 + b"sesame-open"),
    "gzip": answer(200, gzip.compress(b'{"a":1}', mtime=0), {"Content-Encoding": "gzip"}),
    "deflate": answer(200, zlib.compress(b'{"a":1}'), {"Content-Encoding": "deflate"}),
    "identity": answer(200, b'{"a":1}', {"Content-Encoding": "identity"}),
    "a bomb": answer(200, gzip.compress(b"y" * 100_000, mtime=0), {"Content-Encoding": "gzip"}),
    "brotli": answer(200, b"\x8b\x03\x80{}\x03", {"Content-Encoding": "br"}),
    "no gzip": answer(200, b"plain", {"Content-Encoding": "gzip"}),
    "four codings": answer(200, b"plain", {"Content-Encoding": "gzip, gzip, gzip, gzip"}),
    "pieces": [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n",
        b"2\r\n2]\r\n0\r\n\r\n",
    ],
    "no length": [b"HTTP/1.1 200 OK\r\n\r\nall of it", CUT],
    "a failure that says why": answer(500, b'{"why": "sesame-open"}', JSON),
    "a refusal that says why": answer(400, b"no such team"),
}
BROKEN: dict[str, list[Step]] = {
    "closed": [CUT],
    "reset": [RESET],
    "closed in the head": [b"HTTP/1.1 200 OK\r\nContent-", CUT],
    "closed in the body": [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", CUT],
    "closed in a piece": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", CUT],
    "not HTTP": [b"SSH-2.0-OpenSSH_9.2\r\n", CUT],
    "two lengths": [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!", CUT],
    "the same length twice": [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"],
    "100 first": [b"HTTP/1.1 100 Continue\r\n\r\n", *answer(200, b"ok")],
    "103 first": [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", *answer(200, b"ok")],
    "101": [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", CUT],
    "a head that is too long": [b"HTTP/1.1 200 OK\r\nA: " + b"x" * 65_536 + b"\r\n\r\n", CUT],
    "too many headers": [b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1_001 + b"Content-Length: 0\r\n\r\n", CUT],
    "many headers": [b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 999 + b"Content-Length: 0\r\n\r\n"],
    "204 with a body": [b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody", CUT],
    "silence": [SILENCE],
    "silence in the body": [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", SILENCE],
}
POLL = {
    "url": "http://example.com/runs/{{ answer.id }}", "state": "status.phase", "succeeded": ["Done", "true"],
    "failed": ["Failed"], "output": "result", "going_on": [404],
}  # fmt: skip
LOOKS: dict[str, list[Step]] = {
    "it goes on": answer(200, b'{"status": {"phase": "Running"}}'),
    "no state yet": answer(200, b"[]"),
    "it has succeeded": answer(200, b'{"status": {"phase": "Done"}, "result": {"n": 1, "k": "sesame-open"}}'),
    "a state that is no text": answer(200, b'{"status": {"phase": true}}'),
    "it has failed": answer(200, b'{"status": {"phase": "Failed"}, "result": "why"}'),
    "its result is long": answer(200, b'{"status": {"phase": "Done"}, "result": "' + b"x" * 300 + b'"}'),
    "404 goes on": answer(404),
    "400": answer(400),
    "429": answer(429),
    "500": answer(500),
    "302": answer(302),
    "not JSON": answer(200, b"<html>"),
    "too deep": answer(200, b"[" * 150 + b"]" * 150),
    "too long": answer(200, b'"' + b"x" * 500 + b'"'),
    "brotli": answer(200, b"x", {"Content-Encoding": "br"}),
    "closed": [CUT],
}


async def chapters(world: World) -> None:
    executor, page = make(world.options()), world.page
    page.chapter("http: what is sent")
    for title, config in CONFIGS.items():
        row = {"path": "a/b ä", "n": 2}
        await world.send(title, executor, config, row=row, traceparent=TRACE if "trace" in title else None)
    for title, changes in CALLS.items():
        await world.send(title, executor, CONFIGS["the context"], **changes)
    page.chapter("http: what cannot be sent")
    for url in (
        "http://example.com/{{ input.name }}",
        "http://{{ input.team }}:99999/",
        "http://{{ input.dots }}/a",
    ):
        await world.send(url, executor, BASE | {"url": url}, input={"dots": "..", "team": "blue"})
    line = BASE | {"headers": {"X-Team": "{{ input.team }}"}}
    for text in ("a\nb", "x" * 16_384, "x" * 16_385, "\ud800"):
        await world.send(f"a header {text!r}", executor, line, input={"team": text})
    page.case("a configuration that is broken")
    page.outcome(await executor.execute(call_of({"url": None})))
    page.chapter("http: where nobody may be, or nobody is")
    for url in (
        "http://127.0.0.1/a",
        "http://localhost/a",
        "http://10.0.0.1/",
        "http://8.8.8.8/",
        "http://other.example/",
    ):
        page.case(url)
        page.outcome(await executor.execute(call_of(BASE | {"url": url}, watched=True)))
    await executor.close()
    for more in (
        {"deny_hosts": ("example.com",)},
        {"allowed_hosts": lambda _: host_list(("other.example",))},
    ):
        narrow = make(world.options(**more))
        page.case(next(iter(more)))
        page.problems(narrow.check_hosts(b"w" * 16, BASE))
        page.outcome(await narrow.execute(call_of(BASE)))
        await narrow.close()
    await _answers(world)


async def _answers(world: World) -> None:
    executor, page = make(world.options()), world.page
    page.chapter("http: what comes of answers")
    for status in STATUSES:
        page.case(status)
        there = {"Location": "http://example.com/there"} if status.startswith("3") else {}
        world.wire.answers, world.wire.requests = [answer(status, b"", there)], []
        for how in ({}, {"callback_token": "token"}):
            page.outcome(await executor.execute(call_of({"url": URL}, {"signing_secret": KEY}, **how)))
    for text in RETRY_AFTER:
        page.case(f"Retry-After: {text}")
        for status in (429, 503, 400):
            world.wire.answers = [answer(status, b"", {"Retry-After": text})]
            page.outcome(await executor.execute(call_of({"url": URL})))
    secrets = {"signing_secret": KEY, "secrets.WORD": "sesame-open"}
    for title, steps in BODIES.items():
        page.case(title)
        world.wire.answers = [steps]
        call = call_of({"url": URL, "secrets": {"WORD": "***"}}, secrets, callback_token="token-of-this-run")
        page.outcome(await executor.execute(call))
    for title, steps in BROKEN.items():
        page.case(title)
        world.wire.answers = [steps]
        for watched in (False, True):
            call = call_of({"url": URL}, timeout_ms=40 if SILENCE in steps else 5_000, watched=watched)
            page.outcome(await executor.execute(call))
    page.case("a status that says done")
    for status in (202, 409, 410):
        world.wire.answers = [answer(status, b"1")]
        page.outcome(await executor.execute(call_of({"url": URL, "done_on": [409]})))
    await _connecting(world, executor)
    await executor.close()
    await _shown(world)
    await _watched(world)


async def _connecting(world: World, executor: HttpExecutor) -> None:
    """For how long connections are waited for (s), and how many there may be."""
    page, request = world.page, EgressClient.request
    page.case("how it connects")

    async def noted(client: EgressClient, *given: Any, **how: Any) -> Any:
        page.say(f"connects within {how['connect_s']}")
        return await request(client, *given, **how)

    world.wire.answers = [answer(200)]
    with patch.object(EgressClient, "request", noted):
        for timeout_ms in (1_000, 19_999, 20_000, 60_000):
            for watched in (False, True):
                await executor.execute(call_of({"url": URL}, timeout_ms=timeout_ms, watched=watched))
    for options in (world.options(), world.options(max_connections=7)):
        other = make(options)
        connector = other._egress.session.connector
        assert connector is not None
        page.say(f"at most {connector.limit}, of one host {connector.limit_per_host}")
        await other.close()


async def _shown(world: World) -> None:
    executor, page = make(world.options()), world.page
    page.chapter("http: what is shown of an exchange")
    config = BASE | {
        "url": "http://example.com/{{ secrets.WORD }}", "headers": {"X-Token": "{{ secrets.WORD }}",
        "X-Word": "sesame-open"},
        "body": "{{ secrets.WORD }}", "secrets": {"WORD": "sesame-open"},
    }  # fmt: skip
    call = world.call(executor, config, exchange=Exchange(), callback_token="token-of-this-run")
    page.case("the request before it is sent")
    page.say(shown(executor.request_of(call)))
    said = {"Set-Cookie": "a=b", "X-Long": "y" * 1_001, "X-Said": "sesame-open"}
    for steps in (answer("200 Fine", b"sesame-open\0", said), answer("418", b"z" * 500)):
        world.wire.answers = [steps]
        await executor.execute(call)
        assert call.exchange is not None
        page.case(f"after {steps[0][:13]!r}")
        page.say(shown(call.exchange.request))
        page.say(shown(call.exchange.answer))
    page.case("how a secret is replaced")
    for ed25519 in (False, True):
        for until in (None, NOW_MS):
            given = executor.rotate_signing([f"{KEY};until=2026-03-01T00:00:00Z", OTHER], ed25519, until)
            kinds = [secret if KEY in secret else secret.partition("_")[0] for secret in given.secrets]
            page.say(f"{kinds}, shown {given.shown == given.secrets[0]}, {len(given.verification_keys)} keys")
    page.case("what is stored of secrets")
    for config in (BASE | {"signing_secret": PRIVATE}, {"url": URL, "verification_keys": ["x"]}):
        public, secrets = executor.split(config)
        page.say(f"{shown(public)} and {list(secrets)}, {len(secrets['signing_secret'])} characters")
    await executor.close()


async def _watched(world: World) -> None:
    executor, page = make(world.options()), world.page
    page.chapter("http: runs that are watched")
    config = BASE | {
        "poll": POLL, "headers": {"X-Key": "{{ secrets.WORD }}", "X-Run": "{{ run.id }}", "X-Plain": "a"},
        "secrets": {"WORD": "sesame-open"},
    }  # fmt: skip
    for body in (b'{"id": "a/b"}', b'{"id": ""}', b"{}", b"no JSON", b'{"id": "' + b"x" * 2_000 + b'"}'):
        page.case(f"given to it, it answers {body!r}")
        world.wire.answers = [answer(201, body)]
        call = world.call(executor, config, watched=True)
        page.outcome(await executor.execute(call))
    for status in (202, 500):
        world.wire.answers = [answer(status, b'{"id": 7}')]
        page.outcome(await executor.execute(call))
    page.case("the URL of its state at its bound, and above it")
    wide = make(world.options(response_limit_bytes=10_000))
    for length in (1_976, 1_977, 2_000):
        world.wire.answers = [answer(200, b'{"id": "' + b"x" * length + b'"}')]
        page.outcome(await wide.execute(call))
    await wide.close()
    target = WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)
    for title, steps in LOOKS.items():
        page.case(title)
        world.wire.answers, world.wire.requests = [steps], []
        run = Watched(call.run_id, "http://example.com/runs/7")
        seen = await executor.watch(target, [run])
        if title == "it goes on":
            world.request(world.wire.requests[0])
        _told(world, seen)
    page.case("the target leads elsewhere now")
    world.wire.answers, world.wire.requests = [answer(403)], []
    seen = await executor.watch(target, [Watched(call.run_id, "http://queue.example.com/runs/7")])
    world.request(world.wire.requests[0])
    _told(world, seen)
    page.case("it is not watched any more")
    page.say(f"{executor.watchable(config)} {executor.watchable(BASE)}")
    try:
        await executor.watch(target._replace(config=BASE, id=derived_id(9, b"other")), [run])
    except OSError as error:
        page.say(repr(error))
    await executor.close()


def _told(world: World, seen: Any) -> None:
    if not seen:
        world.page.say("-> goes on")
    for found in seen.values():
        if isinstance(found, Exception):
            world.page.say(f"-> {found!r}")
        else:
            world.page.outcome(found)
