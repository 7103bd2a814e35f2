"""Who sends a request: the API key, in whichever of the ways that an API accepts."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from functools import partial
from typing import Literal

from starlette.requests import Request

from horarium.api.bodies import STILL, WORKSPACE
from horarium.api.connections import counted_as
from horarium.api.web import ALLOWANCES, REFUSED, request_id
from horarium.domain.audit import Actor
from horarium.domain.errors import Invalid, NotFound, Problem, Unauthorized
from horarium.domain.ids import from_prefixed
from horarium.domain.tenancy import Identity
from horarium.service.facts import shared_id
from horarium.service.identity import WrongNetwork
from horarium.service.rates import READ, WRITE
from horarium.service.services import Services
from horarium.service.trail import act_as

# How a key is sent: `Authorization: Bearer KEY`, `Authorization: KEY`, in the header of that name, or as the password
# that a browser has asked for.
Scheme = Literal["bearer", "raw", "x-api-key", "cf-access-jwt-assertion", "basic"]
# The header by which a server administrator acts in another workspace.
ACT_IN = "Horarium-Workspace"
# A key that was found so short a time ago is not looked up again for the same request, unless this process has heard of
# a change of any key.
FOUND_JUST_NOW_MS = 100
_OWN_HEADERS = ("x-api-key", "cf-access-jwt-assertion")


async def authenticate(
    request: Request, services: Services, schemes: Sequence[Scheme], scope: str | None = None
) -> Identity:
    """Who sends a request, once it is sure that their key carries `scope`. The audit log is told as well.

    Raises Unauthorized, Forbidden, RateLimited.
    """
    identity = await identify(request, services, presented_key(request, schemes))
    if scope is not None:
        identity.require(scope)
    return identity


async def identify(request: Request, services: Services, presented: str | None) -> Identity:
    """As `authenticate`, for a key that was found in the request, whatever its scopes."""
    client = request.scope.get("client")
    address = None if client is None else client[0]
    identities, clock = services.identities, services.clock
    forgotten, found_ms = identities.forgotten, clock.now_ms()
    try:
        identity = await identities.resolve(presented, address)
    except Unauthorized:
        if presented:
            await services.wrong_keys.slow_down(counted_as(client))
        raise
    except WrongNetwork as error:
        _tell_audit(request, services, error.identity)
        raise
    _tell_audit(request, services, identity)
    elsewhere = request.headers.get(ACT_IN)
    if elsewhere is not None:
        identity = await _acting(services, identity, elsewhere)
        _tell_audit(request, services, identity)

    async def follow() -> None:
        if identities.forgotten == forgotten and clock.now_ms() - found_ms < FOUND_JUST_NOW_MS:
            return
        now = await identities.resolve(presented, address)
        identity.follow(now if elsewhere is None else await _acting(services, now, elsewhere))

    request.scope[STILL] = follow
    allowance = services.rates.allowance(identity)
    # A request is counted once, also where a gate has asked for the same key before the route does.
    if allowance is not None and allowance not in request.scope[ALLOWANCES]:
        request.scope[ALLOWANCES].append(allowance)
        services.rates.take(allowance, READ if request.method in ("GET", "HEAD") else WRITE)
    return identity


async def _acting(services: Services, identity: Identity, workspace: str) -> Identity:
    """The identity that acts in the workspace which a request names. Raises Forbidden, and Invalid where there is none
    with this id."""
    found = from_prefixed("ws", workspace.strip())
    if found is None:
        raise Invalid(
            Problem(ACT_IN, "must be the id of a workspace, such as ws_01J..., and not its slug", "header")
        )
    try:
        return await services.identities.acting_in(identity, found)
    except NotFound:
        raise Invalid(
            Problem(ACT_IN, "names a workspace that does not exist, or was deleted", "unknown")
        ) from None


def _tell_audit(request: Request, services: Services, identity: Identity) -> None:
    """Note who acts from now on, and where a refusal of this request is recorded."""
    client = request.scope.get("client")
    address = None if client is None else client[0]
    act_as(Actor(identity.principal_id, identity.key_id, address, request_id(request.scope)))
    request.scope[WORKSPACE]["id"] = shared_id("ws", identity.workspace_id)
    request.scope[REFUSED] = partial(services.audit.refused, identity.workspace_id)


def presented_key(request: Request, schemes: Sequence[Scheme]) -> str | None:
    """The key that a request carries in one of the ways, the first that fits; None where it carries none.

    Raises Unauthorized for an Authorization header of another form, if the key does not stand elsewhere.
    """
    header = request.headers.get("authorization", "").strip()
    word, _, rest = header.partition(" ")
    for scheme in schemes:
        if scheme == "bearer" and word.lower() == "bearer":
            return rest.strip()
        if scheme == "basic" and word.lower() == "basic":
            return _password(rest)
        if scheme == "raw" and header:
            return header
        if scheme in _OWN_HEADERS and (key := request.headers.get(scheme)):
            return key.strip()
    if header:
        raise Unauthorized("the Authorization header must read: Bearer, a space, and an API key")
    return None


def _password(credentials: str) -> str:
    """The password in the credentials of HTTP Basic. What cannot be read is the password of nobody."""
    try:
        return b64decode(credentials, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
