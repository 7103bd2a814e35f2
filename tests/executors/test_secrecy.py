from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from horarium.executors.secrecy import (
    Scrubber,
    check_secrets,
    merge_secrets,
    reveal,
    run_scrubber,
    split,
)
from tests.executors.calls import call_of

CONFIG: dict[str, Any] = {
    "url": "https://example.com",
    "headers": {"Authorization": "Bearer abcdefgh", "X-Team": "blue", "X-Api-Key": "k-12345"},
    "secrets": {"TOKEN": "t-12345"},
    "environment": {"REGION": "eu", "DB_PASSWORD": "pw-12345"},
    "signing_secret": ["whsec_a", "whsec_b"],
}


def test_secrets_are_taken_out_and_masked() -> None:
    public, secrets = split(CONFIG, ("signing_secret",))
    assert public == {
        "url": "https://example.com",
        "headers": {"Authorization": "***", "X-Team": "blue", "X-Api-Key": "***"},
        "secrets": {"TOKEN": "***"},
        "environment": {"REGION": "eu", "DB_PASSWORD": "***"},
        "signing_secret": "***",
    }
    assert secrets == {
        "headers.Authorization": "Bearer abcdefgh",
        "headers.X-Api-Key": "k-12345",
        "secrets.TOKEN": "t-12345",
        "environment.DB_PASSWORD": "pw-12345",
        "signing_secret": ["whsec_a", "whsec_b"],
    }


def test_nothing_is_lost_on_the_way_and_the_given_object_is_left_alone() -> None:
    before = repr(CONFIG)
    assert reveal(*split(CONFIG, ("signing_secret",))) == CONFIG
    assert repr(CONFIG) == before


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "PROXY-AUTHORIZATION",
        "Cookie",
        "X-Api-Key",
        "X-Auth-Token",
        "X-Hub-Secret",
        "apikey",
        "DB_PASSWORD",
        "X-Signature",
    ],
)
def test_headers_that_sound_like_secrets_are_secret(name: str) -> None:
    public, secrets = split({"headers": {name: "value"}})
    assert public["headers"] == {name: "***"}
    assert secrets == {f"headers.{name}": "value"}


def test_a_replacement_that_sends_back_what_was_shown_keeps_the_secrets() -> None:
    public, secrets = split(CONFIG, ("signing_secret",))
    assert merge_secrets("http", public, secrets, public) == CONFIG


def test_a_replacement_changes_what_it_gives_and_drops_what_it_leaves_out() -> None:
    public, secrets = split(CONFIG, ("signing_secret",))
    new = {"url": "https://example.com/x", "headers": {"authorization": "***", "X-Api-Key": "new"}}
    assert merge_secrets("http", public, secrets, new) == {
        "url": "https://example.com/x",
        "headers": {"authorization": "Bearer abcdefgh", "X-Api-Key": "new"},
        "signing_secret": ["whsec_a", "whsec_b"],
    }


@pytest.mark.parametrize(
    ("kind", "config", "field"),
    [
        ("llm", {"model": "openai:a"}, "api_key"),
        ("sql", {"table": "a"}, "connection"),
        ("redis", {"server": "redis"}, "password"),
    ],
)
def test_a_field_that_is_secret_as_a_whole_is_kept_by_its_mask_and_replaced_by_a_value(
    kind: str, config: dict[str, Any], field: str
) -> None:
    public, secrets = split(config | {field: "hush-hush"}, (field,))
    assert public == config | {field: "***"}
    assert merge_secrets(kind, public, secrets, public) == config | {field: "hush-hush"}
    if kind != "redis":  # of other kinds only masks are known to be secrets
        assert merge_secrets(kind, public, secrets, config | {field: "new"}) == config | {field: "new"}
    assert merge_secrets(kind, public, {}, public) == public


