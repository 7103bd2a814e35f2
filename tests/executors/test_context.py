from __future__ import annotations

import pytest

from horarium.domain.ids import prefixed
from horarium.executors.context import callback_url, context_of, instant_text, template_values
from horarium.executors.template import ROOTS
from tests.executors.calls import NOW_MS, RUN_ID, call_of

RUN = prefixed("run", RUN_ID)


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (NOW_MS, "2026-03-08T13:00:00Z"),
        (NOW_MS + 7, "2026-03-08T13:00:00.007Z"),
        (0, "1970-01-01T00:00:00Z"),
        (-1000, "1969-12-31T23:59:59Z"),
        (253_402_300_799_000, "9999-12-31T23:59:59Z"),
    ],
)
def test_instants_are_written_in_utc(time_ms: int, text: str) -> None:
    assert instant_text(time_ms) == text


@pytest.mark.parametrize(
    ("base", "public", "url"),
    [
        ("https://a.example", "https://b.example", f"https://a.example/horarium/v1/runs/{RUN}"),
        (None, "https://b.example/", f"https://b.example/horarium/v1/runs/{RUN}"),
        (None, None, f"/horarium/v1/runs/{RUN}"),
    ],
)
def test_where_a_run_is_finished(base: str | None, public: str | None, url: str) -> None:
    call = call_of({}, callback_token="t", callback_base=base)
    assert callback_url(call, RUN, public) == url
    assert context_of(call, RUN, public)["callback"] == {"url": url, "token": "t"}


def test_placeholders_may_name_what_the_context_has_and_nothing_else() -> None:
    call = call_of({}, callback_token="t")
    values = template_values(call, context_of(call, RUN), {})
    assert set(values) == {*ROOTS, "secrets"}
    for root, parts in ROOTS.items():
        if parts and values[root] is not None:
            assert set(values[root]) == set(parts)


def test_no_secret_and_no_environment_is_in_the_context() -> None:
    call = call_of({}, {"secrets.T": "hush-hush"}, environment={"X": "env-12345678"})
    assert "hush" not in repr(context_of(call, RUN))
    assert "env-1234" not in repr(context_of(call, RUN))
