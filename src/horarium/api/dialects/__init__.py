"""Dialects: schedule APIs of other products, spoken to the letter. Each is a folder with a module `routes`:

BASES: tuple[str, ...]                    where its application is mounted
PARTS: tuple[tuple[str, str], ...]        bases that it shares with others, each with the first part of its
                                          paths there; may be left out
def make(services: Services) -> Api: ...  its application, with an error envelope of its own
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from starlette.routing import Mount

from horarium.api.web import Api
from horarium.service.services import Services

DIALECTS = ("trustpager", "autessa", "m9m", "uranus", "cadenya")


def mount_all(app: Api, services: Services) -> None:
    """Mount every dialect at its bases; the longer base first, so that none hides another's."""
    found = list(_dialects(services))
    for routes, made in found:
        for base, first in getattr(routes, "PARTS", ()):
            app.router.routes.append(_mount(base, rf"{re.escape(first)}(?:/.*)?", made))
    mounts = [(base, made) for routes, made in found for base in routes.BASES]
    for base, made in sorted(mounts, key=lambda one: len(one[0]), reverse=True):
        app.router.routes.append(_mount(base, ".*", made))


def _mount(base: str, pattern: str, made: Api) -> Mount:
    """A mount of the paths below `base` that a pattern takes, and no other. A path may hold line breaks, and
    is the dialect's to answer all the same."""
    mount = Mount(base, made)
    mount.path_regex = re.compile(rf"{re.escape(base)}/(?P<path>{pattern})\Z", re.DOTALL)
    return mount


def _dialects(services: Services) -> Iterator[tuple[ModuleType, Api]]:
    for name in DIALECTS:
        place = f"{__name__}.{name}"
        if find_spec(place) is not None and find_spec(f"{place}.routes") is not None:
            routes = import_module(f"{place}.routes")
            yield routes, routes.make(services)
