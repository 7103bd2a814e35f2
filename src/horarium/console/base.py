"""What all pages of the console share: who looks at them, their forms, their layout, and how errors are shown."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment
from starlette.requests import Request

from horarium.api.errors import headers_of, status_of
from horarium.api.kit.keys import identify
from horarium.api.kit.registry import Dialects
from horarium.api.web import Answer, NoRoute
from horarium.console import session as sessions
from horarium.console.forms import TOKEN, Form, read_form, refuse_foreign
from horarium.console.rendering import BASE, html_answer, path_to, redirect, render
from horarium.console.session import Session
from horarium.domain.errors import Forbidden, HorariumError, Unauthorized
from horarium.domain.tenancy import Identity
from horarium.service.services import Services

# In the scope of a request: who looks at the page, once that is known.
_VISITOR = "horarium.visitor"
THEME_COOKIE, THEMES = "horarium_theme", ("light", "dark", "auto")
# A sentence that the next page shows once, chosen by a word in its address.
NOTICES = {
    "paused": "The schedule is paused. Nothing of it fires until it is resumed.",
    "resumed": "The schedule is active again. Its clock goes on from now.",
    "workspace-paused": "The workspace is paused. No schedule of it fires by the clock until it is resumed.",
    "workspace-resumed": "The workspace is resumed. The clock of its schedules goes on from now.",
    "pause-planned": "The pause is planned. It begins by itself.",
    "window-made": "The maintenance window is made. It begins and ends by itself, each time.",
    "backfilled": "The slots of this range are fired. They stand in the ledger, and their runs go on.",
    "deleted": "The schedule is deleted. Its history stays for the retention time.",
    "fired": "The schedule was fired by hand. This is the fire.",
    "created": "Created. It is on the clock now.",
    "first": "Your first schedule is on the clock. Its runs show up below by themselves; the first is seconds away.",
    "saved": "Saved.",
    "cancelled": "The run is cancelled.",
    "replayed": "The failed rows run again. Their new runs stand in the list.",
    "retried": "This is the new run that repeats the one that had ended.",
    "revoked": "The key is revoked. It stops working at once.",
    "enabled": "The target is enabled again.",
    "disabled": "The target is disabled. Runs of it fail at once until it is enabled.",
    "removed": "Removed.",
    "webhook-enabled": "The webhook is enabled again. What has waited for it is sent, as far as it is kept.",
    "webhook-disabled": "The webhook is disabled. Nothing is sent to it until it is enabled.",
}


class SignedOut(Unauthorized):
    """Nobody is signed in, or not any more."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page, and their session."""

    identity: Identity
    session: Session


class Pages:
    """Base class of the classes of pages. They have no state but the services and the templates."""

    def __init__(self, services: Services, dialects: Dialects, templates: Environment) -> None:
        self.services, self.dialects, self.templates = services, dialects, templates

    def now_ms(self) -> int:
        """The time by the server's clock."""
        return self.services.clock.now_ms()

    async def who(self, request: Request, scope: str | None = None) -> Identity:
        """Who looks at a page, once it is sure that their key carries `scope`.

        The key is checked as in a request to the API: a revoked one is refused, it pays its rate limit, and the audit
        log is told who acts. Raises SignedOut, Forbidden, RateLimited.
        """
        text = request.cookies.get(sessions.COOKIE)
        session = sessions.opened(text, self.services.vault, self.now_ms())
        if session is None:
            raise SignedOut("sign in with an API key")
        try:
            identity = await identify(request, self.services, session.key)
        except Unauthorized as error:
            raise SignedOut(str(error)) from None
        request.scope[_VISITOR] = Visitor(identity, session)
        if scope is not None:
            identity.require(scope)
        return identity

    async def sent(self, request: Request, scope: str | None = None) -> tuple[Identity, Form]:
        """Who has sent a form from a page of this session, and the form. Raises as `who` does, and Malformed."""
        refuse_foreign(request, self.services.settings.public_url)
        who = await self.who(request, scope)
        form = await read_form(request)
        if not visitor_of(request).session.knows(form.text(TOKEN)):
            raise Forbidden(
                "this form belongs to another session; open its page again and send it from there"
            )
        return who, form

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Answer:
        """A page in the layout, for whom `who` has found."""
        return html_answer(status, _rendered(self.templates, request, self.now_ms(), template, values))

    def ask(
        self, request: Request, title: str, sentence: str, path: str, label: str, back: str, **hidden: str
    ) -> Answer:
        """The question before something is done that cannot be undone. `path` is where the answer "yes" is sent,
        `label` what its button says, and `back` the page to return to; `hidden` are further fields of the form."""
        return self.page(
            request,
            "ask.html",
            title=title,
            sentence=sentence,
            path=path,
            label=label,
            back=back,
            hidden=hidden,
        )

    def secure(self, request: Request) -> bool:
        """Whether browsers reach this server by HTTPS, so that cookies may be bound to it."""
        public = self.services.settings.public_url
        return request.url.scheme == "https" or (public is not None and public.startswith("https://"))


