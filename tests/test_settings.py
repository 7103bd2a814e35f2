"""Settings come from options, environment, file and defaults, in this order."""

import math
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path

import pytest
import typer

from horarium.cli.commands import app
from horarium.domain.errors import Invalid
from horarium.settings import (
    OTHER_VARIABLES,
    SETTINGS,
    Settings,
    Source,
    differing,
    in_url,
    load_settings,
    load_with_sources,
    shown,
)
from horarium.store.vault import new_key
from tests.support import settings_page


def test_defaults_are_the_strictest():
    settings = load_settings({}, {})
    assert settings == Settings()
    assert not settings.allow_loopback
    assert settings.commands == settings.python_functions == settings.allow_private == ()
    assert settings.host == "127.0.0.1"


def test_an_option_wins_over_the_environment_and_that_over_the_file(tmp_path):
    file = tmp_path / "horarium.toml"
    file.write_text('port = 1001\nhost = "::1"\nroles = ["api"]\nlease = 5\n')
    environment = {"HORARIUM_PORT": "1002", "HORARIUM_LEASE": "6.5", "HORARIUM_CONFIG": str(file)}
    settings = load_settings({"port": 1003, "host": None}, environment)
    assert (settings.port, settings.host, settings.roles, settings.lease) == (1003, "::1", ("api",), 6.5)


def test_the_environment_writes_lists_with_commas_and_flags_with_words():
    settings = load_settings(
        {}, {"HORARIUM_ALLOW_PRIVATE": "10.0.0.0/8, 172.16.0.0/12", "HORARIUM_ALLOW_LOOPBACK": "on"}
    )
    assert settings.allow_private == ("10.0.0.0/8", "172.16.0.0/12")
    assert settings.allow_loopback is True


def test_every_problem_is_told_at_once_and_says_where_it_came_from():
    environment = {"HORARIUM_LEASE": "soon", "HORARIUM_ALLOW_LOOPBACK": "maybe"}
    with pytest.raises(Invalid) as caught:
        load_settings({"prot": 1}, environment)
    assert {problem.field for problem in caught.value.problems} == {"lease", "allow_loopback", "prot"}
    assert "environment" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 65536),
        ("port", -1),
        ("concurrency", 0),
        ("trace_share", 1.5),
        ("trace_share", -0.1),
        ("roles", ("engine", "cook")),
        ("public_url", "ftp://x"),
        ("database", "mysql://x"),
        ("admin_key", "hor_short"),
        ("allow_private", ("10.0.0.0/99",)),
        ("trusted_proxies", ("10.0.0.0/99",)),
        ("deny_hosts", ("http://example.com",)),
        ("pages_address", "9100"),
        ("pages_address", "::1:9100"),
        ("pages_address", "127.0.0.1:99999"),
        ("pages_address", "10.0.0.1:8080"),
        ("processes", 0),
    ],
)
def test_what_is_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(Invalid) as caught:
        load_settings({name: value}, {})
    assert caught.value.problems[0].field == name


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"processes": 2}, "more than one need PostgreSQL"),
        ({"processes": 2, "database": "sqlite:///x.db"}, "one process alone writes an SQLite file"),
        ({"processes": 2, "database": "postgres://x@y/z", "roles": "api"}, "need the role engine or worker"),
    ],
)
def test_processes_that_could_not_work_are_refused(given, words):
    with pytest.raises(Invalid) as caught:
        load_settings({}, {f"HORARIUM_{name.upper()}": str(value) for name, value in given.items()})
    assert caught.value.problems[0].field == "processes"
    assert words in caught.value.problems[0].message


def test_one_process_needs_nothing_and_several_may_have_either_role():
    assert load_settings({"roles": ("api",)}, {}).processes == 1
    for role in ("engine", "worker"):
        loaded = load_settings({"processes": 64, "database": "postgresql://x@y/z", "roles": (role,)}, {})
        assert loaded.processes == 64


def test_a_file_that_is_missing_or_no_toml_is_refused(tmp_path):
    broken = tmp_path / "x.toml"
    broken.write_text("port = = 3")
    for file in (broken, tmp_path / "none.toml"):
        with pytest.raises(Invalid) as caught:
            load_settings({}, {}, file)
        assert caught.value.problems[0].field == "config"


def test_an_unknown_name_in_the_environment_is_told_as_it_is_written_there():
    environment = {
        "HORARIUM_RETENTION": "30",
        "HORARIUM_KEY": "hor_x",
        "HORARIUM_URL": "http://x",
        "HOME": "/root",
    }
    with pytest.raises(Invalid) as caught:
        load_settings({}, environment)
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("HORARIUM_RETENTION", "unknown")
    assert problem.message.endswith("did you mean HORARIUM_RETENTION_DAYS?")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HORARIUM_PROT", "HORARIUM_PORT"),
        ("HORARIUM_DATABASE_URL", "HORARIUM_DATABASE"),
        ("HORARIUM_SQL_HOST", "HORARIUM_SQL_HOSTS"),
    ],
)
def test_an_unknown_name_in_the_environment_is_answered_with_the_nearest_setting(name, meant):
    with pytest.raises(Invalid, match=f"{name}: .*did you mean {meant}[?]"):
        load_settings({}, {name: "1"})


