"""How much each API key may ask of this process: a token bucket for each key, paid in units of cost.

A unit is about what a simple read costs the server. What a request costs beyond that is known only when it has been
done (the lines of a bulk request, the fires of a backfill). It is charged then, and the bucket may fall below zero: the
next request waits for it. What targets send as callbacks of runs carries no key and is never counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from horarium.domain.errors import RateLimited
from horarium.domain.ids import Id
from horarium.domain.tenancy import Identity
from horarium.service.clock import Clock

# Units that requests cost.
READ, WRITE = 1.0, 2.0
# Each line of a bulk request, each item of an import, each time of a preview (and each slot that a backfill or its dry
# run finds), each fire of a backfill, each event that is sent to a webhook once more.
BULK_LINE, IMPORT_ITEM, PREVIEWED_TIME, BACKFILLED_FIRE, REPLAYED_EVENT = 0.5, 0.25, 0.1, 1.0, 0.1
# Each step of a dry run of an action, which looks at as many rows as a page of a list.
COUNTED_PAGE = READ
# A preview of an audience, which asks a database, an address or the directory.
AUDIENCE = 50.0
# A call of a target that is tried out, for which a connection of the server waits.
TRIED_CALL = 20.0
# A key never owes more than it gains in this time, in seconds.
MOST_DEBT_S = 60.0
# For how many keys buckets are kept.
KEPT = 10_000


@dataclass(slots=True, eq=False)
class Allowance:
    """The bucket of a key: how many units are left of those of one second (`limit`), as of an instant (ms). The buckets
    of two keys are never the same, however much is left in them.

    `burst`: the most units that it can have, which are those of one second.
    """

    limit: float
    left: float
    at_ms: int
    burst: float = field(init=False)

    def __post_init__(self) -> None:
        self.burst = max(self.limit, 1.0)

    def refill(self, now: int) -> None:
        """Add what the key has gained since the last time."""
        gained = max(0, now - self.at_ms) * self.limit / 1000
        self.left, self.at_ms = min(self.burst, self.left + gained), now

    def headers(self) -> list[tuple[bytes, bytes]]:
        """What callers are told, in the fields of the IETF's draft "RateLimit header fields for HTTP"."""
        left = max(0, int(self.left))
        until_full = -int((self.left - self.burst) // self.limit)  # seconds, rounded up
        return [
            (b"ratelimit-policy", b'"key";q=%d;w=1' % int(self.burst)),
            (b"ratelimit", b'"key";r=%d;t=%d' % (left, until_full)),
        ]


@dataclass(slots=True)
class Rates:
    """`limit` is how many units a second each key may ask of this process; 0 means without limit."""

    clock: Clock
    limit: float = 0.0
    _allowances: dict[Id, Allowance] = field(default_factory=dict)

    def allowance(self, who: Identity) -> Allowance | None:
        """The bucket of a key as it is now; None if there is no limit."""
        if not self.limit:
            return None
        now = self.clock.now_ms()
        found = self._allowances.get(who.key_id)
        if found is None:
            if len(self._allowances) >= KEPT:
                self._forget_full(now)
            found = self._allowances[who.key_id] = Allowance(self.limit, max(self.limit, 1.0), now)
        else:
            found.refill(now)
        return found

    def charge(self, who: Identity, cost: float) -> None:
        """Count something that is about to be done. Raises RateLimited if not enough is left for it."""
        found = self.allowance(who)
        if found is not None:
            self.take(found, cost)

    def take(self, found: Allowance, cost: float) -> None:
        """The same, of a bucket that has been asked for."""
        wanted = min(cost, found.burst)
        if found.left < wanted:
            wait = int((wanted - found.left) / self.limit * 1000) + 1
            raise RateLimited(
                f"this key has used up its rate limit of {self.limit:g} units a second (a read costs {READ:g}, a write "
                f"{WRITE:g}); try again in {wait} ms. The server's setting rate_limit changes it",
                wait,
            )
        found.left -= cost

    def spend(self, who: Identity, cost: float) -> None:
        """Count something that has been done. The bucket may fall below zero."""
        found = self.allowance(who)
        if found is not None:
            found.left = max(found.left - cost, -MOST_DEBT_S * self.limit)

    def _forget_full(self, now: int) -> None:
        """Forget the keys that have not asked for a while; if all have, forget all."""
        for allowance in self._allowances.values():
            allowance.refill(now)
        kept = {key: found for key, found in self._allowances.items() if found.left < found.burst}
        self._allowances = kept if len(kept) < KEPT else {}
