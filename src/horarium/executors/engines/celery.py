"""The `celery` executor: each run becomes one task of a Celery application, by its Redis or Valkey broker. It needs the
extra `celery`.

    {"server": "redis.example.com:6379", "database": 0, "task": "reports.make", "queue": "celery",
     "args": ["{{ input.customer }}"], "kwargs": {"month": "{{ slot }}"}, "result_database": 1,
     "remember_s": 604800, "tls": true, "user": "horarium", "password": "..."}

The task's id is the run's id. The message is written as Celery's own client writes it (version 2 of its protocol,
JSON), together with a mark of the run that lasts `remember_s`: as long as the mark is there, a second message of the
same run is not written. Without `args` and `kwargs` the task's only argument is the run's whole context.

A run is over when the message is in the queue. If the target's `completion` is `watch`, the run ends with the task:
with what Celery's result backend on the same server (`result_database`) holds of it. Results are read as JSON and in no
other form. If it is `callback`, the task finds the address and the token for it among its headers.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Seen, Verdict, Watched, WatchedTarget
from horarium.domain.ids import Id
from horarium.executors.checks import check_fields
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.context import run_text
from horarium.executors.decoding import TooManyValues, decoded
from horarium.executors.engines.messages import (
    CompiledArguments,
    EngineRefused,
    check_arguments,
    check_text,
    check_whole,
    failed,
    handed_over,
    identity_of,
    taken,
)
from horarium.executors.engines.redis_servers import (
    PLACE_FIELDS,
    SECRET_FIELDS,
    RedisPlace,
    RedisServers,
    check_redis_place,
    check_remember,
    looking,
    looks_together,
    remember_s,
    told,
    told_apart,
)
from horarium.executors.looks import look_in_parts, seen_of
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import error_text, keep_beginning, keep_value
from horarium.executors.secrecy import Scrubber, check_secrets, reveal, split
from horarium.executors.template import TemplateError

FIELDS = (*PLACE_FIELDS, "task", "queue", "args", "kwargs", "result_database", "remember_s", "secrets")

_HIGHEST_DATABASE = 1_000
# The most that is read of a stored result beside what is kept of it (bytes): a traceback may stand behind it.
_MORE_READ = 64 * 1024
_MOST_KEPT = 1024 * 1024
# How much is kept of the reason of a failure that is too large to be decoded (bytes).
_LONGEST_REASON = 2_000
# How Celery begins what it stores of a task.
_BEGINNING = re.compile(rb'\{"status": ?"([A-Z]{1,20})", ?"result": ?')
_ENDED_BADLY = {"FAILURE": "failed", "REVOKED": "was revoked"}


def make(options: ExecutorOptions) -> CeleryExecutor:
    """Makes the executor. The entry point names this function."""
    return CeleryExecutor(options)


class CeleryExecutor:
    """Gives the runs of `celery` targets to the queues of Celery. One instance serves the whole process."""

    type = "celery"
    waits_on_network = True

    def __init__(self, options: ExecutorOptions) -> None:
        self._public_url = options.public_url
        self._limit = options.response_limit_bytes
        self._servers = RedisServers(options)
        self._compiled = CompiledConfigs(_CompiledCelery)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Everything that is wrong with a configuration as a caller sent it. Connects to nothing."""
        return [
            *check_fields(config, self.type, FIELDS),
            *check_secrets(config, SECRET_FIELDS),
            *check_redis_place(config),
            *check_text(config, "task", required=True),
            *check_text(config, "queue", longest=200),
            *check_arguments(config),
            *check_whole(config, "result_database", 0, _HIGHEST_DATABASE),
            *check_remember(config),
        ]

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]:
        """A problem if the server may not be connected to."""
        return self._servers.check_host(workspace_id, config)

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Separates a valid configuration into the part that may be shown and the secrets."""
        return split(config, SECRET_FIELDS)

    def watchable(self, config: Mapping[str, Any]) -> bool:
        """Every task can be watched."""
        return True

    async def execute(self, call: Call) -> Outcome:
        """Puts the message of a run into its queue, unless the run's mark says that it was put there before."""
        try:
            compiled = self._compiled.of(call)
            args, kwargs = compiled.arguments.of(call, self._public_url)
            message = _message(call, compiled, args, kwargs, self._public_url)
        except (BrokenConfiguration, TemplateError, ValueError, TypeError) as error:
            return failed(call, f"the task's message could not be made: {error}", retryable=False)
        return await handed_over(call, lambda: self._put(call, compiled, message), self.type)

    async def _put(self, call: Call, compiled: _CompiledCelery, message: bytes) -> Outcome:
        run = run_text(call.run_id)
        mark = f"horarium:{run}"
        async with self._servers.client(call.reaching_id, compiled.broker) as client:
            put = await self._servers.push_once(client, mark, compiled.remember_s, compiled.queue, message)
        shown = {"task_id": run, "queue": compiled.queue}
        return taken(call, shown if put else {**shown, "duplicate": True}, run)

    def handle_of(self, run_id: Id) -> str:
        """The id of a run's task: that of the run."""
        return run_text(run_id)

    async def watch(self, target: WatchedTarget, runs: Sequence[Watched]) -> Mapping[Id, Seen]:
        """What is seen of the tasks whose result is stored. Raises OSError."""
        compiled = self._compiled.of_watched(target)
        scrubber = Scrubber(target.secrets.values())
        async with self._servers.client(target.workspace_id, compiled.results) as client:

            async def look(some: Sequence[Watched]) -> Mapping[Id, Seen]:
                read = await _read(client, some, _most_read(self._limit))
                return await seen_of(some, read, lambda stored: outcome_of(stored, self._limit, scrubber))

            return await look_in_parts(runs, look, looks_together(_most_read(self._limit)))

    async def cancel(self, target: WatchedTarget, run: Watched) -> None:
        """Tells all workers that are up to leave out the task. One that has begun goes on. Raises OSError."""
        compiled = self._compiled.of_watched(target)
        channel = f"/{compiled.broker.database}.celery.pidbox"
        async with self._servers.client(target.workspace_id, compiled.broker) as client:
            with told_apart():
                await client.library.publish(channel, _revocation(run.handle))

    async def close(self) -> None:
        """Closes all connections."""
        await self._servers.close()


