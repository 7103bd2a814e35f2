"""What wrong configurations of each executor are told: chapters of `sent.txt`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from horarium.executors import registry
from tests.executors import sent_programs
from tests.executors.sent_world import World
from tests.support.config_walk import around, fields_of, texts, walk

# The fields that configurations with secrets share.
SECRETS: Sequence[Any] = (
    {"A": "b" * 256}, {"1A": "b"}, {"A" * 64: "b"}, {"A" * 65: "b"}, {"A": "***"}, {f"A{n}": "b" for n in range(100)},
    {f"A{n}": "b" for n in range(101)}, {"A": "b" * 64 * 1024}, {"A": "b" * 65 * 1024}, {"A": "b" * 128 * 1024},
    {"A": "b" * (256 * 1024 + 1)},
)  # fmt: skip
TEMPLATES: Sequence[Any] = (
    "{{ input.a }}", "{{ input }}", "{{ input..a }}", "{{ nothing }}", "{{ run.id }}", "{{ run.ids }}",
    "{{ slot.a }}", "{{",
    "{{ secrets.A }}", "{{ secrets.B }}", "{{ row }}", {"{{ slot }}": 1}, ["{{ x }}"] * 25, {"a": {"b": ["{{ x }}"]}},
    "{{ " + "a" * 500 + " }}", "{{ input." + "a" * 494 + " }}", "{{ input." + "a" * 495 + " }}",
    "{{ slot }}" * 1_000, "{{ slot }}" * 1_001,
)  # fmt: skip
URLS: Sequence[Any] = (
    "http://example.com", "https://user:word@example.com/", "ftp://example.com/", "http://", "example.com",
    "//example.com/a",
    "http://example.com:0/", "http://example.com:65535/", "http://example.com:65536/", "http://127.0.0.1/",
    "http://[::1]/",
    "http://10.1.2.3/", "http://169.254.169.254/", "http://example.com/#part", "http://exa mple.com/",
    "http://metadata/",
    "http://example.com/" + "x" * 1_981, "http://example.com/" + "x" * 1_982, "http://example.com/" + "x" * 9_000,
)  # fmt: skip
PLACES: Sequence[Any] = (
    "a.example", "a.example:1", "a.example:65535", "a.example:65536", "a.example:0", "a.example:x", "[::1]:5",
    "::1", "a b",
    "user@a.example", "[a]:1", "a..example", "x" * 64 + ".example",
)  # fmt: skip
NAMES = tuple(texts(500))

BASES: Mapping[str, Mapping[str, Any]] = {
    "http": {
        "url": "http://example.com/hook", "headers": {"X-A": "b"}, "secrets": {"A": "b"},
        "poll": {"url": "http://example.com/runs", "state": "state", "succeeded": ["done"]},
    },
    "python": {"function": "tests.executors.functions_for_tests:echo", "arguments": {"a": 1}, "secrets": {"A": "b"}},
    "command": {"argv": ["tell", "a"], "environment": {"REGION": "eu"}, "secrets": {"A": "b"}},
    "echo": {},
    "sql": {"connection": "postgresql://app:word@db.example.com/crm", "table": "people", "columns": {}},
    "llm": {"model": "openai:gpt-4.1-mini", "api_key": "key", "settings": {}, "secrets": {"A": "b"}},
    "celery": {"server": "a.example", "task": "reports.make", "secrets": {"A": "b"}},
    "rq": {"server": "a.example", "function": "reports.make", "secrets": {"A": "b"}},
    "temporal": {"address": "a.example", "workflow": "Report", "task_queue": "reports", "secrets": {"A": "b"}},
    "nats": {
        "server": "a.example", "subject": "reports.{{ run.id }}", "secrets": {"A": "b"},
        "outcomes": {"stream": "ends", "subject": "ends.{{ run.id }}"},
    },
    "kubernetes": {
        "server": "a.example", "spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}, "labels": {"a": "b"},
        "secrets": {"A": "b"},
    },
    "sqs": {
        "queue_url": "https://sqs.eu-west-1.amazonaws.com/1/a.fifo", "access_key_id": "A", "secret_access_key": "b",
        "secrets": {"A": "b"},
    },
    "message rabbitmq": {"broker": "rabbitmq", "server": "a.example", "routing_key": "reports",
    "secrets": {"A": "b"}},
    "message redis": {"broker": "redis", "server": "a.example", "stream": "reports", "secrets": {"A": "b"}},
    "message kafka": {"broker": "kafka", "server": "a.example", "topic": "reports", "secrets": {"A": "b"}},
}  # fmt: skip

_HEADERS = (
    {"X-A": "{{ input.a }}"}, {"X-A": "{{ x }}"}, {"X A": "b"}, {"": "b"}, {"A" * 100: "b"}, {"A" * 101: "b"},
    {"X-A": "a\nb"},
    {"X-A": "a\tb"}, {"X-A": "b", "x-a": "c"}, {"Host": "b"}, {"proxy-x": "b"}, {"Content-Length": "1"},
    {"ce-id": "b"},
    {"webhook-x": "b"}, {"Idempotency-Key": "b"}, {"Horarium-Run": "b"}, {"X-Forwarded-For": "b"}, {"Forwarded": "b"},
    {"X-Real-IP": "b"}, {"Metadata-Flavor": "b"}, {"Via": "b"}, {"Authorization": "***"}, {"X-A": "***"}, {"X-A": 1},
    {"X-A": "b" * 16_384}, {"X-A": "b" * 16_385}, {f"A{n}": "b" for n in range(50)},
    {f"A{n}": "b" for n in range(51)},
    {f"A{n}": "b" * 16_384 for n in range(4)}, {f"A{n}": "b" * 16_384 for n in range(4)} | {"B": "c"},
)  # fmt: skip
_SIGNING = (
    "whsec_" + "A" * 32, "whsec_" + "A" * 28, "whsec_" + "A" * 84 + "AA==", "whsec_" + "A" * 88, "A" * 32,
    "whsec_?" + "A" * 31,
    "whsk_" + "A" * 43 + "=", "whsk_" + "A" * 44, "whsec_" + "A" * 32 + ";until=2026-12-01T00:00:00Z",
    "whsec_" + "A" * 32 + ";until=soon", ["whsec_" + "A" * 32] * 5, ["whsec_" + "A" * 32] * 6, ["x", "y"],
)  # fmt: skip
_STATES = (["a"] * 50, ["a"] * 51, [""], ["a" * 200], ["a" * 201])
_PATHS = ("a.b", "a..b", ".", "a" * 500, "a" * 501)
_VARIABLES = (
    {"REGION": 1}, {"OTHER": "a"}, {"LD_PRELOAD": "a"}, {"HORARIUM_ENV_A": "{{ input.a }}"},
    {"HORARIUM_ENV_A": "{{ x }}"},
    {"1A": "a"}, {"A" * 129: "a"}, {"HORARIUM_ENV_" + "A" * 115: "a"}, {"HORARIUM_ENV_" + "A" * 116: "a"},
    {f"HORARIUM_ENV_{n}": "a" for n in range(100)}, {f"HORARIUM_ENV_{n}": "a" for n in range(101)}, {"REGION": "***"},
)  # fmt: skip
_NUMBER = (1, 2, -2, 2.5, -2.5, float("inf"), 10**400)
_CONNECTIONS = (
    "postgresql://db.example.com/crm", "postgresql+asyncpg://db.example.com/crm", "mysql://db.example.com/crm",
    "mariadb://db.example.com/crm", "mssql://db.example.com/crm", "oracle://db.example.com/crm", "sqlite:///a.db",
    "redis://db.example.com/0", "postgresql://other.example/crm", "postgresql://127.0.0.1/crm",
    "postgresql://localhost/crm",
    "postgresql:///crm", "postgresql://db.example.com", "postgresql://db.example.com:x/crm", "postgresql://[::1]/crm",
    "postgresql://db.example.com/crm?host=x", "postgresql://db.example.com/crm?sslmode=require",
    "http://db.example.com/",
    "postgresql://db.example.com/" + "x" * 5_000,
)  # fmt: skip
_REDIS: Mapping[str, Sequence[Any]] = {
    "server": PLACES, "database": tuple(around(0, 1_000)), "tls": (False,), "user": NAMES,
    "password": tuple(texts(4_000)),
    "secrets": SECRETS,
}  # fmt: skip
_REMEMBERED = tuple(around(1, 10 * 365 * 86_400))
_ARGUMENTS: Mapping[str, Sequence[Any]] = {
    "args": (["{{ x }}"], ["{{ input }}"]),
    "kwargs": ({"a": "{{ x }}"}, {"a": "{{ input }}"}),
}
_MESSAGE: Mapping[str, Sequence[Any]] = {
    "broker": ("rabbitmq", "redis", "kafka"), "server": PLACES, "tls": (False,), "user": NAMES,
    "password": tuple(texts(4_000)), "body": TEMPLATES, "secrets": SECRETS,
}  # fmt: skip

# What each field is given beside values of every kind: its bounds and its own ways to be wrong.
BOUNDS: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "http": {
        "url": (*URLS, "http://{{ input.a }}/", "http://example.com/{{ x }}"), "method": ("GET", "get", "TRACE",
        "OPTIONS"),
        "headers": _HEADERS, "body": (*TEMPLATES, "x" * (1 << 20) + "{{ slot }}"), "secrets": SECRETS,
        "signing_secret": _SIGNING, "verification_keys": (),
        "done_on": ([299], [300], [599], [600], [300] * 50, [300] * 51, [True]),
        "poll": ({"url": "http://example.com/", "state": "a", "succeeded": ["b"], "states": 1},),
        "poll.url": ("http://example.com:80/a", "http://example.com:81/a", "https://example.com/a",
        "http://EXAMPLE.com/",
                     "http://example.com/{{ answer.id }}", "http://example.com/{{ x }}", "http://{{ input.a }}/"),
        "poll.state": _PATHS, "poll.output": _PATHS, "poll.succeeded": _STATES, "poll.failed": _STATES,
        "poll.going_on": ([199], [200], [599], [600], [300] * 50, [300] * 51, [True]),
    },
    "python": {
        "function": ("tests.executors.functions_for_tests:nothing",
        "tests.executors.functions_for_tests:not_a_function",
                     "tests.executors.functions_for_tests:pid", "tests.executors.functions_for_tests:_hidden",
                     "tests.executors.no_such_module:a", "os:getpid", "a.b", "a:b.c", "a" * 248 + ":" + "b" * 252),
        "arguments": ({"a": "{{ x }}"}, {"a": "{{ input }}"}), "secrets": SECRETS,
    },
    "command": {
        "argv": (["tell"] * 200, ["tell"] * 201, ["tell", "a\0"], ["other"], ["/bin/tell"], ["./tell"], ["missing"],
        [""],
                 ["{{ input.a }}"], ["tell", "{{ x }}", "{{ input.a }}"], ["tell", 1]),
        "stdin": TEMPLATES, "environment": _VARIABLES, "secrets": SECRETS,
    },
    "echo": {},
    "sql": {
        "connection": _CONNECTIONS, "database": ("crm", "a" * 63, "a" * 64, "Crm", "1a", "a-_1", "a b"),
        "schema": NAMES,
        "table": (*texts(128), "horarium_writes", "HORARIUM_WRITES", "sqlite_master", "SQLITE_MASTER", "a\nb"),
        "exactly_once": (False,),
        "columns": ({"writes": []}, {f"a{n}": 1 for n in range(22)}), "columns.write": (["a"] * 2_000,
        ["a"] * 2_001, [""]),
        "columns.match": (["a"] * 2_000, ["a"] * 2_001, [""]), "columns.id": ("id",),
    },
    "llm": {
        "model": ("gpt-4", "nobody:a", "anthropic:a", "google:a", "groq:a", "mistral:a", "bedrock:a", "openai:a b",
        "a" * 200,
                  "openai:" + "a" * 193, "openai:" + "a" * 194),
        "base_url": URLS, "api_key": ("ä", "a\nb"), "api_key_env": ("MODEL_KEY", "OTHER_KEY"),
        "instructions": ("{{ env.A }}", "{{ x }}", *texts(256 * 1024)), "prompt": ("{{ env.A }}", "{{ x }}",
        *texts(256 * 1024)),
        "max_tokens": tuple(around(1, 1_000_000)), "secrets": SECRETS,
        "settings": ({"temperatur": 1}, {f"a{n}": 1 for n in range(25)},
                     *({name: value} for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty")
                       for value in _NUMBER),
                     {"seed": (1 << 63) - 1}, {"seed": 1 << 63}, {"seed": 1.0}, {"stop_sequences": ["a"] * 16},
                     {"stop_sequences": ["a"] * 17}, {"stop_sequences": [""]}, {"stop_sequences": []}),
    },
    "celery": {
        **_REDIS, **_ARGUMENTS, "task": NAMES, "queue": tuple(texts(200)), "result_database": tuple(around(0, 1_000)),
        "remember_s": _REMEMBERED,
    },
    "rq": {
        **_REDIS, **_ARGUMENTS, "function": NAMES, "queue": tuple(texts(200)), "timeout_s": tuple(around(1,
        10 * 365 * 86_400)),
        "remember_s": _REMEMBERED,
    },
    "temporal": {
        "address": PLACES, "namespace": NAMES, "workflow": NAMES, "task_queue": NAMES,
        "api_key": tuple(texts(16_000)),
        "tls": (False,), "body": TEMPLATES, "secrets": SECRETS,
        "execution_timeout_s": (0.001, 10 * 365 * 86_400, 10 * 365 * 86_400 + 1),
    },
    "nats": {
        "server": PLACES, "subject": ("a.b", "a..b", "a.*", "a.>", "a b", "$JS.a", "{{ x }}", *texts(1_000)),
        "body": TEMPLATES, "once": ("window", "always"), "tls": (False,), "user": NAMES, "token": tuple(texts(4_000)),
        "password": tuple(texts(4_000)), "nkey_seed": ("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY",),
        "secrets": SECRETS, "outcomes": ({"stream": "a", "subject": "{{ run.id }}", "more": 1},),
        "outcomes.stream": ("a b", "a.b", *texts(255)), "outcomes.subject": ("a.b", "a..b", *texts(1_000)),
    },
    "kubernetes": {
        "server": PLACES, "tls": (False,), "ca": ("-----BEGIN CERTIFICATE-----", "x" * 100_001),
        "token": tuple(texts(16_000)),
        "namespace": ("a-b", "A", "-a", "a" * 63, "a" * 64), "termination_message": (False,), "secrets": SECRETS,
        "spec": ({"template": {"spec": {"containers": [1]}}, "a": "{{ x }}"},
        {"template": {"spec": {"containers": []}}}),
        "labels": ({"a/b": "c"}, {"a b": "c"}, {"a": "b c"}, {"a": ""}, {"a": "b" * 63}, {"a": "b" * 64},
        {"a" * 64: "b"},
                   {"horarium/target": "a"}, {f"a{n}": "b" for n in range(50)}, {f"a{n}": "b" for n in range(51)}),
    },
    "sqs": {
        "queue_url": ("https://sqs.eu-west-1.amazonaws.com/1/a", "https://a.example/1/a.fifo", "https:///a.fifo",
                      "https://a.example:x/a.fifo", "ftp://a.example/a.fifo",
                      "https://a.example/" + "x" * 2_000 + ".fifo"),
        "region": ("eu-west-1", "EU", "a" * 40, "a" * 41), "group": (*NAMES, "{{ x }}", "{{ input.a }}"),
        "body": TEMPLATES,
        "access_key_id": NAMES, "secret_access_key": NAMES, "session_token": (*NAMES, *texts(16_000)),
        "secrets": SECRETS,
    },
    "message rabbitmq": {
        **_MESSAGE, "vhost": tuple(texts(255)), "exchange": tuple(texts(255)), "routing_key": (*texts(255),
        "{{ x }}"),
    },
    "message redis": {
        **_MESSAGE, "database": tuple(around(0, 1_000)), "stream": NAMES, "max_length": tuple(around(1, 10**12)),
        "remember_s": _REMEMBERED,
    },
    "message kafka": {**_MESSAGE, "topic": tuple(texts(249)), "mechanism": ("PLAIN", "SCRAM-SHA-256",
    "SCRAM-SHA-512", "MD5")},
}  # fmt: skip


async def chapters(world: World) -> list[str]:
    """Every executor that is installed. Returns what is missing here."""
    wrong: list[str] = []
    executors = registry.load(
        world.options(
            commands=("tell?env=REGION", "missing"), python_functions=("tests.executors.functions_for_tests:*",
            "tests.executors.no_such_module:a"), sql_hosts=("db.example.com",), engine_hosts=("*",),
            llm_env_keys=("MODEL_KEY",), data_dir=world.folder,
        )
    )  # fmt: skip
    sent_programs.leave(world, "tell", "true")
    for title, base in BASES.items():
        kind = title.partition(" ")[0]
        if kind in executors:
            world.page.chapter(f"{title}: what configurations are told")
            found = walk(world.page, executors[kind].check, base, BOUNDS[title])
            wrong += [f"{title}: {field} has no values here, or is no field" for field in found]
            sent = world.fields.get(kind, set())
            wrong += [
                f"{title}: {field} is never sent"
                for field in sorted(fields_of(executors[kind].check, base) - sent)
            ]
    wrong += sorted(
        f"{kind} is not walked" for kind in executors.keys() - {title.split()[0] for title in BASES}
    )
    await registry.close(executors)
    await _choices(world)
    return wrong


async def _choices(world: World) -> None:
    """What the settings of the server change of what configurations are told."""
    page = world.page
    page.chapter("what the server's settings say of configurations")
    executors = registry.load(world.options())
    for title, base in BASES.items():
        executor = executors.get(title.partition(" ")[0])
        if executor is None:
            continue
        page.case(title)
        page.problems(executor.check(base))
        if hasattr(executor, "check_hosts") and (
            title.split()[0] in ("http", "sql", "llm") or not executor.check(base)
        ):
            page.problems(executor.check_hosts(b"w" * 16, base))
        public, secrets = executor.split(base)
        page.say(
            f"is stored with the secrets {sorted(secrets)}, and as {sorted(n for n, v in public.items() if v == '***')}"
        )
    await registry.close(executors)
