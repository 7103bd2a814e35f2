"""Failed runs have log lines with ids and without contents, and a dead target does not fill the log."""

from structlog.testing import capture_logs

from horarium.domain.ids import prefixed, random_id
from horarium.service.failure_log import LINES, LINES_OF_TARGET, MOST_NAMED, PERIOD_MS, FailureLog

NOW = 1_795_348_800_000
WORKSPACE, TARGET, RUN, FIRE, SCHEDULE = (random_id(NOW) for _ in range(5))


def fail(log, times=1, target=TARGET, now=NOW):
    for _ in range(times):
        log.failed(now, RUN, WORKSPACE, target, failure="refused", attempt=2, fire_id=FIRE, status=404)


def test_a_failed_run_is_told_with_its_ids_and_the_class_of_its_failure():
    with capture_logs() as lines:
        FailureLog().failed(
            NOW,
            RUN,
            WORKSPACE,
            TARGET,
            failure="refused",
            attempt=2,
            schedule_id=SCHEDULE,
            fire_id=FIRE,
            status=404,
        )
    assert lines == [
        {
            "event": "run_failed",
            "log_level": "warning",
            "workspace": prefixed("ws", WORKSPACE),
            "schedule": prefixed("sch", SCHEDULE),
            "fire": prefixed("fire", FIRE),
            "run": prefixed("run", RUN),
            "target": prefixed("tgt", TARGET),
            "attempt": 2,
            "failure": "refused",
            "status": 404,
        }
    ]


def test_what_is_left_out_is_counted_and_told_at_the_end_of_the_period():
    log, other = FailureLog(), random_id(NOW)
    with capture_logs() as lines:
        fail(log, LINES_OF_TARGET + 7)
        fail(log, 1, other)
    assert len(lines) == LINES_OF_TARGET + 1
    with capture_logs() as lines:
        log.flush(NOW + PERIOD_MS - 1)
        assert lines == []
        log.flush(NOW + PERIOD_MS)
    assert [(line["event"], line["target"], line["runs"]) for line in lines] == [
        ("failed_runs_left_out", prefixed("tgt", TARGET), 7)
    ]
    with capture_logs() as lines:
        fail(log, 1, now=NOW + PERIOD_MS)
    assert [line["event"] for line in lines] == ["run_failed"]


def test_each_period_has_its_lines_and_tells_what_was_left_out_in_it_alone():
    log = FailureLog()
    for period in range(3):
        now = NOW + period * PERIOD_MS
        with capture_logs() as lines:
            log.flush(now)
            for _ in range(LINES // LINES_OF_TARGET):
                fail(log, LINES_OF_TARGET, random_id(now), now)
            fail(log, 3, now=now)
        told = [(line["event"], line.get("target"), line.get("runs")) for line in lines]
        left_out = [("failed_runs_left_out", prefixed("tgt", TARGET), 3)]
        assert told[: len(told) - LINES] == (left_out if period else [])
        assert {event for event, _, _ in told[-LINES:]} == {"run_failed"}


def test_many_targets_together_have_a_bound_and_every_failure_is_in_a_line_or_a_count():
    log, failures = FailureLog(), 3 * LINES
    with capture_logs() as lines:
        for _ in range(failures):
            fail(log, 1, random_id(NOW))
        log.flush(NOW + PERIOD_MS)
    told = sum(line["event"] == "run_failed" for line in lines)
    assert told == LINES
    assert told + sum(line.get("runs", 0) for line in lines) == failures
    assert len(lines) == LINES + MOST_NAMED + 1  # the others are counted together


def test_a_clock_that_steps_back_does_not_silence_the_log():
    log = FailureLog()
    with capture_logs() as lines:
        fail(log, LINES_OF_TARGET)
        fail(log, 1, now=NOW - 2 * PERIOD_MS)
    assert len(lines) == LINES_OF_TARGET + 1