def _most_read(limit: int) -> int:
    """How many bytes of a stored result are read, where `limit` of them are kept."""
    return min(limit, _MOST_KEPT) + _MORE_READ


async def _read(client: Any, runs: Sequence[Watched], most: int) -> list[bytes | Exception]:
    """The first `most` bytes of what the result backend holds of tasks, and one more where there are more; or why that
    cannot be read. Nothing is the empty text. Raises OSError."""
    pipeline = client.library.pipeline(transaction=False)
    for run in runs:
        pipeline.getrange(f"celery-task-meta-{run.handle}", 0, most)
    with told_apart(), looking(len(runs), most + 1):
        read = await pipeline.execute(raise_on_error=False)
    return [told(one) if isinstance(one, Exception) else one for one in read]


def outcome_of(stored: bytes, limit: int, scrubber: Scrubber) -> Outcome | None:
    """The outcome of a task by what the result backend holds of it, or None while it goes on. Pure."""
    if not stored:
        return None
    if len(stored) > _most_read(limit):
        return _outcome_of_beginning(stored, limit, scrubber)
    try:
        found = decoded(stored)
    except TooManyValues:
        return _outcome_of_beginning(stored, limit, scrubber)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        words = "the stored result is not JSON: set result_serializer = 'json' in the Celery application"
        return Outcome(Verdict.FAILED, error=words)
    state = found.get("status")
    if state == "SUCCESS":
        return Outcome(Verdict.SUCCEEDED, output=keep_value(found.get("result"), limit, scrubber))
    if state in _ENDED_BADLY:
        words = f"the task {_ENDED_BADLY[state]}{_reason(found.get('result'))}"
        return Outcome(Verdict.FAILED, error=error_text(words, scrubber))
    return None


def _outcome_of_beginning(stored: bytes, limit: int, scrubber: Scrubber) -> Outcome | None:
    """The outcome of a task whose result is too large to be decoded: its beginning is kept as text."""
    begins = _BEGINNING.match(stored)
    if begins is None:
        words = (
            "a stored result is too large to be read, and does not begin with its status as Celery writes it"
        )
        raise EngineRefused(words)
    state, result = begins[1].decode(), stored[begins.end() :]
    if state == "SUCCESS":
        return Outcome(Verdict.SUCCEEDED, output=keep_beginning(result, limit, scrubber))
    if state in _ENDED_BADLY:
        beginning = keep_beginning(result, _LONGEST_REASON, scrubber)
        return Outcome(
            Verdict.FAILED, error=error_text(f"the task {_ENDED_BADLY[state]}: {beginning}", scrubber)
        )
    return None


def _reason(result: Any) -> str:
    """What Celery stores of an exception, as the end of a sentence."""
    if not isinstance(result, Mapping):
        return f": {result}" if isinstance(result, str) else ""
    said = result.get("exc_message")
    text = ", ".join(str(part) for part in said) if isinstance(said, list) else str(said or "")
    return f": {result.get('exc_type')}: {text}" if text else f": {result.get('exc_type')}"


def _message(
    call: Call, compiled: _CompiledCelery, args: list[Any], kwargs: dict[str, Any], public_url: str | None
) -> bytes:
    """A task's message as it stands in a queue of Celery's on Redis."""
    run = run_text(call.run_id)
    headers: dict[str, Any] = {
        "lang": "py",
        "task": compiled.task,
        "id": run,
        "root_id": run,
        "parent_id": None,
        "group": None,
        "eta": None,
        "expires": None,
        "retries": 0,
        "timelimit": [None, None],
        "argsrepr": "...",
        "kwargsrepr": "...",
        "origin": "horarium",
        "ignore_result": False,
    }
    headers |= identity_of(call, public_url)
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    return _enveloped([args, kwargs, embed], headers, run, compiled.queue)


def _revocation(task_id: str) -> bytes:
    """The message by which all workers are told to leave out a task."""
    content = {
        "method": "revoke",
        "arguments": {"task_id": task_id, "terminate": False, "signal": None},
        "destination": None,
        "pattern": None,
        "matcher": None,
    }
    return _enveloped(content, {"clock": 0, "expires": 0}, task_id, "", "celery.pidbox")


def _enveloped(
    content: Any, headers: Mapping[str, Any], run: str, routing_key: str, exchange: str = ""
) -> bytes:
    return orjson.dumps(
        {
            "body": b64encode(orjson.dumps(content)).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": headers,
            "properties": {
                "correlation_id": run,
                "reply_to": "",
                "delivery_mode": 2,
                "delivery_info": {"exchange": exchange, "routing_key": routing_key},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": run,
            },
        }
    )


class _CompiledCelery:
    """A checked configuration, ready for runs."""

    def __init__(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        config = reveal(public, secrets)
        self.broker = RedisPlace.of(config)
        results = config.get("result_database")
        self.results = self.broker if results is None else self.broker._replace(database=results)
        self.task: str = config["task"]
        self.queue: str = config.get("queue") or "celery"
        self.arguments = CompiledArguments(public, secrets)
        self.remember_s = remember_s(config)
