"""Keys, and the people and services that they belong to: made with scopes and grants in words, and revoked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from horarium.api.fields import Query, path_id
from horarium.api.web import Answer
from horarium.console.base import Pages
from horarium.console.forms import Form, labels_in, placed
from horarium.console.rendering import path_to, redirect
from horarium.console.scope_words import (
    grants_in_words,
    restriction_in_words,
    scopes_in_words,
    scopes_to_give,
)
from horarium.domain.errors import Invalid, NotFound, Problem
from horarium.domain.ids import LOWEST_ID, Id, from_prefixed, prefixed
from horarium.domain.listings import TargetListing
from horarium.domain.restrictions import Restriction
from horarium.domain.target import Target
from horarium.domain.tenancy import EVERY_TARGET, Identity, Key, Principal, PrincipalType
from horarium.service.pages import Page, cursor_from, cursor_text
from horarium.service.tenancy import ADMIN

PAGE = 50
# Principals and targets that forms offer.
OFFERED = 200
DAY_MS = 86_400_000
# For how long a new key may be valid, in days; an empty text stands for no end.
LASTING = (
    ("", "until it is revoked"),
    ("1", "1 day"),
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "1 year"),
)
_TYPES = (PrincipalType.SERVICE.value, PrincipalType.PERSON.value)
_KEY_FIELDS = frozenset(("name", "principal", "scopes", "expires_at", "targets", "labels", "networks"))
_PRINCIPAL_FIELDS = frozenset(("name", "type", "email", "grants"))


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key with what it may do in words, and its state: active, revoked or expired."""

    key: Key
    principal: Principal | None
    scopes: list[str]
    restricted: list[str]
    state: str


