"""The `rq` executor: each run becomes one job of RQ (Redis Queue). It needs the extra `rq`.

    {"server": "redis.example.com:6379", "database": 0, "function": "reports.make", "queue": "default",
     "args": ["{{ input.customer }}"], "kwargs": {"month": "{{ slot }}"}, "timeout_s": 600,
     "remember_s": 604800, "tls": true, "user": "horarium", "password": "..."}

The job's id is the run's id. It is written as RQ's own client writes it with `unique=True` and the JSON serializer:
where a job of the id exists, nothing is written. RQ keeps a job that has ended for `remember_s`. Without `args` and
`kwargs` the function's only argument is the run's whole context.

A run is over when the job is in the queue. If the target's `completion` is `watch`, the run ends with the job: what the
function returns becomes the output. Results are read as JSON and in no other form. Cancelling a run takes its job out
of the queue, or tells the worker to stop it.
"""

from __future__ import annotations

import binascii
import zlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Seen, Verdict, Watched, WatchedTarget
from horarium.domain.ids import Id
from horarium.executors.checks import check_fields
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.context import instant_text, run_text
from horarium.executors.decoding import TooManyValues, decoded
from horarium.executors.engines.messages import (
    CompiledArguments,
    EngineRefused,
    check_arguments,
    check_text,
    check_whole,
    failed,
    handed_over,
    taken,
)
from horarium.executors.engines.redis_servers import (
    NOT_REDIS,
    PLACE_FIELDS,
    SECRET_FIELDS,
    RedisPlace,
    RedisServers,
    check_redis_place,
    check_remember,
    looking,
    looks_together,
    remember_s,
    told_apart,
)
from horarium.executors.looks import look_in_parts, seen_of
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import error_text, keep_beginning, keep_value
from horarium.executors.secrecy import Scrubber, check_secrets, reveal, split
from horarium.executors.template import TemplateError

FIELDS = (*PLACE_FIELDS, "function", "queue", "args", "kwargs", "timeout_s", "remember_s", "secrets")

# How long a job may take, where the configuration does not say it: as long as RQ's own default (s).
TIMEOUT_S = 180
_LONGEST_TIMEOUT_S = 365 * 86_400
# How much of a result is read at least and at most (bytes, before they are written in base64). An exception is
# compressed, and its last line stands at its end.
_LEAST_READ, _MOST_READ = 64 * 1024, 1024 * 1024
# How much of an exception is looked at for its last line (characters).
_LONGEST_LINE = 4_000
_NO_JSON = "the result is not JSON: start the workers with --serializer json"
# What a JSON text begins with.
_JSON_BEGINS = b'{["-0123456789tfn'

# What `unique=True` does: KEYS are the job, its queue and the set of all queues, ARGV the job's id and the fields of
# the job. Answers {1 if it was put, the job}.
_ENQUEUE = """
if redis.call('EXISTS', KEYS[1]) == 1 then return {0, KEYS[1]} end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('SADD', KEYS[3], KEYS[2])
return {1, KEYS[1]}
"""
# The state of each job (KEYS: jobs and their results by turns), and of the last of its results the value and the
# exception, of which no more than ARGV[1] bytes are sent. Of a job that cannot be read there is a fourth part: why.
_LOOK = """
local found = {}
for i = 1, #KEYS, 2 do
  local status = redis.pcall('HGET', KEYS[i], 'status')
  local results = redis.pcall('XREVRANGE', KEYS[i + 1], '+', '-', 'COUNT', 1)
  local wrong = type(status) == 'table' and status.err or results.err
  local seen, last = {wrong and '' or status or '', '', '', wrong or nil}, results[1]
  if last then
    for j = 1, #last[2], 2 do
      local name, value = last[2][j], string.sub(last[2][j + 1], 1, ARGV[1])
      if name == 'return_value' then seen[2] = value end
      if name == 'exc_string' then seen[3] = value end
    end
  end
  found[#found + 1] = seen
end
return found
"""
# Takes a job out of its queue: KEYS are the job, its queue and the queue's cancelled jobs, ARGV the id and the time
# (s). Answers {the name of the worker that has begun the job, the job}.
_CANCEL = """
local status = redis.call('HGET', KEYS[1], 'status')
if status == 'started' then return {redis.call('HGET', KEYS[1], 'worker_name'), KEYS[1]} end
if redis.call('LREM', KEYS[2], 1, ARGV[1]) > 0 then
  redis.call('HSET', KEYS[1], 'status', 'canceled')
  redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
end
return {'', KEYS[1]}
"""
_ENDED_BADLY = {
    "failed": "the job failed",
    "stopped": "the job was stopped",
    "canceled": "the job was cancelled there",
}


