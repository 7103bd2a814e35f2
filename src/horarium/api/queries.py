"""Parameters of queries that are read alike by our own API and by the console."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from starlette.requests import Request

from horarium.api.fields import Query
from horarium.domain.errors import Invalid, Problem
from horarium.domain.events import EventFilter, type_problem
from horarium.domain.ids import PREFIXES, Id, from_prefixed
from horarium.domain.labels import label_in
from horarium.service.pages import number_from
from horarium.service.webhooks import filter_problems


def subject_in(query: Query) -> str | None:
    """What entries of the audit log are about, as the store writes it. A caller names it by its id, or as
    `audience:people`."""
    given = query.text("subject")
    if given is None or ":" in given:
        return given
    for prefix in PREFIXES:
        found: Id | None = from_prefixed(prefix, given)
        if found is not None:
            return f"{prefix}:{found.hex()}"
    query.wrong(
        "subject", f"{given[:60]!r} is neither an id such as sch_01J... nor a name such as audience:people"
    )
    return None


def item_cursor(item_id: str) -> str:
    """The id of a directory item as the cursor of the page that begins after it."""
    return urlsafe_b64encode(item_id.encode()).decode().rstrip("=")


def item_after(request: Request) -> str:
    """The id of the directory item after which the page begins that a request asks for. Raises Invalid."""
    given = request.query_params.get("cursor")
    if not given:
        return ""
    try:
        return urlsafe_b64decode(given + "=" * (-len(given) % 4)).decode()
    except ValueError:
        words = "is not a cursor of this list: send the next_cursor of the previous page, or leave it out"
        raise Invalid(Problem("cursor", words, "cursor")) from None


def event_filter_in(query: Query, schedule_id: Id | None, empty_labels: bool = False) -> EventFilter:
    """Which events are asked for, by `type`, `label` (name:value) and the schedule that the caller has read. With
    `empty_labels`, a label may be left empty, as forms send it."""
    kind, labels = query.text("type"), {}
    if kind is not None and (wrong := type_problem(kind)) is not None:
        query.wrong("type", wrong)
    for text in query.texts("label"):
        if empty_labels and not text:
            continue
        label = label_in(text)
        if label is None:
            query.wrong("label", f"{text[:60]!r} is not written name:value")
        else:
            labels[label[0]] = label[1]
    wanted = EventFilter(
        () if kind is None else (kind,), labels, () if schedule_id is None else (schedule_id,)
    )
    for problem in filter_problems(wanted):
        if problem.field == "labels":
            query.wrong("label", problem.message)
    return wanted


def number_in(request: Request) -> int | None:
    """The number in a cursor of a list that is read by numbers. Raises Invalid for a text that is no cursor."""
    given = request.query_params.get("cursor")
    return None if not given else number_from(given)
