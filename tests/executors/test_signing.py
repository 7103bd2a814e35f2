from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from horarium.executors.signing import key_of, new_secret, rotated, signature


def headers(secrets: list[str], body: bytes, timestamp: int) -> dict[str, str]:
    signed = signature([key_of(secret) for secret in secrets], "run_1", timestamp, body)
    return {"webhook-id": "run_1", "webhook-timestamp": str(timestamp), "webhook-signature": signed}


def test_the_reference_library_accepts_our_signatures() -> None:
    secret, body = new_secret(), b'{"a": "\xc3\xa4"}'
    now = int(datetime.now(tz=UTC).timestamp())
    assert Webhook(secret).verify(body, headers([secret], body, now)) == {"a": "ä"}


def test_while_a_secret_is_replaced_both_verify() -> None:
    old, new, body = new_secret(), new_secret(), b"{}"
    now = int(datetime.now(tz=UTC).timestamp())
    both = headers([new, old], body, now)
    assert len(both["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        Webhook(secret).verify(body, both)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_short",
        "whsec_" + b64encode(b"x" * 23).decode(),
        "whsec_" + "é" * 40,
        "whsec_" + b64encode(b"x" * 65).decode(),
    ],
)
def test_a_secret_of_a_wrong_form_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        key_of(secret)


def test_secrets_are_made_anew_each_time() -> None:
    assert new_secret() != new_secret()
    assert len(key_of(new_secret())) == 32


def test_rotating_puts_a_new_secret_first_and_keeps_the_newest_of_the_old() -> None:
    first = new_secret()
    second = rotated(first)
    third = rotated(second)
    assert second[1] == first
    assert third[1] == second[0]
    assert len({first, second[0], third[0]}) == 3