def make(options: ExecutorOptions) -> RqExecutor:
    """Makes the executor. The entry point names this function."""
    return RqExecutor(options)


class RqExecutor:
    """Gives the runs of `rq` targets to the queues of RQ. One instance serves the whole process."""

    type = "rq"
    waits_on_network = True

    def __init__(self, options: ExecutorOptions) -> None:
        self._public_url = options.public_url
        self._limit = options.response_limit_bytes
        self._servers = RedisServers(options)
        self._compiled = CompiledConfigs(_CompiledRq)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Everything that is wrong with a configuration as a caller sent it. Connects to nothing."""
        return [
            *check_fields(config, self.type, FIELDS),
            *check_secrets(config, SECRET_FIELDS),
            *check_redis_place(config),
            *check_text(config, "function", required=True),
            *check_text(config, "queue", longest=200),
            *check_arguments(config),
            *check_whole(config, "timeout_s", 1, _LONGEST_TIMEOUT_S),
            *check_remember(config),
        ]

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]:
        """A problem if the server may not be connected to."""
        return self._servers.check_host(workspace_id, config)

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Separates a valid configuration into the part that may be shown and the secrets."""
        return split(config, SECRET_FIELDS)

    def watchable(self, config: Mapping[str, Any]) -> bool:
        """Every job can be watched."""
        return True

    async def execute(self, call: Call) -> Outcome:
        """Puts the job of a run into its queue, unless there is a job of the run already."""
        try:
            compiled = self._compiled.of(call)
            args, kwargs = compiled.arguments.of(call, self._public_url)
            fields = _fields(call, compiled, args, kwargs)
        except (BrokenConfiguration, TemplateError, ValueError, TypeError) as error:
            return failed(call, f"the job could not be made: {error}", retryable=False)
        return await handed_over(call, lambda: self._put(call, compiled, fields), self.type)

    async def _put(self, call: Call, compiled: _CompiledRq, fields: Mapping[str, Any]) -> Outcome:
        run = run_text(call.run_id)
        keys = (f"rq:job:{run}", f"rq:queue:{compiled.queue}", "rq:queues")
        flat = [part for field in fields.items() for part in field]
        async with self._servers.client(call.reaching_id, compiled.place) as client:
            put = await client.script(_ENQUEUE, keys, (run, *flat))
        if put not in ([0], [1]):
            raise OSError(NOT_REDIS)
        shown = {"job_id": run, "queue": compiled.queue}
        return taken(call, shown if put[0] else {**shown, "duplicate": True}, run)

    def handle_of(self, run_id: Id) -> str:
        """The id of a run's job: that of the run."""
        return run_text(run_id)

    async def watch(self, target: WatchedTarget, runs: Sequence[Watched]) -> Mapping[Id, Seen]:
        """What is seen of the jobs that do not go on. Raises OSError."""
        place = self._compiled.of_watched(target).place
        scrubber = Scrubber(target.secrets.values())
        most = _most_read(self._limit)

        def outcome(stored: Sequence[bytes]) -> Outcome | None:
            status, value, problem, *wrong = stored
            if wrong:
                raise EngineRefused(wrong[0].decode("utf-8", "replace"))
            return outcome_of(status.decode("utf-8", "replace"), value, problem, self._limit, scrubber)

        async with self._servers.client(target.workspace_id, place) as client:

            async def look(some: Sequence[Watched]) -> Mapping[Id, Seen]:
                keys = [key for run in some for key in (f"rq:job:{run.handle}", f"rq:results:{run.handle}")]
                with looking(len(some), 2 * most):
                    read = await client.script_alone(_LOOK, keys, (most,))
                if not isinstance(read, list) or len(read) != len(some):
                    raise OSError(NOT_REDIS)
                return await seen_of(some, read, outcome)

            return await look_in_parts(runs, look, looks_together(2 * most))

    async def cancel(self, target: WatchedTarget, run: Watched) -> None:
        """Takes the job out of its queue, or tells its worker to stop it. Raises OSError."""
        compiled = self._compiled.of_watched(target)
        keys = (f"rq:job:{run.handle}", f"rq:queue:{compiled.queue}", f"rq:canceled:{compiled.queue}")
        now_s = int(datetime.now(UTC).timestamp())
        async with self._servers.client(target.workspace_id, compiled.place) as client:
            worker, *_ = await client.script(_CANCEL, keys, (run.handle, now_s)) or [None]
            if isinstance(worker, bytes) and worker:
                order = orjson.dumps({"command": "stop-job", "job_id": run.handle})
                with told_apart():
                    await client.library.publish(b"rq:pubsub:" + worker, order)

    async def close(self) -> None:
        """Closes all connections."""
        await self._servers.close()


