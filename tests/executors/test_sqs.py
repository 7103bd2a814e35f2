"""Runs as messages of FIFO queues of SQS, which moto's server emulates on 127.0.0.1."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import boto3
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from moto.server import ThreadedMotoServer

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import derived_id, prefixed
from horarium.executors.engines.sqs import SqsExecutor, make
from horarium.executors.options import ExecutorOptions
from tests.executors.calls import RUN_ID, call_of, stored_call

RUN = prefixed("run", RUN_ID)
KEYS = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "open-sesame"}


@pytest.fixture(scope="module")
def moto_port() -> Iterator[int]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def queue(moto_port: int, request: pytest.FixtureRequest) -> Iterator[tuple[Any, str]]:
    """A FIFO queue of the test's own: (client, URL)."""
    client = boto3.client(
        "sqs", endpoint_url=f"http://127.0.0.1:{moto_port}", region_name="eu-west-1", **KEYS
    )
    name = f"{request.node.name.partition('[')[0][-60:]}.fifo"
    url = client.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
    yield client, url.replace("localhost", "127.0.0.1")
    client.delete_queue(QueueUrl=url)
    client.close()


@pytest_asyncio.fixture
async def executor(moto_port: int) -> AsyncIterator[SqsExecutor]:
    made = make(
        ExecutorOptions(engine_hosts=(f"127.0.0.1:{moto_port}",), public_url="https://horarium.example")
    )
    yield made
    await made.close()


def config_of(url: str, **more: Any) -> dict[str, Any]:
    keys = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "open-sesame"}
    return {"queue_url": url, "region": "eu-west-1", **keys} | more


def messages(queue: tuple[Any, str]) -> list[dict[str, Any]]:
    client, url = queue
    found: list[dict[str, Any]] = client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
    ).get("Messages", [])
    return found


async def test_a_run_becomes_a_message_that_says_whose_it_is(executor, queue):
    call = stored_call(executor, config_of(queue[1], body={"team": "{{ input.team }}"}))
    outcome = await executor.execute(call)
    assert (outcome.verdict, outcome.error) == (Verdict.SUCCEEDED, None)
    (message,) = messages(queue)
    assert message["MessageId"] == outcome.output["message_id"]
    assert json.loads(message["Body"]) == {"team": "blue"}
    assert message["Attributes"]["MessageDeduplicationId"] == RUN
    assert message["Attributes"]["MessageGroupId"] == prefixed("sch", call.schedule_id)
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes["Horarium-Run"] == RUN
    assert attributes["Horarium-Slot"] == "2026-03-08T13:00:00Z"


async def test_a_run_is_one_message_however_often_it_is_sent(executor, queue):
    call = stored_call(executor, config_of(queue[1]))
    for attempt in (1, 2, 3):
        outcome = await executor.execute(call_of(call.config, call.secrets, attempt=attempt, input=None))
        assert outcome.verdict is Verdict.SUCCEEDED, outcome.error
    assert len(messages(queue)) == 1


async def test_a_run_with_a_callback_is_not_over_and_its_message_has_the_token(executor, queue):
    call = stored_call(executor, config_of(queue[1], group="{{ input.team }}"), callback_token="cbt_secret")
    assert (await executor.execute(call)).verdict is Verdict.ACCEPTED
    (message,) = messages(queue)
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes["Horarium-Callback-Token"] == "cbt_secret"
    assert attributes["Horarium-Callback-Url"] == f"https://horarium.example/horarium/v1/runs/{RUN}"
    assert message["Attributes"]["MessageGroupId"] == "blue"


async def test_a_queue_that_does_not_exist_is_told_and_no_outage(executor, queue):
    outcome = await executor.execute(stored_call(executor, config_of(queue[1].replace(".fifo", "x.fifo"))))
    assert (outcome.verdict, outcome.retryable, outcome.unreached) == (Verdict.FAILED, False, False)
    assert outcome.error.startswith("SQS did not take the message: ")
    assert "sesame" not in str(outcome)


