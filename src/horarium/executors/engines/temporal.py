"""The `temporal` executor: each run starts one workflow. It needs the extra `temporal`.

    {"address": "temporal.example.com:7233", "namespace": "default", "workflow": "Report", "task_queue": "reports",
     "body": {"customer": "{{ row.id }}"}, "execution_timeout_s": 3600, "tls": true, "api_key": "..."}

The workflow's id is the run's id, and one that exists is never started again: an attempt that is repeated finds the
workflow of the attempt before, whether it still runs or has ended. Temporal remembers ids for the retention time of the
namespace. The workflow's only argument is `body`, or the run's whole context where there is none.

A run is over when the workflow has been started. If the target's `completion` is `watch`, the run ends with the
workflow: its result becomes the output, and cancelling the run cancels the workflow. If it is `callback`, the workflow
itself (an activity at its end) calls the address that the context names.
"""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import timedelta
from functools import cache, partial
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Seen, Verdict, Watched, WatchedTarget
from horarium.domain.ids import Id
from horarium.executors.checks import check_fields
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.context import run_text
from horarium.executors.engines.connections import Connections
from horarium.executors.engines.hosts import EngineHosts, check_place, host_and_port
from horarium.executors.engines.messages import (
    BROKE,
    NO_HANDSHAKE,
    CompiledBody,
    EngineRefused,
    check_body,
    check_flag,
    check_text,
    failed,
    handed_over,
    taken,
)
from horarium.executors.looks import look_at_each
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import error_text, keep_value
from horarium.executors.secrecy import Scrubber, check_secrets, reveal, split
from horarium.executors.template import TemplateError

FIELDS = (
    "address",
    "namespace",
    "workflow",
    "task_queue",
    "body",
    "execution_timeout_s",
    "tls",
    "api_key",
    "secrets",
)
SECRET_FIELDS = ("api_key",)

_PORT = 7233
_CONNECT_S = 5
_LOOKS_AT_ONCE = 20
_LOOK_S = 5
# What the library says, and what it means.
_SIGNS = {
    "connection refused": "connection refused",
    "timed out": "no answer",
    "timeout": "no answer",
    "deadline": "no answer",
    "certificate": NO_HANDSHAKE,
    "tls": NO_HANDSHAKE,
}
# How the library says what a server has answered while it connects, and the answers to an identity.
_STATUS = re.compile(r"Status \{ code: (\w+)")
_NOT_ACCEPTED = ("Unauthenticated", "PermissionDenied")
_LONGEST_TIMEOUT_S = 10 * 365 * 86_400


def make(options: ExecutorOptions) -> TemporalExecutor:
    """Makes the executor. The entry point names this function."""
    return TemporalExecutor(options)


