"""What errors of the client libraries become: whether an engine has refused a run or was not reached, and why."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

import pytest

from horarium.executors.engines import kafka, rabbitmq, redis_servers
from horarium.executors.engines.messages import EngineRefused

ACCOUNT = "the cluster does not accept this user"
RIGHTS = "the user may not write to this topic"
TOPIC = "the topic does not exist, or its name is not valid"
LARGE = "the record is larger than the cluster allows"
FENCED = "the cluster takes no records of this producer any more"
LATE = "no broker took the record in time"
USER = "the broker does not accept this user, or not for this vhost"
BUSY = "it takes nothing now: said"

# By library: what makes an error one of ours, what its errors become unless they stand below, and those that have
# words of their own.
LIBRARIES: dict[str, tuple[Any, str, dict[str, tuple[bool, str]]]] = {
    "redis.exceptions": (
        redis_servers.told,
        "RedisError",
        {
            **dict.fromkeys(
                (
                    "ResponseError",
                    "AuthenticationError",
                    "AuthenticationWrongNumberOfArgsError",
                    "NoPermissionError",
                    "NoScriptError",
                    "ExecAbortError",
                    "ModuleError",
                    "MovedError",
                    "AskError",
                ),
                (True, "said"),
            ),
            "BusyLoadingError": (False, "it is still loading its data"),
            **dict.fromkeys(
                ("ClusterDownError", "MasterDownError", "OutOfMemoryError", "TryAgainError"), (False, BUSY)
            ),
            "InvalidResponse": (False, "it does not answer as Redis does"),
            "ReadOnlyError": (False, "it is a replica, and takes nothing"),
            "ConnectionError": (False, "the connection broke"),
        },
    ),
    "aiokafka.errors": (
        kafka.told,
        "KafkaError",
        {
            **dict.fromkeys(("AuthenticationFailedError", "SaslAuthenticationFailed"), (True, ACCOUNT)),
            **dict.fromkeys(
                ("ClusterAuthorizationFailedError", "TopicAuthorizationFailedError"), (True, RIGHTS)
            ),
            **dict.fromkeys(("InvalidTopicError", "UnknownTopicOrPartitionError"), (True, TOPIC)),
            **dict.fromkeys(("MessageSizeTooLargeError", "RecordTooLargeError"), (True, LARGE)),
            **dict.fromkeys(
                ("InvalidProducerEpoch", "OutOfOrderSequenceNumber", "ProducerFenced", "UnknownProducerId"),
                (False, FENCED),
            ),
            **dict.fromkeys(("KafkaTimeoutError", "RequestTimedOutError"), (False, LATE)),
            "KafkaConnectionError": (False, "no broker could be connected to"),
            "UnsupportedSaslMechanismError": (
                True,
                "the cluster does not know this mechanism of signing in: set mechanism to another",
            ),
            "NotEnoughReplicasError": (True, "NotEnoughReplicasError"),
            **dict.fromkeys(
                ("CorrelationIdError", "KafkaError"), (False, "it does not answer as Kafka does")
            ),
        },
    ),
    "aiormq.exceptions": (
        rabbitmq.told,
        "AMQPError",
        {
            "PublishError": (True, "no queue is bound there for this routing key"),
            "DeliveryError": (True, "the broker did not take the message (nack)"),
            **dict.fromkeys(
                ("AuthenticationError", "ConnectionNotAllowed", "ProbableAuthenticationError"), (True, USER)
            ),
            **dict.fromkeys(
                (
                    "ChannelClosed",
                    "ChannelNotFoundEntity",
                    "ChannelPreconditionFailed",
                    "ChannelAccessRefused",
                ),
                (True, "the broker closed the channel: said"),
            ),
            "ConnectionClosed": (False, "the connection broke"),
            "AMQPError": (False, "the connection broke (AMQPError)"),
            "ChannelInvalidStateError": (False, "the connection broke (ChannelInvalidStateError)"),
        },
    ),
}


def made(kind: type[Exception]) -> Exception:
    """An error of the library, without what its constructor asks for."""
    error = kind.__new__(kind)
    error.args = ("said",)
    return error


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_error_of_a_library_says_whether_the_engine_refuses_and_why(library: str) -> None:
    told, _, expected = LIBRARIES[library]
    found = {name: told(made(getattr(import_module(library), name))) for name in expected}
    assert {name: (isinstance(error, EngineRefused), str(error)) for name, error in found.items()} == expected


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_error_of_a_library_is_unknown_to_executors(library: str) -> None:
    told, base, _ = LIBRARIES[library]
    module = import_module(library)
    kinds = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, getattr(module, base))
    ]
    assert len(kinds) > 10
    assert [kind.__name__ for kind in kinds if not isinstance(told(made(kind)), OSError)] == []
