"""Every answer names its request, in every API and whatever became of it."""

import pytest

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
