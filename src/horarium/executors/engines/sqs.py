"""The `sqs` executor: each run becomes one message of a FIFO queue of Amazon SQS. It needs the extra `sqs`.

    {"queue_url": "https://sqs.eu-west-1.amazonaws.com/123456789012/reports.fifo", "group": "{{ input.customer }}",
     "body": {"report": "{{ input.report }}"}, "access_key_id": "AKIA...", "secret_access_key": "..."}

The message's deduplication id is the run's id, so SQS takes a second message of the same run within five minutes for
the first. `group` is the message group, within which SQS keeps the order; without it, each schedule is a group. Without
`body`, the message holds the whole context of the run as JSON. `region` is only needed where the URL does not name it,
and `session_token` with temporary keys.

A run is over when SQS has the message. If the target's `completion` is `callback`, the message's attributes carry the
address and the token for it.

Requests are signed by Amazon's own library and sent through the guarded client.
"""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome
from horarium.domain.ids import Id
from horarium.executors.checks import check_fields
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.context import run_text, shared_id
from horarium.executors.engines.http_door import LATER, EngineHttp, EnginePlace
from horarium.executors.engines.messages import (
    CompiledBody,
    check_body,
    check_text,
    failed,
    handed_over,
    identity_of,
    taken,
)
from horarium.executors.options import ExecutorOptions
from horarium.executors.secrecy import check_secrets, reveal, secret_names, split
from horarium.executors.template import (
    RenderText,
    TemplateError,
    check_template,
    compile_text,
)

FIELDS = (
    "queue_url",
    "region",
    "group",
    "body",
    "access_key_id",
    "secret_access_key",
    "session_token",
    "secrets",
)
SECRET_FIELDS = ("secret_access_key", "session_token")

_MOST_READ = 1024 * 1024
# The longest id of a message, or number of one in its group. SQS' own have 36 characters and 128 digits.
_LONGEST_NAME = 200
_URL = re.compile(r"https?://[^/?#@\s]+/[^?#@\s]+\.fifo")
_REGION_IN_HOST = re.compile(r"sqs(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
# What SQS allows in the id of a group.
_GROUP = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
# Further statuses by which SQS says that the same request may succeed later.
_PASSING = (408, 500)
_THROTTLED = ("Throttl", "RequestThrottled", "OverLimit", "ServiceUnavailable")


def make(options: ExecutorOptions) -> SqsExecutor:
    """Makes the executor. The entry point names this function."""
    return SqsExecutor(options)


class SqsExecutor:
    """Sends the runs of `sqs` targets to their queues. One instance serves the whole process."""

    type = "sqs"
    waits_on_network = True

    def __init__(self, options: ExecutorOptions) -> None:
        self._public_url = options.public_url
        self._http = EngineHttp(options)
        self._compiled = CompiledConfigs(_CompiledSqs)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Everything that is wrong with a configuration as a caller sent it. Connects to nothing."""
        return [
            *check_fields(config, self.type, FIELDS),
            *check_secrets(config, SECRET_FIELDS),
            *_check_queue(config),
            *_check_group(config),
            *check_body(config),
            *check_text(config, "access_key_id", required=True, longest=200),
            *check_text(config, "secret_access_key", required=True),
            *check_text(config, "session_token", longest=8_000),
        ]

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]:
        """A problem if the server may not be connected to."""
        place = _place(config["queue_url"])
        wrong = self._http.hosts.refusal(workspace_id, place.host, place.port)
        return [Problem("queue_url", f"cannot be used: {wrong}")] if wrong else []

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Separates a valid configuration into the part that may be shown and the secrets."""
        return split(config, SECRET_FIELDS)

    async def execute(self, call: Call) -> Outcome:
        """Sends the message of a run, and waits until SQS has it."""
        try:
            compiled = self._compiled.of(call)
            content, values = compiled.body.of(call, self._public_url)
            group = _default_group(call) if compiled.group is None else compiled.group(values)
            if not _GROUP.fullmatch(group):
                raise TemplateError("group must have 1 to 128 letters, digits and signs of ASCII")
            message = _message(call, compiled, content, group, self._public_url)
        except (BrokenConfiguration, TemplateError, ValueError, TypeError) as error:
            return failed(call, f"the message could not be made: {error}", retryable=False)
        return await handed_over(call, lambda: self._send(call, compiled, message), self.type)

    async def _send(self, call: Call, compiled: _CompiledSqs, message: bytes) -> Outcome:
        headers = await asyncio.to_thread(compiled.signed, message)
        answer = await self._http.request(
            call.reaching_id, compiled.place, "POST", "/", headers, message, _MOST_READ
        )
        content = answer.content
        if answer.status == 200 and _is_name(content.get("MessageId")):
            names = {"MessageId": "message_id", "SequenceNumber": "sequence_number"}
            shown = {ours: content[theirs] for theirs, ours in names.items() if _is_name(content.get(theirs))}
            return taken(call, shown, None)
        kind = str(content.get("__type") or "").rpartition("#")[2]
        said = content.get("message") or content.get("Message") or f"it answered {answer.status}"
        later = answer.status in LATER or kind.startswith(_THROTTLED)
        words = f"SQS did not take the message: {kind + ': ' if kind else ''}{said}"
        return failed(call, words, retryable=later or answer.status in _PASSING, unreached=later)

    async def close(self) -> None:
        """Closes all connections."""
        await self._http.close()


def _is_name(value: Any) -> bool:
    """Whether a value of an answer names a message, as SQS does it."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME


def _default_group(call: Call) -> str:
    if call.schedule_id is None:
        return shared_id("tgt", call.target_id)
    return shared_id("sch", call.schedule_id)


def _message(call: Call, compiled: _CompiledSqs, content: Any, group: str, public_url: str | None) -> bytes:
    """The body of the request that sends a run's message."""
    identity = identity_of(call, public_url)
    return orjson.dumps(
        {
            "QueueUrl": compiled.queue_url,
            "MessageBody": orjson.dumps(content).decode(),
            "MessageGroupId": group,
            "MessageDeduplicationId": run_text(call.run_id),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value} for name, value in identity.items()
            },
        }
    )


