from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import prefixed
from horarium.domain.run import Missed
from horarium.executors.http import HttpExecutor, make, retry_after_ms
from horarium.executors.options import ExecutorOptions
from horarium.executors.signing import key_of, new_secret, public_keys, signature, signer_of
from tests.executors.calls import NOW_MS, RUN_ID, call_of, stored_call
from tests.support.receiver import Answer, Drip, Flood, Received, Receiver, Reset, Truncated

RUN = prefixed("run", RUN_ID)
SLOT = "2026-03-08T13:00:00Z"


@pytest.fixture
async def executor() -> AsyncIterator[HttpExecutor]:
    made = make(ExecutorOptions(allow_loopback=True, public_url="https://horarium.example/"))
    yield made
    await made.close()


async def post(
    executor: HttpExecutor, receiver: Receiver, config: dict[str, Any] | None = None, **changes: Any
) -> Outcome:
    call = stored_call(executor, {"url": receiver.url("/hook"), **(config or {})}, **changes)
    return await executor.execute(call)


async def sent(
    executor: HttpExecutor, receiver: Receiver, config: dict[str, Any] | None = None, **changes: Any
) -> Received:
    outcome = await post(executor, receiver, config, **changes)
    assert outcome.verdict is Verdict.SUCCEEDED, outcome
    return receiver.requests[-1]


