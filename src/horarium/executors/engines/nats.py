"""The `nats` executor: each run becomes one message of a JetStream stream. It needs the extra `nats`.

    {"server": "nats.example.com:4222", "subject": "jobs.{{ input.kind }}.{{ run.id }}",
     "body": {"report": "{{ input.report }}"}, "once": "always",
     "outcomes": {"stream": "OUTCOMES", "subject": "outcomes.{{ run.id }}"},
     "tls": true, "token": "..."}

The message has the run's id as its `Nats-Msg-Id`, so a second message of the same run within the stream's duplicate
window is not stored. With `"once": "always"` it is never stored, however late it comes: the subject must then contain
`{{ run.id }}`, and the message is accepted only as the first of its subject. Without `body`, the message holds the
whole context of the run as JSON.

A run is over when the stream has acknowledged its message. If the target's `completion` is `callback`, the message
carries the address and the token for it. If it is `watch`, the one who works on the message publishes
`{"state": "succeeded", "output": ...}` or `{"state": "failed", "error": "..."}` to the subject that the header
`Horarium-Outcome-Subject` names; `outcomes` says what that is, and which stream stores it.

The identity is one of `token`, `user` with `password`, and `nkey_seed`.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import itertools
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
import structlog

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Watched, WatchedTarget
from horarium.domain.ids import Id
from horarium.domain.json_text import decode_received
from horarium.executors.checks import check_fields
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.context import add_identity
from horarium.executors.engines.connections import Connections
from horarium.executors.engines.hosts import EngineHosts, check_place, host_and_port
from horarium.executors.engines.messages import (
    KEPT_AWAY,
    CompiledBody,
    EngineRefused,
    check_body,
    check_choice,
    check_flag,
    check_text,
    failed,
    not_taken,
    reason_of,
    reported,
    taken,
    time_limit,
)
from horarium.executors.options import ExecutorOptions
from horarium.executors.secrecy import check_secrets, reveal, secret_names, split
from horarium.executors.template import (
    RenderText,
    TemplateError,
    check_template,
    compile_text,
    without_placeholders,
)

_log = structlog.get_logger(__name__)

FIELDS = (
    "server",
    "subject",
    "body",
    "once",
    "outcomes",
    "tls",
    "user",
    "token",
    "password",
    "nkey_seed",
    "secrets",
)
SECRET_FIELDS = ("token", "password", "nkey_seed")

_PORT = 4222
_CONNECT_S = 5
_LOOK_S = 5.0
_LOOKS_AT_ONCE = 50
# JetStream's code of the error that the last message of the subject is not the expected one: there is a message.
_NOT_THE_FIRST = 10071
_SEPARATING = re.compile(r"[.*>\s]")
# The status of the answer that nobody has heard the message.
_NOBODY = "503"
# Its code of errors that pass by themselves, such as that a stream has no leader yet.
_AWAY = 503
_LONGEST_SUBJECT = 1_000


def make(options: ExecutorOptions) -> NatsExecutor:
    """Makes the executor. The entry point names this function."""
    return NatsExecutor(options)


class NatsExecutor:
    """Gives the runs of `nats` targets to JetStream. One instance serves the whole process."""

    type = "nats"
    waits_on_network = True

    def __init__(self, options: ExecutorOptions) -> None:
        self._hosts = EngineHosts(options)
        self._public_url = options.public_url
        self._limit = options.response_limit_bytes
        self._compiled = CompiledConfigs(_CompiledNats)
        self._connections: Connections[_Link] = Connections(lambda link: link.client.is_connected, _close)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Everything that is wrong with a configuration as a caller sent it. Connects to nothing."""
        return [
            *check_fields(config, self.type, FIELDS),
            *check_secrets(config, SECRET_FIELDS),
            *check_place("server", config.get("server"), _PORT),
            *_check_subject("subject", config.get("subject"), config),
            *check_body(config),
            *check_choice(config, "once", ("window", "always")),
            *_check_once(config),
            *_check_outcomes(config),
            *check_text(config, "user"),
            *_check_identity(config),
            *check_flag(config, "tls"),
        ]

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]:
        """A problem if the server may not be connected to."""
        wrong = self._hosts.refusal(workspace_id, *host_and_port(config["server"], _PORT))
        return [Problem("server", f"cannot be used: {wrong}")] if wrong else []

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Separates a valid configuration into the part that may be shown and the secrets."""
        return split(config, SECRET_FIELDS)

    def watchable(self, config: Mapping[str, Any]) -> bool:
        """Whether the configuration says where the outcomes of runs are published."""
        return config.get("outcomes") is not None

    async def execute(self, call: Call) -> Outcome:
        """Publishes the message of a run, and waits until the stream has stored it."""
        told: list[Outcome] = []
        await self.submit_many((call,), lambda _, outcome: told.append(outcome))
        return told[0]

    async def submit_many(self, calls: Sequence[Call], tell: Callable[[int, Outcome], None]) -> None:
        """Publishes the messages of these runs, and tells of each when the stream has stored it."""
        batches: dict[tuple[Id, _CompiledNats, int], list[_Message]] = {}
        for number, call in enumerate(calls):
            try:
                compiled = self._compiled.of(call)
                message = self._message(number, call, compiled)
            except (BrokenConfiguration, TemplateError, ValueError, TypeError) as error:
                tell(number, failed(call, f"the message could not be made: {error}", retryable=False))
            else:
                batches.setdefault((call.reaching_id, compiled, call.timeout_ms), []).append(message)
        if len(batches) == 1:
            ((key, batch),) = batches.items()
            await self._publish(*key, batch, tell)
        elif batches:  # one that waits for its server does not keep the others waiting
            async with asyncio.TaskGroup() as group:
                for key, batch in batches.items():
                    group.create_task(self._publish(*key, batch, tell))

    def _message(self, number: int, call: Call, compiled: _CompiledNats) -> _Message:
        content, values = compiled.body.of(call, self._public_url)
        subject, body = compiled.subject(values), orjson.dumps(content)
        outcomes = None if compiled.outcomes is None else compiled.outcomes(values)
        run = values["run"]["id"]
        headers = {"Nats-Msg-Id": run}
        if compiled.always:
            headers["Nats-Expected-Last-Subject-Sequence"] = "0"
        identity: dict[str, str] = {}
        add_identity(identity, call, run, self._public_url)
        if outcomes is not None:
            identity["Horarium-Outcome-Subject"] = outcomes
        _add_lines(headers, identity)
        return _Message(number, call, subject, body, headers, outcomes)

    async def _publish(
        self,
        workspace_id: Id,
        compiled: _CompiledNats,
        timeout_ms: int,
        batch: Sequence[_Message],
        tell: Callable[[int, Outcome], None],
    ) -> None:
        """Publish messages to one server, within the time of the runs that they are of."""
        untold = {message.number: message for message in batch}

        def hear(message: _Message, answer: Any) -> None:
            if untold.pop(message.number, None) is not None:
                tell(message.number, _outcome_of(message, answer))

        try:
            with time_limit(timeout_ms):
                link = await self._link(workspace_id, compiled)
                await link.ask(batch, hear)
        except KEPT_AWAY as error:
            for message in untold.values():
                tell(message.number, not_taken(message.call, error, self.type))
        except (
            Exception
        ) as error:  # say, a seed that is none: the runs of others in the same call must not end with it
            _log.exception("executor_failed", executor=self.type)
            for message in untold.values():
                tell(message.number, failed(message.call, f"the executor broke down: {type(error).__name__}"))

    async def watch(self, target: WatchedTarget, runs: Sequence[Watched]) -> Mapping[Id, Outcome]:
        """The outcomes that have been published to the subjects of these runs. Raises OSError."""
        compiled = self._compiled_of(target)
        client = (await self._link(target.workspace_id, compiled)).client
        places = asyncio.Semaphore(_LOOKS_AT_ONCE)
        subject = f"$JS.API.STREAM.MSG.GET.{compiled.outcome_stream}"

        async def look(run: Watched) -> Outcome | None:
            async with places:
                answer = await client.request(
                    subject, orjson.dumps({"last_by_subj": run.handle}), timeout=_LOOK_S
                )
            return self._outcome(answer.data, target.secrets)

        try:
            found = await asyncio.gather(*(look(run) for run in runs))
        except _errors().Error as error:
            raise OSError(_said(error)) from error
        return {run.run_id: seen for run, seen in zip(runs, found, strict=True) if seen is not None}

    def _outcome(self, answer: bytes, secrets: Mapping[str, Any]) -> Outcome | None:
        found = orjson.loads(answer).get("message")
        if found is None:  # nothing has been published yet
            return None
        try:
            shown = decode_received(base64.b64decode(found.get("data") or ""))
        except ValueError:
            shown = None
        return reported(shown, secrets, self._limit)

    async def cancel(self, target: WatchedTarget, run: Watched) -> None:
        """Nothing: a message that is stored cannot be taken back. Its outcome is not waited for any more."""

    async def close(self) -> None:
        """Closes all connections."""
        await self._connections.close()
        await self._hosts.close()

    def _compiled_of(self, target: WatchedTarget) -> _CompiledNats:
        compiled = self._compiled.of_watched(target)
        if compiled.outcome_stream is None:
            raise OSError("the target's configuration does not say any more where outcomes are published")
        return compiled

    async def _link(self, workspace_id: Id, compiled: _CompiledNats) -> _Link:
        """A connection, made to the address that was judged. Raises OSError and ImportError."""
        key = (
            workspace_id,
            compiled.host,
            compiled.port,
            compiled.tls,
            tuple(sorted(compiled.identity.items())),
        )
        return await self._connections.get(key, lambda: self._connect(workspace_id, compiled))

    async def _connect(self, workspace_id: Id, compiled: _CompiledNats) -> _Link:
        module = await asyncio.to_thread(importlib.import_module, "nats.aio.client")
        address = await self._hosts.address(workspace_id, compiled.host, compiled.port)
        place = f"[{address}]" if ":" in address else address
        client, last = module.Client(), list[Exception]()
        link = _Link(client)

        async def note(error: Exception) -> None:
            last[:] = [error]

        context = ssl.create_default_context() if compiled.tls else None
        try:
            # It does not connect again by itself: the server names others, and every address has to be judged.
            await client.connect(
                f"{'tls' if compiled.tls else 'nats'}://{place}:{compiled.port}",
                name="horarium",
                allow_reconnect=False,
                max_reconnect_attempts=1,  # 0 would mean for ever, before the first connection too
                reconnect_time_wait=0.1,
                connect_timeout=_CONNECT_S,
                error_cb=note,
                closed_cb=link.closed,
                tls=context,
                tls_hostname=compiled.host if compiled.tls else None,
                skip_subject_validation=True,  # ours are checked: what a value puts in, and the rest with the target
                **compiled.identity,
            )
            await link.open()
        except _errors().AuthorizationError as error:
            raise EngineRefused(_said(error)) from error
        except _errors().NoServersError as error:  # the library keeps to itself why
            raise OSError(reason_of(last[0]) if last else _said(error)) from error
        except (_errors().Error, TimeoutError) as error:
            raise OSError(_said(error) or "no answer") from error
        return link


def _errors() -> Any:
    """The errors of the client library, which is imported when it is first needed."""
    return importlib.import_module("nats.errors")


async def _close(link: _Link) -> None:
    await link.client.close()


class _Message(NamedTuple):
    """The message of a run. `number`: which of the calls it is of; `outcomes`: where its outcome will be published."""

    number: int
    call: Call
    subject: str
    body: bytes
    headers: dict[str, str]
    outcomes: str | None


class _Lines(str):
    """The value of a header, and the lines of further headers behind it. The library cleans name and value of each
    header, which for the nine of a message was a fifth of what giving a run away cost. This text needs no cleaning."""

    __slots__ = ()

    def strip(self, chars: str | None = None, /) -> _Lines:
        return self

    def translate(self, table: Any, /) -> _Lines:
        return self


def _add_lines(headers: dict[str, str], more: Mapping[str, str]) -> None:
    """Add headers whose names are ours, as a single one to the library."""
    first = next(iter(more))
    lines = "\r\n".join(map(": ".join, more.items()))
    if lines.count("\n") >= len(more) or lines.count("\r") >= len(more):
        raise ValueError("a header of it would have a line break")
    headers[first] = _Lines(lines[len(first) + 2 :])


class _Ear(asyncio.Future[Any]):
    """Hears each message of a subscription at once: the library gives it to the future that it was given. A callback
    would cost a place in a queue, a turn of a task and a coroutine for each message."""

    def __init__(self, hear: Callable[[Any], None]) -> None:
        super().__init__()
        self._hear = hear

    def set_result(self, result: Any, /) -> None:
        self._hear(result)


class _Link:
    """A connection, and the answers to what is sent over it.

    The library's own way to ask draws two random names and sets a timer for each question, which is as much work as the
    message itself. Here answers come to one name and a number, and whoever asks has a time limit already: one for many.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self._waiting: dict[str, tuple[_Asked, _Message]] = {}
        self._numbers = itertools.count()
        self._inbox = ""

    async def open(self) -> None:
        """Begin to hear answers."""
        self._inbox = self.client.new_inbox()
        await self.client.subscribe(f"{self._inbox}.*", future=_Ear(self._answered))

    async def ask(self, messages: Sequence[_Message], hear: Callable[[_Message, Any], None]) -> None:
        """Publish messages and hear the answer to each, or the library's error in its place; also where the connection
        is lost meanwhile."""
        asked = _Asked(hear, len(messages), asyncio.get_running_loop().create_future())
        errors, names = _errors(), list[str]()
        try:
            for message in messages:
                name = f"{next(self._numbers):x}"
                names.append(name)
                self._waiting[name] = asked, message
                try:
                    await self.client.publish(
                        message.subject, message.body, f"{self._inbox}.{name}", message.headers
                    )
                except errors.Error as error:
                    self._hear(name, error)
            await asked.all
        finally:
            for name in names:
                self._waiting.pop(name, None)

    def _answered(self, message: Any) -> None:
        try:
            self._hear(message.subject.rpartition(".")[2], message)
        except Exception:  # it must not end the connection, which others use as well
            _log.exception("engine_answer_not_heard")

    def _hear(self, name: str, answer: Any) -> None:
        found = self._waiting.pop(name, None)
        if found is None:
            return
        asked, message = found
        asked.left -= 1
        if not asked.left and not asked.all.done():
            asked.all.set_result(None)
        asked.hear(message, answer)

    async def closed(self) -> None:
        """Tell all who wait that no answer comes any more."""
        for name in list(self._waiting):
            self._hear(name, _errors().ConnectionClosedError())


