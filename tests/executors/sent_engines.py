"""What engines and brokers are given, as far as it can be told without them: chapters of `sent.txt`."""

from __future__ import annotations

import base64
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import orjson

from horarium.domain.execution import Executor, Outcome
from horarium.executors.engines import celery, kubernetes, message, nats, rq, sqs, temporal
from horarium.executors.engines.kafka import Kafka
from horarium.executors.engines.rabbitmq import RabbitMq
from horarium.executors.engines.redis_servers import RedisServers
from tests.executors.calls import call_of
from tests.executors.sent_world import World
from tests.support.kept_page import shown
from tests.support.wire import CUT, SILENCE, Step, answer

SECRETS: Mapping[str, Any] = {"secrets": {"WORD": "sesame-open"}}
BODY: Mapping[str, Any] = {"body": {"team": "{{ input.team }}", "key": "{{ secrets.WORD }}"}, **SECRETS}
SERVED: Mapping[str, Any] = {"user": "app", "password": "s3cret-word", "tls": True}
REDIS: Mapping[str, Any] = {"server": "a.example"}
ARGUMENTS: Mapping[str, Any] = {
    "args": ["{{ input.team }}", 1],
    "kwargs": {"key": "{{ secrets.WORD }}"},
    **SECRETS,
}
OUTCOMES: Mapping[str, Any] = {"stream": "ends", "subject": "ends.{{ run.id }}"}
JOB: Mapping[str, Any] = {
    "template": {
        "spec": {"containers": [{"name": "{{ input.team }}", "env": [{"value": "{{ secrets.WORD }}"}]}]}
    }
}
SEED = "SUACSSL3UAHUDXKFSNVUZRF5"

CONFIGS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "message": {
        "rabbitmq": {"broker": "rabbitmq", "server": "a.example", "routing_key": "reports"},
        "rabbitmq with all": {
            "broker": "rabbitmq", "server": "a.example:1234", "exchange": "x", "vhost": "v",
            "routing_key": "{{ input.team }}.a",
            **SERVED, **BODY,
        },
        "redis": {"broker": "redis", "server": "a.example", "stream": "reports"},
        "redis with all": {
            "broker": "redis", "server": "a.example:1234", "stream": "reports", "database": 3, "max_length": 10,
            "remember_s": 60,
            **SERVED, **BODY,
        },
        "kafka": {"broker": "kafka", "server": "a.example", "topic": "reports"},
        "kafka with all": {
            "broker": "kafka", "server": "a.example:1234", "topic": "reports", "mechanism": "SCRAM-SHA-512",
            **SERVED, **BODY,
        },
        "a key that is too long": {"broker": "rabbitmq", "server": "a.example", "routing_key": "{{ input.long }}"},
    },
    "celery": {
        "the context": {**REDIS, "task": "reports.make"},
        "all": {
            **REDIS, **SERVED, **ARGUMENTS, "task": "reports.make", "queue": "slow", "database": 2,
            "result_database": 3,
            "remember_s": 60,
        },
        "only names": {**REDIS, "task": "reports.make", "kwargs": {"a": 1}},
    },
    "rq": {
        "the context": {**REDIS, "function": "reports.make"},
        "all": {
            **REDIS, **SERVED, **ARGUMENTS, "function": "reports.make", "queue": "slow", "database": 2,
            "timeout_s": 9,
            "remember_s": 60,
        },
    },
    "nats": {
        "the context": {"server": "a.example", "subject": "reports.{{ input.team }}"},
        "all": {
            "server": "a.example:1234", "subject": "reports.{{ run.id }}", "once": "always", "outcomes": OUTCOMES,
            **SERVED, **BODY,
        },
        "a token": {"server": "a.example", "subject": "reports", "once": "window", "token": "s3cret-token"},
        "a part that separates": {"server": "a.example", "subject": "reports.{{ input.dots }}"},
        "a broken seed": {"server": "a.example", "subject": "reports", "nkey_seed": SEED},
    },
    "temporal": {
        "the context": {"address": "a.example", "workflow": "Report", "task_queue": "reports"},
        "all": {
            "address": "a.example:1234", "workflow": "Report", "task_queue": "reports", "namespace": "house",
            "tls": True,
            "api_key": "s3cret-key", "execution_timeout_s": 1.5, **BODY,
        },
    },
}  # fmt: skip
# What else a run may have, for each engine.
CALLS: Mapping[str, Mapping[str, Any]] = {
    "no schedule": {"schedule_id": None, "schedule_name": None, "fire_id": None, "slot_ms": None},
    "a callback, a row and a trace": {
        "callback_token": "token-of-run", "row_key": "ä 1", "row": {"n": 1},
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    },
    "watched": {"watched": True},
    "what is not there": {"input": {}},
}  # fmt: skip
MAKE: Mapping[str, Callable[..., Executor]] = {
    "message": message.make, "celery": celery.make, "rq": rq.make, "nats": nats.make, "temporal": temporal.make,
}  # fmt: skip