def test_an_unknown_name_in_the_file_is_answered_with_the_nearest_setting(tmp_path):
    file = tmp_path / "x.toml"
    file.write_text("prot = 1")
    with pytest.raises(Invalid, match=r"did you mean port\?"):
        load_settings({}, {}, file)


@pytest.mark.parametrize(
    "text",
    ["abc", "", "x" * 44, f"{new_key()},abc", "\u00e4" * 44],
    ids=["short", "empty", "no base64 of 32 bytes", "a good one and a short one", "no base64"],
)
def test_a_bad_secret_key_is_refused_by_the_name_of_its_setting_before_anything_is_opened(text):
    with pytest.raises(Invalid) as caught:
        load_settings({"secret_key": text}, {})
    (problem,) = caught.value.problems
    assert problem.field == "secret_key"
    assert "base64 of 32 bytes" in problem.message
    assert "HORARIUM_SECRET_KEY" in problem.message
    assert text == "" or text not in problem.message


def test_a_secret_key_may_be_written_in_plain_base64_or_url_safe():
    raw = bytes([251, 255] * 16)
    for text in (b64encode(raw).decode(), urlsafe_b64encode(raw).decode()):
        assert load_settings({"secret_key": text}, {}).secret_key == text


@pytest.mark.parametrize(
    ("network", "end"),
    [("10.0.0.0/99", "such as 10.1.0.0/16"), ("10.0.0.1/8", "the network of that address is 10.0.0.0/8")],
)
def test_a_wrong_network_is_told_once(network, end):
    with pytest.raises(Invalid) as caught:
        load_settings({"allow_private": (network,)}, {})
    assert str(caught.value).count(network) == 1
    assert str(caught.value).endswith(end)


def test_an_empty_variable_is_as_good_as_none():
    assert load_settings({}, {"HORARIUM_DATABASE": "", "HORARIUM_NONSENSE": ""}) == Settings()


def test_every_option_of_serve_is_a_setting_that_says_so():
    command = typer.main.get_command(app).commands["serve"]
    given = {
        option.name: option.opts[0] for option in command.params if option.name not in ("config", "help")
    }
    assert given == {name: setting.about.option for name, setting in SETTINGS.items() if setting.about.option}


def test_the_page_of_settings_says_what_the_settings_say():
    assert settings_page.PLACE.read_text("utf-8") == settings_page.page(), "run `make settings`"


def test_every_number_has_a_unit_or_is_a_count():
    numbers = {
        name: setting.about for name, setting in SETTINGS.items() if type(setting.default) in (int, float)
    }
    assert {name for name, about in numbers.items() if not about.unit} == {
        "port",
        "concurrency",
        "processes",
        "trace_share",
    }
    assert all(about.least is not None for about in numbers.values())


def test_the_database_is_a_file_in_the_data_folder_unless_given(tmp_path):
    assert Settings(data=tmp_path).database_url == f"sqlite:///{tmp_path}/horarium.db"
    assert Settings(database="postgresql://u@h/d").database_url == "postgresql://u@h/d"


def test_what_differs_from_the_defaults_is_told_without_secrets():
    key = urlsafe_b64encode(bytes(32)).decode()
    given = {
        "HORARIUM_SECRET_KEY": key,
        "HORARIUM_DATABASE": "postgresql://ada:p@ss:word@db.example.com/horarium?sslpassword=hush&sslmode=require",
        "HORARIUM_POLL": "2",
        "HORARIUM_COMMANDS": "a.sh,b.sh",
        "HORARIUM_PORT": "8080",
    }
    assert differing(load_settings({}, given)) == {
        "database": "postgresql://ada:***@db.example.com/horarium?sslpassword=***&sslmode=require",
        "secret_key": "***",
        "commands": "a.sh,b.sh",
        "poll": "2",
    }


def test_the_address_of_a_pooler_stands_beside_the_direct_address_of_its_database():
    direct, pooled = "postgresql://h@db/h", "postgresql://h:secret@pooler:6432/h"
    settings = load_settings({"database": direct}, {"HORARIUM_DATABASE_POOLED": pooled})
    assert settings.database_pooled == pooled
    assert "secret" not in str(differing(settings))
    for given, field in (
        ({"database_pooled": pooled}, "database"),
        ({"database": "sqlite:////data/h.db", "database_pooled": pooled}, "database"),
        ({"database": direct, "database_pooled": "pooler:6432"}, "database_pooled"),
        ({"database": f"{direct}?pooler=session"}, "database"),
    ):
        with pytest.raises(Invalid) as caught:
            load_settings(given, {})
        assert [problem.field for problem in caught.value.problems] == [field]