def test_a_mask_with_nothing_behind_it_is_refused() -> None:
    given = {"headers": {"Authorization": "***", "X-Stars": "***"}, "secrets": {"T": "***"}}
    merged = merge_secrets("http", {}, {}, given)
    fields = {problem.field for problem in check_secrets(merged)}
    assert fields == {"secrets.T", "headers.Authorization", "headers.X-Stars"}


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        *(("headers", name, "s3cret") for name in ("X-Auth", "X-Session-Id", "X-JWT", "X-Api-Key", "Cookie")),
        *(("environment", name, "s3cret") for name in ("PGPASS", "DB_PWD", "SENTRY_DSN", "AUTH")),
        ("environment", "DATABASE_URL", "postgres://shop:s3cret@db/shop"),
        ("environment", "REDIS", "redis://:s3cret@cache/0"),
        ("headers", "X-Upstream", "https://ann:s3cret@example.com/x"),
    ],
)
def test_what_is_a_secret_by_its_name_or_as_a_url_with_a_password_is_hidden_and_kept(
    group: str, name: str, value: str
) -> None:
    config = {group: {name: value, "Accept": "text/plain", "REGION": "eu"}}
    public, secrets = split(config)
    assert public == {group: {name: "***", "Accept": "text/plain", "REGION": "eu"}}
    assert secrets == {f"{group}.{name}": value}
    assert reveal(public, secrets) == config
    assert [problem.field for problem in check_secrets(public)] == [f"{group}.{name}"]


@pytest.mark.parametrize(
    "url", ["https://example.com/a:b@c", "https://example.com:8080/x", "https://ann@x.example"]
)
def test_a_url_without_a_password_is_shown(url: str) -> None:
    assert split({"environment": {"HOME_PAGE": url}})[1] == {}


SAME = [
    ("http", {"url": "https://a.example"}, {"url": "https://A.example:443/other?x=1"}),
    ("http", {"url": "http://a.example:80/x"}, {"url": "HTTP://a.example/y"}),
    ("http", {"url": "https://{{ input.h }}/x"}, {"url": "https://{{ input.h }}/x", "method": "PUT"}),
    ("llm", {"model": "openai:a"}, {"model": "openai:b", "prompt": "p"}),
    (
        "llm",
        {"model": "a", "base_url": "https://m.example/v1"},
        {"model": "b", "base_url": "https://m.example/v2"},
    ),
    ("command", {"argv": ["backup", "a"]}, {"argv": ["backup", "b"]}),
    ("python", {"function": "a.b:c"}, {"function": "a.b:c", "arguments": {}}),
    ("sql", {"connection": "***", "table": "a"}, {"connection": "***", "table": "b"}),
    ("celery", {"broker": "a", "secrets": {"T": "***"}}, {"broker": "a", "secrets": {"T": "***"}}),
    ("celery", {"broker": "a", "password": "***"}, {"broker": "a"}),
]

OTHER = [
    ("http", {"url": "https://a.example/x"}, {"url": "https://b.example/x"}),
    ("http", {"url": "https://a.example/x"}, {"url": "http://a.example/x"}),
    ("http", {"url": "https://a.example/x"}, {"url": "https://a.example:8443/x"}),
    ("http", {"url": "https://a.example/x"}, {"url": "https://a.example.evil.example/x"}),
    ("http", {"url": "https://a.example/x"}, {"url": "https://a.example{{ input.x }}/x"}),
    ("http", {"url": "https://a.example/x"}, {"url": "https://a.example:80@evil.example/x"}),
    ("http", {"url": "https://{{ input.a/b }}/"}, {"url": "https://{{ input.a/c }}/"}),
    ("http", {"url": "https://a.example/x"}, {}),
    ("http", {"url": "https://a.example/x"}, {"url": ["https://a.example/x"]}),
    ("llm", {"model": "openai:a"}, {"model": "mistral:a"}),
    ("llm", {"model": "openai:a"}, {"model": "openai:a", "base_url": "https://evil.example"}),
    (
        "llm",
        {"model": "a", "base_url": "https://m.example"},
        {"model": "a", "base_url": "https://evil.example"},
    ),
    ("command", {"argv": ["backup", "a"]}, {"argv": ["show", "a"]}),
    ("python", {"function": "a.b:c"}, {"function": "a.b:d"}),
    ("celery", {"broker": "a"}, {"broker": "b"}),
]