async def chapters(world: World) -> None:
    for kind, configs in CONFIGS.items():
        world.page.chapter(f"{kind}: what is given to it")
        executor = MAKE[kind](world.options(engine_hosts=("*",)))
        with _noted(world):
            first = None
            for title, config in configs.items():
                first = first or config
                given = {"team": "blue", "long": "x" * 256, "dots": "a.b"}
                await world.send(title, executor, config, input=given)
            assert first is not None
            for title, changes in CALLS.items():
                asked = (
                    {**first, **BODY} if kind in ("message", "nats", "temporal") else {**first, **ARGUMENTS}
                )
                await world.send(title, executor, asked, **changes)
        world.page.case("a broken configuration")
        world.page.outcome(await executor.execute(call_of({"server": 7, "address": 7})))
        await executor.close()
    await _over_http(world)


def _noted(world: World) -> ExitStack:
    """In place of engines: tell what they would be given."""
    page, stack = world.page, ExitStack()

    def told(what: str) -> Callable[..., Any]:
        async def note(*given: Any, **_: Any) -> Any:
            page.say(f"> {what}: " + " | ".join(_plain(part) for part in given if _is_plain(part)))
            answers: dict[str, Any] = {
                "a stream": (True, "1-0"),
                "a broker": {"noted": True},
                "a script": [1],
            }
            return answers.get(what, True)

        return note

    class Client:
        script = staticmethod(told("a script"))

    @asynccontextmanager
    async def client(_servers: RedisServers, workspace: bytes, place: Any) -> AsyncIterator[Client]:
        page.say(f"> a server: {place}")
        yield Client()

    async def published(
        _self: Any, _workspace: bytes, compiled: Any, timeout_ms: int, batch: Any, tell: Any
    ) -> None:
        for one in batch:
            page.say(f"> {compiled.place} {timeout_ms} ms")
            page.say(f"> {one.subject} {one.body.decode()} {_plain(one.headers)} outcomes at {one.outcomes}")
            tell(one.number, nats._outcome_of(one, OSError("nobody is there")))

    async def started(_self: Any, call: Any, made: Any, body: Any) -> Outcome:
        page.say(
            f"> {shown({name: str(value) for name, value in sorted(vars(made).items()) if name != 'body'})}"
        )
        page.say(f"> {shown(body)}")
        raise OSError("nobody is there")

    stack.enter_context(patch.object(RedisServers, "client", client))
    stack.enter_context(patch.object(RedisServers, "push_once", told("a list")))
    stack.enter_context(patch.object(RedisServers, "add_once", told("a stream")))
    for broker in (RabbitMq, Kafka):
        stack.enter_context(patch.object(broker, "publish", told("a broker")))
    stack.enter_context(patch.object(nats.NatsExecutor, "_publish", published))
    stack.enter_context(patch.object(temporal.TemporalExecutor, "_start", started))
    return stack


def _is_plain(part: Any) -> bool:
    return isinstance(part, str | int | bytes | list | tuple | dict)


def _plain(part: Any) -> str:
    """A part of what is given, with what is packed in it unpacked."""
    if isinstance(part, tuple) and hasattr(part, "_fields"):
        return shown({name: _plain(value) for name, value in zip(part._fields, part, strict=True)})
    if isinstance(part, list | tuple):
        return f"[{', '.join(_plain(inner) for inner in part)}]"
    if isinstance(part, dict):
        return f"{{{', '.join(f'{name}: {_plain(value)}' for name, value in part.items())}}}"
    if not isinstance(part, bytes):
        return "FUNCTION" if callable(part) else " ".join(str(part).split())
    if len(part) == 16:
        return part.hex()
    if part[:1] == b"\x78":
        part = zlib.decompress(part)
    if b'"body-encoding"' in part or b'"body_encoding"' in part:
        whole = orjson.loads(part)
        return f"{base64.b64decode(whole.pop('body')).decode()} in {shown(whole)}"
    return part.decode("utf-8", "replace")


