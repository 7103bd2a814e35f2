"""`horarium settings`: what holds, where it came from, and no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from horarium.cli.commands import app
from horarium.domain.errors import Invalid
from horarium.settings import SETTINGS

ADMIN_KEY = f"hor_{'x' * 40}"


def settings(*arguments: str, **environment: str) -> str:
    """What `horarium settings` prints."""
    found = CliRunner().invoke(app, ["settings", *arguments], env=environment)
    if found.exception is not None:
        raise found.exception
    return found.stdout


def test_every_setting_is_shown_with_its_value_and_where_that_came_from(tmp_path: Path) -> None:
    file = tmp_path / "horarium.toml"
    file.write_text('port = 1001\nhost = "::1"\nlease = 5\n')
    arguments = ("--json", "--port", "1003", "--allow-private", "10.0.0.0/8", "--config", str(file))
    items = json.loads(settings(*arguments, HORARIUM_LEASE="6.5", HORARIUM_PORT="1002", HORARIUM_POLL="5"))
    assert [item["name"] for item in items] == [*SETTINGS]
    found = {item["name"]: (item["value"], item["source"], item["from"]) for item in items}
    assert found["port"] == ("1003", "option", "--port")
    assert found["allow_private"] == ("10.0.0.0/8", "option", "--allow-private")
    assert found["lease"] == ("6.5", "environment", "HORARIUM_LEASE")
    assert found["host"] == ("::1", "file", str(file))
    assert found["drain"] == ("20", "default", "default")
    # What is given counts as given, also where it is what the default says.
    assert found["poll"] == ("5", "environment", "HORARIUM_POLL")


def test_the_file_may_be_named_in_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "horarium.toml"
    file.write_text('host = "::1"\n')
    (item,) = json.loads(settings("--json", "--changed", HORARIUM_CONFIG=str(file)))
    assert (item["name"], item["value"], item["from"]) == ("host", "::1", str(file))


def test_only_what_something_gives_is_shown_on_request() -> None:
    assert json.loads(settings("--json", "--changed")) == []
    lines = settings("--changed", HORARIUM_PORT="8080").splitlines()
    assert [line.split() for line in lines] == [
        ["SETTING", "VALUE", "FROM"],
        ["port", "8080", "HORARIUM_PORT"],
    ]


def test_the_database_that_is_used_is_shown_where_none_is_named() -> None:
    found = {item["name"]: item for item in json.loads(settings("--json", "--data", "/srv/h"))}
    assert found["database"]["value"] == "sqlite:////srv/h/horarium.db"
    assert found["database"]["source"] == "default"


@pytest.mark.parametrize("form", [(), ("--json",), ("--changed",)])
def test_no_secret_is_shown(form: tuple[str, ...]) -> None:
    secrets = {
        "HORARIUM_SECRET_KEY": "A" * 43 + "=," + "B" * 43 + "=",
        "HORARIUM_ADMIN_KEY": ADMIN_KEY,
        "HORARIUM_DATABASE": "postgresql://ada:pass-word@db/horarium?sslpassword=pass-word",
        "HORARIUM_PUBLIC_URL": "https://ada:pass-word@schedules.example.com",
    }
    text = settings(*form, **secrets)
    assert text.count("***") == 5
    assert not any(secret in text for secret in ("AAAA", "BBBB", ADMIN_KEY, "pass-word"))


def test_settings_takes_the_options_of_serve() -> None:
    commands = typer.main.get_command(app).commands
    options = {
        name: {option.name: option.opts for option in commands[name].params} for name in ("serve", "settings")
    }
    assert options["settings"].items() >= options["serve"].items()


def test_nothing_is_made(tmp_path: Path) -> None:
    settings("--data", str(tmp_path / "data"))
    assert [*tmp_path.iterdir()] == []


def test_what_would_keep_a_server_from_starting_is_told() -> None:
    with pytest.raises(Invalid, match=r"HORARIUM_PROT: no such setting .* HORARIUM_PORT"):
        settings(HORARIUM_PROT="1")
    with pytest.raises(Invalid, match="tls_key: is missing"):
        settings("--tls-cert", "server.crt")