def visitor_of(request: Request) -> Visitor:
    """Who looks at a page, after `who` has found out."""
    found: Visitor = request.scope[_VISITOR]
    return found


def action_in(request: Request, known: Container[str]) -> str:
    """What a form asks for, as its path says. Raises NoRoute for what there is not."""
    action = str(request.path_params["action"])
    if action not in known:
        raise NoRoute(request.url.path)
    return action


def safe_path(given: str | None) -> str:
    """A page of the console to go on to. What is not one, as a page elsewhere, becomes the first page."""
    text = given or ""
    plain = text.startswith(f"{BASE}/") and "//" not in text and "\\" not in text
    return text if plain and text.isascii() and text.isprintable() and len(text) <= 2_000 else path_to()


def _rendered(
    templates: Environment, request: Request, now_ms: int, template: str, values: dict[str, Any]
) -> str:
    visitor: Visitor | None = request.scope.get(_VISITOR)
    theme = request.cookies.get(THEME_COOKIE)
    common = {
        "visitor": visitor,
        "who": None if visitor is None else visitor.identity,
        "csrf": "" if visitor is None else visitor.session.token,
        "here": request.url.path,
        "address": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "theme": theme if theme in THEMES else "auto",
        "now_ms": now_ms,
        "notice": NOTICES.get(request.query_params.get("done", "")),
    }
    return render(templates, template, {**common, **values})


class ErrorPages:
    """Shows every error as a page. Who is not signed in is led to the page for that."""

    def __init__(self, services: Services, templates: Environment) -> None:
        self._services, self._templates = services, templates

    def __call__(self, error: HorariumError, request: Request) -> Answer:
        if isinstance(error, SignedOut):
            known = sessions.COOKIE in request.cookies
            back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            wanted = back if request.method in ("GET", "HEAD") and back != path_to() else None
            path = path_to("sign-in", next=wanted, ended="1" if known else None)
            return redirect(path, [sessions.cookie(sessions.COOKIE, "", 0, False, BASE)] if known else None)
        status = status_of(error)
        sentence = _NO_PAGE if isinstance(error, NoRoute) else str(error)
        values = {"status": status, "sentence": sentence, "title": _TITLES.get(status, "This did not work")}
        now = self._services.clock.now_ms()
        answer = html_answer(status, _rendered(self._templates, request, now, "error.html", values))
        answer.headers += [
            (name.lower().encode(), text.encode()) for name, text in headers_of(error, None).items()
        ]
        return answer


_NO_PAGE = "There is no page at this address. It may have been mistyped, or the page is gone."
_TITLES = {
    400: "This cannot be accepted",
    403: "This key may not do that",
    404: "This page does not exist",
    405: "This page cannot be asked in this way",
    409: "It contradicts what is stored",
    413: "This is too large",
    429: "Too many requests",
    500: "Something went wrong on the server",
    503: "The server cannot do this now",
}