# What a setting of each type may be given as text, and what is then read.
TEXTS = {
    bool: {
        "1": True,
        "TRUE": True,
        "yes": True,
        "On": True,
        "0": False,
        "false": False,
        "No": False,
        "off": False,
    },
    int: {"2048": 2048},
    float: {"1": 1.0, "0.5": 0.5},
}


@pytest.fixture
def file_with(tmp_path):
    """Writes a settings file with one value."""

    def write(name, value):
        place = tmp_path / "horarium.toml"
        text = str(value).lower() if isinstance(value, bool) else "{}" if value == {} else repr(value)
        place.write_text(f"{name} = {text}")
        return place

    return write


@pytest.mark.parametrize("name", [name for name, each in SETTINGS.items() if type(each.default) in TEXTS])
def test_every_number_and_flag_is_read_as_it_may_be_written_and_nothing_else_is_taken_for_one(
    name, file_with
):
    """Of whatever type a value is in the file; a text only in the environment."""
    setting = SETTINGS[name]
    kind = type(setting.default)
    for text, value in TEXTS[kind].items():
        if kind is bool or value >= setting.about.least:
            needed = {"HORARIUM_DATABASE": "postgresql://x@y/z"} if name == "processes" else {}
            found = getattr(load_settings({}, {setting.variable: text} | needed), name)
            assert (found, type(found)) == (value, kind)
    wrong = {bool: (1, 0, "maybe", ""), int: (2048.0, True, "1.5"), float: (True, "soon")}[kind]
    for value in (*wrong, [], {}):
        with pytest.raises(Invalid) as caught:
            load_settings({}, {}, file_with(name, value))
        (problem,) = caught.value.problems
        assert (problem.field, problem.code) == (name, "type")


@pytest.mark.parametrize("name", [name for name, each in SETTINGS.items() if each.about.least is not None])
def test_every_number_may_be_as_small_as_it_says_and_no_smaller_and_never_no_number(name):
    setting = SETTINGS[name]
    least, kind = setting.about.least, type(setting.default)
    assert getattr(load_settings({name: kind(least)}, {}), name) == least
    below = [least - 1] if kind is int else [math.nextafter(least, -1), math.nan]
    for value in below:
        with pytest.raises(Invalid, match=f"{name}: .* is too small: at least {least:g}"):
            load_settings({name: value}, {})


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"port": 65535}, 65535),
        ({"trace_share": 1.0}, 1.0),
        ({"database": "postgres://u@h/d"}, "postgres://u@h/d"),
        ({"public_url": "https://x.example"}, "https://x.example"),
        ({"public_url": "http://x.example"}, "http://x.example"),
        ({"pages_address": "127.0.0.1:65535"}, "127.0.0.1:65535"),
        ({"pages_address": "127.0.0.1:0", "port": 0}, "127.0.0.1:0"),
        ({"pages_address": "127.0.0.1:0"}, "127.0.0.1:0"),
        ({"cors_origins": ("*", "https://a.example:8443")}, ("*", "https://a.example:8443")),
        ({"trusted_proxies": ("::1", "10.0.0.0/8")}, ("::1", "10.0.0.0/8")),
        ({"allow_private": ("10.1.2.3",)}, ("10.1.2.3",)),
        ({"roles": ("worker",)}, ("worker",)),
        ({"log_format": "json"}, "json"),
        ({"admin_key": "hor_" + "a" * 32}, "hor_" + "a" * 32),
    ],
)
def test_what_is_just_within_bounds_is_taken(given, read):
    assert getattr(load_settings(given, {}), next(iter(given))) == read


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"pages_address": "127.0.0.1:65536"}, "pages_address", "is not an address such as"),
        ({"cors_origins": ("https://a.example/path",)}, "cors_origins", "without a path"),
        ({"cors_origins": ("a.example",)}, "cors_origins", "is not an origin"),
        ({"roles": (), "HORARIUM_ROLES": ","}, "roles", "an empty list is none of api, engine, worker"),
        ({"admin_key": "hor_" + "a" * 32, "admin_key_file": Path("x")}, "admin_key_file", "together with"),
        ({"tls_cert": Path("x")}, "tls_key", "is missing"),
        ({"tls_key": Path("x")}, "tls_cert", "is missing"),
        ({"log_format": "xml"}, "log_format", "'xml' (option) is not one of auto, text, json"),
        ({"trace_share": 1.001}, "trace_share", "is too large"),
    ],
)
def test_what_is_just_beyond_bounds_or_lacks_its_counterpart_is_told(given, field, words):
    environment = {name: value for name, value in given.items() if name.startswith("HORARIUM_")}
    options = {name: value for name, value in given.items() if name not in environment and value != ()}
    with pytest.raises(Invalid) as caught:
        load_settings(options, environment)
    (problem,) = caught.value.problems
    assert problem.field == field
    assert words in problem.message


