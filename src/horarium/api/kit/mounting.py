"""Where the applications of dialects answer."""

from __future__ import annotations

import re

from starlette.routing import Mount

from horarium.api.kit.registry import Dialects
from horarium.api.web import Api
from horarium.service.services import Services


def mount_all(app: Api, dialects: Dialects, services: Services) -> None:
    """Mount every dialect at its bases. The parts of shared bases come first, then the longer base before the shorter
    one, so that no dialect hides another."""
    found = [(dialect, dialect.application(services)) for dialect in dialects.values()]
    for dialect, made in found:
        for base, first in dialect.parts:
            app.router.routes.append(_mount(base, rf"{re.escape(first)}(?:/.*)?", made))
    mounts = [(base, made) for dialect, made in found for base in dialect.bases]
    for base, made in sorted(mounts, key=lambda mount: len(mount[0]), reverse=True):
        app.router.routes.append(_mount(base, ".*", made))


def _mount(base: str, pattern: str, made: Api) -> Mount:
    """A mount of those paths below `base` that match a pattern, and of no others. A path may hold line breaks; the
    dialect answers it all the same."""
    mount = Mount(base, made)
    mount.path_regex = re.compile(rf"{re.escape(base)}/(?P<path>{pattern})\Z", re.DOTALL)
    return mount
