"""What a browser sends: forms, and where they come from."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from horarium.api.bodies import Malformed, parse_json, read_body
from horarium.api.fields import instant_text
from horarium.console.instants import instant_in
from horarium.domain.errors import Conflict, Forbidden, Invalid, Problem
from horarium.domain.labels import label_in, label_text

# Fields of one form, and its bytes; and the name of the field with the token of the session.
MOST_FIELDS = 200
LONGEST_FORM = 1024 * 1024
TOKEN = "csrf"  # noqa: S105
_FOREIGN = (
    "this form was not sent from a page of this server; open the page again and send it from there. Behind a proxy, "
    "the setting public_url must be the address that browsers use"
)


class Form:
    """The fields of a form that was sent, each as a text without white space around it. Browsers send each line break
    as two characters, whatever it was; here it is one again."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = tuple((name, text.replace("\r\n", "\n")) for name, text in pairs)
        self.fields = dict(self._pairs)

    def text(self, name: str) -> str:
        """A field, or an empty text where it is missing."""
        return self.fields.get(name, "").strip()

    def given(self, name: str) -> str | None:
        """A field, or None where it is missing or empty."""
        return self.text(name) or None

    def texts(self, name: str) -> list[str]:
        """Every value of a field that may come several times, such as that of check boxes; empty ones are left out."""
        return [text.strip() for found, text in self._pairs if found == name and text.strip()]

    def lines(self, name: str) -> list[str]:
        """The lines of a field, without the empty ones."""
        return [line.strip() for line in self.text(name).splitlines() if line.strip()]


async def read_form(request: Request) -> Form:
    """The form in the body of a request. Of a field that should come once the last counts.

    Raises Malformed, TooLarge.
    """
    body = await read_body(request, LONGEST_FORM)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Malformed(Problem("", "the form cannot be read; send it from its page", "form")) from None
    if any("\0" in text for pair in pairs for text in pair):
        raise Malformed(Problem("", "the form contains NUL characters", "form"))
    return Form(pairs)


def refuse_foreign(request: Request, public_url: str | None) -> None:
    """Raises Forbidden for a form that a page of another origin has sent.

    Browsers tell where a form comes from, and pages cannot change what they tell. A request that says nothing of it
    does not come from a browser of today, and is refused as well.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        raise Forbidden(_FOREIGN)
    origin = request.headers.get("origin")
    if origin is None:
        if site is None:
            raise Forbidden(_FOREIGN)
        return
    own = {request.headers.get("host", "").lower()}
    if public_url is not None:
        own.add(urlsplit(public_url).netloc.lower())
    try:
        host = urlsplit(origin).netloc.lower()
    except ValueError:
        host = ""
    if not host or host not in own:
        raise Forbidden(_FOREIGN)


def labels_in(form: Form, name: str) -> dict[str, str]:
    """Labels as they are typed into a field: name:value, one on each line. Raises Invalid."""
    found = {}
    for line in form.lines(name):
        label = label_in(line)
        if label is None or not label[0].strip():
            raise Invalid(Problem(name, f"{line[:80]!r} is not written name:value"))
        found[label[0].strip()] = label[1].strip()
    return found


def labels_text(labels: Mapping[str, str]) -> str:
    """Labels as `labels_in` reads them."""
    return "\n".join(label_text(name, value) for name, value in labels.items())


def instant_at(form: Form, name: str, zone_name: str) -> str | None:
    """The instant in a field, which may be a local time of a zone, as the API takes it; None where it is empty. Raises
    Invalid."""
    given = form.given(name)
    return None if given is None else instant_text(instant_in(given, zone_name, name))


def json_in(form: Form, name: str) -> Any:
    """The JSON that is typed into a field; None where it is empty. Raises Invalid."""
    text = form.given(name)
    return None if text is None else _json(name, text)


def recurrence_in(text: str) -> Any:
    """A recurrence as it is typed: an expression, or an object as JSON. Raises Invalid."""
    return _json("recurrence", text) if text.strip().startswith("{") else text.strip()


def _json(field: str, text: str) -> Any:
    try:
        return parse_json(text.encode(), "it")
    except Invalid as error:
        raise Invalid(Problem(field, error.problems[0].message)) from None


@contextmanager
def together(unread: Collection[Problem]) -> Iterator[None]:
    """Raises Invalid with what cannot be read of a form and what is wrong with the rest of it, all at once."""
    found: list[Problem] = []
    try:
        yield
    except Invalid as error:
        if not unread:
            raise
        named = {problem.field for problem in unread}
        found += [problem for problem in error.problems if problem.field.partition(".")[0] not in named]
    if unread:
        raise Invalid([*unread, *found])


def form_status(error: Invalid | Conflict | None) -> int:
    """The status of a page that shows a form, with what was wrong when it was sent."""
    if error is None:
        return 200
    return 409 if isinstance(error, Conflict) else 400


def placed(error: Invalid | Conflict | None, fields: Container[str]) -> tuple[dict[str, str], list[str]]:
    """What is wrong by the field of the form that it is shown at, and what has no field there.

    `fields` are those of the form, under the names of the API; a policy has no `policies.` before it.
    """
    found: dict[str, str] = {}
    others: list[str] = []
    for problem in _problems(error):
        field = problem.field.removeprefix("policies.").partition(".")[0]
        if field in fields:
            found[field] = f"{found[field]}; {problem.message}" if field in found else problem.message
        else:
            others.append(f"{problem.field} {problem.message}".strip())
    return found, others


def _problems(error: Invalid | Conflict | None) -> Iterable[Problem]:
    if error is None:
        return ()
    return error.problems if isinstance(error, Invalid) else (Problem(error.field, str(error)),)
