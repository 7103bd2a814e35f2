"""Timings and policies as the texts that are stored."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.schedule import (
    AfterCompletion,
    AfterPause,
    CatchUp,
    OverlapScope,
    Policies,
    policies_from_text,
    policies_to_text,
    timing_from_text,
    timing_to_text,
)
from horarium.times import Timing

times = st.none() | st.integers(0, 10**9)
policies = st.builds(
    Policies,
    overlap=st.sampled_from(Overlap),
    overlap_scope=st.sampled_from(OverlapScope),
    catch_up=st.sampled_from(CatchUp),
    after_pause=st.sampled_from(AfterPause),
    after_completion=st.sampled_from(AfterCompletion),
    max_fires=times,
    jitter_ms=st.integers(0, 10**6),
    timeout_ms=times,
    retry=st.builds(
        Retry, max_attempts=st.integers(1, 20), factor=st.floats(1, 10), until_next_slot=st.booleans()
    ),
)
timings = st.builds(
    Timing,
    spec=st.text(min_size=1, max_size=40),
    dialect=st.sampled_from(["native", "m9m"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    anchor=st.integers(0, 10**10),
    dst_gap=st.none() | st.just("skip"),
    start=times,
    end=times,
)


@given(policies)
def test_policies_are_read_back_as_they_were_written(given_policies):
    assert policies_from_text(policies_to_text(given_policies)) == given_policies


@given(timings)
def test_timings_are_read_back_as_they_were_written(timing):
    assert timing_from_text(timing_to_text(timing)) == timing


def test_enums_come_back_as_enums():
    found = policies_from_text(policies_to_text(Policies(overlap=Overlap.ALLOW, catch_up=CatchUp.NONE)))
    assert found.overlap is Overlap.ALLOW
    assert found.catch_up is CatchUp.NONE


def test_only_what_differs_from_the_defaults_is_written():
    assert policies_to_text(Policies()) == "{}"
    changed = Policies(jitter_ms=5, retry=Retry(max_attempts=9))
    assert json.loads(policies_to_text(changed)) == {"jitter_ms": 5, "retry": {"max_attempts": 9}}
    assert json.loads(timing_to_text(Timing("0 9 * * *", zone="UTC"))) == {"spec": "0 9 * * *"}


def test_equal_texts_give_one_object_in_memory():
    text = policies_to_text(Policies(jitter_ms=7))
    assert policies_from_text(text) is policies_from_text(text)
    text = timing_to_text(Timing("1 2 3 4 *"))
    assert timing_from_text(text) is timing_from_text(text)


def test_texts_that_stand_for_the_same_are_equal():
    again = {"end": 9, "start": 5, "spec": "0 9 * * *"}
    assert timing_to_text(Timing(**again)) == timing_to_text(Timing("0 9 * * *", start=5, end=9))
    assert timing_to_text(Timing("ü")) == '{"spec":"ü"}'


def test_a_field_that_does_not_exist_is_not_read_silently():
    with pytest.raises(TypeError):
        policies_from_text('{"colour": 1}')
