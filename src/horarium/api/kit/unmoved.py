"""For dialects that have a record, but still make their application in the way that was there before the kit.

This module goes as soon as the last of them has moved to the kit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from horarium.api.kit.dialect import Dialect, DialectApp, Operation
from horarium.api.kit.schemas import Schema
from horarium.api.web import Handler, Renderer
from horarium.service.services import Services
from horarium.times import Grammar


def _unmoved(*_: Any) -> Any:
    raise TypeError("this dialect has not moved to the kit")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmovedDialect(Dialect[Any, Any]):
    """A record whose application is what `make` returns."""

    title: str = ""
    description: str = ""
    schemas: Mapping[str, Schema]
    parse: Callable[..., Any] = _unmoved
    edited: Callable[..., Any] = _unmoved
    show: Callable[..., Any] = _unmoved
    routes: Callable[..., Any] = _unmoved
    make: Callable[[Services], DialectApp]

    def application(self, services: Services) -> DialectApp:
        return self.make(services)


class OldApp(DialectApp):
    """An application to which routes are added one by one."""

    def __init__(
        self,
        *,
        title: str,
        description: str,
        render: Renderer,
        schemas: Mapping[str, Schema],
        security: Mapping[str, Schema],
        failure: str,
        splits_path: bool = False,
    ) -> None:
        super().__init__(
            Dialect(
                name=title,
                title=title,
                description=description,
                bases=(),
                splits_path=splits_path,
                grammar=Grammar(_unmoved, _unmoved),
                schemas=schemas,
                security=security,
                failure=failure,
                parse=_unmoved,
                edited=_unmoved,
                show=_unmoved,
                render=render,
                routes=_unmoved,
            )
        )

    def route(self, method: str, path: str, handler: Handler, summary: str, **more: Any) -> None:
        self.operation(Operation(method, path, handler, summary, **more))
