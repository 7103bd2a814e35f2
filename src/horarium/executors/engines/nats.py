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
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, NamedTuple

import orjson
import structlog

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Seen, Verdict, Watched, WatchedTarget, broke_down
from horarium.domain.ids import Id
from horarium.executors.checks import check_fields
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.context import add_identity
from horarium.executors.decoding import TooManyValues, decoded
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
    reported,
    taken,
    time_limit,
)
from horarium.executors.engines.nats_link import LONGEST_ANSWER, Link, NatsPlace, connected, words_of
from horarium.executors.looks import look_in_parts, seen_of
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
_LOOK_S = 5.0
# Looks whose answers are kept at a time: each may be as long as LONGEST_ANSWER.
_LOOKS_TOGETHER = 16
# The longest answer of a stream that has stored a message (bytes): it has a few numbers.
_LONGEST_RECEIPT = 64 * 1024
# JetStream's code of the error that nothing has been published to the subject.
_NO_MESSAGE = 10037
# Its code of the error that the last message of the subject is not the expected one: there is a message.
_NOT_THE_FIRST = 10071
_SEPARATING = re.compile(r"[.*>\s]")
# The status of the answer that nobody has heard the message.
_NOBODY = "503"
# Its code of errors that pass by themselves, such as that a stream has no leader yet.
_AWAY = 503
_LONGEST_SUBJECT = 1_000
_SEED_BYTES = 36
_TOO_LONG = f"more than {LONGEST_ANSWER * 3 // 4 // 2**20} MB are not read"


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
        self._connections: Connections[Link] = Connections(
            lambda link: link.is_open, lambda link: link.close()
        )

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
        for problem in compiled.wrong:
            raise ValueError(f"{problem.field} {problem.message}")
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
                async with self._link(workspace_id, compiled.place) as link:
                    await link.ask(batch, hear)
        except KEPT_AWAY as error:
            for message in untold.values():
                tell(message.number, not_taken(message.call, error, self.type))
        except (
            Exception
        ) as error:  # a fault of ours: the runs of others in the same call must not end with it
            _log.exception("executor_failed", executor=self.type)
            for message in untold.values():
                tell(message.number, broke_down(error))

    async def watch(self, target: WatchedTarget, runs: Sequence[Watched]) -> Mapping[Id, Seen]:
        """What has been published to the subjects of these runs. Raises OSError."""
        compiled = self._compiled_of(target)
        subject = f"$JS.API.STREAM.MSG.GET.{compiled.outcome_stream}"

        async def look(some: Sequence[Watched]) -> Mapping[Id, Seen]:
            heard: dict[Id, Any] = {run.run_id: OSError("no answer") for run in some}

            def hear(asked: _Look, answer: Any) -> None:
                heard[asked.run_id] = answer

            looks = [_Look(run.run_id, subject, orjson.dumps({"last_by_subj": run.handle})) for run in some]
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await link.ask(looks, hear)
            answers = [heard[run.run_id] for run in some]
            return await seen_of(
                some, [(one,) for one in answers], lambda one: self._outcome(*one, target.secrets, compiled)
            )

        async with self._link(target.workspace_id, compiled.place) as link:
            return await look_in_parts(runs, look, _LOOKS_TOGETHER)

    def _outcome(self, answer: Any, secrets: Mapping[str, Any], compiled: _CompiledNats) -> Outcome | None:
        """The outcome of a run by the answer to the look at its subject; None while nothing has been published. Raises
        OSError, and EngineRefused where no outcome can ever be found so."""
        stream = compiled.outcome_stream
        if isinstance(answer, OSError):
            raise answer
        if isinstance(answer, Exception):
            raise OSError(words_of(answer)) from answer
        if not answer.data:
            if answer.headers and answer.headers.get("Status") == _NOBODY:
                raise EngineRefused("the outcomes cannot be read: its account has no JetStream")
            return Outcome(
                Verdict.FAILED, error=f"what was published as its outcome is too long: {_TOO_LONG}"
            )
        try:
            shown = _object_of(answer.data)
        except TooManyValues as error:
            raise EngineRefused(f"its answer is too large: {error}") from error
        wrong, message = shown.get("error"), shown.get("message")
        if isinstance(wrong, Mapping):
            if wrong.get("err_code") == _NO_MESSAGE:
                return None
            kind = OSError if wrong.get("code") == _AWAY else EngineRefused
            raise kind(f"the outcomes cannot be read from the stream {stream}: {wrong.get('description')}")
        if not isinstance(message, Mapping):
            raise OSError("it does not answer as JetStream does")
        try:
            found = decoded(base64.b64decode(message.get("data") or ""))
        except TooManyValues as error:
            return Outcome(Verdict.FAILED, error=f"what was published as its outcome cannot be read: {error}")
        except (ValueError, TypeError):
            found = None
        return reported(found, secrets, self._limit)

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

    def _link(self, workspace_id: Id, place: NatsPlace) -> AbstractAsyncContextManager[Link]:
        """A connection for a block, made to the address that was judged. Raises OSError and ImportError."""

        async def connect() -> Link:
            return await connected(await self._hosts.address(workspace_id, place.host, place.port), place)

        self._hosts.require(workspace_id, place.host, place.port)
        return self._connections.hold(workspace_id, place, connect)