class KeyPages(Pages):
    async def list(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        query = Query(request)
        cursor = query.text("cursor")
        query.done()
        found = await self.services.tenancy.list_keys(who, _after(cursor), PAGE)
        people = await self._principals(who)
        return self.page(
            request,
            "keys.html",
            keys=await self._shown(who, found, people),
            people=people.items,
            more_people=people.next is not None,
            later=None if found.next is None else path_to("keys", cursor=cursor_text(found.next)),
        )

    async def new(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        return await self._form(
            request, who, Form([("principal", request.query_params.get("principal", ""))])
        )

    async def create(self, request: Request) -> Answer:
        """Make a key. Its text is shown on the page that answers, and never again."""
        who, form = await self.sent(request, ADMIN)
        try:
            issued = await self.services.tenancy.create_key(
                who,
                form.text("name"),
                form.texts("scopes"),
                _principal_in(form),
                _end_in(form, self.now_ms()),
                _restriction_in(form),
            )
        except Invalid as error:
            return await self._form(request, who, form, error)
        people = await self._principals(who, issued.key.principal_id)
        (shown,) = await self._shown(who, Page([issued.key]), people)
        granted = await self._granted(who, issued.key.principal_id)
        return self.page(request, "key_made.html", 201, issued=issued, shown=shown, granted=granted)

    async def ask_to_revoke(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        key = await self.services.tenancy.get_key(who, path_id(request, "key", "key"))
        return self.ask(
            request,
            f"Revoke {key.name}",
            f"The key that ends in {key.hint} stops working at once, and so do sessions of the console that were "
            "begun with it. This cannot be undone.",
            path_to("keys", prefixed("key", key.id), "revoke"),
            "Revoke",
            path_to("keys"),
        )

    async def revoke(self, request: Request) -> Answer:
        who, _ = await self.sent(request, ADMIN)
        await self.services.tenancy.revoke_key(who, path_id(request, "key", "key"))
        return redirect(path_to("keys", done="revoked"))

    async def new_principal(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        return await self._principal_form(request, who, Form([("type", _TYPES[0])]))

    async def create_principal(self, request: Request) -> Answer:
        who, form = await self.sent(request, ADMIN)
        kind = form.text("type")
        try:
            made = await self.services.tenancy.create_principal(
                who,
                form.text("name"),
                PrincipalType(kind) if kind in _TYPES else PrincipalType.SERVICE,
                form.given("email"),
                _targets_in(form, "grants"),
            )
        except Invalid as error:
            return await self._principal_form(request, who, form, error)
        return redirect(path_to("principals", prefixed("prn", made.id), done="created"))

    async def show_principal(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        principal = await self.services.tenancy.get_principal(who, _principal_id(request))
        granted = await self.services.tenancy.list_grants(who, principal.id)
        offered = await self._offered(who)
        named = await self.services.targets.named(who.workspace_id, set(granted))
        return self.page(
            request,
            "principal.html",
            principal=principal,
            granted=granted,
            every=EVERY_TARGET,
            named=named,
            offered=[target for target in offered if target.id not in granted],
            words=grants_in_words(granted, named),
        )

    async def change_grants(self, request: Request) -> Answer:
        """Give the grants that a form names, or take the one that it names away."""
        who, form = await self.sent(request, ADMIN)
        principal_id = _principal_id(request)
        if (gone := form.given("remove")) is not None:
            (target_id,) = _targets_named([gone], "remove")
            await self.services.tenancy.remove_grant(who, principal_id, target_id)
        else:
            await self.services.tenancy.add_grants(who, principal_id, _targets_in(form, "grants"))
        return redirect(path_to("principals", prefixed("prn", principal_id), done="saved"))

    async def ask_to_delete(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        principal = await self.services.tenancy.get_principal(who, _principal_id(request))
        place = path_to("principals", prefixed("prn", principal.id))
        return self.ask(
            request,
            f"Delete {principal.name}",
            "All keys of it stop working at once. The schedules that it has made stay. This cannot be undone.",
            f"{place}/delete",
            "Delete",
            place,
        )

    async def delete_principal(self, request: Request) -> Answer:
        who, _ = await self.sent(request, ADMIN)
        await self.services.tenancy.delete_principal(who, _principal_id(request))
        return redirect(path_to("keys", done="removed"))

    async def _form(
        self, request: Request, who: Identity, form: Form, error: Invalid | None = None
    ) -> Answer:
        people = await self._principals(who, from_prefixed("prn", form.text("principal")))
        problems, others = placed(error, _KEY_FIELDS)
        granted = {
            principal.id: await self._granted(who, principal.id)
            for principal in people.items
            if form.text("principal") == prefixed("prn", principal.id)
        }
        return self.page(
            request,
            "key_new.html",
            200 if error is None else 400,
            form=form,
            problems=problems,
            others=others,
            people=people.items,
            granted=granted,
            scopes=scopes_to_give(who),
            targets=await self._offered(who),
            lasting=LASTING,
        )

    async def _principal_form(
        self, request: Request, who: Identity, form: Form, error: Invalid | None = None
    ) -> Answer:
        problems, others = placed(error, _PRINCIPAL_FIELDS)
        return self.page(
            request,
            "principal_new.html",
            200 if error is None else 400,
            form=form,
            problems=problems,
            others=others,
            types=_TYPES,
            targets=await self._offered(who),
        )

    async def _principals(self, who: Identity, chosen: Id | None = None) -> Page[Principal]:
        """The principals that a page names, and the `chosen` one, wherever it is among them."""
        found = await self.services.tenancy.list_principals(who, LOWEST_ID, OFFERED)
        if chosen is None or any(principal.id == chosen for principal in found.items):
            return found
        try:
            return Page([*found.items, await self.services.tenancy.get_principal(who, chosen)], found.next)
        except NotFound:
            return found

    async def _shown(self, who: Identity, found: Page[Key], people: Page[Principal]) -> Iterable[ShownKey]:
        by_id = {principal.id: principal for principal in people.items}
        ids = {target for key in found.items for target in key.restriction.targets}
        targets = await self.services.targets.named(who.workspace_id, ids) if ids else {}
        now = self.now_ms()
        return [
            ShownKey(
                key,
                by_id.get(key.principal_id),
                scopes_in_words(key.scopes),
                restriction_in_words(key.restriction, targets),
                _state(key, now),
            )
            for key in found.items
        ]

    async def _granted(self, who: Identity, principal_id: Id) -> str:
        granted = await self.services.tenancy.list_grants(who, principal_id)
        targets = await self.services.targets.named(who.workspace_id, set(granted)) if granted else {}
        return grants_in_words(granted, targets)

    async def _offered(self, who: Identity) -> Sequence[Target]:
        """The targets that a form offers: as many as fit, where the key may see targets."""
        if not who.may("targets:read"):
            return ()
        found = await self.services.targets.list(who, TargetListing(who.workspace_id, OFFERED))
        return found.items


def _state(key: Key, now_ms: int) -> str:
    if key.revoked_ms is not None:
        return "revoked"
    return "expired" if key.expires_ms is not None and key.expires_ms <= now_ms else "active"


def _after(cursor: str | None) -> Id:
    return LOWEST_ID if cursor is None else cursor_from(cursor)


def _principal_id(request: Request) -> Id:
    return path_id(request, "prn", "principal")


def _principal_in(form: Form) -> Id | None:
    """Whom a key is for; None stands for who makes it. Raises Invalid."""
    given = form.given("principal")
    if given is None:
        return None
    found: Id | None = from_prefixed("prn", given)
    if found is None:
        raise Invalid(Problem("principal", "must be one of the list", "unknown"))
    return found


def _end_in(form: Form, now_ms: int) -> int | None:
    """When a key ends, in milliseconds. Raises Invalid."""
    given = form.text("expires_at")
    if given not in dict(LASTING):
        raise Invalid(Problem("expires_at", "must be one of the list"))
    return now_ms + int(given) * DAY_MS if given else None


def _targets_in(form: Form, field: str) -> list[Id]:
    """The targets that a form has chosen, EVERY_TARGET for all. Raises Invalid."""
    return _targets_named(form.texts(field), field)


def _targets_named(given: Iterable[str], field: str) -> list[Id]:
    found: list[Id] = []
    for each in given:
        target_id = EVERY_TARGET if each == "*" else from_prefixed("tgt", each)
        if target_id is None:
            raise Invalid(Problem(field, "names a target that does not exist in this workspace", "unknown"))
        found.append(target_id)
    return found


def _restriction_in(form: Form) -> Restriction | None:
    """What a form restricts a key to; None where it says nothing of it. Raises Invalid."""
    targets = _targets_in(form, "targets")
    labels, networks = labels_in(form, "labels"), form.lines("networks")
    if not (targets or labels or networks):
        return None
    return Restriction(tuple(targets), labels, tuple(networks))
