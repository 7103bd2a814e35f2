"""Signing in with an API key, signing out, and how the pages look: light or dark."""

from __future__ import annotations

from starlette.requests import Request

from horarium.api.kit.keys import identify
from horarium.api.web import Answer
from horarium.console import session as sessions
from horarium.console.base import THEME_COOKIE, THEMES, Pages, safe_path
from horarium.console.forms import read_form, refuse_foreign
from horarium.console.rendering import BASE, path_to, redirect
from horarium.domain.errors import Forbidden, Unauthorized

YEAR_S = 365 * 86_400


class SignInPages(Pages):
    async def show(self, request: Request) -> Answer:
        query = request.query_params
        ended = "Your session has ended. Sign in again." if query.get("ended") else None
        return self.page(request, "sign_in.html", next=query.get("next", "")[:2_000], said=ended, wrong=None)

    async def sign_in(self, request: Request) -> Answer:
        """Begin a session with a key that is valid. A wrong one is answered later and later, as by the API."""
        refuse_foreign(request, self.services.settings.public_url)
        form = await read_form(request)
        key = form.text("key")
        try:
            await identify(request, self.services, key)
        except (Unauthorized, Forbidden) as error:
            wrong = str(error) if key else "paste an API key"
            shown = {"next": form.text("next")[:2_000], "said": None, "wrong": wrong}
            return self.page(request, "sign_in.html", 403, **shown)
        session = sessions.begin(key, self.now_ms())
        sealed = sessions.sealed(session, self.services.vault)
        lasts_s = sessions.LASTS_MS // 1000
        cookie = sessions.cookie(sessions.COOKIE, sealed, lasts_s, self.secure(request), BASE)
        return redirect(safe_path(form.given("next")), [cookie])

    async def sign_out(self, request: Request) -> Answer:
        await self.sent(request)
        gone = sessions.cookie(sessions.COOKIE, "", 0, self.secure(request), BASE)
        return redirect(path_to("sign-in"), [gone])

    async def choose_theme(self, request: Request) -> Answer:
        _, form = await self.sent(request)
        theme = form.text("theme")
        if theme not in THEMES:
            theme = "auto"
        cookie = sessions.cookie(THEME_COOKIE, theme, YEAR_S, self.secure(request), BASE)
        return redirect(safe_path(form.given("back")), [cookie])
