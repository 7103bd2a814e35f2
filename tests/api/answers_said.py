"""What every route of the six APIs answers, in a workspace in which a lot has happened, on a clock that stands still.

Every route is in the walk: one that no request comes to fails it. `python -m tests.api.answers_said` writes the pages
in `said/` anew. Each begins with what is read, goes on with what is changed, and ends with what is refused; our own API
has a page for each of these.

In a page, `# POST /keys` is a request, below which are its body, its answer, and what the audit log notes of it. One
that costs more than usual says so: `# POST /audiences/preview for 52 units`. What has been told before is told by its
name and by what is different: {as key_k-bot before, but "revoked_at": ...}; {like run_1, but ...} is another thing of
the same kind. The usual headers of answers are told with the first of their kind.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from structlog.testing import capture_logs

from horarium.api.app import BASE, own_api
from horarium.api.kit import registry
from tests.api.dialects.speakers import SPEAKERS
from tests.api.said import our_reads, our_writes, ours, refused
from tests.api.said.others import others
from tests.api.said.telling import folded
from tests.api.said.walk import Walk
from tests.console.world import furnished
from tests.mutations.world import OWN, Route, _routes

FOLDER = Path(__file__).with_name("said")
BASES = {kind.dialect: kind.base for kind in SPEAKERS} | {OWN: BASE}


async def _refused(walk: Walk) -> None:
    await refused.refuse(walk, await ours.known(walk.world))


# The pages: what walks through an API, and which of its routes the walk must have come to.
PAGES: Mapping[str, tuple[Callable[[Walk], Awaitable[None]], Callable[[Route], bool]]] = {
    "own_reads": (our_reads.read, lambda route: route.method == "GET" and route.path != "/metrics"),
    "own_writes": (our_writes.write, lambda route: route.method != "GET" and "/by-key/" not in route.path),
    "own_refused": (_refused, lambda route: True),
    **{kind.dialect: (others, lambda route: True) for kind in SPEAKERS},
}


async def walked(name: str) -> tuple[str, set[str]]:
    """A page, and the routes that no request has come to, with the parameters that a route does not look for."""
    api = OWN if name.startswith(OWN) else name
    go, needed = PAGES[name]
    dialects = registry.load()
    with tempfile.TemporaryDirectory() as folder, capture_logs():
        async with furnished(data=folder) as world:
            await ours.furnish(world)
            services = world.house.services
            application = own_api(services, dialects) if api == OWN else dialects[api].application(services)
            walk = Walk(world, api, BASES[api], _routes(world.house)[api], application.openapi())
            with walk.noting_parameters():
                await go(walk)
            left_out = walk.left_out(needed)
            kinds = [
                f"{word}: {status} {title} ({kind})" for word, (kind, title, status) in walk.problems.items()
            ]
            lines = [*walk.lines, "", "## the kinds of problems", *kinds] if kinds else walk.lines
            return "\n".join(folded(lines)).strip() + "\n", left_out


def page_of(name: str) -> Path:
    return FOLDER / f"{name}.txt"


if __name__ == "__main__":
    for each in PAGES:
        page_of(each).write_text(asyncio.run(walked(each))[0], "utf-8")
