"""The dialect kit: what every schedule API of another product is made of.

How a dialect is made, file by file
===================================

A dialect is a package with these modules. Small ones fill a page each; a dialect with more resources than schedules
has a folder for each resource, of the same shape.

`record.py`
    Holds the record, `DIALECT = Dialect(name=..., bases=..., grammar=GRAMMAR, parse=wire.parse, ...)`. It is all that
    the rest of the server knows of the dialect. The comments in `Dialect` (kit/dialect.py) say what each part is.

`grammar.py`
    How recurrences are read: a `Grammar` of the readers of horarium.times.grammar, or of its own. It imports nothing
    but `horarium.times`, so that the command line can have it without the rest.

`schemas.py`
    The schemas of the OpenAPI page, put together with `object_of`, `list_of`, `or_null` and `ref`. They describe
    exactly what is accepted and answered: a test sends requests made from the page.

`wire.py`
    What bodies mean, in the domain's words, and back. No I/O, no clock; everything it needs is an argument.

    - `Order`: a frozen dataclass, what a body asks for. None means that a field was left out. It is complete: nothing
      looks into the body again after it was made.
    - `Facts`: a frozen dataclass, what must be known beside an order to carry it out and was found outside: the time,
      the target that the body names, the zone to read times in.
    - `parse(fields, new) -> Order`: reads the body with the readers of `Fields`. Each returns a value or None, and
      notes what is wrong with its field. `new` says whether what a schedule cannot do without is required.
    - `edited(before, order, facts) -> Schedule`: the schedule as the order wants it. It is pure, since it runs inside
      the transaction that stores the schedule. It gathers problems in `Problems()` and ends with one `done()`.
    - `show(schedule, around) -> dict`: the schedule as it is answered. `around` holds the targets or principals.

`routes.py`
    A class of handlers derived from `Handlers`, and `routes(dialect, services)`, which lists an `Operation` for each
    route. A handler finds out who asks, reads, calls one use case of a service, and answers:

        who = await self.who(request, "schedules:write")
        before = await self.schedule(who, from_uuid_text(...))
        fields = await self.fields(request)
        order = self.dialect.parse(fields, False)
        target = await self.target(who, order.target, KINDS, "target_id", "does not exist here", fields.problems)
        changed = await self.change(who, before, order, Facts(target, self.now_ms()), fields.problems)
        return json_answer(200, await self.shown_alone(who, changed))

    `change` is the one way in which a schedule is edited: it tries `edited` first, so that its problems are told
    together with all others, and then runs it in the transaction. For a new schedule, `fields.settled(target)` raises
    what is wrong and otherwise returns what a schedule cannot do without.

`errors.py`
    `render(error, request)`: any error in the product's own envelope. `code_of` gives a machine word, `status_of` the
    status, and `headers_of` the headers that belong to an error. A handler catches nothing but what its product words
    differently.

Then entry points make the record known to the server, and the grammar to the command line:

    [project.entry-points."horarium.dialects"]
    acme = "my_package.acme.record:DIALECT"

    [project.entry-points."horarium.grammars"]
    acme = "my_package.acme.grammar:GRAMMAR"

A dialect imports this kit, `service`, `domain` and `times`, and nothing of `store`, `executors`, `worker` or `engine`;
`make lint` checks it. tests/api/dialects/sixth is a whole one on two pages.
"""

from horarium.api.fields import Problems, Query
from horarium.api.kit.dialect import (
    CHANGING,
    READING,
    Around,
    Dialect,
    DialectApp,
    Json,
    Operation,
    segment,
)
from horarium.api.kit.fields import Fields
from horarium.api.kit.handlers import Handlers, read_json
from horarium.api.kit.keys import Scheme, authenticate
from horarium.api.kit.resolving import TimingNames, own, resolve_target, resolve_timing

__all__ = [
    "CHANGING",
    "READING",
    "Around",
    "Dialect",
    "DialectApp",
    "Fields",
    "Handlers",
    "Json",
    "Operation",
    "Problems",
    "Query",
    "Scheme",
    "TimingNames",
    "authenticate",
    "own",
    "read_json",
    "resolve_target",
    "resolve_timing",
    "segment",
]
