"""What targets of engines get where their configuration does not say it, and what they get where it does."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.executors.engines.redis_servers import RedisPlace, looks_together
from tests.executors.calls import call_of
from tests.executors.test_boundaries import GIVEN, KAFKA, MAKERS, OPTIONS, RABBIT
from tests.support.config_walk import fields_of

WEEK_S = 7 * 86_400
REDIS = {"server": "redis:7000", "database": 3, "tls": True, "user": "u", "password": "p", "remember_s": 60}
AT_REDIS = RedisPlace("redis", 7000, 3, True, "u", "p")


# Configurations in which every field that has a default is given.
FULL: dict[str, dict[str, Any]] = {
    "celery": REDIS | {"queue": "q", "result_database": 5},
    "rq": REDIS | {"queue": "q", "timeout_s": 5},
    "nats": {"once": "window", "tls": True, "token": "t"},
    "temporal": {"namespace": "n", "tls": True, "api_key": "k", "execution_timeout_s": 5},
    "kubernetes": {
        "namespace": "n",
        "token": "t",
        "tls": True,
        "labels": {"a": "b"},
        "termination_message": True,
    },
    "message": REDIS | {"stream": "s", "max_length": 5},
    "message of kafka": {
        "broker": "kafka",
        "topic": "t",
        "tls": True,
        "user": "u",
        "password": "p",
        "mechanism": "SCRAM-SHA-256",
    },
    "sqs": {"region": "eu-north-1", "session_token": "t", "group": "g"},
}


async def compiled(kind: str, more: dict[str, Any]) -> Any:
    executor = MAKERS[kind](OPTIONS)
    config = {name: value for name, value in (GIVEN[kind] | more).items() if value is not None}
    assert list(executor.check(config)) == []
    found = executor._compiled.of(call_of(*executor.split(config)))
    await executor.close()
    return found


@pytest.mark.parametrize(
    ("kind", "more", "held"),
    [
        (
            "celery",
            {},
            {
                "broker": RedisPlace("redis", 6379, 0, False, None, None),
                "results": RedisPlace("redis", 6379, 0, False, None, None),
                "queue": "celery",
                "remember_s": WEEK_S,
            },
        ),
        (
            "celery",
            REDIS | {"queue": "q"},
            {"broker": AT_REDIS, "results": AT_REDIS, "queue": "q", "remember_s": 60},
        ),
        (
            "celery",
            REDIS | {"result_database": 5},
            {"broker": AT_REDIS, "results": AT_REDIS._replace(database=5)},
        ),
        (
            "rq",
            {},
            {
                "place": RedisPlace("redis", 6379, 0, False, None, None),
                "queue": "default",
                "timeout_s": 180,
                "remember_s": WEEK_S,
            },
        ),
        (
            "rq",
            REDIS | {"queue": "q", "timeout_s": 5},
            {"place": AT_REDIS, "queue": "q", "timeout_s": 5, "remember_s": 60},
        ),
        ("nats", {}, {"always": False, "outcomes": None, "outcome_stream": None}),
        ("nats", {"subject": "j.{{ run.id }}", "once": "always"}, {"always": True}),
        (
            "temporal",
            {},
            {
                "host": "temporal",
                "port": 7233,
                "namespace": "default",
                "tls": False,
                "api_key": None,
                "execution_timeout": None,
            },
        ),
        (
            "temporal",
            {"address": "t:7", "namespace": "n", "tls": True, "api_key": "k"},
            {"port": 7, "namespace": "n", "tls": True, "api_key": "k"},
        ),
        (
            "kubernetes",
            {},
            {
                "namespace": "default",
                "token": None,
                "termination_message": False,
                "jobs": "/apis/batch/v1/namespaces/default/jobs",
                "pods": "/api/v1/namespaces/default/pods",
            },
        ),
        ("sqs", {}, {"group": None, "_region": "eu-west-1", "_keys": ("k", "s", None)}),
        (
            "sqs",
            {"region": "eu-north-1", "session_token": "t"},
            {"_region": "eu-north-1", "_keys": ("k", "s", "t")},
        ),
    ],
)
async def test_what_a_target_of_an_engine_leaves_out_is_filled_in(
    kind: str, more: dict[str, Any], held: dict[str, Any]
) -> None:
    found = await compiled(kind, more)
    assert {name: getattr(found, name) for name in held} == held


@pytest.mark.parametrize(
    ("kind", "more", "place"),
    [
        ("nats", {}, ("nats", 4222, False, ())),
        ("nats", {"server": "nats:1", "tls": True, "token": "t"}, ("nats", 1, True)),
        ("kubernetes", {}, ("k", 6443, True, None)),
        ("kubernetes", {"server": "k:1", "tls": False}, ("k", 1, False, None)),
        ("sqs", {}, ("sqs.eu-west-1.amazonaws.com", 443, True, None)),
        ("sqs", {"queue_url": "http://sqs/1/q.fifo", "region": "r"}, ("sqs", 80, False, None)),
        ("message", RABBIT, ("redis", 5672, False, "/", "guest", "guest", "e")),
        (
            "message",
            RABBIT | {"tls": True, "vhost": "v", "user": "u", "password": "p"},
            ("redis", 5671, True, "v", "u", "p", "e"),
        ),
        ("message", KAFKA, ("redis", 9092, False, None, None, "PLAIN", "t")),
        (
            "message",
            KAFKA
            | {"server": "k:1", "tls": True, "user": "u", "password": "p", "mechanism": "SCRAM-SHA-256"},
            ("k", 1, True, "u", "p", "SCRAM-SHA-256", "t"),
        ),
        ("message", {}, (RedisPlace("redis", 6379, 0, False, None, None), "s", None, WEEK_S)),
        ("message", REDIS | {"max_length": 9}, (AT_REDIS, "s", 9, 60)),
    ],
)
async def test_where_an_engine_is_and_who_connects_is_filled_in(
    kind: str, more: dict[str, Any], place: tuple[Any, ...]
) -> None:
    found = (await compiled(kind, more)).place
    assert tuple(found)[: len(place)] == place


@pytest.mark.parametrize(
    ("each", "together"), [(1, 50), (125_829, 50), (125_830, 49), (6_291_456, 1), (10**9, 1)]
)
def test_looks_go_together_as_far_as_their_answers_may_be_read_together(each: int, together: int) -> None:
    assert looks_together(each) == together


def held_by(compiled: Any) -> dict[str, Any]:
    """What of a compiled configuration is no function."""
    names = getattr(compiled, "__slots__", None) or vars(compiled)
    held = {name: getattr(compiled, name) for name in names}
    plain = (str, int, float, tuple, dict, frozenset, type(None))
    return {name: value if isinstance(value, plain) else type(value) for name, value in held.items()}


@pytest.mark.parametrize("kind", sorted(FULL))
async def test_a_field_that_is_null_is_one_that_is_left_out(kind: str) -> None:
    executor = MAKERS[kind.split()[0]](OPTIONS)
    full = {name: value for name, value in GIVEN[kind.split()[0]].items() if name != "stream"} | FULL[kind]
    different, compared = [], 0
    for field in fields_of(executor.check, full):
        left_out = {name: value for name, value in full.items() if name != field}
        if "." in field or executor.check(left_out) or executor.check({**full, field: None}):
            continue
        compared += 1
        first, second = (
            held_by(executor._compiled._compile(*executor.split(config)))
            for config in (left_out, {**full, field: None})
        )
        if first != second:
            different.append((field, first, second))
    assert compared >= 3
    assert different == []
    await executor.close()
