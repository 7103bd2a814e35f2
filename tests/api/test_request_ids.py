"""Every answer names its request, in every API and whatever became of it."""

import pytest
from structlog.testing import capture_logs

from tests.api.asking import NOW
from tests.support.house import House, client_of

# One path of each API, and the health routes.
PATHS = ("/", "/healthz", "/metrics", "/horarium/v1/schedules", "/horarium/v1/nowhere", "/nowhere")


def bases(house):
    """The paths below which an API answers."""
    return sorted(
        {route.path for route in house.api.router.routes if hasattr(route, "app") and route.path.count("/")}
    )


async def test_every_api_answers_with_the_id_that_was_sent_also_where_it_refuses():
    async with House.open(NOW) as house, client_of(house.api) as client:
        paths = [*PATHS, *(f"{base}/nowhere" for base in bases(house))]
        assert len(paths) > len(PATHS) + 4
        for path in paths:
            for method in ("GET", "POST", "TRACE"):
                answer = await client.request(method, path, headers={"x-request-id": "it-is.me_1"})
                assert answer.headers.get_list("x-request-id") == ["it-is.me_1"], (
                    method,
                    path,
                    answer.status_code,
                )


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'a"b', "<script>", "a,b"])
async def test_an_id_of_another_form_is_replaced(given):
    async with House.open(NOW) as house, client_of(house.api) as client:
        answer = await client.get("/healthz", headers={"x-request-id": given})
        assert answer.headers["x-request-id"] not in ("", given)


async def test_a_fault_of_our_own_is_told_in_the_log_with_the_id_that_the_caller_is_told(monkeypatch):
    fault = KeyError("a fault of our own")

    async def broken(*given):
        raise fault

    async with House.open(NOW) as house, client_of(house.api) as client:
        monkeypatch.setattr(type(house.services.identities), "resolve", broken)
        headers = {"x-request-id": "it-is.me_1", "authorization": "Bearer hor_any"}
        with capture_logs() as lines:
            answer = await client.get("/horarium/v1/schedules?limit=5", headers=headers)
    assert (answer.status_code, "it-is.me_1" in answer.text) == (500, True)
    assert "a fault of our own" not in answer.text
    (told,) = [line for line in lines if line["event"] == "request_failed"]
    path = "/horarium/v1/schedules"
    line = {"event": "request_failed", "request_id": "it-is.me_1", "path": path, "exc_info": fault}
    assert told == {"log_level": "error", **line}