@pytest.mark.parametrize(("kind", "old", "new"), SAME)
def test_a_secret_is_kept_while_it_goes_to_the_same_place(kind: str, old: Any, new: Any) -> None:
    given = new | {"secrets": {"T": "***"}}
    assert merge_secrets(kind, old, {"secrets.T": "hush"}, given)["secrets"] == {"T": "hush"}


@pytest.mark.parametrize(("kind", "old", "new"), OTHER)
def test_a_secret_that_would_go_elsewhere_is_asked_for_again(kind: str, old: Any, new: Any) -> None:
    given = new | {"secrets": {"T": "***"}, "headers": {"Authorization": "***"}, "api_key": "***"}
    stored = {"secrets.T": "hush", "headers.Authorization": "Bearer hush", "api_key": "hush"}
    merged = merge_secrets(kind, old, stored, given)
    assert "hush" not in str(merged)
    problems = check_secrets(merged, ("api_key",))
    assert {problem.field for problem in problems} == {"secrets.T", "headers.Authorization", "api_key"}
    assert all("give the secret itself" in problem.message for problem in problems)


def test_a_signing_secret_is_kept_wherever_messages_go_since_it_is_never_sent() -> None:
    old, stored = {"url": "https://a.example"}, {"signing_secret": "whsec_a", "secrets.T": "hush"}
    for new in ({"url": "https://b.example"}, {"url": "https://b.example", "signing_secret": "***"}):
        assert merge_secrets("http", old, stored, new) == {
            "url": "https://b.example",
            "signing_secret": "whsec_a",
        }


@pytest.mark.parametrize(
    ("group", "field", "said"),
    [
        ("text", "secrets", "must be an object of names and texts"),
        (["a"], "secrets", "must be an object of names and texts"),
        (5, "secrets", "must be an object of names and texts"),
        ({"bad name": "x"}, "secrets.bad name", "must have a name of letters, digits and underscores"),
        ({"1X": "x"}, "secrets.1X", "must have a name of letters, digits and underscores"),
        ({"X" * 65: "x"}, f"secrets.{'X' * 65}", "must have a name of letters, digits and underscores"),
        ({"T": 5}, "secrets.T", "must be a text"),
        ({"T": None}, "secrets.T", "must be a text"),
        ({f"T{n}": "x" for n in range(101)}, "secrets", "has more than 100 members"),
        ({"T": "x" * 65_537}, "secrets", "are longer than 65536 characters together"),
        ({"T": "x" * 65_536, "U": "x"}, "secrets", "are longer than 65536 characters together"),
    ],
)
def test_secrets_of_a_wrong_shape_are_refused(group: Any, field: str, said: str) -> None:
    assert [(one.field, one.message) for one in check_secrets({"secrets": group})] == [(field, said)]


@pytest.mark.parametrize(
    "group",
    [None, {}, {"X" * 64: "x"}, {f"T{n}": "x" for n in range(100)}, {"T": "x" * 65_535, "U": "x"}],
)
def test_secrets_up_to_the_bounds_are_taken(group: Any) -> None:
    assert check_secrets({"secrets": group}) == []


def test_known_secrets_are_scrubbed_everywhere() -> None:
    scrubber = Scrubber(["Bearer abcdefgh", ["whsec_one"], {"a": "k-12345"}, None, 5])
    assert scrubber.text("got abcdefgh, whsec_one and k-12345") == "got ***, *** and ***"
    assert scrubber.value({"k-12345": ["Bearer abcdefgh", 1, None]}) == {"***": ["***", 1, None]}


