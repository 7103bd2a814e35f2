"""An error of a shared target says what went wrong, and names no place that its lender has not shown."""

import time

import pytest

from horarium.domain.hidden_hosts import host_hider

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