@dataclass(slots=True)
class _Asked:
    """Messages that were asked together: who hears the answers, how many are missing, and what is done with the
    last."""

    hear: Callable[[_Message, Any], None]
    left: int
    all: asyncio.Future[None]


def _outcome_of(message: _Message, answer: Any) -> Outcome:
    """What came of a message, by the stream's answer or by the library's error."""
    call = message.call
    if isinstance(answer, Exception):
        lost = isinstance(answer, _errors().ConnectionClosedError)
        return failed(call, f"the message was not published: {_said(answer)}", unreached=lost)
    if answer.headers and answer.headers.get("Status") == _NOBODY:
        return failed(call, f"no stream stores the subject {message.subject}")
    shown = _acknowledged(answer.data)
    wrong = shown.get("error")
    if isinstance(wrong, Mapping) and wrong.get("err_code") != _NOT_THE_FIRST:
        away = wrong.get("code") == _AWAY
        return failed(call, f"the stream refused the message: {wrong.get('description')}", unreached=away)
    if wrong is not None:
        shown = {"duplicate": True}
    return taken(call, {**shown, "subject": message.subject}, message.outcomes)


def _said(error: BaseException) -> str:
    return str(error).removeprefix("nats: ") or type(error).__name__


def _acknowledged(data: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(data)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _subject_piece(text: str) -> str:
    """A value within a subject: it must stay one part of it, and match nothing else."""
    if not text or not text.isprintable() or _SEPARATING.search(text):
        raise TemplateError(
            f"{text[:50]!r} cannot be a part of a subject: it is empty, or has a space or one of . * >"
        )
    return text


class _CompiledNats:
    """A checked configuration, ready for runs."""

    def __init__(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        config = reveal(public, secrets)
        self.host, self.port = host_and_port(config["server"], _PORT)
        self.tls = bool(config.get("tls"))
        self.subject: RenderText = compile_text(config["subject"], _subject_piece)
        self.body = CompiledBody(public, secrets)
        self.always = config.get("once") == "always"
        outcomes = config.get("outcomes")
        self.outcome_stream: str | None = None if outcomes is None else outcomes["stream"]
        self.outcomes: RenderText | None = (
            None if outcomes is None else compile_text(outcomes["subject"], _subject_piece)
        )
        names = {"user": "user", "password": "password", "token": "token", "nkey_seed": "nkeys_seed_str"}
        self.identity = {
            theirs: config[ours] for ours, theirs in names.items() if config.get(ours) is not None
        }


def _check_subject(field: str, subject: Any, config: Mapping[str, Any]) -> list[Problem]:
    if not isinstance(subject, str) or not subject:
        return [Problem(field, "is required: the subject of the messages", "required")]
    if len(subject) > _LONGEST_SUBJECT:
        return [Problem(field, f"is longer than {_LONGEST_SUBJECT} characters", "too_long")]
    problems = check_template(subject, field, secret_names(config))
    if problems:
        return problems
    sample = without_placeholders(subject, "x")
    parts = sample.split(".")
    if any(not part or part in ("*", ">") or any(sign.isspace() for sign in part) for part in parts):
        return [
            Problem(field, "must be names joined by dots, without spaces and without the wildcards * and >")
        ]
    if sample.startswith("$"):
        return [Problem(field, "must not begin with $: such subjects belong to the server")]
    return []


def _check_once(config: Mapping[str, Any]) -> list[Problem]:
    subject = config.get("subject")
    if config.get("once") != "always" or not isinstance(subject, str):
        return []
    if "run.id" in subject:
        return []
    return [
        Problem("once", "always needs {{ run.id }} in the subject: each run is then the first of its subject")
    ]


def _check_outcomes(config: Mapping[str, Any]) -> list[Problem]:
    outcomes = config.get("outcomes")
    if outcomes is None:
        return []
    if not isinstance(outcomes, Mapping) or set(outcomes) - {"stream", "subject"}:
        return [Problem("outcomes", "must be an object with stream and subject", "type")]
    problems = _check_subject("outcomes.subject", outcomes.get("subject"), config)
    if not problems and "run.id" not in outcomes["subject"]:
        problems.append(
            Problem("outcomes.subject", "must contain {{ run.id }}: each run has a subject of its own")
        )
    stream = outcomes.get("stream")
    if (
        not isinstance(stream, str)
        or not stream
        or len(stream) > 255
        or any(sign in " .*>/\\" for sign in stream)
    ):
        problems.append(
            Problem("outcomes.stream", "is required: the name of the stream that stores the outcomes")
        )
    return problems


def _check_identity(config: Mapping[str, Any]) -> list[Problem]:
    problems: list[Problem] = []
    for field in SECRET_FIELDS:
        problems += check_text(config, field, longest=4_000)
    given = [name for name in ("token", "user", "nkey_seed") if config.get(name) is not None]
    if len(given) > 1:
        problems.append(
            Problem(given[1], f"cannot be given together with {given[0]}: one identity is enough")
        )
    if (config.get("user") is None) != (config.get("password") is None):
        problems.append(Problem("password", "is needed where user is given, and only there"))
    return problems
