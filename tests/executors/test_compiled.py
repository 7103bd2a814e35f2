"""What is worked out of a target's configuration is used until the target has another one, and no longer."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.domain.events import Event
from horarium.domain.execution import WatchedTarget
from horarium.domain.ids import derived_id, prefixed
from horarium.domain.webhooks import Parcel
from horarium.executors import compiled as module
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.event_post import SignedEventPost
from horarium.executors.http import HttpExecutor, make
from horarium.executors.options import ExecutorOptions
from horarium.executors.signing import new_secret, rotated, signature, signer_of
from tests.executors.calls import NOW_MS, RUN_ID, call_of
from tests.support.receiver import Receiver

CONFIG, SECRETS = {"url": "https://a.example", "headers": {"A": "1"}}, {"headers": {"B": "2"}}
OPTIONS = ExecutorOptions(allow_loopback=True)
OLD, OTHER = new_secret(), new_secret()
# An old secret that signs for a second more.
END_MS = NOW_MS + 1_000
KEPT = rotated([OLD], False, END_MS).secrets


@pytest.mark.parametrize(
    ("config", "secrets", "other_target", "again"),
    [
        ({"url": "https://a.example", "headers": {"A": "1"}}, {"headers": {"B": "2"}}, False, False),
        ({"url": "https://b.example", "headers": {"A": "1"}}, SECRETS, False, True),
        ({"url": "https://a.example", "headers": {"A": "2"}}, SECRETS, False, True),
        (CONFIG, {"headers": {"B": "3"}}, False, True),
        (CONFIG, {}, False, True),
        (CONFIG, SECRETS, True, True),
    ],
)
def test_a_configuration_is_compiled_once_for_a_target_and_again_where_any_of_it_has_changed(
    config: Any, secrets: Any, other_target: bool, again: bool
) -> None:
    configs = CompiledConfigs(lambda *given: [given])
    first = configs.of(call_of(CONFIG, SECRETS))
    target = derived_id(9, b"other") if other_target else call_of(CONFIG).target_id
    then = configs.of(call_of(config, secrets, target_id=target))
    assert (then is not first, then) == (again, [(config, secrets)])
    assert configs.of_watched(WatchedTarget(target, b"w" * 16, config, secrets)) is then
    assert (configs.of(call_of(CONFIG, SECRETS)) is first) == (other_target or not again)


def test_a_configuration_in_which_a_number_has_become_true_is_compiled_again() -> None:
    configs = CompiledConfigs(lambda config, secrets: config)
    for body in (1, True, 1.0):
        assert str(configs.of(call_of({"body": {"a": body}}))) == str({"body": {"a": body}})


def test_a_configuration_that_could_not_be_compiled_is_tried_again_and_what_was_known_stays() -> None:
    configs = CompiledConfigs(lambda config, secrets: [config["url"]])
    first = configs.of(call_of(CONFIG))
    for _ in range(2):
        with pytest.raises(BrokenConfiguration):
            configs.of(call_of({}))
    assert configs.of(call_of(CONFIG)) is first


@pytest.mark.parametrize(("most", "kept"), [(3, True), (2, False)])
def test_no_more_configurations_are_kept_than_a_bound(
    monkeypatch: pytest.MonkeyPatch, most: int, kept: bool
) -> None:
    monkeypatch.setattr(module, "_MOST", most)
    configs = CompiledConfigs(lambda *given: [given])
    calls = [call_of(CONFIG, target_id=derived_id(number, b"target")) for number in range(3)]
    found = [configs.of(call) for call in calls]
    assert (configs.of(calls[0]) is found[0]) == kept


@pytest.mark.parametrize(
    ("secrets", "now_ms", "signs"),
    [
        ([OLD], NOW_MS, [OLD]),
        ([OTHER], NOW_MS, [OTHER]),
        (KEPT, END_MS - 1, [KEPT[0], OLD]),
        (KEPT, END_MS, [KEPT[0]]),
    ],
)
@pytest.mark.parametrize("to", ["a target", "a webhook"])
async def test_what_is_sent_is_signed_with_the_secrets_of_that_instant_whatever_was_sent_before(
    receiver: Receiver, to: str, secrets: list[str], now_ms: int, signs: list[str]
) -> None:
    sender = make(OPTIONS) if to == "a target" else SignedEventPost(OPTIONS)
    before = [([OLD], NOW_MS), (secrets, NOW_MS)]
    for given, at_ms in (*before, (secrets, now_ms)):
        await send(sender, receiver, given, at_ms)
    await sender.close()
    request = receiver.requests[-1]
    an_id = prefixed("run", RUN_ID) if to == "a target" else prefixed("evt", RUN_ID)
    expected = signature([signer_of(one) for one in signs], an_id, now_ms // 1000, request.body)
    assert request.headers["webhook-signature"] == expected


async def send(sender: Any, receiver: Receiver, secrets: list[str], now_ms: int) -> None:
    if isinstance(sender, HttpExecutor):
        config, sealed = {"url": receiver.url("/hook")}, {"signing_secret": secrets}
        await sender.execute(call_of(config, sealed, now_ms=now_ms))
        return
    event = Event(1, RUN_ID, "fire.started", None, NOW_MS, NOW_MS, "{}")
    await sender.send(Parcel(b"w" * 16, b"h" * 16, receiver.url("/hook"), secrets, event, 1, now_ms))


def test_large_configurations_are_remembered_up_to_a_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 100_000)
    configs = CompiledConfigs(lambda *given: [given])
    large = {"url": "https://a.example", "body": "x" * 10_000}
    for number in range(20):
        call = call_of(large, SECRETS, target_id=derived_id(9, bytes([number])))
        assert configs.of(call) is configs.of(call)
        assert len(configs._compiled) <= 4
