"""Switching between workspaces: a session may hold keys of several, and uses one of them at a time."""

from __future__ import annotations

from starlette.requests import Request

from horarium.api.kit.keys import identify
from horarium.api.web import Answer
from horarium.console import session as sessions
from horarium.console.base import Pages, visitor_of
from horarium.console.rendering import BASE, path_to, redirect
from horarium.console.session import Session
from horarium.domain.errors import Forbidden, Invalid, Problem, Unauthorized
from horarium.domain.tenancy import Identity


class SwitchPages(Pages):
    async def show(self, request: Request) -> Answer:
        await self.who(request)
        return await self._shown(request)

    async def switch(self, request: Request) -> Answer:
        """Go on with another key of the session. Raises Invalid."""
        _, form = await self.sent(request)
        session = visitor_of(request).session
        place = form.text("place")
        if not place.isdecimal() or int(place[:4]) >= len(session.others):
            raise Invalid(Problem("place", "must be one of the workspaces of this session"))
        return self._with(request, sessions.added(session, session.others[int(place[:4])]))

    async def add(self, request: Request) -> Answer:
        """Sign in with a further key, and go on with it. A wrong one is answered as at the first sign-in."""
        _, form = await self.sent(request)
        session, key = visitor_of(request).session, form.text("key")
        try:
            await identify(request, self.services, key)
        except (Unauthorized, Forbidden) as error:
            return await self._shown(request, str(error) if key else "paste an API key")
        return self._with(request, sessions.added(session, key))

    async def _shown(self, request: Request, wrong: str | None = None) -> Answer:
        others = [await self._identity(request, key) for key in visitor_of(request).session.others]
        return self.page(request, "switch.html", 200 if wrong is None else 403, others=others, wrong=wrong)

    async def _identity(self, request: Request, key: str) -> Identity | None:
        """Who a key of the session belongs to; None where it is not valid any more, or not from here."""
        try:
            return await self.services.identities.resolve(
                key, None if request.client is None else request.client.host
            )
        except (Unauthorized, Forbidden):
            return None

    def _with(self, request: Request, session: Session) -> Answer:
        """Lead to the first page in the session as it is now. It lasts no longer than before."""
        left_s = max(1, (session.since_ms + sessions.LASTS_MS - self.now_ms()) // 1000)
        sealed = sessions.sealed(session, self.services.vault)
        cookie = sessions.cookie(sessions.COOKIE, sealed, left_s, self.secure(request), BASE)
        return redirect(path_to(), [cookie])