class TemporalExecutor:
    """Starts the workflows of `temporal` targets. One instance serves the whole process."""

    type = "temporal"
    waits_on_network = True

    def __init__(self, options: ExecutorOptions) -> None:
        self._hosts = EngineHosts(options)
        self._public_url = options.public_url
        self._limit = options.response_limit_bytes
        self._compiled = CompiledConfigs(_CompiledTemporal)
        self._connections: Connections[_Link] = Connections(lambda link: not link.broken, _forget)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Everything that is wrong with a configuration as a caller sent it. Connects to nothing."""
        return [
            *check_fields(config, self.type, FIELDS),
            *check_secrets(config, SECRET_FIELDS),
            *check_place("address", config.get("address"), _PORT),
            *check_text(config, "namespace"),
            *check_text(config, "workflow", required=True),
            *check_text(config, "task_queue", required=True),
            *check_text(config, "api_key", longest=16_000),
            *check_body(config),
            *_check_timeout(config.get("execution_timeout_s")),
            *check_flag(config, "tls"),
        ]

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]:
        """A problem if the server may not be connected to."""
        wrong = self._hosts.refusal(workspace_id, *host_and_port(config["address"], _PORT))
        return [Problem("address", f"cannot be used: {wrong}")] if wrong else []

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Separates a valid configuration into the part that may be shown and the secrets."""
        return split(config, SECRET_FIELDS)

    def watchable(self, config: Mapping[str, Any]) -> bool:
        """Every workflow can be watched."""
        return True

    async def execute(self, call: Call) -> Outcome:
        """Starts the workflow of a run, or finds it where an earlier attempt has started it."""
        try:
            compiled = self._compiled.of(call)
            body, _ = compiled.body.of(call, self._public_url)
        except (BrokenConfiguration, TemplateError, ValueError, TypeError) as error:
            return failed(call, f"the workflow's argument could not be made: {error}", retryable=False)
        return await handed_over(call, lambda: self._start(call, compiled, body), self.type)

    async def _start(self, call: Call, compiled: _CompiledTemporal, body: Any) -> Outcome:
        async with self._link(call.reaching_id, compiled) as link:
            return await self._start_with(link, call, compiled, body)

    async def _start_with(self, link: _Link, call: Call, compiled: _CompiledTemporal, body: Any) -> Outcome:
        common = importlib.import_module("temporalio.common")
        workflow_id = run_text(call.run_id)
        try:
            with link.noticing():
                handle = await link.client.start_workflow(
                    compiled.workflow,
                    body,
                    id=workflow_id,
                    task_queue=compiled.task_queue,
                    id_reuse_policy=common.WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    id_conflict_policy=common.WorkflowIDConflictPolicy.USE_EXISTING,
                    execution_timeout=compiled.execution_timeout,
                    rpc_timeout=timedelta(milliseconds=call.timeout_ms),
                )
            execution = handle.first_execution_run_id
        except _module("temporalio.exceptions").WorkflowAlreadyStartedError as error:
            execution = error.run_id
        except _module("temporalio.service").RPCError as error:
            if _is_away(error):
                raise OSError(_why(error)) from error
            return failed(call, f"the workflow was not started: {error}", retryable=_is_passing(error))
        return taken(call, {"workflow_id": workflow_id, "run_id": execution}, workflow_id)

    def handle_of(self, run_id: Id) -> str:
        """The id of a run's workflow: that of the run."""
        return run_text(run_id)

    async def watch(self, target: WatchedTarget, runs: Sequence[Watched]) -> Mapping[Id, Seen]:
        """What is seen of the workflows that do not go on. Raises OSError."""
        scrubber = Scrubber(target.secrets.values())

        async def look(run: Watched) -> Outcome | None:
            try:
                with link.noticing():
                    return await self._look(link.client.get_workflow_handle(run.handle), scrubber)
            except _module("temporalio.service").RPCError as error:
                raise _trouble(error) from error

        async with self._link_of(target) as link:
            return await look_at_each(runs, look, _LOOKS_AT_ONCE)

    async def _look(self, handle: Any, scrubber: Scrubber) -> Outcome | None:
        service, client = _module("temporalio.service"), _module("temporalio.client")
        try:
            found = await handle.describe(rpc_timeout=timedelta(seconds=_LOOK_S))
            status = client.WorkflowExecutionStatus
            if found.status in (None, status.RUNNING, status.CONTINUED_AS_NEW):
                return None
            if found.status != status.COMPLETED:
                return await self._failure(handle, found.status.name.lower().replace("_", " "), scrubber)
            result = await handle.result(rpc_timeout=timedelta(seconds=_LOOK_S))
        except service.RPCError as error:
            if error.status != service.RPCStatusCode.NOT_FOUND:
                raise
            words = "the engine does not know the workflow any more: its retention is over, or it was deleted"
            return Outcome(Verdict.FAILED, error=words, unknown=True)
        except Exception as error:  # it was encoded by a converter that is not ours
            words = f"the result could not be read: {type(error).__name__}"
            return Outcome(Verdict.SUCCEEDED, output=words)
        try:
            return Outcome(Verdict.SUCCEEDED, output=keep_value(result, self._limit, scrubber))
        except TypeError as error:
            return Outcome(Verdict.SUCCEEDED, output=f"the result cannot be written as JSON: {error}")

    async def _failure(self, handle: Any, ended: str, scrubber: Scrubber) -> Outcome:
        """The outcome of a workflow that has failed, was cancelled or terminated, or took too long."""
        words = f"the workflow has {ended}" if ended == "failed" else f"the workflow ended there as {ended}"
        try:
            await handle.result(rpc_timeout=timedelta(seconds=_LOOK_S))
        except _module("temporalio.client").WorkflowFailureError as error:
            if error.cause is not None:
                words += f": {error.cause}"
        except _module("temporalio.service").RPCError:
            raise
        except Exception as error:  # it was encoded by a converter that is not ours
            words += f": the reason could not be read: {type(error).__name__}"
        return Outcome(Verdict.FAILED, error=error_text(words, scrubber))

    async def cancel(self, target: WatchedTarget, run: Watched) -> None:
        """Asks the workflow to end. Raises OSError."""
        async with self._link_of(target) as link:
            service = _module("temporalio.service")
            try:
                with link.noticing():
                    handle = link.client.get_workflow_handle(run.handle)
                    await handle.cancel(rpc_timeout=timedelta(seconds=_LOOK_S))
            except service.RPCError as error:
                if error.status != service.RPCStatusCode.NOT_FOUND:  # it is over there
                    raise _trouble(error) from error

    async def close(self) -> None:
        """Forgets all connections; they close when the last of their calls has ended."""
        await self._connections.close()
        await self._hosts.close()

    def _link_of(self, target: WatchedTarget) -> AbstractAsyncContextManager[_Link]:
        return self._link(target.workspace_id, self._compiled.of_watched(target))

    @asynccontextmanager
    async def _link(self, workspace_id: Id, compiled: _CompiledTemporal) -> AsyncIterator[_Link]:
        """A client for a block, connected to the address that was judged. Raises OSError and ImportError."""
        self._hosts.require(workspace_id, compiled.host, compiled.port)
        place = (compiled.host, compiled.port, compiled.namespace, compiled.tls, compiled.api_key)
        connect = partial(self._connect, workspace_id, compiled)
        async with self._connections.hold(workspace_id, place, connect) as link:
            yield link

    async def _connect(self, workspace_id: Id, compiled: _CompiledTemporal) -> _Link:
        module = await asyncio.to_thread(importlib.import_module, "temporalio.client")
        address = await self._hosts.address(workspace_id, compiled.host, compiled.port)
        place = f"[{address}]" if ":" in address else address
        tls = _module("temporalio.service").TLSConfig(domain=compiled.host) if compiled.tls else False
        try:
            async with asyncio.timeout(_CONNECT_S):  # the library's own ends with the handshake
                client = await module.Client.connect(
                    f"{place}:{compiled.port}",
                    namespace=compiled.namespace,
                    api_key=compiled.api_key,
                    tls=tls,
                    connect_timeout=timedelta(seconds=_CONNECT_S),
                    runtime=_runtime(),
                )
            return _Link(client)
        except TimeoutError as error:
            raise OSError("no answer") from error
        except (_module("temporalio.service").RPCError, RuntimeError) as error:
            status = _STATUS.search(str(error))
            if status is not None and status[1] in _NOT_ACCEPTED:
                raise EngineRefused("it does not accept the api_key, or asks for one") from error
            raise OSError(_why(error)) from error


