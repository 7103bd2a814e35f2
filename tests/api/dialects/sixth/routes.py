"""sundial's routes: who asks, what they ask for, one use case, the answer."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from horarium.api.kit import CHANGING, Around, Dialect, Handlers, Operation, Problems
from horarium.api.kit.writing import instant_text
from horarium.api.web import Answer, json_answer
from horarium.domain.ids import from_uuid_text
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.service.explain import preview
from horarium.service.schedules import ScheduleDraft
from horarium.service.services import Services
from tests.api.dialects.sixth import wire
from tests.api.dialects.sixth.wire import Facts, Order


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    of = Timers(dialect, services)
    new = {"body": "NewTimer", "failures": CHANGING}
    change = {"body": "TimerChange", "failures": CHANGING}
    return (
        Operation("GET", "/timers", of.list, "List timers", answer="Timers"),
        Operation("POST", "/timers", of.create, "Make a timer", status=201, answer="Timer", **new),
        Operation(
            "POST", "/timers/preview", of.preview, "When a timer would call", answer="Times", body="Preview"
        ),
        Operation("PATCH", "/timers/{id}", of.update, "Change a timer", answer="Timer", **change),
    )


class Timers(Handlers[Order, Facts]):
    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        found = await self.services.schedules.list(
            ScheduleListing(who.workspace_id, 100, newest_first=False, dialect=self.dialect.name)
        )
        return json_answer(200, {"timers": await self.shown(who, found)})

    async def create(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        fields = await self.fields(request)
        order = self.dialect.parse(fields, True)
        timing = wire.new_timing(order, self.now_ms(), fields.problems)
        function = fields.settled(await self._function(who, order, fields.problems))
        draft = ScheduleDraft(
            who.workspace_id, who.principal_id, timing.spec, timing, function.id, self.dialect.name
        )
        return json_answer(201, await self.shown_alone(who, await self.services.schedules.create(draft)))

    async def preview(self, request: Request) -> Answer:
        await self.who(request, "schedules:read")
        fields = await self.fields(request)
        order = Order(fields.text("when", required=True), fields.text("zone"), None)
        timing = wire.new_timing(order, self.now_ms(), fields.problems)
        fields.done()
        found = preview(timing, self.now_ms(), 3)
        return json_answer(
            200, {"times": [instant_text(next_.instant * 1000) for next_ in found.occurrences]}
        )

    async def update(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        before = await self.schedule(who, from_uuid_text(str(request.path_params["id"])))
        fields = await self.fields(request)
        order = self.dialect.parse(fields, False)
        facts = Facts(await self._function(who, order, fields.problems), self.now_ms())
        changed = await self.change(who, before, order, facts, fields.problems)
        return json_answer(200, await self.shown_alone(who, changed))

    async def around(self, who: Identity, schedules: Sequence[Schedule]) -> Around:
        return await self.with_targets(who, schedules)

    async def _function(self, who: Identity, order: Order, problems: Problems) -> Target | None:
        return await self.target(who, order.calls, ("function",), "calls", "is not a function here", problems)
