"""All use cases work on what they are given, and on the settings of their server."""

from types import SimpleNamespace
from typing import Any, cast

from horarium.domain.refused_hosts import RefusedHosts
from horarium.service.allowed_hosts import AllowedHosts
from horarium.service.services import make_services
from horarium.settings import Settings
from horarium.store.vault import Vault, new_key
from tests.support.house import HandClock
from tests.support.inline_store import InlineSqliteStore


async def test_each_use_case_has_the_settings_of_its_server_and_what_is_shared() -> None:
    clock, vault = HandClock(0), Vault([new_key()])
    store = InlineSqliteStore(clock.now_ms)
    executors, sources, post = cast("Any", ({"echo": object()}, {"listed": object()}, SimpleNamespace()))
    lists, refused = AllowedHosts(store), RefusedHosts()

    def merge(*_: Any) -> dict[str, Any]:
        return {}

    def keep(*_: Any) -> tuple[Any, None]:
        return None, None

    settings = Settings(
        rate_limit=7.0, response_limit=77, event_streams=777, public_url="https://h.example", port=1
    )
    made = make_services(
        store, vault, executors, clock, settings, merge, keep, sources, lists, refused, post=post
    )
    assert (made.rates.limit, made.runs.output_limit, made.events.most_streams) == (7.0, 77, 777)
    assert made.sent_requests.callback_base == settings.reached_at
    assert made.tenancy.allowed_hosts is lists
    assert made.audit.refused_hosts is refused
    assert made.schedules.rates is made.actions.rates is made.rates
    assert made.targets.merge_secrets is made.audiences.merge_secrets is merge
    assert made.runs.keep_answer is keep
    assert made.audiences.sources is sources
    assert made.targets.executors is made.tried_calls.executors is made.sent_requests.executors is executors
    for one in (made.tenancy, made.targets, made.purges):
        assert one.identities is made.identities
    for other in (made.events, made.webhooks):
        assert other.recording is made.recording
    assert made.webhooks.post is post
    await store.close()