async def answered(content: dict[str, Any], status: int = 200) -> Outcome:
    """What becomes of a run whose queue gives this answer."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(content, status=status)

    app = web.Application()
    app.router.add_post("/", answer)
    async with TestServer(app) as server:
        executor = make(ExecutorOptions(engine_hosts=("127.0.0.1",)))
        place = config_of(f"http://127.0.0.1:{server.port}/1/q.fifo")
        outcome = await executor.execute(stored_call(executor, place))
        await executor.close()
    return outcome


@pytest.mark.parametrize(
    ("status", "kind", "retryable", "unreached", "said"),
    [
        (503, "", True, True, "not now"),
        (429, "", True, True, "not now"),
        (400, "com.amazonaws.sqs#RequestThrottled", True, True, "RequestThrottled: not now"),
        (400, "com.amazonaws.sqs#OverLimit", True, True, "OverLimit: not now"),
        (500, "com.amazonaws.sqs#InternalFailure", True, False, "InternalFailure: not now"),
        (408, "", True, False, "not now"),
        (
            400,
            "com.amazonaws.sqs#InvalidMessageContents",
            False,
            False,
            "InvalidMessageContents: not now",
        ),
        (403, "", False, False, "not now"),
    ],
)
async def test_a_queue_that_says_later_is_away_and_one_that_refuses_is_not(
    status, kind, retryable, unreached, said
):
    outcome = await answered({"__type": kind, "message": "not now"}, status)
    assert (outcome.verdict, outcome.retryable, outcome.unreached) == (Verdict.FAILED, retryable, unreached)
    assert outcome.error == f"SQS did not take the message: {said}"


@pytest.mark.parametrize(
    ("content", "output"),
    [
        ({"MessageId": "m-1"}, {"message_id": "m-1"}),
        ({"MessageId": "m-1", "SequenceNumber": "7"}, {"message_id": "m-1", "sequence_number": "7"}),
        ({"MessageId": "m-1", "MD5OfMessageBody": "x"}, {"message_id": "m-1"}),
    ],
)
async def test_the_output_is_what_the_queue_has_called_the_message(content, output):
    outcome = await answered(content)
    assert (outcome.verdict, outcome.output, outcome.error) == (Verdict.SUCCEEDED, output, None)


@pytest.mark.parametrize(
    ("content", "said"),
    [({}, "it answered 200"), ({"SequenceNumber": "7"}, "it answered 200"), ({"Message": "no"}, "no")],
)
async def test_a_success_without_a_message_is_none(content, said):
    outcome = await answered(content)
    assert outcome.verdict is Verdict.FAILED
    assert outcome.error == f"SQS did not take the message: {said}"


@pytest.mark.parametrize("team", ["", "ä", "a b", "x" * 129])
async def test_a_value_that_can_be_no_group_sends_nothing(executor, queue, team):
    call = stored_call(executor, config_of(queue[1], group="{{ input.team }}"), input={"team": team})
    outcome = await executor.execute(call)
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
    assert "group must have 1 to 128 letters, digits and signs of ASCII" in outcome.error
    assert messages(queue) == []


async def test_an_engine_that_is_away_or_not_listed_is_not_reached():
    executor = make(ExecutorOptions(engine_hosts=("127.0.0.1:1",)))
    away = await executor.execute(stored_call(executor, config_of("http://127.0.0.1:1/1/q.fifo")))
    assert (away.verdict, away.retryable, away.unreached) == (Verdict.FAILED, True, True)
    for place in ("http://127.0.0.1:2/1/q.fifo", "http://169.254.169.254/1/q.fifo", "https://[::1]/1/q.fifo"):
        call = stored_call(executor, config_of(place), run_id=derived_id(1, b"sqs"))
        (problem,) = executor.check_hosts(call.workspace_id, call.config)
        assert (problem.field, "engine_hosts" in problem.message) == ("queue_url", True)
        refused = await executor.execute(call)
        assert (refused.retryable, "engine_hosts" in refused.error) == (False, True)
    await executor.close()


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"queue_url": None}, "queue_url"),
        ({"queue_url": "https://sqs.eu-west-1.amazonaws.com/1/standard"}, "queue_url"),
        ({"queue_url": "https://user@sqs.eu-west-1.amazonaws.com/1/q.fifo"}, "queue_url"),
        ({"queue_url": "https://sqs.eu-west-1.amazonaws.com:99999/1/q.fifo"}, "queue_url"),
        ({"queue_url": "https://queue.example.com/1/q.fifo"}, "region"),
        ({"region": "a b"}, "region"),
        ({"group": "{{ nothing }}"}, "group"),
        ({"access_key_id": None}, "access_key_id"),
        ({"secret_access_key": None}, "secret_access_key"),
        ({"queue": "x"}, "queue"),
    ],
)
def test_a_mistake_is_reported_at_its_field(config, field):
    whole = config_of("https://sqs.eu-west-1.amazonaws.com/1/q.fifo", region=None) | config
    assert [problem.field for problem in make(ExecutorOptions()).check(whole)] == [field]


def test_the_region_is_read_from_the_url_where_it_stands_there():
    whole = config_of("https://sqs.eu-west-1.amazonaws.com/1/q.fifo")
    del whole["region"]
    assert make(ExecutorOptions()).check(whole) == []


@pytest.mark.parametrize("said", [True, 7, ["m"], {"id": "m"}, "", "m" * 201, None])
async def test_an_answer_that_names_no_message_is_no_confirmation(said):
    outcome = await answered({"MessageId": said})
    assert (outcome.verdict, outcome.error) == (
        Verdict.FAILED,
        "SQS did not take the message: it answered 200",
    )


async def test_a_number_that_is_none_is_not_shown():
    outcome = await answered({"MessageId": "m", "SequenceNumber": {"of": "others"}})
    assert (outcome.verdict, outcome.output) == (Verdict.SUCCEEDED, {"message_id": "m"})
