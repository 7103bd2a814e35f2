"""The `message` executor: each run becomes one message of RabbitMQ, of a Redis stream or of Kafka.

    {"broker": "rabbitmq", "server": "rabbitmq.example.com:5672", "exchange": "", "routing_key": "reports",
     "vhost": "/", "body": {"report": "{{ input.report }}"}, "tls": true, "user": "horarium", "password": "..."}
    {"broker": "redis", "server": "redis.example.com:6379", "stream": "reports", "max_length": 100000,
     "remember_s": 604800, ...}
    {"broker": "kafka", "server": "kafka.example.com:9092", "topic": "reports", "mechanism": "SCRAM-SHA-512", ...}

It needs the extra `message`. The message's id is the run's id, and its headers say whose run it is and describe it as a
CloudEvent. Without `body`, the message holds the whole context of the run as
JSON.

A run is over when the broker has confirmed its message. If the target's `completion` is `callback`, the message carries
the address and the token for it. Runs of these targets cannot be watched: brokers do not know when work has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome
from horarium.domain.ids import Id
from horarium.executors.checks import check_fields
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.context import instant_text, run_text, shared_id
from horarium.executors.engines.brokers import Broker, Message
from horarium.executors.engines.kafka import Kafka
from horarium.executors.engines.messages import (
    CompiledBody,
    check_body,
    failed,
    handed_over,
    identity_of,
    taken,
)
from horarium.executors.engines.rabbitmq import RabbitMq
from horarium.executors.engines.redis_streams import RedisStreams
from horarium.executors.http import EVENT_TYPE
from horarium.executors.options import ExecutorOptions
from horarium.executors.secrecy import check_secrets, reveal, split
from horarium.executors.template import TemplateError

FIELDS = ("broker", "server", "tls", "user", "password", "body", "secrets")
SECRET_FIELDS = ("password",)


def make(options: ExecutorOptions) -> MessageExecutor:
    """Makes the executor. The entry point names this function."""
    return MessageExecutor(options)


class MessageExecutor:
    """Publishes the messages of `message` targets. One instance serves the whole process."""

    type = "message"
    waits_on_network = True

    def __init__(self, options: ExecutorOptions) -> None:
        self._public_url = options.public_url
        self._source = (options.public_url or "").rstrip("/") + "/horarium/v1"
        self._brokers: Mapping[str, Broker] = {
            broker.name: broker for broker in (RabbitMq(options), RedisStreams(options), Kafka(options))
        }
        self._compiled = CompiledConfigs(self._compile)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Everything that is wrong with a configuration as a caller sent it. Connects to nothing."""
        name = config.get("broker")
        broker = self._brokers.get(name) if isinstance(name, str) else None
        if broker is None:
            return [Problem("broker", f"is required: one of {', '.join(self._brokers)}", "required")]
        return [
            *check_fields(config, self.type, (*FIELDS, *broker.fields)),
            *check_secrets(config, SECRET_FIELDS),
            *broker.check(config),
            *check_body(config),
        ]

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]:
        """A problem if the server may not be connected to."""
        return self._brokers[config["broker"]].check_host(workspace_id, config)

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Separates a valid configuration into the part that may be shown and the secrets."""
        return split(config, SECRET_FIELDS)

    async def execute(self, call: Call) -> Outcome:
        """Publishes the message of a run, and waits until the broker has confirmed it."""
        try:
            compiled = self._compiled.of(call)
            content, values = compiled.body.of(call, self._public_url)
            address = compiled.broker.address(compiled.place, values)
            message = self._message(call, content)
        except (BrokenConfiguration, TemplateError, ValueError, TypeError) as error:
            return failed(call, f"the message could not be made: {error}", retryable=False)

        async def publish() -> Outcome:
            shown = await compiled.broker.publish(call.reaching_id, compiled.place, address, message)
            return taken(call, shown, None)

        return await handed_over(call, publish, self.type)

    def _message(self, call: Call, content: Any) -> Message:
        run = run_text(call.run_id)
        about = (
            f"targets/{shared_id('tgt', call.target_id)}"
            if call.schedule_id is None
            else f"schedules/{shared_id('sch', call.schedule_id)}"
        )
        event = {
            "specversion": "1.0",
            "type": EVENT_TYPE,
            "id": run,
            "source": f"{self._source}/{about}",
            "time": instant_text(call.now_ms if call.slot_ms is None else call.slot_ms),
            "subject": quote(
                call.row_key or call.schedule_name or call.target_name, safe=" !#$&'()*+,/:;=?@[]"
            ),
        }
        headers = identity_of(call, self._public_url)
        if call.traceparent is not None:
            headers["traceparent"] = call.traceparent
        return Message(run, orjson.dumps(content), headers, event)

    def _compile(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> _CompiledMessage:
        config = reveal(public, secrets)
        broker = self._brokers[config["broker"]]
        return _CompiledMessage(broker, broker.place(config), CompiledBody(public, secrets))

    async def close(self) -> None:
        """Closes all connections."""
        await asyncio.gather(*(broker.close() for broker in self._brokers.values()))


class _CompiledMessage:
    """A checked configuration, ready for runs."""

    def __init__(self, broker: Broker, place: Any, body: CompiledBody) -> None:
        self.broker, self.place, self.body = broker, place, body
