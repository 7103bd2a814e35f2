from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook

from horarium.executors.signing import (
    bare,
    key_of,
    new_secret,
    public_keys,
    random_part,
    rotated,
    signature,
    signer_of,
)


def headers(secrets: list[str], body: bytes, timestamp: int) -> dict[str, str]:
    signed = signature([signer_of(secret) for secret in secrets], "run_1", timestamp, body)
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


def test_rotating_puts_a_new_secret_first_and_keeps_the_newest_of_the_old_until_its_end() -> None:
    first, until = new_secret(), 1_800_000_000_000
    second = rotated([first], False, until)
    assert second.secrets == [second.shown, f"{first};until=2027-01-15T08:00:00Z"]
    third = rotated(second.secrets, False, until + 1000)
    assert third.secrets == [third.shown, f"{second.shown};until=2027-01-15T08:00:01Z"]
    alone = rotated(third.secrets, False, None)
    assert alone.secrets == [alone.shown]
    assert len({first, second.shown, third.shown, alone.shown}) == 4


@pytest.mark.parametrize("ed25519", [False, True])
def test_a_secret_with_an_end_is_the_same_secret(ed25519: bool) -> None:
    secret = new_secret(ed25519)
    ends = f"{secret};until=2027-01-15T08:00:00Z"
    assert bare(ends) == secret
    assert random_part(ends) == random_part(secret)
    assert public_keys(ends) == public_keys([ends]) == public_keys(secret)
    assert public_keys([ends, secret]) == public_keys(secret) * 2
    assert signer_of(ends).sign(b"a") == signer_of(secret).sign(b"a")
    assert rotated([ends], ed25519, 0).secrets[1] == f"{secret};until=1970-01-01T00:00:00Z"


def test_an_old_secret_signs_until_its_end_and_not_from_then_on() -> None:
    old, until, body = new_secret(), 1_800_000_000, b"{}"
    both = rotated([old], False, until * 1000).secrets
    before = signature([signer_of(secret) for secret in both], "run_1", until - 1, body)
    after = signature([signer_of(secret) for secret in both], "run_1", until, body)
    assert before.split(" ")[1] == signature([signer_of(old)], "run_1", until - 1, body)
    assert after == signature([signer_of(both[0])], "run_1", until, body)


def verifies(public: str, signed: str, content: bytes) -> bool:
    """As a receiver does it by the words of the standard, with what it was given."""
    assert public.startswith("whpk_")
    version, _, given = signed.partition(",")
    try:
        Ed25519PublicKey.from_public_bytes(b64decode(public[5:])).verify(b64decode(given), content)
    except InvalidSignature:
        return False
    return version == "v1a"


def test_an_ed25519_signature_is_verified_with_the_public_key_alone() -> None:
    rotation = rotated([new_secret()], True, None)
    assert rotation.shown is None
    (public,) = rotation.verification_keys
    signed = signature([signer_of(rotation.secrets[0])], "run_1", 5, b"body")
    assert verifies(public, signed, b"run_1.5.body")
    assert not verifies(public, signed, b"run_1.5.other")
    assert not verifies(public_keys(new_secret(ed25519=True))[0], signed, b"run_1.5.body")


def test_the_function_of_the_page_on_signatures_tells_what_is_signed_with_ed25519() -> None:
    page = (Path(__file__).parents[2] / "docs" / "signatures.md").read_text("utf-8")
    (code,) = (
        block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def is_signed" in block
    )
    told: dict[str, Any] = {}
    exec(code, told)
    rotation = rotated([new_secret()], True, 2**41)
    (public,) = rotation.verification_keys
    sent = headers([*rotation.secrets], b"{}", 5)
    assert told["is_signed"](b"{}", sent, public)
    assert not told["is_signed"](b"{ }", sent, public)
    assert not told["is_signed"](b"{}", {**sent, "webhook-timestamp": "6"}, public)
    assert not told["is_signed"](b"{}", sent, public_keys(new_secret(ed25519=True))[0])


def test_the_signature_of_a_known_key_is_the_one_of_rfc_8032() -> None:
    # The first test vector of RFC 8032 (section 7.1): its key signs an empty message so.
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    expected = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    secret = "whsk_" + b64encode(seed).decode()
    assert signer_of(secret).sign(b"") == "v1a," + b64encode(expected).decode()
    with_public = "whsk_" + b64encode(seed + b64decode(public_keys(secret)[0][5:])).decode()
    assert signer_of(with_public).sign(b"") == signer_of(secret).sign(b"")


def test_while_one_kind_replaces_the_other_both_verify() -> None:
    old, body = new_secret(), b"{}"
    now = int(datetime.now(tz=UTC).timestamp())
    rotation = rotated([old], True, (now + 60) * 1000)
    both = headers(list(rotation.secrets), body, now)
    assert [each[:3] for each in both["webhook-signature"].split(" ")] == ["v1a", "v1,"]
    Webhook(old).verify(body, both)


@pytest.mark.parametrize(
    "secret",
    ["whsk_", "whsk_" + b64encode(b"x" * 31).decode(), f"{new_secret()};until=soon"],
    ids=["nothing", "too short", "until soon"],
)
def test_a_private_key_or_an_end_of_a_wrong_form_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        signer_of(secret)
