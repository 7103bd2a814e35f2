"""The whole HTTP application: our own API, the dialects, and the health routes."""

from __future__ import annotations

from horarium.api.errors import problem_answer
from horarium.api.gate import PageGate
from horarium.api.kit.mounting import mount_all
from horarium.api.kit.registry import Dialects
from horarium.api.routes import (
    actions,
    audit,
    directory,
    erasures,
    events,
    exports,
    fires,
    health,
    home,
    pauses,
    runs,
    schedules,
    secrets,
    sharing,
    tables,
    targets,
    tenancy,
    windows,
)
from horarium.api.schedule_ids import ScheduleIds
from horarium.api.unknown import OwnApi
from horarium.api.web import Api
from horarium.service.services import Services

BASE = "/horarium/v1"
_ABOUT = """\
Durable schedules for the users of your product. Send your key as `Authorization: Bearer KEY`.

Times are RFC 3339 with an offset, in the years 1 to 9999 of UTC; answers are in UTC. Where something begins,
a fraction of a second that cannot be kept is rounded up; where something ends, down. Lengths of time are
seconds, or texts such as `"1h30m"`. Lists are in pages: send `next_cursor` as `cursor` until it is null.
Errors are RFC 9457 problem documents whose `errors` name every problem that was found. What can be changed
has a `version`; send it back (in the body or as `If-Match`) to change only what you have seen.
A field or parameter that is not known is refused, never ignored, as is a parameter that has one value and is
given twice; what GET has answered can be sent back by PUT.
"""


def make_api(services: Services, dialects: Dialects) -> Api:
    """The application with everything that this server answers over HTTP."""
    app = Api(title="Horarium", render=problem_answer, openapi=None)
    app.mount(BASE, own_api(services, dialects))
    home.add_routes(app, BASE, dialects, ("/", BASE))
    mount_all(app, dialects, services)
    health.add_routes(app, services)
    services.metrics.add(app.figures.metrics)
    app.log_requests = services.settings.access_log
    app.origins = services.settings.cors_origins
    if not services.settings.public_pages or services.settings.pages_at is not None:
        app.gate = PageGate(app.indexed_router, services, problem_answer)
    return app


def own_api(services: Services, dialects: Dialects) -> Api:
    """Our own API. `dialects` are the other APIs, whose schedules it knows by their ids too."""
    api = OwnApi(title="Horarium", render=problem_answer, description=_ABOUT)
    for part in (schedules, runs, fires, actions, events):
        part.add_routes(api, services, dialects)
    for part in (
        targets,
        sharing,
        tables,
        secrets,
        directory,
        tenancy,
        pauses,
        exports,
        erasures,
        audit,
        health,
    ):
        part.add_routes(api, services)
    windows.add_routes(api, services, ScheduleIds(services, dialects))
    home.add_routes(api, BASE, dialects, ("/",))
    return api
