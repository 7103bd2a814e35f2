"""What is wrong with a NATS target is told where it shows, by a refusal that says what would be right.

Servers are real, but for the one without TLS that is emulated to see what it is told."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import nats
import nkeys
import pytest
from nats.js.api import StreamConfig

from horarium.domain.execution import Outcome, Verdict, Watched, WatchedTarget
from horarium.executors.compiled import BrokenConfiguration
from horarium.executors.engines.messages import EngineRefused
from horarium.executors.engines.nats import NatsExecutor, make
from horarium.executors.options import ExecutorOptions
from tests.engines.conftest import free_port, program, running
from tests.engines.emulated import serving
from tests.engines.test_tls import certificate
from tests.executors.calls import call_of, stored_call

TOKEN = "a-token-that-nobody-else-may-see"


@asynccontextmanager
async def executing() -> AsyncIterator[NatsExecutor]:
    executor = make(ExecutorOptions(engine_hosts=("localhost",)))
    try:
        yield executor
    finally:
        await executor.close()


@contextmanager
def configured(folder: Path, text: str) -> Iterator[int]:
    """A real server with a configuration file."""
    port, file = free_port(), folder / "nats.conf"
    file.write_text(f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{folder / "js"}" }}\n{text}')
    with running([program("nats-server"), "-c", str(file)], port, folder / "log"):
        yield port


async def outcome_at(port: int, **more: Any) -> Outcome:
    async with executing() as executor:
        config = {"server": f"localhost:{port}", "subject": "jobs.x"} | more
        return await executor.execute(stored_call(executor, config, timeout_ms=3_000))


def watched(executor: NatsExecutor, config: dict[str, Any]) -> WatchedTarget:
    call = stored_call(executor, config, watched=True)
    return WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)


# -- TLS -----------------------------------------------------------------------------------------------------------


async def test_nothing_is_said_to_a_server_without_tls_where_the_target_asks_for_it():
    heard = bytearray()

    async def as_nats(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b'INFO {"version":"2.15.1","headers":true,"auth_required":true,"max_payload":1048576}\r\n'
        )
        while piece := await reader.read(1000):
            heard.extend(piece)

    async with serving(as_nats) as port:
        outcome = await outcome_at(port, tls=True, token=TOKEN)
    assert bytes(heard) == b""
    assert outcome.error == (
        "the engine refused the run: it offers no TLS, which the target asks for: set up TLS there, or set tls to false"
    )


async def test_a_server_that_takes_only_tls_says_what_to_set(tmp_path):
    made, key = certificate(tmp_path, "localhost")
    with configured(tmp_path, f'tls {{ cert_file: "{made}", key_file: "{key}" }}') as port:
        outcome = await outcome_at(port)
    assert outcome.error == "the engine refused the run: it takes only connections with TLS: set tls to true"


@pytest.mark.parametrize("more", ["", "allow_non_tls: true"])
async def test_a_server_that_offers_tls_is_spoken_to_with_it(tmp_path, monkeypatch, more):
    made, key = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    text = f'tls {{ cert_file: "{made}", key_file: "{key}" }}\nauthorization {{ token: "{TOKEN}" }}\n{more}'
    with configured(tmp_path, text) as port:
        outcome = await outcome_at(port, tls=True, token=TOKEN)
    assert outcome.error == "no stream stores the subject jobs.x"


async def test_a_certificate_for_another_name_is_refused(tmp_path, monkeypatch):
    made, key = certificate(tmp_path, "elsewhere.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    with configured(tmp_path, f'tls {{ cert_file: "{made}", key_file: "{key}" }}') as port:
        outcome = await outcome_at(port, tls=True, token=TOKEN)
    assert outcome.error.startswith("the engine could not be reached: the TLS handshake failed")


# -- the identity --------------------------------------------------------------------------------------------------


def seed_of(kind: int) -> str:
    return bytes(nkeys.encode_seed(secrets.token_bytes(32), kind)).decode()


async def test_a_seed_is_checked_when_the_target_is_made():
    async with executing() as executor:

        def problems(seed: Any) -> list[str]:
            config = {"server": "localhost", "subject": "jobs.x", "nkey_seed": seed}
            return [problem.message for problem in executor.check(config)]

        good = seed_of(nkeys.PREFIX_BYTE_USER)
        assert problems(good) == problems(f" {good}\n") == []
        mistyped = good[:20] + ("A" if good[20] != "A" else "B") + good[21:]
        for bad in (mistyped, good[:-1], "no seed", "SÜ", "SU", seed_of(nkeys.PREFIX_BYTE_ACCOUNT)):
            (message,) = problems(bad)
            assert "must be the seed of a user's NKey: 58 characters that begin with SU" in message


async def test_a_stored_seed_that_is_none_fails_its_run_and_says_why():
    async with executing() as executor:
        call = call_of(
            {"server": "localhost:1", "subject": "jobs.x", "nkey_seed": "***"}, {"nkey_seed": "no seed"}
        )
        outcome = await executor.execute(call)
    assert not outcome.retryable
    assert outcome.error.startswith(
        "the message could not be made: nkey_seed must be the seed of a user's NKey"
    )


async def test_a_seed_opens_a_real_server(tmp_path):
    seed = seed_of(nkeys.PREFIX_BYTE_USER)
    public = nkeys.from_seed(bytearray(seed.encode())).public_key.decode()
    with configured(tmp_path, f"authorization {{ users: [ {{ nkey: {public} }} ] }}") as port:
        assert (await outcome_at(port, nkey_seed=seed)).error == "no stream stores the subject jobs.x"
        refused = await outcome_at(port, nkey_seed=seed_of(nkeys.PREFIX_BYTE_USER))
    assert refused.error == (
        "the engine refused the run: Authorization Violation: check token, user and password, or nkey_seed"
    )


async def test_an_identity_that_is_not_accepted_is_a_refusal_and_not_an_engine_that_is_away(tmp_path):
    with configured(tmp_path, f'authorization {{ token: "{TOKEN}" }}') as port:
        for identity in ({}, {"token": "another"}, {"user": "a", "password": "b"}):
            outcome = await outcome_at(port, **identity)
            assert not outcome.unreached
            assert outcome.error.startswith("the engine refused the run: Authorization Violation"), (
                outcome.error
            )


# -- permissions ---------------------------------------------------------------------------------------------------

USER = {"user": "horarium", "password": "secret-of-horarium"}


def with_permissions(text: str) -> str:
    password = USER["password"]
    return f'authorization {{ users: [ {{ user: horarium, password: "{password}", permissions: {{ {text} }} }} ] }}'


async def test_a_subject_that_the_user_may_not_publish_to_is_told_at_once(tmp_path):
    with configured(tmp_path, with_permissions('publish: ["Other.>"]')) as port:
        outcome = await outcome_at(port, **USER)
    assert not outcome.unreached
    assert outcome.error == ('the message was not published: permissions violation for publish to "jobs.x"')


async def test_a_user_who_may_not_hear_answers_is_told_what_to_allow(tmp_path):
    with configured(tmp_path, with_permissions('publish: ">", subscribe: ["Other.>"]')) as port:
        outcome = await outcome_at(port, **USER)
    assert outcome.error.startswith(
        "the engine refused the run: the user may not hear answers: allow it to subscribe to _INBOX.>"
    )


# -- outcomes ------------------------------------------------------------------------------------------------------


def with_outcomes(port: int, stream: str, **more: Any) -> dict[str, Any]:
    outcomes = {"stream": stream, "subject": "outcomes.{{ run.id }}"}
    return {"server": f"localhost:{port}", "subject": "jobs.{{ run.id }}", "outcomes": outcomes} | more


async def look(executor: Any, target: WatchedTarget) -> None:
    """Raises why the look at a run has failed."""
    (seen,) = (await executor.watch(target, [Watched(b"run", "outcomes.run")])).values()
    if isinstance(seen, Exception):
        raise seen


async def test_a_mistyped_outcome_stream_is_told(tmp_path, nats_port):
    async with executing() as executor:
        target = watched(executor, with_outcomes(nats_port, "NO_SUCH_STREAM"))
        with pytest.raises(EngineRefused, match="stream NO_SUCH_STREAM: stream not found"):
            await look(executor, target)


async def test_a_user_who_may_not_read_outcomes_is_told(tmp_path):
    with configured(tmp_path, with_permissions('publish: ["jobs.>"]')) as port:
        async with executing() as executor:
            target = watched(executor, with_outcomes(port, "OUTCOMES", **USER))
            with pytest.raises(EngineRefused, match="permissions violation for publish"):
                await look(executor, target)


async def test_an_account_without_jetstream_is_told(tmp_path):
    port = free_port()
    with running([program("nats-server"), "-a", "127.0.0.1", "-p", str(port)], port, tmp_path / "log"):
        async with executing() as executor:
            target = watched(executor, with_outcomes(port, "OUTCOMES"))
            with pytest.raises(EngineRefused, match="has no JetStream"):
                await look(executor, target)


async def test_what_somebody_else_answers_is_no_delivery(nats_port):
    client = await nats.connect(f"nats://127.0.0.1:{nats_port}")

    async def answer(message: Any) -> None:
        await message.respond(b"thanks")

    await client.subscribe("jobs.x", cb=answer)
    await client.flush()
    outcome = await outcome_at(nats_port)
    await client.close()
    assert outcome.error == "what answered on the subject jobs.x is no stream: let only the stream hear it"


async def test_an_outcome_that_is_too_long_to_be_read_ends_its_run_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr("horarium.executors.engines.nats_link.LONGEST_ANSWER", 40_000)
    with configured(tmp_path, "") as port:
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        js = client.jetstream()
        await js.add_stream(StreamConfig(name="OUTCOMES", subjects=["outcomes.>"]))
        long = json.dumps({"state": "succeeded", "output": "x" * 900_000}).encode()
        await js.publish("outcomes.long", long)
        await js.publish("outcomes.short", b'{"state":"succeeded","output":1}')
        await client.close()
        async with executing() as executor:
            target = watched(executor, with_outcomes(port, "OUTCOMES"))
            runs = [Watched(name.encode(), f"outcomes.{name}") for name in ("long", "short", "none")]
            for _ in range(2):
                found = await executor.watch(target, runs)
                assert found == {
                    b"long": Outcome(
                        Verdict.FAILED,
                        error="what was published as its outcome is too long: more than 3 MB are not read",
                    ),
                    b"short": Outcome(Verdict.SUCCEEDED, output=1),
                }


async def test_a_configuration_that_cannot_be_used_any_more_is_told_to_who_looks():
    async with executing() as executor:
        target = WatchedTarget(b"t", b"w", {"server": "a..b", "subject": "jobs.x"}, {})
        with pytest.raises(OSError, match=str(BrokenConfiguration())):
            await executor.watch(target, [Watched(b"run", "outcomes.run")])