async def test_by_default_the_whole_context_is_posted_as_json(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    request = await sent(
        executor,
        receiver,
        attempt=2,
        due_ms=NOW_MS + 7_500,
        missed=Missed(3, NOW_MS - 180_000, NOW_MS - 60_000),
        row_key="r1",
        row={"name": "Ann"},
    )
    body = request.json()
    assert request.method == "POST"
    assert request.headers["Content-Type"] == "application/json"
    assert list(body) == [
        "run",
        "schedule",
        "slot",
        "due",
        "missed",
        "attempt",
        "input",
        "row",
        "target",
        "workspace",
    ]
    assert body["run"]["id"] == RUN
    assert body["run"]["row_key"] == "r1"
    assert body["slot"] == SLOT
    assert body["due"] == "2026-03-08T13:00:07.500Z"
    assert body["missed"] == {"count": 3, "first": "2026-03-08T12:57:00Z", "last": "2026-03-08T12:59:00Z"}
    assert (body["attempt"], body["input"], body["row"]) == (2, {"team": "blue"}, {"name": "Ann"})
    assert body["schedule"]["name"] == "Nightly"
    assert body["target"]["name"] == "Report"


async def test_a_run_without_schedule_has_none(executor: HttpExecutor, receiver: Receiver) -> None:
    body = (await sent(executor, receiver, schedule_id=None, slot_ms=None, kind="manual")).json()
    assert (body["schedule"], body["slot"], body["due"], body["missed"]) == (None, None, None, None)


async def test_the_run_id_is_idempotency_key_webhook_id_and_event_id(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    for attempt in (1, 2):
        headers = (await sent(executor, receiver, attempt=attempt)).headers
        assert headers["Idempotency-Key"] == headers["webhook-id"] == headers["ce-id"] == RUN
        assert headers["Horarium-Attempt"] == str(attempt)


async def test_a_receiver_learns_from_headers_what_a_request_is_about(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    request = await sent(executor, receiver, attempt=3)
    headers, body = request.headers, request.json()
    assert headers["Horarium-Workspace"] == body["workspace"]["id"]
    assert headers["Horarium-Target"] == body["target"]["id"]
    assert headers["Horarium-Schedule"] == body["schedule"]["id"]
    assert headers["Horarium-Fire"] == body["run"]["fire"]
    assert headers["Horarium-Run"] == body["run"]["id"] == headers["webhook-id"]
    assert (headers["Horarium-Attempt"], headers["Horarium-Slot"]) == ("3", body["slot"])
    bare = (await sent(executor, receiver, schedule_id=None, fire_id=None, slot_ms=None)).headers
    assert not {"Horarium-Schedule", "Horarium-Fire", "Horarium-Slot"} & set(bare)
    assert {"Horarium-Workspace", "Horarium-Target", "Horarium-Run"} <= set(bare)


async def test_event_attributes_are_headers(executor: HttpExecutor, receiver: Receiver) -> None:
    headers = (await sent(executor, receiver, row_key="Müller 5%")).headers
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-type"] == "horarium.run"
    assert headers["ce-source"].startswith("https://horarium.example/horarium/v1/schedules/sch_")
    assert headers["ce-time"] == SLOT
    assert headers["ce-subject"] == "M%C3%BCller 5%25"


async def test_an_event_is_of_its_schedule_or_its_target_at_its_slot_or_now_and_about_its_row_or_what_runs(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    by_hand = {"schedule_id": None, "schedule_name": None, "slot_ms": None}
    target = prefixed("tgt", call_of({}).target_id)
    for changes, subject in (
        ({"row_key": "r1"}, "r1"),
        ({}, "Nightly"),
        (by_hand | {"row_key": "r1"}, "r1"),
        (by_hand, "Report"),
    ):
        headers = (await sent(executor, receiver, **changes)).headers
        assert headers["ce-subject"] == subject
        if changes.keys() >= by_hand.keys():
            assert headers["ce-source"] == f"https://horarium.example/horarium/v1/targets/{target}"
            assert headers["ce-time"] == "2026-03-08T13:00:00.250Z"  # when it was sent
        else:
            assert headers["ce-time"] == SLOT


async def test_public_keys_are_those_of_the_secrets_whatever_a_request_says(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    secrets = [new_secret(), new_secret(ed25519=True)]
    given = {"url": receiver.url(), "verification_keys": ["whpk_of_somebody_else"]}
    public, _ = executor.split(given | {"signing_secret": secrets})
    assert public["verification_keys"] == public_keys(secrets)
    public, _ = executor.split(given | {"signing_secret": secrets[:1]})
    assert "verification_keys" not in public


async def test_a_receiver_verifies_the_signature_with_the_secret_it_was_given(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    secrets = [new_secret(), new_secret()]
    request = await sent(executor, receiver, {"signing_secret": secrets})
    stamp = int(request.headers["webhook-timestamp"])
    assert stamp == NOW_MS // 1000
    signed = request.headers["webhook-signature"]
    assert signed == signature([signer_of(secret) for secret in secrets], RUN, stamp, request.body)
    assert len(signed.split(" ")) == 2


async def test_the_reference_library_accepts_a_request_of_now(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    secret = new_secret()
    request = await sent(executor, receiver, {"signing_secret": secret}, now_ms=int(time.time() * 1000))
    assert Webhook(secret).verify(request.body, dict(request.headers.items()))["run"]["id"] == RUN


async def test_a_signing_secret_is_made_where_none_is_given(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    public, secrets = executor.split({"url": receiver.url()})
    assert public["signing_secret"] == "***"
    assert len(key_of(secrets["signing_secret"])) == 32
    assert executor.split({"url": receiver.url()})[1] != secrets


async def test_url_headers_and_body_are_templates(executor: HttpExecutor, receiver: Receiver) -> None:
    request = await sent(
        executor,
        receiver,
        {
            "url": receiver.url("/teams/{{ input.team }}?q={{ input.q }}&key={{ secrets.TOKEN }}"),
            "method": "put",
            "headers": {"Authorization": "Bearer {{ secrets.TOKEN }}", "X-Slot": "at {{ slot }}"},
            "body": {"n": "{{ input.n }}", "text": "n is {{ input.n }}", "all": ["{{ input.q }}"]},
            "secrets": {"TOKEN": "t&1/2"},
        },
        input={"team": "a/b c", "q": "x&y=ü", "n": 3},
    )
    assert request.method == "PUT"
    assert request.raw_path == "/teams/a%2Fb%20c?q=x%26y%3D%C3%BC&key=t%261/2"
    assert request.headers["Authorization"] == "Bearer t&1/2"
    assert request.headers["X-Slot"] == f"at {SLOT}"
    assert request.json() == {"n": 3, "text": "n is 3", "all": ["x&y=ü"]}


async def test_a_value_cannot_climb_out_of_its_place_in_the_url(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    config = {"url": receiver.url("/users/{{ input.id }}/x")}
    for id_ in ("..", "."):
        outcome = await post(executor, receiver, config, input={"id": id_})
        assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
        assert "a value that is only dots cannot be part of a URL" in str(outcome.error)
    await sent(executor, receiver, config, input={"id": "../../admin?x=1#y"})
    assert receiver.requests[-1].query == ""
    assert receiver.requests[-1].path.endswith("/x")


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("127.0.0.1", "leads to an address that is refused (loopback)"),
        ("169.254.169.254", "leads to an address that is refused (a metadata service)"),
        ("evil@127.0.0.1", "must not have a percent sign in its host"),
        ("0x7f.1", "has a host that is an address in an unusual spelling"),
        ("a b", "must not have a percent sign in its host"),
        ("x/y", "must not have a percent sign in its host"),
    ],
)
async def test_a_host_from_a_template_is_judged_when_it_is_known(
    receiver: Receiver, host: str, said: str
) -> None:
    executor = make(ExecutorOptions())
    outcome = await post(executor, receiver, {"url": "http://{{ input.host }}/"}, input={"host": host})
    await executor.close()
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
    assert str(outcome.error).startswith(f"refused: the URL {said}")


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00b"])
async def test_a_value_cannot_break_out_of_a_header(
    executor: HttpExecutor, receiver: Receiver, value: str
) -> None:
    outcome = await post(executor, receiver, {"headers": {"X-A": "{{ input.v }}"}}, input={"v": value})
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
    assert "the value for the header X-A contains a line break or a control character" in str(outcome.error)
    assert receiver.requests == []


async def test_a_missing_value_is_named_and_nothing_is_sent(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    outcome = await post(executor, receiver, {"body": {"to": "{{ row.email }}"}})
    assert outcome.error is not None
    assert "row.email" in outcome.error
    assert not outcome.retryable
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("config", "body", "content_type"),
    [
        ({"method": "GET"}, b"", None),
        ({"body": None}, b"", None),
        ({"method": "GET", "body": {"a": 1}}, b'{"a":1}', "application/json"),
        ({"body": "{{ input }}"}, b'{"team":"blue"}', "application/json"),
        ({"body": "team {{ input.team }}"}, b'"team blue"', "application/json"),
        (
            {
                "body": "team={{ input.team }}",
                "headers": {"content-type": "application/x-www-form-urlencoded"},
            },
            b"team=blue",
            "application/x-www-form-urlencoded",
        ),
        (
            {"body": "team {{ input.team }}", "headers": {"Content-Type": "application/JSON"}},
            b'"team blue"',
            "application/JSON",
        ),
        (
            {"body": [1, "x"], "headers": {"Content-Type": "application/vnd.api+json"}},
            b'[1,"x"]',
            "application/vnd.api+json",
        ),
    ],
)
async def test_bodies(
    executor: HttpExecutor, receiver: Receiver, config: dict[str, Any], body: bytes, content_type: str | None
) -> None:
    request = await sent(executor, receiver, config)
    assert request.body == body
    if content_type:
        assert request.headers["Content-Type"] == content_type
    stamp = int(request.headers["webhook-timestamp"])
    assert stamp  # an empty body is signed as well
    assert request.headers["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        *((status, Verdict.SUCCEEDED) for status in (200, 201, 202, 204, 206, 299)),
        *((status, Verdict.FAILED) for status in (300, 304)),
    ],
)
async def test_a_status_of_200_to_299_succeeds(
    executor: HttpExecutor, receiver: Receiver, status: int, verdict: Verdict
) -> None:
    receiver.script("/hook", Answer(status))
    outcome = await post(executor, receiver)
    assert (outcome.verdict, outcome.status) == (verdict, status)


@pytest.mark.parametrize("name", ["traceparent", "Traceparent", "TRACEPARENT"])
async def test_the_trace_is_that_of_the_run_where_the_target_names_none(
    executor: HttpExecutor, receiver: Receiver, name: str
) -> None:
    trace, own = "00-" + "1" * 32 + "-" + "2" * 16 + "-01", "00-" + "3" * 32 + "-" + "4" * 16 + "-01"
    assert (await sent(executor, receiver, traceparent=trace)).headers.getall(name) == [trace]
    request = await sent(executor, receiver, {"headers": {name: own}}, traceparent=trace)
    assert request.headers.getall(name) == [own]
    assert name not in (await sent(executor, receiver)).headers


async def test_why_a_request_cannot_be_shown_tells_no_secret_of_its_run(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    config = {"url": receiver.url("/hook"), "headers": {"X-Team": "{{ environment.TEAM }}"}}
    call = stored_call(executor, config, environment={"TEAM": "s3cret-word"})
    assert ("X-Team", "***") in executor.request_of(call).headers
    broken = replace(call, config=call.config | {"url": "http://{{ input.s3cret-word }}/"})
    with pytest.raises(ValueError, match="which this run does not have") as caught:
        executor.request_of(broken)
    assert "s3cret-word" not in str(caught.value)


async def test_202_leaves_the_run_going_where_the_target_finishes_it(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    receiver.script("/hook", Answer(202, b'{"job": 7}'))
    outcome = await post(
        executor, receiver, callback_token="tok-12345678", callback_base="https://here.example/"
    )
    assert (outcome.verdict, outcome.output) == (Verdict.ACCEPTED, {"job": 7})
    request = receiver.requests[0]
    url = f"https://here.example/horarium/v1/runs/{RUN}"
    assert request.json()["callback"] == {"url": url, "token": "tok-12345678"}
    assert request.headers["Horarium-Callback-Url"] == url
    assert request.headers["Horarium-Callback-Token"] == "tok-12345678"


async def test_other_answers_are_final_even_with_a_callback(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    outcome = await post(executor, receiver, callback_token="tok-12345678")
    assert outcome.verdict is Verdict.SUCCEEDED
    assert (
        receiver.requests[0].json()["callback"]["url"] == f"https://horarium.example/horarium/v1/runs/{RUN}"
    )


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        (408, True),
        (425, True),
        (429, True),
        (500, True),
        (502, True),
        (503, True),
        (599, True),
        (400, False),
        (401, False),
        (404, False),
        (409, False),
        (422, False),
        (301, False),
        (304, False),
        (308, False),
    ],
)
async def test_which_failures_are_tried_again(
    executor: HttpExecutor, receiver: Receiver, status: int, retryable: bool
) -> None:
    receiver.script("/hook", Answer(status, b"" if status == 304 else b"the reason"))
    outcome = await post(executor, receiver)
    assert (outcome.verdict, outcome.retryable, outcome.status) == (Verdict.FAILED, retryable, status)
    assert str(status) in (outcome.error or "")
    assert not outcome.gone
    assert outcome.output == (None if status == 304 else "the reason")


async def test_410_says_that_the_target_is_gone(executor: HttpExecutor, receiver: Receiver) -> None:
    receiver.script("/hook", Answer(410))
    outcome = await post(executor, receiver)
    assert (outcome.gone, outcome.retryable) == (True, False)


async def test_a_redirect_is_a_failure_that_says_so(executor: HttpExecutor, receiver: Receiver) -> None:
    receiver.script("/hook", Answer(307, headers={"Location": receiver.url("/elsewhere")}))
    outcome = await post(executor, receiver)
    assert "redirects are not followed" in (outcome.error or "")
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("7", 7_000),
        (" 0 ", 0),
        ("999999999", 86_400_000),
        ("9" * 5000, 86_400_000),
        ("Sun, 08 Mar 2026 13:01:00 GMT", 60_000),
        ("Sun, 08 Mar 2026 12:00:00 GMT", 0),
        ("Sun, 08 Mar 2099 12:00:00 GMT", 86_400_000),
        ("Sun, 08 Mar 2026 13:01:00", 60_000),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("Sun, 99 Mar 2026 13:01:00 GMT", None),
        ("٣", None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(text: str, wait: int | None) -> None:
    assert retry_after_ms(text, NOW_MS) == wait


async def test_retry_after_is_handed_on_where_a_retry_follows(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    receiver.script(
        "/hook", Answer(429, headers={"Retry-After": "12"}), Answer(404, headers={"Retry-After": "12"})
    )
    assert (await post(executor, receiver)).retry_after_ms == 12_000
    assert (await post(executor, receiver)).retry_after_ms is None


@pytest.mark.parametrize("step", [Reset(), Truncated()])
async def test_a_broken_connection_is_tried_again(
    executor: HttpExecutor, receiver: Receiver, step: Reset | Truncated
) -> None:
    receiver.script("/hook", step)
    outcome = await post(executor, receiver)
    assert (outcome.verdict, outcome.retryable, outcome.status) == (Verdict.FAILED, True, None)


async def test_a_refused_connection_is_tried_again(executor: HttpExecutor) -> None:
    async with Receiver() as gone:
        url = gone.url()
    outcome = await executor.execute(stored_call(executor, {"url": url}))
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, True)
    assert "127.0.0.1" not in (outcome.error or "")


async def test_rubbish_instead_of_http_is_tried_again(executor: HttpExecutor) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"\x00\x01 this is not HTTP\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = await executor.execute(stored_call(executor, {"url": f"http://127.0.0.1:{port}/"}))
    server.close()
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, True)


async def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    executor: HttpExecutor, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    outcome = await executor.execute(stored_call(executor, {"url": f"https://127.0.0.1:{port}/"}))
    server.close()
    assert outcome.retryable
    assert outcome.error == "the TLS handshake failed: the host's certificate or protocol was not accepted"


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path


async def test_a_target_that_hangs_is_given_up_at_the_timeout(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    never = asyncio.Event()
    receiver.script("/hook", Answer(until=never))
    outcome = await post(executor, receiver, timeout_ms=150)
    never.set()
    assert outcome.error == "the target did not finish its answer within 0.15 s"
    assert outcome.retryable


async def test_a_dripping_body_ends_at_the_timeout(executor: HttpExecutor, receiver: Receiver) -> None:
    receiver.script("/hook", Drip())
    outcome = await post(executor, receiver, timeout_ms=200)
    assert outcome.error == "the target did not finish its answer within 0.2 s"


async def test_of_a_hundred_megabytes_only_the_first_are_read(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    flood = Flood()
    receiver.script("/hook", flood)
    outcome = await post(executor, receiver)
    assert outcome.verdict is Verdict.SUCCEEDED
    assert outcome.output == "x" * 65536
    assert flood.sent < 20 * 1024 * 1024


async def test_a_compressed_answer_is_decoded_no_further_than_the_limit(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    receiver.script("/hook", Answer(200, bomb, {"Content-Encoding": "gzip"}))
    outcome = await post(executor, receiver)
    assert receiver.requests[0].headers["Accept-Encoding"] == "identity"
    assert outcome.output == "0" * 65536


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b'{"ok": true}', mtime=0)),
        ("GZIP", gzip.compress(b'{"ok": true}', mtime=0)),
        ("deflate", zlib.compress(b'{"ok": true}')),
        ("deflate", zlib.compress(b'{"ok": true}')[2:-4]),
        ("gzip, gzip", gzip.compress(gzip.compress(b'{"ok": true}', mtime=0), mtime=0)),
        ("gzip", gzip.compress(b'{"ok"', mtime=0) + gzip.compress(b": true}", mtime=0) + b"\0\0"),
        ("identity", b'{"ok": true}'),
    ],
)
async def test_a_compressed_answer_is_read_though_none_was_asked_for(
    executor: HttpExecutor, receiver: Receiver, coding: str, packed: bytes
) -> None:
    receiver.script("/hook", Answer(200, packed, {"Content-Encoding": coding}))
    assert (await post(executor, receiver)).output == {"ok": True}


@pytest.mark.parametrize(
    ("coding", "said"),
    [
        ("br", "it was sent in the encoding 'br' although none was asked for"),
        ("gzip", "it is not valid gzip, although its Content-Encoding says so"),
        ("gzip, gzip, gzip, gzip", "it was encoded 4 times"),
    ],
)
async def test_an_answer_that_cannot_be_decoded_still_decides_the_run(
    executor: HttpExecutor, receiver: Receiver, coding: str, said: str
) -> None:
    receiver.script("/hook", Answer(200, b"12345678901234567890", {"Content-Encoding": coding}))
    outcome = await post(executor, receiver)
    assert outcome.verdict is Verdict.SUCCEEDED
    assert outcome.output == f"(the answer's body cannot be shown: {said})"


async def test_cancelling_closes_the_connection(executor: HttpExecutor, receiver: Receiver) -> None:
    never = asyncio.Event()
    receiver.script("/hook", Answer(until=never))
    task = asyncio.create_task(post(executor, receiver))
    await receiver.arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    never.set()


async def test_secrets_that_the_target_echoes_are_scrubbed(
    executor: HttpExecutor, receiver: Receiver
) -> None:
    signing = new_secret()
    config = {
        "url": receiver.url("/hook?k={{ secrets.TOKEN }}"),
        "headers": {"Authorization": "Bearer abcdefgh-1234", "X-Api-Key": "key-12345"},
        "secrets": {"TOKEN": "hush-hush"},
        "signing_secret": signing,
    }
    echo = ["hush-hush", "abcdefgh-1234", "key-12345", signing, signing[6:], "tok-12345678", "env-12345678"]
    for status in (200, 500):
        receiver.script("/hook", Answer(status, json.dumps(echo).encode()))
        outcome = await post(
            executor, receiver, config, callback_token="tok-12345678", environment={"X": "env-12345678"}
        )
        assert outcome.output == ["***"] * 5 + ["***", "***"]
        assert not any(secret in repr(outcome) for secret in echo)


async def test_a_changed_configuration_is_used_at_once(executor: HttpExecutor, receiver: Receiver) -> None:
    for team in ("red", "blue", "red"):
        request = await sent(executor, receiver, {"headers": {"X-Team": team}, "secrets": {"T": team}})
        assert request.headers["X-Team"] == team


async def test_a_stored_configuration_that_is_broken_fails_the_run_and_nothing_else(
    executor: HttpExecutor,
) -> None:
    for config in (
        {},
        {"url": 5},
        {"url": "http://x/", "signing_secret": "nope"},
        {"url": "http://x/", "headers": 5},
    ):
        outcome = await executor.execute(call_of(config))
        assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
        said = "the request could not be made: the target's stored configuration cannot be used: replace it"
        assert outcome.error == said
