"""What is common to all requests and answers: those that break off, and what a log shows of them."""

import pytest

from horarium.api.web import shown_path
from tests.api.asking import BASE, NOW
from tests.mutations.sending import send
from tests.support.house import House


async def test_what_breaks_while_it_is_sent_ends_its_connection_and_does_not_look_complete(monkeypatch):
    async def broken(self):
        yield "schedule", {"name": "one"}
        raise ZeroDivisionError

    monkeypatch.setattr("horarium.api.routes.exports.Export.things", broken)
    async with House.open(NOW) as house:
        key = ((b"authorization", f"Bearer {house.key}".encode()),)
        reply = await send(house.api, "GET", f"{BASE}/workspaces/current/export", key)
        assert isinstance(reply.broke, ZeroDivisionError)  # the server then closes the connection
        assert reply.status == 200


async def test_who_goes_before_the_request_has_come_is_answered_nothing_and_no_fault():
    async with House.open(NOW) as house:
        sent = []

        async def gone():
            return {"type": "http.disconnect"}

        async def answered(message):
            sent.append(message)

        key = (b"authorization", f"Bearer {house.key}".encode())
        scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "query_string": b"",
            "path": f"{BASE}/schedules", "raw_path": f"{BASE}/schedules".encode(), "root_path": "",
            "headers": [key, (b"content-length", b"10")], "client": ("127.0.0.1", 1), "server": ("x", 80),
        }  # fmt: skip
        await house.api(scope, gone, answered)
        assert sent == []


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/a b", "/a b"), ("/a\n2026 request", "/a?2026 request"), ("/" + "x" * 400, "/" + "x" * 299)],
)
def test_a_path_is_logged_on_one_line_and_cut(path, shown):
    assert shown_path({"path": path}) == shown
