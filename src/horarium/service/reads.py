"""Queries of a service that are one verb of the store and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from horarium.store.base import Store, Tx

P = ParamSpec("P")
T = TypeVar("T")


class HasStore(Protocol):
    """What `reads` needs of a service: the store that it works on."""

    @property
    def store(self) -> Store: ...


def reads(
    verb: Callable[Concatenate[Tx, P], Awaitable[T]],
) -> Callable[Concatenate[HasStore, P], Coroutine[Any, Any, T]]:
    """A method that runs a reading verb of the store in a transaction of its own.

    The method takes the verb's arguments, returns its value and raises its errors, so they are documented in
    one place: `get = reads(verbs.get_schedule)`.
    """

    async def read(service: HasStore, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await service.store.read(verb, *args, **kwargs)

    read.__doc__ = verb.__doc__
    return read