class _Link:
    """A client of one server. `broken`: the server was away or silent, so whoever comes next has its name looked up
    again. The client itself would stay with the address that it was made for."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.broken = False

    @contextmanager
    def noticing(self) -> Iterator[None]:
        """A block that asks the server. One that is given up was waited for in vain."""
        try:
            yield
        except asyncio.CancelledError:
            self.broken = True
            raise
        except _module("temporalio.service").RPCError as error:
            self.broken = self.broken or _is_away(error)
            raise


@cache
def _runtime() -> Any:
    """What the client library works in. It writes nothing to the log, because the runs tell its troubles, and its own
    words contain addresses."""
    runtime = _module("temporalio.runtime")
    return runtime.Runtime(telemetry=runtime.TelemetryConfig(logging=None))


def _module(name: str) -> Any:
    """A module of the client library, which is imported when it is first needed."""
    return importlib.import_module(name)


def _is_away(error: Any) -> bool:
    """Whether the server was not reached, or was silent. CANCELLED is what the client says when its own limit of time
    is over."""
    codes = _module("temporalio.service").RPCStatusCode
    return error.status in (codes.UNAVAILABLE, codes.DEADLINE_EXCEEDED, codes.CANCELLED)


def _why(error: BaseException) -> str:
    """Why the server could not be reached. The library's own words contain addresses."""
    said = str(error).lower()
    return next((words for sign, words in _SIGNS.items() if sign in said), BROKE)


def _trouble(error: Any) -> OSError:
    """Why a look or a cancellation has failed."""
    return OSError(_why(error)) if _is_away(error) else EngineRefused(str(error))


def _is_passing(error: Any) -> bool:
    """Whether the same request may succeed later."""
    codes = _module("temporalio.service").RPCStatusCode
    return error.status not in (
        codes.INVALID_ARGUMENT,
        codes.NOT_FOUND,
        codes.PERMISSION_DENIED,
        codes.UNAUTHENTICATED,
        codes.UNIMPLEMENTED,
    )


async def _forget(_: _Link) -> None:
    """Clients have no way to be closed; they end with the last reference to them."""


def _check_timeout(given: Any) -> list[Problem]:
    if given is None:
        return []
    if type(given) in (int, float) and 0 < given <= _LONGEST_TIMEOUT_S:
        return []
    return [Problem("execution_timeout_s", "must be a number of seconds above 0")]


class _CompiledTemporal:
    """A checked configuration, ready for runs."""

    def __init__(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        config = reveal(public, secrets)
        self.host, self.port = host_and_port(config["address"], _PORT)
        self.namespace: str = config.get("namespace") or "default"
        self.workflow: str = config["workflow"]
        self.task_queue: str = config["task_queue"]
        self.tls = bool(config.get("tls"))
        self.api_key: str | None = config.get("api_key")
        self.body = CompiledBody(public, secrets)
        timeout = config.get("execution_timeout_s")
        self.execution_timeout = None if timeout is None else timedelta(seconds=timeout)
