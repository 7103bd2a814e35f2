"""The limits of configurations: what is just within one is accepted, and what is one beyond is refused where it is."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.domain.execution import Executor
from horarium.executors import command, http, llm, python, sql
from horarium.executors.engines import celery, kubernetes, message, nats, rq, sqs, temporal
from horarium.executors.options import ExecutorOptions
from horarium.executors.signing import new_secret

OPTIONS = ExecutorOptions(
    commands=("echo?env=A", "echo?env=B"),
    python_functions=("json:dumps",),
    sql_hosts=("db",),
    llm_env_keys=("KEY",),
)
MAKERS = {
    "http": http.make,
    "command": command.make,
    "python": python.make,
    "sql": sql.make,
    "llm": llm.make,
    "celery": celery.make,
    "kubernetes": kubernetes.make,
    "message": message.make,
    "nats": nats.make,
    "rq": rq.make,
    "sqs": sqs.make,
    "temporal": temporal.make,
}
URL = "https://example.com/"
POLL: dict[str, Any] = {"url": URL, "state": "a", "succeeded": ["ok"]}
GIVEN: dict[str, dict[str, Any]] = {
    "http": {"url": URL},
    "command": {"argv": ["echo"]},
    "python": {"function": "json:dumps"},
    "sql": {"connection": "postgresql://me@db/x", "table": "t"},
    "llm": {"model": "m", "base_url": URL},
    "celery": {"server": "redis", "task": "t"},
    "kubernetes": {"server": "k", "spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}},
    "message": {"broker": "redis", "server": "redis", "stream": "s"},
    "nats": {"server": "nats", "subject": "jobs"},
    "rq": {"server": "redis", "function": "f"},
    "sqs": {
        "queue_url": "https://sqs.eu-west-1.amazonaws.com/1/q.fifo",
        "access_key_id": "k",
        "secret_access_key": "s",
    },
    "temporal": {"address": "temporal", "workflow": "w", "task_queue": "q"},
}
RABBIT = {"broker": "rabbitmq", "exchange": "e", "routing_key": "r", "stream": None}
KAFKA = {"broker": "kafka", "topic": "t", "stream": None}
QUEUE = "https://sqs.eu-west-1.amazonaws.com/1/"
TEN_YEARS_S = 10 * 365 * 86_400
# Without `base_url`: the key is needed then.
OPENAI: dict[str, Any] = {"base_url": None, "model": "openai:m"}


def nested(levels: int) -> Any:
    return {"a": nested(levels - 1)} if levels else "{{ slot }}"


def named(count: int, prefix: str = "X", value: str = "v") -> dict[str, str]:
    return {f"{prefix}{number}": value for number in range(count)}


@pytest.fixture
def executors() -> dict[str, Executor]:
    return {name: make(OPTIONS) for name, make in MAKERS.items()}  # nothing is opened before it is used


@pytest.mark.parametrize(
    ("kind", "within", "beyond", "field"),
    [
        ("http", {"url": URL + "a" * (4096 - len(URL))}, {"url": URL + "a" * (4097 - len(URL))}, "url"),
        ("http", {"url": "http://e.com:65535/"}, {"url": "http://e.com:65536/"}, "url"),
        ("http", {"url": "http://e.com:1/"}, {"url": "http://e.com:0/"}, "url"),
        ("http", {"url": f"http://{'a' * 63}.com/"}, {"url": f"http://{'a' * 64}.com/"}, "url"),
        ("http", {"url": f"http://{'a.' * 126}a/"}, {"url": f"http://{'a.' * 126}ab/"}, "url"),
        ("http", {"headers": named(50)}, {"headers": named(51)}, "headers"),
        ("http", {"headers": {"X" * 100: "v"}}, {"headers": {"X" * 101: "v"}}, None),
        ("http", {"headers": {"X": "v" * 16_384}}, {"headers": {"X": "v" * 16_385}}, "headers.X"),
        (
            "http",
            {"headers": named(8, value="v" * 8_192)},
            {"headers": named(8, value="v" * 8_192) | {"Y": "v"}},
            "headers",
        ),
        ("http", {"secrets": named(100)}, {"secrets": named(101)}, "secrets"),
        ("http", {"secrets": {"T": "v" * 65_536}}, {"secrets": {"T": "v" * 65_537}}, "secrets"),
        ("http", {"secrets": {"T" * 64: "v"}}, {"secrets": {"T" * 65: "v"}}, f"secrets.{'T' * 65}"),
        (
            "http",
            {"signing_secret": [new_secret() for _ in range(5)]},
            {"signing_secret": [new_secret() for _ in range(6)]},
            "signing_secret",
        ),
        ("http", {"body": nested(50)}, {"body": nested(51)}, None),
        ("http", {"body": ["{{ slot }}"] * 1_000}, {"body": ["{{ slot }}"] * 1_001}, "body"),
        ("http", {"body": [1] * 49_999}, {"body": [1] * 50_000}, "body"),
        (
            "http",
            {"body": "{{ input." + "a" * 494 + " }}"},
            {"body": "{{ input." + "a" * 495 + " }}"},
            "body",
        ),
        (
            "http",
            {"body": "{{ slot }}" + "a" * (1024 * 1024 - 10)},
            {"body": "{{ slot }}" + "a" * (1024 * 1024 - 9)},
            "body",
        ),
        ("http", {"done_on": [300, 599]}, {"done_on": [299]}, "done_on"),
        ("http", {"done_on": [409] * 50}, {"done_on": [409] * 51}, "done_on"),
        ("http", {"done_on": []}, {"done_on": [600]}, "done_on"),
        (
            "http",
            {"poll": POLL | {"going_on": [200, 599]}},
            {"poll": POLL | {"going_on": [199]}},
            "poll.going_on",
        ),
        ("http", {"poll": POLL | {"state": "a" * 500}}, {"poll": POLL | {"state": "a" * 501}}, "poll.state"),
        ("http", {"poll": POLL | {"output": "a"}}, {"poll": POLL | {"output": ""}}, "poll.output"),
        (
            "http",
            {"poll": POLL | {"succeeded": ["s" * 200] * 50}},
            {"poll": POLL | {"succeeded": ["s"] * 51}},
            "poll.succeeded",
        ),
        ("http", {"poll": POLL | {"failed": []}}, {"poll": POLL | {"failed": ["s" * 201]}}, "poll.failed"),
        ("command", {"argv": ["echo"] * 200}, {"argv": ["echo"] * 201}, "argv"),
        ("command", {"environment": {"A": "1", "B": "2"}}, {"environment": {"C": "3"}}, "environment.C"),
        (
            "command",
            {"environment": named(100, "HORARIUM_ENV_")},
            {"environment": named(101, "HORARIUM_ENV_")},
            "environment",
        ),
        ("command", {"stdin": None}, {"stdin": "{{ nope }}"}, "stdin"),
        ("python", {"arguments": {}}, {"arguments": []}, "arguments"),
        ("sql", {"table": "t" * 128}, {"table": "t" * 129}, "table"),
        ("sql", {"table": "sqlite"}, {"table": "SQLITE_x"}, "table"),
        ("sql", {"schema": "s" * 128}, {"schema": "s" * 129}, "schema"),
        (
            "sql",
            {"columns": {"write": ["c"] * 2_000}},
            {"columns": {"write": ["c"] * 2_001}},
            "columns.write",
        ),
        ("sql", {"columns": {"match": []}}, {"columns": {"match": [""]}}, "columns.match"),
        ("sql", {"columns": {"id": "c"}}, {"columns": {"id": 5}}, "columns.id"),
        ("sql", {"exactly_once": False}, {"exactly_once": 0}, "exactly_once"),
        (
            "sql",
            {"connection": "postgresql://me@DB:5432/x"},
            {"connection": "postgresql://me@db2/x"},
            "connection",
        ),
        (
            "sql",
            {"connection": "postgresql://me@db/x?sslmode=require"},
            {"connection": "postgresql://me@db/x?sslmode=allow"},
            "connection",
        ),
        ("llm", {"model": "m" * 200}, {"model": "m" * 201}, "model"),
        ("llm", {"max_tokens": 1_000_000}, {"max_tokens": 1_000_001}, "max_tokens"),
        ("llm", {"max_tokens": 1}, {"max_tokens": 0}, "max_tokens"),
        ("llm", {"max_tokens": 1}, {"max_tokens": True}, "max_tokens"),
        ("llm", {"prompt": "p" * 262_144}, {"prompt": "p" * 262_145}, "prompt"),
        ("llm", {"instructions": "i" * 262_144}, {"instructions": "i" * 262_145}, "instructions"),
        ("llm", {"settings": {"temperature": 2}}, {"settings": {"temperature": 2.1}}, "settings.temperature"),
        (
            "llm",
            {"settings": {"temperature": 0}},
            {"settings": {"temperature": -0.1}},
            "settings.temperature",
        ),
        ("llm", {"settings": {"top_p": 1}}, {"settings": {"top_p": 1.1}}, "settings.top_p"),
        (
            "llm",
            {"settings": {"presence_penalty": -2}},
            {"settings": {"presence_penalty": -2.1}},
            "settings.presence_penalty",
        ),
        (
            "llm",
            {"settings": {"frequency_penalty": 2}},
            {"settings": {"frequency_penalty": 2.1}},
            "settings.frequency_penalty",
        ),
        ("llm", {"settings": {"seed": (1 << 63) - 1}}, {"settings": {"seed": 1 << 63}}, "settings.seed"),
        (
            "llm",
            {"settings": {"stop_sequences": ["s"] * 16}},
            {"settings": {"stop_sequences": ["s"] * 17}},
            "settings.stop_sequences",
        ),
        ("llm", OPENAI | {"api_key": "k"}, OPENAI, "api_key"),
        ("llm", {}, {"api_key": ""}, "api_key"),
        ("llm", {"api_key": "k"}, {"api_key": "ké"}, "api_key"),
        ("llm", OPENAI | {"api_key_env": "KEY"}, OPENAI | {"api_key_env": "PATH"}, "api_key_env"),
        (
            "llm",
            OPENAI | {"api_key_env": "KEY"},
            OPENAI | {"api_key_env": "KEY", "api_key": "k"},
            "api_key_env",
        ),
        ("llm", OPENAI | {"api_key_env": "KEY"}, {"api_key_env": "KEY"}, "api_key_env"),
        ("celery", {"server": "redis:65535"}, {"server": "redis:65536"}, "server"),
        ("celery", {"server": "redis:1"}, {"server": "redis:0"}, "server"),
        ("celery", {"server": f"{'a' * 63}.b"}, {"server": f"{'a' * 64}.b"}, "server"),
        ("celery", {"database": 1_000}, {"database": 1_001}, "database"),
        ("celery", {"database": 0}, {"database": -1}, "database"),
        ("celery", {"result_database": 1_000}, {"result_database": 1_001}, "result_database"),
        ("celery", {"result_database": 0}, {"result_database": -1}, "result_database"),
        ("celery", {"queue": "q" * 200}, {"queue": "q" * 201}, "queue"),
        ("celery", {"task": "t" * 500}, {"task": "t" * 501}, "task"),
        ("celery", {"remember_s": TEN_YEARS_S}, {"remember_s": TEN_YEARS_S + 1}, "remember_s"),
        ("celery", {"remember_s": 1}, {"remember_s": 0}, "remember_s"),
        ("celery", {"user": "u", "password": "p"}, {"user": "u"}, "password"),
        ("celery", {"password": "p" * 4_000}, {"password": "p" * 4_001}, "password"),
        ("celery", {"tls": False}, {"tls": 0}, "tls"),
        ("rq", {"queue": "q" * 200}, {"queue": "q" * 201}, "queue"),
        ("rq", {"function": "f" * 500}, {"function": "f" * 501}, "function"),
        ("rq", {"timeout_s": 1}, {"timeout_s": 0}, "timeout_s"),
        ("rq", {"timeout_s": rq._LONGEST_TIMEOUT_S}, {"timeout_s": rq._LONGEST_TIMEOUT_S + 1}, "timeout_s"),
        ("message", {"stream": "s" * 500}, {"stream": "s" * 501}, "stream"),
        ("message", {"max_length": 10**12}, {"max_length": 10**12 + 1}, "max_length"),
        ("message", {"max_length": 1}, {"max_length": 0}, "max_length"),
        ("message", KAFKA | {"topic": "t" * 249}, KAFKA | {"topic": "t" * 250}, "topic"),
        (
            "message",
            KAFKA | {"user": "u", "password": "p", "mechanism": "SCRAM-SHA-512"},
            KAFKA | {"user": "u", "password": "p", "mechanism": "MD5"},
            "mechanism",
        ),
        ("message", KAFKA | {"user": "u", "password": "p"}, KAFKA | {"password": "p"}, "password"),
        ("message", RABBIT | {"vhost": "v" * 255}, RABBIT | {"vhost": "v" * 256}, "vhost"),
        ("message", RABBIT | {"exchange": "e" * 255}, RABBIT | {"exchange": "e" * 256}, "exchange"),
        ("message", RABBIT | {"routing_key": "r" * 255}, RABBIT | {"routing_key": "r" * 256}, "routing_key"),
        ("message", RABBIT | {"exchange": ""}, RABBIT | {"exchange": "", "routing_key": ""}, "routing_key"),
        ("nats", {"subject": "a.b"}, {"subject": "a..b"}, "subject"),
        ("nats", {"subject": "a"}, {"subject": "$a"}, "subject"),
        ("nats", {"subject": "a.b"}, {"subject": "a.>"}, "subject"),
        ("nats", {"subject": "s" * 500}, {"subject": "s" * 20_000}, "subject"),
        ("nats", {"subject": "j.{{ run.id }}", "once": "always"}, {"once": "always"}, "once"),
        ("nats", {"once": "window"}, {"once": "never"}, "once"),
        ("nats", {"token": "t" * 4_000}, {"token": "t" * 4_001}, "token"),
        (
            "sqs",
            {"queue_url": QUEUE + "q" * 1_956 + ".fifo"},
            {"queue_url": QUEUE + "q" * 2_000 + ".fifo"},
            "queue_url",
        ),
        ("sqs", {"region": "r" * 40}, {"region": "r" * 41}, "region"),
        ("sqs", {"access_key_id": "k" * 200}, {"access_key_id": "k" * 201}, "access_key_id"),
        ("sqs", {"session_token": "t" * 8_000}, {"session_token": "t" * 8_001}, "session_token"),
        ("kubernetes", {"token": "t" * 16_000}, {"token": "t" * 16_001}, "token"),
        ("kubernetes", {"namespace": "n" * 63}, {"namespace": "n" * 64}, "namespace"),
        ("kubernetes", {"labels": named(50, "l")}, {"labels": named(51, "l")}, "labels"),
        ("kubernetes", {"labels": {"l": "v" * 63}}, {"labels": {"l": "v" * 64}}, "labels"),
        ("kubernetes", {"labels": {"p/" + "l" * 63: ""}}, {"labels": {"p/" + "l" * 64: ""}}, "labels"),
        ("temporal", {"namespace": "n" * 500}, {"namespace": "n" * 501}, "namespace"),
        ("temporal", {"task_queue": "q"}, {"task_queue": " "}, "task_queue"),
        ("temporal", {"api_key": "k" * 16_000}, {"api_key": "k" * 16_001}, "api_key"),
        ("temporal", {"execution_timeout_s": 0.5}, {"execution_timeout_s": 0}, "execution_timeout_s"),
    ],
)
def test_a_configuration_is_accepted_up_to_each_limit_and_refused_beyond_it_where_it_is(
    executors: dict[str, Executor],
    kind: str,
    within: dict[str, Any],
    beyond: dict[str, Any],
    field: str | None,
) -> None:
    def problems(changes: dict[str, Any]) -> list[str]:
        given = {
            name: value
            for name, value in (GIVEN[kind] | changes).items()
            if value is not None or name in changes
        }
        if given.get("stream", "") is None:
            del given["stream"]
        return [problem.field for problem in executors[kind].check(given)]

    assert problems(within) == []
    found = set(problems(beyond))
    assert found == {field} if field is not None else len(found) == 1


def test_what_executors_are_given_where_nothing_is_set_allows_as_little_as_possible() -> None:
    assert (OPTIONS.response_limit_bytes, OPTIONS.max_connections, OPTIONS.python_workers) == (65_536, 512, 4)
    assert OPTIONS.command_path == "/usr/local/bin:/usr/bin:/bin"
    plain = ExecutorOptions()
    for given in (plain.allow_private, plain.commands, plain.python_functions, plain.sql_hosts):
        assert given == ()
    for given in (plain.engine_hosts, plain.llm_env_keys, plain.deny_hosts):
        assert given == ()
    assert not plain.allow_loopback
    assert not plain.sql_allow_loopback
    assert plain.allowed_hosts(b"any") is None
    assert {maker(plain).type for maker in (sql.make, llm.make)} == {"sql", "llm"}