KEYS: Mapping[str, Any] = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "s3cret-word"}
QUEUE: Mapping[str, Any] = {"queue_url": "http://sqs.eu-west-1.amazonaws.com/1/a.fifo", **KEYS}
SQS: Mapping[str, Mapping[str, Any]] = {
    "the context": QUEUE,
    "all": {**QUEUE, **BODY, "group": "{{ input.team }}", "session_token": "s3cret-token"},
    "a region": {"queue_url": "http://queue.example.com:80/1/a.fifo", "region": "eu-north-1", **KEYS},
    "a group that may not be": {**QUEUE, "group": "{{ input.wide }}"},
    "a group that is too long": {**QUEUE, "group": "{{ input.long }}"},
}
CLUSTER: Mapping[str, Any] = {"server": "k8s.example.com:80", "tls": False, "spec": JOB, **SECRETS}
JOBS: Mapping[str, Mapping[str, Any]] = {
    "the least": CLUSTER,
    "all": {
        **CLUSTER, "token": "s3cret-token", "namespace": "house", "labels": {"team": "blue"},
        "termination_message": True,
        "spec": {**JOB, "ttlSecondsAfterFinished": 60, "backoffLimit": 0},
    },
    "its own restarts": {**CLUSTER, "spec": {"template": {"spec": {"restartPolicy": "OnFailure",
    "containers": [{"name": "a"}]}}}},
}  # fmt: skip
# A cluster's certificates are only looked at over TLS, which the server of the page does not speak.
CA: Mapping[str, Any] = {"ca": None}


def _json(status: int, body: Any) -> list[Step]:
    return answer(status, orjson.dumps(body), {"Content-Type": "application/json"})


_STATUSES = (200, 201, 202, 302, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504)
ANSWERS: Mapping[str, Mapping[str, list[Step]]] = {
    "sqs": {
        "taken": _json(200, {"MessageId": "m-1", "SequenceNumber": "7"}),
        "no id": _json(200, {}),
        "throttled": _json(400, {"__type": "com.amazonaws.sqs#ThrottlingException", "message": "slowly"}),
        "a queue that is not there": _json(400, {"__type": "a#QueueDoesNotExist", "message": "no queue s3cret-word"}),
        **{str(status): _json(status, {"Message": f"said {status}"}) for status in _STATUSES},
    },
    "kubernetes": {
        "created": _json(201, {"kind": "Job"}),
        "there already": _json(409, {"kind": "Status", "reason": "AlreadyExists", "message": "there"}),
        "another kind": _json(201, {"kind": "Pod"}),
        **{str(status): _json(status, {"kind": "Status", "message": f"said {status}"}) for status in _STATUSES},
    },
}  # fmt: skip
BROKEN: Mapping[str, list[Step]] = {
    "not JSON": answer(200, b"<html>"),
    "a list": _json(200, []),
    "too long": answer(200, b" " * (1024 * 1024 + 1)),
    "closed": [CUT],
    "closed in the body": [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", CUT],
    "silence": [SILENCE],
}


async def _over_http(world: World) -> None:
    page = world.page
    cases: tuple[tuple[str, Callable[..., Executor], Mapping[str, Mapping[str, Any]]], ...] = (
        ("sqs", sqs.make, SQS), ("kubernetes", kubernetes.make, JOBS),
    )  # fmt: skip
    for kind, make, configs in cases:
        executor = make(world.options(engine_hosts=("*",)))
        page.chapter(f"{kind}: what is sent")
        taken = next(iter(ANSWERS[kind].values()))
        first = next(iter(configs.values()))
        for title, config in configs.items():
            given = {"team": "blue", "wide": "ä", "long": "x" * 129}
            with patch("botocore.auth.get_current_datetime", _at):
                await world.send(title, executor, config, [taken], input=given)
        for title, changes in CALLS.items():
            with patch("botocore.auth.get_current_datetime", _at):
                await world.send(
                    title, executor, {**first, **({} if kind == "kubernetes" else BODY)}, [taken], **changes
                )
        world.used("kubernetes", CA)
        public, secrets = executor.split(first)
        for title, steps in {**ANSWERS[kind], **BROKEN}.items():
            page.case(title)
            world.wire.answers = [steps]
            late = 60 if SILENCE in steps else 5_000
            page.outcome(await executor.execute(call_of(public, secrets, timeout_ms=late)))
        page.case("a broken configuration")
        page.outcome(await executor.execute(call_of({"server": 7})))
        await executor.close()
        narrow = make(world.options())
        page.case("an engine that is not allowed")
        page.outcome(await narrow.execute(call_of(public, secrets)))
        await narrow.close()


def _at(*_: Any, **__: Any) -> datetime:
    """The instant at which requests are signed."""
    return datetime(2026, 3, 8, 13, tzinfo=UTC)
