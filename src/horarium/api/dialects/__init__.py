"""Dialects: schedule APIs of other products, spoken to the letter. Each is a folder with a module `routes`:

BASES: tuple[str, ...]                    where its application is mounted
def make(services: Services) -> Api: ...  its application, with an error envelope of its own
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from horarium.api.web import Api
from horarium.service.services import Services

DIALECTS = ("trustpager", "autessa", "m9m", "uranus", "cadenya")


def mount_all(app: Api, services: Services) -> None:
    """Mount every dialect at its bases; the longer base first, so that none hides another's."""
    found = [(base, made) for bases, made in _dialects(services) for base in bases]
    for base, made in sorted(found, key=lambda one: len(one[0]), reverse=True):
        app.mount(base, made)


def _dialects(services: Services) -> Iterator[tuple[tuple[str, ...], Api]]:
    for name in DIALECTS:
        place = f"{__name__}.{name}"
        if find_spec(place) is not None and find_spec(f"{place}.routes") is not None:
            routes = import_module(f"{place}.routes")
            yield routes.BASES, routes.make(services)
