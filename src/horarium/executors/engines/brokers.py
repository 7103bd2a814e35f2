"""What the `message` executor needs of a broker of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from horarium.domain.errors import Problem
from horarium.domain.ids import Id


class Message(NamedTuple):
    """A run as a message: the run's id, the body as JSON, the headers that say whose run it is, and the attributes of a
    CloudEvent without their prefix."""

    run: str
    body: bytes
    headers: Mapping[str, str]
    event: Mapping[str, str]


class Broker(Protocol):
    """A kind of broker. `name` is the value of the field `broker`, and `fields` are those that only this kind has.

    `place` is where messages of a checked configuration go, with its secrets in their places. `address` is what of that
    the values of a run decide; it raises TemplateError. `publish` waits for the confirmation and returns what is shown
    of it; it raises OSError, of the kinds that `handed_over` knows, and ImportError.
    """

    @property
    def name(self) -> str: ...

    @property
    def fields(self) -> Sequence[str]: ...

    def check(self, config: Mapping[str, Any]) -> list[Problem]: ...

    def check_host(self, workspace_id: Id, config: Mapping[str, Any]) -> list[Problem]: ...

    def place(self, config: Mapping[str, Any]) -> Any: ...

    def address(self, place: Any, values: Mapping[str, Any]) -> str: ...

    async def publish(
        self, workspace_id: Id, place: Any, address: str, message: Message
    ) -> Mapping[str, Any]: ...

    async def close(self) -> None: ...
