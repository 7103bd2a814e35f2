"""The `http` executor: sends one signed request per attempt. The status of the answer decides the outcome.

- 2xx: the attempt succeeds. With 202 the run goes on if the target finishes it later by callback. It goes on as well if
  the target says elsewhere how the run ends (http_poll.py).
- a status that the configuration names in `done_on`: as 2xx, because the target has the run already.
- 408, 425, 429, 5xx and broken connections: the attempt fails and may be repeated, after the time in `Retry-After`.
- 410: the attempt fails, and the target is gone.
- Everything else: the attempt fails and is not repeated. This includes redirects, which are not followed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
from multidict import istr
from yarl import URL

from horarium.domain.errors import Problem
from horarium.domain.execution import (
    MAX_HANDLE,
    Call,
    Message,
    Outcome,
    Refused,
    Seen,
    SigningRotation,
    TimeIsUp,
    Verdict,
    Watched,
    WatchedTarget,
)
from horarium.domain.ids import Id
from horarium.domain.json_text import NotKept, decode_received
from horarium.executors.answer_bodies import NotDecoded, decoded
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.context import (
    add_identity,
    context_of,
    instant_text,
    run_text,
    shared_id,
    template_values,
)
from horarium.executors.decoding import TooManyValues, decoded_in_turn
from horarium.executors.egress import EgressClient, explain, read_limited, was_refused
from horarium.executors.exchanges import message_of
from horarium.executors.http_config import SECRET_FIELDS, CompiledHttp, check_config
from horarium.executors.limits import Limits, OutOfTime
from horarium.executors.looks import look_at_each
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import error_text, keep_bytes, keep_value
from horarium.executors.secrecy import Scrubber, origin, run_scrubber, split
from horarium.executors.signing import PUBLIC_FIELD, new_secret, public_keys, rotated, signature
from horarium.executors.template import TemplateError, without_placeholders

EVENT_TYPE = "horarium.run"

# What is raised where a request cannot be made; the last two, for a value that cannot be written into one.
_UNMADE = (BrokenConfiguration, TemplateError, ValueError, TypeError)


# What is raised where no connection came about, and for how long one to an engine is waited for: less than the whole
# time of an attempt, so that it is told what was never sent.
_UNCONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_CONNECT_S = 10.0
_RETRYABLE = frozenset((408, 425, 429))
_LONGEST_RETRY_AFTER_MS = 24 * 3600 * 1000

_HEADERS_LEFT_OUT = " (the target leads to another host now, so its headers are not sent there)"
# Looks at the runs of one target at the same time, and how long each may take.
_LOOKS_AT_ONCE = 20
_LOOK_S = 5.0

_IDEMPOTENCY_KEY = istr("Idempotency-Key")
_TRACEPARENT = istr("traceparent")
_WEBHOOK_ID, _WEBHOOK_TIME, _WEBHOOK_SIGNATURE = (
    istr("webhook-id"),
    istr("webhook-timestamp"),
    istr("webhook-signature"),
)
_CE_ID, _CE_SOURCE, _CE_TYPE, _CE_VERSION, _CE_TIME, _CE_SUBJECT = (
    istr(f"ce-{name}") for name in ("id", "source", "type", "specversion", "time", "subject")
)


def make(options: ExecutorOptions) -> HttpExecutor:
    """Makes the executor. The entry point names this function.

    Raises ValueError if an entry of `allow_private` is not a network.
    """
    return HttpExecutor(options)


class HttpExecutor:
    """Runs `http` targets. One instance serves the whole process. It keeps connections and compiled configurations."""

    type = "http"
    waits_on_network = True

    def __init__(self, options: ExecutorOptions) -> None:
        self._egress = EgressClient(options)
        self._public_url = options.public_url
        self._source = (options.public_url or "").rstrip("/") + "/horarium/v1"
        self._limit = options.response_limit_bytes
        self._compiled = CompiledConfigs(CompiledHttp)
        self._limits = Limits()

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """All problems of a configuration. An empty list means that it can be stored."""
        return check_config(config, self._egress.policy)

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]:
        """A problem if the workspace may not reach the URL's host. One from a placeholder is known only later."""
        url = without_placeholders(config["url"], "x")
        fixed = URL(url).raw_host == URL(without_placeholders(config["url"], "y")).raw_host
        return self._egress.check_host(workspace_id, url) if fixed else []

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The configuration without its secrets, and the secrets by their path.

        If the configuration has no signing secret, a new one is made and returned among the secrets.
        """
        config = {name: value for name, value in config.items() if name != PUBLIC_FIELD}
        if config.get("signing_secret") is None:
            config["signing_secret"] = new_secret()
        public = public_keys(config["signing_secret"])
        if public:
            config[PUBLIC_FIELD] = public
        return split(config, SECRET_FIELDS)

    def rotate_signing(
        self, current: Sequence[str], ed25519: bool, keep_until_ms: int | None
    ) -> SigningRotation:
        """Replace the newest of the signing secrets by a new one; see `signing.rotated`."""
        return rotated(current, ed25519, keep_until_ms)

    async def execute(self, call: Call) -> Outcome:
        """Sends the request of one attempt. The whole exchange may take `call.timeout_ms` milliseconds."""
        try:
            compiled = self._compiled.of(call)
            url, headers, body = self._request(compiled, call)
        except _UNMADE as error:
            return _failed(f"the request could not be made: {error}", run_scrubber(call), retryable=False)
        if call.exchange is not None:
            call.exchange.request = _shown(compiled, call, url, headers, body)
        return await self._send(compiled, call, url, headers, body)

    def request_of(self, call: Call) -> Message:
        """The request of one attempt, without its secrets. Nothing is sent. Raises ValueError."""
        try:
            compiled = self._compiled.of(call)
            return _shown(compiled, call, *self._request(compiled, call))
        except _UNMADE as error:
            raise ValueError(run_scrubber(call).text(str(error))) from None

    async def close(self) -> None:
        """Closes all connections."""
        await self._egress.close()

    def _request(self, compiled: CompiledHttp, call: Call) -> tuple[str, dict[str, str], bytes | None]:
        run = run_text(call.run_id)
        context: dict[str, Any] = {}
        if compiled.body is None or compiled.needs_values:
            context = context_of(call, run, self._public_url)
        values = template_values(call, context, compiled.named) if compiled.needs_values else context
        body = orjson.dumps(context) if compiled.body is None else compiled.body(values)
        headers = compiled.headers(values)
        self._add_own(headers, compiled, call, run, body or b"")
        return compiled.url(values), headers, body

    def _add_own(
        self, headers: dict[str, str], compiled: CompiledHttp, call: Call, run: str, body: bytes
    ) -> None:
        timestamp = call.now_ms // 1000
        headers[_IDEMPOTENCY_KEY] = headers[_WEBHOOK_ID] = headers[_CE_ID] = run
        add_identity(headers, call, run, self._public_url)
        headers[_WEBHOOK_TIME] = str(timestamp)
        headers[_WEBHOOK_SIGNATURE] = signature(compiled.signers, run, timestamp, body)
        headers[_CE_TYPE] = EVENT_TYPE
        headers[_CE_VERSION] = "1.0"
        if call.schedule_id is None:
            headers[_CE_SOURCE] = f"{self._source}/targets/{shared_id('tgt', call.target_id)}"
        else:
            headers[_CE_SOURCE] = f"{self._source}/schedules/{shared_id('sch', call.schedule_id)}"
        headers[_CE_TIME] = instant_text(call.now_ms if call.slot_ms is None else call.slot_ms)
        subject = call.row_key or call.schedule_name or call.target_name
        headers[_CE_SUBJECT] = quote(subject, safe=" !#$&'()*+,/:;=?@[]")
        if call.traceparent is not None and "traceparent" not in map(str.lower, headers):
            headers[_TRACEPARENT] = call.traceparent  # what the target's configuration says comes first

    async def _send(
        self, compiled: CompiledHttp, call: Call, url: str, headers: dict[str, str], body: bytes | None
    ) -> Outcome:
        response = None
        try:
            with self._limits.of(call.timeout_ms / 1000):
                response = await self._egress.request(
                    call.reaching_id,
                    compiled.method,
                    url,
                    headers=headers,
                    data=body,
                    connect_s=min(_CONNECT_S, call.timeout_ms / 2000) if call.watched else None,
                )
                answer = await read_limited(response, self._limit)
        except OutOfTime:
            return _failed(TimeIsUp.HTTP.after(call.timeout_ms), run_scrubber(call))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            refused = was_refused(error)
            # An engine that could not even be connected to has nothing of the run.
            away = call.watched and not refused and isinstance(error, _UNCONNECTED)
            return _failed(explain(error), run_scrubber(call), retryable=not refused, unreached=away)
        finally:
            # If the answer was read completely, its connection is already back in the pool and stays open.
            if response is not None:
                response.close()
        answer = self._decoded(answer, response.headers.get("Content-Encoding"))
        if call.exchange is not None:
            line = f"{response.status} {response.reason or ''}".rstrip()
            call.exchange.answer = message_of(line, response.headers.items(), answer, run_scrubber(call))
        output = self._output(compiled, call, answer)
        taken = 200 <= response.status < 300 or response.status in compiled.done_on
        if taken and call.watched and compiled.poll_url is not None:
            longer = f"; its {_longer(self._limit)}" if len(answer) > self._limit else ""
            return _accepted(compiled, call, self._public_url, response.status, answer, output, longer)
        return _judge(call, response.status, response.headers.get("Retry-After"), output, taken)

    def watchable(self, config: Mapping[str, Any]) -> bool:
        """Whether runs can be watched: whether the configuration says where the target tells how they end."""
        return config.get("poll") is not None

    async def watch(self, target: WatchedTarget, runs: Sequence[Watched]) -> Mapping[Id, Seen]:
        """What is seen of the runs that do not go on by what their URLs say; a look that fails is made again later.

        Raises OSError where the configuration has no `poll` any more.
        """
        compiled = self._compiled_of(target)

        async def look(run: Watched) -> Outcome | None:
            return await self._look(target, compiled, run.handle)

        return await look_at_each(runs, look, _LOOKS_AT_ONCE)

    async def cancel(self, target: WatchedTarget, run: Watched) -> None:
        """Nothing: there is no way to end a run that fits all targets. Its result is not waited for any more."""

    def _compiled_of(self, target: WatchedTarget) -> CompiledHttp:
        compiled = self._compiled.of_watched(target)
        if compiled.poll is None:
            raise OSError(
                "the target's configuration does not say any more where the state of its runs is found"
            )
        return compiled

    async def _look(self, target: WatchedTarget, compiled: CompiledHttp, url: str) -> Outcome | None:
        response = None
        # Where the target leads to another host by now, the one that has the run is told none of the target's secrets.
        away = compiled.poll_origin is not None and origin(url) != compiled.poll_origin
        try:
            async with asyncio.timeout(_LOOK_S):
                response = await self._egress.request(
                    target.workspace_id, "GET", url, headers={} if away else compiled.look_headers
                )
                answer = await read_limited(response, self._limit)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise OSError(explain(error)) from error
        finally:
            if response is not None:
                response.close()
        if compiled.poll is None or response.status in compiled.poll.going_on:
            return None
        if not 200 <= response.status < 300:
            kind = OSError if _is_passing(response.status) else Refused
            raise kind(_status_error("engine", response.status) + (_HEADERS_LEFT_OUT if away else ""))
        shown = await self._shown_by(answer, response.headers.get("Content-Encoding"))
        return _kept(compiled, compiled.poll.outcome(shown), self._limit)

    async def _shown_by(self, answer: bytes, content_encoding: str | None) -> Any:
        """The JSON of an answer to a look. Raises Refused."""
        try:
            text = decoded(answer, content_encoding, self._limit)
            if len(text) > self._limit:
                raise Refused(f"the engine's {_longer(self._limit)}")
            return await decoded_in_turn(text)
        except (NotDecoded, TooManyValues) as error:
            raise Refused(f"the engine's answer cannot be read: {error}") from error
        except NotKept as error:
            raise Refused(f"the engine's answer {error}") from error
        except ValueError as error:
            raise Refused("the engine's answer is not JSON") from error

    def _decoded(self, answer: bytes, content_encoding: str | None) -> bytes:
        """The body without compression. What cannot be decoded decides nothing; a note stands in its place."""
        if content_encoding is None:
            return answer
        try:
            return decoded(answer, content_encoding, self._limit)
        except NotDecoded as error:
            return f"(the answer's body cannot be shown: {error})".encode()

    def _output(self, compiled: CompiledHttp, call: Call, answer: bytes) -> Any:
        if not answer:
            return None
        plain = call.callback_token is None and not call.environment
        return keep_bytes(
            answer, self._limit, compiled.scrubber if plain else run_scrubber(call, compiled.scrubber)
        )


def _shown(
    compiled: CompiledHttp, call: Call, url: str, headers: dict[str, str], body: bytes | None
) -> Message:
    return message_of(f"{compiled.method} {url}", headers.items(), body, run_scrubber(call))


def _failed(error: str, scrubber: Scrubber, *, retryable: bool = True, unreached: bool = False) -> Outcome:
    words = error_text(error, scrubber)
    return Outcome(Verdict.FAILED, error=words, retryable=retryable, unreached=unreached)


def _accepted(
    compiled: CompiledHttp, call: Call, url: str | None, status: int, answer: bytes, output: Any, longer: str
) -> Outcome:
    """The outcome of a run that the target has, with the URL that tells how it ends. `longer`: of an answer that was
    cut, so that nothing is found in it."""
    assert compiled.poll_url is not None
    try:
        given = decode_received(answer)
    except ValueError:
        given = None
    context = context_of(call, run_text(call.run_id), url)
    values = template_values(call, context, compiled.named) | {"answer": given}
    try:
        handle = compiled.poll_url(values)
    except TemplateError as error:
        return _failed(
            f"the target has the run, but its state cannot be found: {error}{longer}",
            run_scrubber(call),
            retryable=False,
        )
    if len(handle) > MAX_HANDLE:
        return _failed("the URL of the run's state is too long", run_scrubber(call), retryable=False)
    return Outcome(Verdict.ACCEPTED, output=output, status=status, handle=handle)


def _longer(limit: int) -> str:
    return f"answer is longer than {limit} bytes, the setting response_limit"


def _kept(compiled: CompiledHttp, outcome: Outcome | None, limit: int) -> Outcome | None:
    """The outcome of a look in the form in which it is stored."""
    if outcome is None:
        return None
    error = None if outcome.error is None else error_text(outcome.error, compiled.scrubber)
    return replace(outcome, output=keep_value(outcome.output, limit, compiled.scrubber), error=error)


def _judge(call: Call, status: int, retry_after: str | None, output: Any, taken: bool) -> Outcome:
    """The outcome that an answer leads to. `taken`: its status says that the target has the run. Pure."""
    if taken:
        accepted = status == 202 and call.callback_token is not None
        return Outcome(Verdict.ACCEPTED if accepted else Verdict.SUCCEEDED, output=output, status=status)
    retryable = _is_passing(status)
    return Outcome(
        Verdict.FAILED,
        output=output,
        error=_status_error("target", status),
        retryable=retryable,
        retry_after_ms=retry_after_ms(retry_after, call.now_ms) if retryable and retry_after else None,
        gone=status == 410,
        status=status,
    )


def _is_passing(status: int) -> bool:
    """Whether an answer says that the same request may succeed later."""
    return status in _RETRYABLE or status >= 500


def _status_error(who: str, status: int) -> str:
    try:
        named = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        named = str(status)
    if 300 <= status < 400:
        return f"the {who} answered {named}; redirects are not followed: use the final URL"
    return f"the {who} answered {named}"


def retry_after_ms(text: str, now_ms: int) -> int | None:
    """The wait in milliseconds that a `Retry-After` header asks for, from 0 to one day.

    `text` is a number of seconds or an HTTP date. `now_ms` is the current instant. Returns None if it is neither.
    """
    text = text[:100].strip()  # dates are shorter, and parsing a very long text is slow
    if text.isascii() and text.isdigit():
        return min(int(text[:12]) * 1000, _LONGEST_RETRY_AFTER_MS)
    try:
        moment = parsedate_to_datetime(text)
        at_ms = int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return max(0, min(at_ms - now_ms, _LONGEST_RETRY_AFTER_MS))