def test_the_longest_secret_goes_first() -> None:
    assert Scrubber(["abcd", "abcdefgh"]).text("abcdefgh") == "***"


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("abcd", "an abcd", "an ***"),
        ("abc", "an abc", "an abc"),
        ("Bearer abcdefgh", "it is abcdefgh", "it is ***"),
        ("Bearer abcdefg", "it is abcdefg", "it is abcdefg"),
        ("Bearer abcdefg", "it is Bearer abcdefg", "it is ***"),
        ({"a": ["nested-one"]}, "a nested-one", "a ***"),
    ],
)
def test_a_secret_is_searched_for_from_four_characters_on_and_a_word_of_it_from_eight(
    secret: Any, text: str, shown: str
) -> None:
    assert Scrubber([secret]).text(text) == shown


def test_of_the_variables_of_a_run_those_of_eight_characters_and_more_are_secret() -> None:
    call = call_of(
        {},
        {"secrets.A": "target-secret"},
        environment={"A": "12345678", "B": "1234567"},
        callback_token="cbt_1",
    )
    text = "12345678 1234567 cbt_1 target-secret"
    assert run_scrubber(call).text(text) == "*** 1234567 *** ***"
    assert (
        run_scrubber(call, Scrubber(["known"])).text(f"known {text}") == "*** *** 1234567 *** target-secret"
    )


def test_short_words_are_not_taken_for_secrets() -> None:
    assert Scrubber(["ab", "", "Basic xyz"]).text("ab Basic is fine") == "ab Basic is fine"


def test_words_of_secrets_are_searched_for_up_to_a_number_the_first_of_every_secret_before_others() -> None:
    long = [" ".join(f"word{letter}{place:04d}" for place in range(60)) for letter in "abcdefgh"]
    scrubber = Scrubber([*long, "Bearer wordz0000"])
    for first in ("worda0000", "wordh0000", "wordz0000", "worda0020", "wordh0020"):
        assert scrubber.text(f"<{first}>") == "<***>"
    assert scrubber.text("<worda0059>") == "<worda0059>"
    assert scrubber.text(f"<{long[0]}>") == "<***>"


def test_a_long_secret_that_the_cut_went_through_is_scrubbed_from_its_beginning_on() -> None:
    secret = "".join(f"{place:03d}" for place in range(300))
    for left in (4, 199, 200, 201, 700, 899):
        assert Scrubber([secret]).cut(f"it was {secret[:left]}") == "it was ***"
    assert Scrubber([secret]).cut(f"{secret[:300]} " + "-" * 900) == f"{secret[:300]} " + "-" * 900


def test_every_known_secret_that_the_cut_went_through_is_scrubbed_not_only_the_longest() -> None:
    known = Scrubber(["a-much-longer-secret-0123456789", "supersecret"])
    assert known.cut("the value is supersec") == "the value is ***"
    assert known.cut("the value is a-much-longer-sec") == "the value is ***"


def test_a_secret_that_the_cut_went_through_is_scrubbed() -> None:
    assert Scrubber(["supersecret"]).cut("the value is supersec") == "the value is ***"
    assert Scrubber(["supersecret"]).cut("the value is sup") == "the value is sup"


def test_a_secret_is_known_in_a_url_and_in_json_as_well() -> None:
    scrubber = Scrubber(['a&b"c d'])
    assert scrubber.text("GET /?key=a%26b%22c%20d") == "GET /?key=***"
    assert scrubber.text('{"cut json": "a&b\\"c d') == '{"cut json": "***'


def test_whatever_a_secret_looks_like_none_of_it_is_left_where_the_cut_went_through_it() -> None:
    """Secrets that repeat themselves are the hard ones: their beginning may stand inside their beginning."""
    for secret in ("".join(letters) for letters in product("ab", repeat=9)):
        scrubber = Scrubber([secret])
        for kept in range(1, len(secret)):
            for before in ("-", "-a", "-ab", "-aab", "-abab"):
                text = before + secret[:kept]
                left = text.replace(secret, "***")
                ends = [n for n in range(4, len(secret)) if left.endswith(secret[:n])]
                shown = left[: -max(ends)] + "***" if ends else left
                assert scrubber.cut(text) == shown, (secret, text)
