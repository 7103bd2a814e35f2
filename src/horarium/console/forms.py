"""What a browser sends: forms, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from horarium.api.bodies import Malformed, read_body
from horarium.domain.errors import Forbidden, Problem

# Fields of one form, and its bytes; and the name of the field with the token of the session.
MOST_FIELDS = 200
LONGEST_FORM = 1024 * 1024
TOKEN = "csrf"  # noqa: S105
_FOREIGN = (
    "this form was not sent from a page of this server; open the page again and send it from there. Behind a proxy, "
    "the setting public_url must be the address that browsers use"
)


class Form:
    """The fields of a form that was sent, each as a text without white space around it."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)

    def text(self, name: str) -> str:
        """A field, or an empty text where it is missing."""
        return self.fields.get(name, "").strip()

    def given(self, name: str) -> str | None:
        """A field, or None where it is missing or empty."""
        return self.text(name) or None


async def read_form(request: Request) -> Form:
    """The form in the body of a request. Of a field that comes twice the last counts. Raises Malformed, TooLarge."""
    body = await read_body(request, LONGEST_FORM)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Malformed(Problem("", "the form cannot be read; send it from its page", "form")) from None
    if any("\0" in text for pair in pairs for text in pair):
        raise Malformed(Problem("", "the form contains NUL characters", "form"))
    return Form(dict(pairs))


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