class _Message(NamedTuple):
    """The message of a run. `number`: which of the calls it is of; `outcomes`: where its outcome will be published."""

    number: int
    call: Call
    subject: str
    body: bytes
    headers: dict[str, str]
    outcomes: str | None


class _Look(NamedTuple):
    """The question for the outcome of a run."""

    run_id: Id
    subject: str
    body: bytes
    headers: None = None


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


def _outcome_of(message: _Message, answer: Any) -> Outcome:
    """What came of a message, by the stream's answer or by the library's error."""
    call = message.call
    if isinstance(answer, Exception):
        lost = isinstance(answer, OSError) and not isinstance(answer, EngineRefused)
        return failed(call, f"the message was not published: {words_of(answer)}", unreached=lost)
    if answer.headers and answer.headers.get("Status") == _NOBODY:
        return failed(call, f"no stream stores the subject {message.subject}")
    shown = _object_of(answer.data) if len(answer.data) <= _LONGEST_RECEIPT else {}
    wrong = shown.get("error")
    if isinstance(wrong, Mapping) and wrong.get("err_code") == _NOT_THE_FIRST:
        return taken(call, {"duplicate": True, "subject": message.subject}, message.outcomes)
    if isinstance(wrong, Mapping):
        away = wrong.get("code") == _AWAY
        return failed(call, f"the stream refused the message: {wrong.get('description')}", unreached=away)
    if not isinstance(shown.get("stream"), str):
        words = f"what answered on the subject {message.subject} is no stream: let only the stream hear it"
        return failed(call, words)
    return taken(call, {**shown, "subject": message.subject}, message.outcomes)


def _object_of(data: bytes) -> dict[str, Any]:
    """The JSON object that an answer is; empty where it is none. Raises TooManyValues."""
    try:
        found = decoded(data)
    except TooManyValues:
        raise
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
        self.subject: RenderText = compile_text(config["subject"], _subject_piece)
        self.body = CompiledBody(public, secrets)
        self.always = config.get("once") == "always"
        outcomes = config.get("outcomes")
        self.outcome_stream: str | None = None if outcomes is None else outcomes["stream"]
        self.outcomes: RenderText | None = (
            None if outcomes is None else compile_text(outcomes["subject"], _subject_piece)
        )
        host, port = host_and_port(config["server"], _PORT)
        names = {"user": "user", "password": "password", "token": "token", "nkey_seed": "nkeys_seed_str"}
        identity = [(theirs, config[ours]) for ours, theirs in names.items() if config.get(ours) is not None]
        self.place = NatsPlace(host, port, bool(config.get("tls")), tuple(identity))
        self.wrong = _check_seed(config.get("nkey_seed"))


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
    return problems or _check_seed(config.get("nkey_seed"))


def _check_seed(seed: str | None) -> list[Problem]:
    """What is wrong with the seed of an NKey: it is the base32 form of two bytes that say whose, a key and a
    checksum."""
    if seed is None:
        return []
    text = seed.strip()
    try:
        whole = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        whole = b""
    checksum = binascii.crc_hqx(whole[:-2], 0).to_bytes(2, "little")
    if text.startswith("SU") and len(whole) == _SEED_BYTES and whole[-2:] == checksum:
        return []
    words = (
        "must be the seed of a user's NKey: 58 characters that begin with SU (these are others, or mistyped)"
    )
    return [Problem("nkey_seed", words)]