def test_every_setting_knows_where_it_came_from_and_an_empty_list_of_an_option_gives_nothing(tmp_path):
    file = tmp_path / "named.toml"
    file.write_text("poll = 1.5\nport = 1\nlease = 9")
    other = tmp_path / "other.toml"
    other.write_text("poll = 2.5")
    environment = {"HORARIUM_PORT": "2", "HORARIUM_CONFIG": str(other), "HORARIUM_COMMANDS": "a.sh,,"}
    loaded = load_with_sources({"lease": 8.0, "commands": [], "data": Path("d")}, environment, file)
    assert loaded.file == file
    assert loaded.settings.commands == ("a.sh",)
    assert {name: loaded.source(name) for name in ("poll", "port", "lease", "data", "commands", "host")} == {
        "poll": Source.FILE,
        "port": Source.ENVIRONMENT,
        "lease": Source.OPTION,
        "data": Source.OPTION,
        "commands": Source.ENVIRONMENT,
        "host": Source.DEFAULT,
    }
    assert load_with_sources({}, environment).file == other


def test_a_path_and_a_text_that_need_not_be_set_are_read_as_what_they_are():
    found = load_settings({}, {"HORARIUM_DATA": "d", "HORARIUM_TLS_CERT": "c", "HORARIUM_TLS_KEY": "k"})
    assert (found.data, found.tls_cert, found.tls_key) == (Path("d"), Path("c"), Path("k"))


def test_variables_of_the_commands_are_no_settings_and_are_no_mistakes():
    assert set(OTHER_VARIABLES) == {
        f"HORARIUM_{name}" for name in ("CONFIG", "URL", "KEY", "WORKSPACE", "ALERTS", "PING")
    }
    given = {name: "x" for name in OTHER_VARIABLES if name != "HORARIUM_CONFIG"}
    assert load_settings({}, given) == Settings()


def test_targets_reach_the_server_where_it_listens_or_at_its_public_address():
    assert Settings().reached_at == "http://127.0.0.1:8080"
    assert Settings(tls_cert=Path("c")).reached_at == "https://127.0.0.1:8080"
    assert Settings(tls_cert=Path("c")).scheme == "https"
    assert Settings(host="::1", port=9).reached_at == "http://[::1]:9"
    assert Settings(public_url="https://x.example/h").reached_at == "https://x.example/h"


def test_an_address_of_the_pages_is_a_host_and_a_port_and_is_written_again_as_it_was():
    for text, at in (("127.0.0.1:9100", ("127.0.0.1", 9100)), ("[::1]:9100", ("::1", 9100))):
        assert Settings(pages_address=text).pages_at == at
        assert in_url(*at) == text
    assert Settings().pages_at is None


def test_files_of_a_server_lie_in_its_data_folder_and_its_database_where_it_is_named():
    data = Path("/d")
    assert Settings(data=data).left_key_file == Path("/d/admin.key")
    assert Settings(data=data).sqlite_folder == data
    assert Settings(data=data, database="sqlite:////other/x.db").sqlite_folder == Path("/other")
    assert Settings(data=data, database="postgresql://h/d").sqlite_folder is None


def test_the_help_of_a_setting_tells_its_unit_and_its_default_as_they_are_written():
    ends = {
        "poll": " In seconds. (default: 5)",
        "access_log": " (default: false)",
        "roles": " (default: api,engine,worker)",
        "response_limit": " In bytes. (default: 65536)",
        "log_format": " (default: auto)",
        "node": "",
    }
    for name, end in ends.items():
        assert SETTINGS[name].help == SETTINGS[name].about.words + end


def test_a_secret_that_is_not_set_is_not_shown_as_if_it_were():
    assert differing(Settings(poll=2.0)) == {"poll": "2"}
    for setting in SETTINGS.values():
        assert shown(setting, Settings()) == setting.default_words


def test_of_several_secret_keys_the_wrong_one_is_named_by_its_place():
    for text, place in (
        (f"abc,{new_key()}", "key 1 of the list is not"),
        (f"{new_key()},abc", "key 2 of the list is not"),
        ("abc", "the key is not"),
    ):
        with pytest.raises(Invalid) as caught:
            load_settings({"secret_key": text}, {})
        (problem,) = caught.value.problems
        assert problem.message.startswith(place)