def _place(queue_url: str) -> EnginePlace:
    """The server of a checked URL. Raises ValueError."""
    parts = urlsplit(queue_url)
    tls = parts.scheme == "https"
    return EnginePlace(parts.hostname or "", parts.port or (443 if tls else 80), tls)


def _region_of(config: Mapping[str, Any]) -> str | None:
    if config.get("region") is not None:
        return str(config["region"])
    found = _REGION_IN_HOST.fullmatch(_place(config["queue_url"]).host)
    return None if found is None else found[1]


def _check_queue(config: Mapping[str, Any]) -> list[Problem]:
    url, region = config.get("queue_url"), config.get("region")
    if not isinstance(url, str) or not url:
        return [Problem("queue_url", "is required: the URL of the queue", "required")]
    try:
        if len(url) > 2_000 or not _URL.fullmatch(url) or not _place(url).host:
            raise ValueError
    except ValueError:
        return [Problem("queue_url", "must be the URL of a FIFO queue, which ends in .fifo")]
    if region is not None and not (isinstance(region, str) and _REGION.fullmatch(region)):
        return [Problem("region", "must be the name of a region, such as eu-west-1")]
    if _region_of(config) is None:
        return [Problem("region", "is required: the host of queue_url does not name it", "required")]
    return []


def _check_group(config: Mapping[str, Any]) -> list[Problem]:
    problems = check_text(config, "group")
    if problems or config.get("group") is None:
        return problems
    return check_template(config["group"], "group", secret_names(config))


class _CompiledSqs:
    """A checked configuration, ready for runs."""

    def __init__(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        config = reveal(public, secrets)
        self.queue_url: str = config["queue_url"]
        self.place = _place(self.queue_url)
        self.body = CompiledBody(public, secrets)
        group = config.get("group")
        self.group: RenderText | None = None if group is None else compile_text(group)
        self._region = _region_of(config)
        self._keys = (config["access_key_id"], config["secret_access_key"], config.get("session_token"))

    def signed(self, message: bytes) -> dict[str, str]:
        """The headers of the request that sends a message, signed for this instant. Raises ImportError."""
        auth, credentials = (importlib.import_module(f"botocore.{name}") for name in ("auth", "credentials"))
        host = f"[{self.place.host}]" if ":" in self.place.host else self.place.host
        url = f"{'https' if self.place.tls else 'http'}://{host}:{self.place.port}/"
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"}
        request = importlib.import_module("botocore.awsrequest").AWSRequest("POST", url, headers, message)
        auth.SigV4Auth(credentials.Credentials(*self._keys), "sqs", self._region).add_auth(request)
        return dict(request.headers.items())
