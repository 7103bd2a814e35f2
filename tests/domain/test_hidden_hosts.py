"""An error of a shared target says what went wrong, and names no place that its lender has not shown."""

import time

import pytest

from horarium.domain.hidden_hosts import LONGEST_TEXT, MOST_HOSTS, host_hider

CONFIG = {
    "url": "https://{{input.region}}.crm.internal:8443/hidden?x=1",
    "poll": {"url": "http://crm/state"},
    "server": "kaf1:9092,kaf2:9092",
    "queues": [{"address": "queue-a"}],
    "headers": {"A": "v 1.2 mail.example.org"},
}
SECRETS = {"connection": "postgresql://u:p@db.secret/crm", "hosts": ["spare"]}


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("refused: eu.crm.internal is not among the hosts", "refused: *** is not among the hosts"),
        ("refused: CRM is not allowed", "refused: *** is not allowed"),
        ("could not connect to kaf2:9092: timed out", "could not connect to ***:9092: timed out"),
        ("no answer of queue-a", "no answer of ***"),
        ("spare is down, mail.example.org too", "*** is down, *** too"),
        (
            'connection to server at "db.secret" (10.1.2.3), port 5432 failed',
            'connection to server at "***" (***), port 5432 failed',
        ),
        ("10.1.2.3:80.", "***."),
        ("from fe80::1, [2001:db8::1]:80 and ::1", "from ***, [***]:80 and ***"),
        ("see https://elsewhere.example/path?token=x for more", "see *** for more"),
    ],
)
def test_no_place_is_named(error, shown):
    assert host_hider(CONFIG, SECRETS)(error) == shown


@pytest.mark.parametrize(
    "error",
    [
        "the target answered 500 Internal Server Error",
        "no answer within 30.5 s",
        "at 12:30:45 redis.exceptions.ConnectionError: 1.2.3 failed; crmx and a-crm stay",
    ],
)
def test_what_went_wrong_stays(error):
    assert host_hider(CONFIG, SECRETS)(error) == error


@pytest.mark.parametrize(
    ("config", "error", "shown"),
    [
        ({"x": "crm:8080"}, "crm is down, crm:8080 too", "*** is down, ***:8080 too"),
        ({"x": "crm:here"}, "crm is down", "crm is down"),  # no port, so no host
        ({"x": "crm"}, "crm is down", "crm is down"),
        ({"x": "a.crm"}, "a.crm is down", "*** is down"),
        ({"x": "7:8080 1.2"}, "7 of 1.2", "7 of 1.2"),
        ({"hosts": "7"}, "7 is down", "*** is down"),
        ({"broker.address": "crm"}, "crm is down", "*** is down"),
        ({"hosts": ["crm", {"a": "b"}], "c": ("d.e",)}, "crm, b and d.e", "***, b and ***"),
        ({"url": "https://me@crm:1/x"}, "crm or me", "*** or me"),
        ({"url": "https://[2001:db8::7]:1/x?q#f"}, "2001:db8::7 is down", "*** is down"),
        ({"url": "https://{{a}}.b{{c}}d.e/"}, "x.bd.e x.bxd.e x.d.e bd.e .bd.e", "*** *** x.d.e bd.e .bd.e"),
        ({"url": "https://a{{x}}a/"}, "a aa aba", "a *** ***"),
        ({"url": "https://a{{x}}b/"}, "ab axb xab abx xaxb", "*** *** xab abx xaxb"),
        ({"url": "https://a{{x}}a/"}, f"a{'x' * 258}a", "***"),
        ({"url": "https://a{{x}}a/"}, f"a{'x' * 259}a", f"a{'x' * 259}a"),  # no host is so long
        ({"url": "https://a{{x}}b{{y}}b{{z}}c/"}, "abc abbc abxbc abbbc", "abc *** *** ***"),
    ],
)
def test_what_looks_like_a_host_in_a_configuration_is_hidden_and_nothing_else(config, error, shown):
    assert host_hider(config, {})(error) == shown


@pytest.mark.parametrize(
    ("length", "hidden"), [(MOST_HOSTS - 1, True), (MOST_HOSTS, False), (MOST_HOSTS + 9, False)]
)
def test_of_very_many_hosts_the_first_are_hidden(length, hidden):
    config = {"hosts": [*(f"h{n}" for n in range(length)), "crm"]}
    assert (host_hider(config, {})("crm is down") == "*** is down") is hidden


def test_hosts_are_looked_for_in_the_beginning_of_a_long_text():
    for before, hidden in ((LONGEST_TEXT - 5, True), (LONGEST_TEXT, False)):
        hide = host_hider({"x": " " * before + "a.crm"}, {})
        assert (hide("a.crm is down") == "*** is down") is hidden


def test_a_host_that_comes_from_the_run_alone_is_no_secret_of_the_lender():
    assert (
        host_hider({"url": "https://{{input.host}}/x"}, {})("refused: mine.example")
        == "refused: mine.example"
    )


def test_the_time_grows_with_the_texts_alone():
    hide = host_hider(
        {"url": ["https://" + "{{a}}" * 50 + "-x" * 500 for _ in range(50)], "b": "a." * 30_000}, {}
    )
    begun = time.process_time()
    hide("a-x" * 5_000 + "f:" * 5_000 + "1." * 5_000 + "h://" * 5_000)
    assert time.process_time() - begun < 2
