"""What is done to many schedules is asked of the server until it is over, and is never done to all by mistake."""

import pytest
import typer

from horarium.cli import actions


class Server:
    """Takes an action, which is over when it has been looked at twice."""

    def __init__(self):
        self.asked, self.looks = [], 0
        self.actions = self

    def act(self, body):
        self.asked.append(body)
        return {"id": "act_1", "state": "running"}

    def get(self, an_id):
        self.looks += 1
        return {"id": an_id, "state": "running" if self.looks < 2 else "done"}


def do(server, wanted, everything=False, **given):
    actions._act(server, server.act, "pause", wanted, everything, given, False, True)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(actions.time, "sleep", lambda seconds: None)


def test_without_a_filter_it_has_to_be_said_that_all_are_meant():
    server = Server()
    with pytest.raises(typer.BadParameter, match="--all"):
        do(server, {"state": None, "labels": None})
    assert server.asked == []
    do(server, {"state": None}, everything=True)
    assert server.asked == [{"action": "pause", "filter": {}, "dry_run": False}]


def test_what_is_chosen_is_asked_for_with_what_is_given_and_looked_at_until_it_is_over(capsys):
    server = Server()
    do(server, {"state": "active", "search": None}, note="holidays", until=None)
    wanted = {"action": "pause", "filter": {"state": "active"}, "dry_run": False, "note": "holidays"}
    assert (server.asked, server.looks) == ([wanted], 2)
    assert '"state": "done"' in capsys.readouterr().out