def outcome_of(status: str, value: bytes, problem: bytes, limit: int, scrubber: Scrubber) -> Outcome | None:
    """The outcome of a job by its state, the last value that it returned and the last exception as they are stored, or
    None while it goes on. Pure."""
    if not status:
        words = "the engine does not know the job any more: it was deleted, or its time there is over"
        return Outcome(Verdict.FAILED, error=words, unknown=True)
    if status == "finished":
        return Outcome(Verdict.SUCCEEDED, output=_returned(value, limit, scrubber))
    if status in _ENDED_BADLY:
        reason = _last_line(problem)
        words = _ENDED_BADLY[status] + (f": {reason}" if reason else "")
        return Outcome(Verdict.FAILED, error=error_text(words, scrubber))
    return None


def _most_read(limit: int) -> int:
    """How many bytes of a value in base64 are read, where `limit` bytes of it are kept: whole groups of four, and of
    these more than are kept."""
    return 4 * (min(max(limit, _LEAST_READ), _MOST_READ) // 3 + 2)


def _returned(value: bytes, limit: int, scrubber: Scrubber) -> Any:
    """What a job has returned, as it is kept. Of what is too large to be decoded the beginning is kept, as text."""
    if not value:
        return None
    try:
        text = b64decode(value)
        if text[:1] not in _JSON_BEGINS:
            return _NO_JSON
        if len(value) >= _most_read(limit):
            return keep_beginning(text, limit, scrubber)
        return keep_value(decoded(text), limit, scrubber)
    except TooManyValues:
        return keep_beginning(text, limit, scrubber)
    except ValueError:
        return _NO_JSON


def _last_line(problem: bytes) -> str:
    """The last line of a stored traceback: the exception."""
    try:
        text = zlib.decompressobj().decompress(b64decode(problem), _MOST_READ).decode("utf-8", "replace")
    except (binascii.Error, zlib.error):
        return ""
    lines = text.strip()[-_LONGEST_LINE:].splitlines()
    return lines[-1].strip() if lines else ""


def _fields(
    call: Call, compiled: _CompiledRq, args: list[Any], kwargs: dict[str, Any]
) -> dict[str, str | bytes | int]:
    """A job as RQ stores it."""
    now = instant_text(call.now_ms)
    return {
        "created_at": now,
        "enqueued_at": now,
        "data": zlib.compress(orjson.dumps([compiled.function, None, args, kwargs])),
        "description": f"{compiled.function} for {run_text(call.run_id)}",
        "origin": compiled.queue,
        "status": "queued",
        "timeout": compiled.timeout_s,
        "result_ttl": compiled.remember_s,
        "failure_ttl": compiled.remember_s,
    }


class _CompiledRq:
    """A checked configuration, ready for runs."""

    def __init__(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        config = reveal(public, secrets)
        self.place = RedisPlace.of(config)
        self.function: str = config["function"]
        self.queue: str = config.get("queue") or "default"
        self.arguments = CompiledArguments(public, secrets)
        self.timeout_s: int = config.get("timeout_s") or TIMEOUT_S
        self.remember_s = remember_s(config)
