from __future__ import annotations

import asyncio
import errno
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.executors import command
from horarium.executors.command import CommandExecutor, _Watch, make
from horarium.executors.options import ExecutorOptions
from tests.executors.calls import call_of, stored_call
from tests.support.few_files import room_for
from tests.support.processes import gone

ALLOWED = (
    *("echo?env=A", "cat", "env?env=REGION+BOTH+OWN", "sh?env=API_TOKEN+PLAIN", "sleep"),
    *("/bin/echo", "pwd", "yes", "wc", "no-such-program"),
)


@pytest.fixture
def executor() -> CommandExecutor:
    return make(ExecutorOptions(commands=ALLOWED, response_limit_bytes=1000))


async def run(
    executor: CommandExecutor, *argv: str, config: dict[str, Any] | None = None, **changes: Any
) -> Outcome:
    return await executor.execute(stored_call(executor, {"argv": list(argv), **(config or {})}, **changes))


async def test_what_it_prints_is_the_output(executor: CommandExecutor) -> None:
    outcome = await run(executor, "echo", "team", "{{ input.team }}")
    assert (outcome.verdict, outcome.output) == (Verdict.SUCCEEDED, "team blue\n")
    assert (await run(executor, "echo", '{"a": [1]}')).output == {"a": [1]}
    assert (await run(executor, "/bin/echo", "x")).output == "x\n"


async def test_no_shell_ever_sees_an_argument(executor: CommandExecutor) -> None:
    hostile = "$(id) `id` ; id | id > /tmp/x && $HOME * ~ \\ ' \""
    outcome = await run(executor, "echo", "{{ input.x }}", "b c", input={"x": hostile})
    assert outcome.output == f"{hostile} b c\n"


async def test_the_context_comes_on_standard_input(executor: CommandExecutor) -> None:
    output = (await run(executor, "cat", row={"name": "Ann"})).output
    assert output["slot"] == "2026-03-08T13:00:00Z"
    assert output["row"] == {"name": "Ann"}
    assert "secrets" not in output


@pytest.mark.parametrize(
    ("stdin", "printed"),
    [
        ("plain {{ input.team }}", "plain blue"),
        ({"t": "{{ input.team }}"}, {"t": "blue"}),
        (None, None),
        ("", None),
    ],
)
async def test_standard_input_can_be_given(executor: CommandExecutor, stdin: Any, printed: Any) -> None:
    assert (await run(executor, "cat", config={"stdin": stdin})).output == printed


async def test_the_environment_is_scrubbed(
    executor: CommandExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HORARIUM_VAULT_KEYS", "very-secret")
    output = (
        await run(
            executor,
            "env",
            config={"environment": {"REGION": "eu", "BOTH": "config"}},
            environment={"BOTH": "run", "OWN": "1"},
            callback_token="tok-12345678",
            callback_base="https://here.example",
        )
    ).output
    found = dict(line.split("=", 1) for line in output.splitlines())
    found.pop("PWD", None)
    assert set(found) == {
        "PATH",
        "LANG",
        "REGION",
        "BOTH",
        "OWN",
        "HORARIUM_RUN_ID",
        "HORARIUM_ATTEMPT",
        "HORARIUM_TARGET_ID",
        "HORARIUM_SCHEDULE_ID",
        "HORARIUM_SLOT",
        "HORARIUM_CALLBACK_URL",
        "HORARIUM_CALLBACK_TOKEN",
    }
    assert (found["BOTH"], found["REGION"], found["HORARIUM_ATTEMPT"]) == ("run", "eu", "1")
    assert found["HORARIUM_RUN_ID"].startswith("run_")


async def test_a_language_that_the_operator_lets_targets_set_is_the_one_they_set() -> None:
    executor = make(ExecutorOptions(commands=("env?env=LANG", "env?env=TZ")))
    given = {"environment": {"LANG": "de_DE", "TZ": "UTC"}}
    printed = (await run(executor, "env", config=given)).output
    assert {"LANG=de_DE", "TZ=UTC"} <= set(printed.splitlines())
    assert "LANG=C.UTF-8" in (await run(executor, "env")).output


async def test_its_folder_is_not_ours(executor: CommandExecutor) -> None:
    assert (await run(executor, "pwd")).output == "/\n"


async def test_a_failing_exit_code_fails_with_the_end_of_standard_error(executor: CommandExecutor) -> None:
    outcome = await run(executor, "sh", "-c", "echo partial; echo no space left >&2; exit 3")
    assert outcome.verdict is Verdict.FAILED
    assert outcome.retryable
    assert outcome.error == "the command ended with exit code 3: no space left"
    assert (outcome.status, outcome.output) == (3, "partial\n")


async def test_a_signal_is_named(executor: CommandExecutor) -> None:
    assert (await run(executor, "sh", "-c", "kill -9 $$")).error == "the command was ended by SIGKILL"


async def test_long_output_is_cut_and_long_errors_keep_their_end(executor: CommandExecutor) -> None:
    many = "head -c 300000 /dev/zero | tr '\\0'"
    script = f"{many} x; {many} y >&2; echo end >&2; exit 1"
    outcome = await run(executor, "sh", "-c", script)
    assert outcome.output == "x" * 1000
    assert outcome.error is not None
    assert outcome.error.endswith("yend")
    assert len(outcome.error) < 1200


async def test_a_program_that_reads_nothing_and_one_that_reads_all(executor: CommandExecutor) -> None:
    large = {"x": "y" * 1_000_000}
    assert (await run(executor, "echo", "done", input=large)).output == "done\n"
    assert (await run(executor, "wc", "-c", input=large)).output > 1_000_000


async def test_at_the_timeout_the_whole_group_is_ended(executor: CommandExecutor, tmp_path: Path) -> None:
    marked = tmp_path / "pids"
    script = f"sleep 60 & echo $$ $! > {marked}; wait"
    started = time.monotonic()
    outcome = await run(executor, "sh", "-c", script, timeout_ms=300)
    assert outcome.error == "the command did not end within 0.3 s"
    assert outcome.retryable
    assert time.monotonic() - started < 2
    for pid in marked.read_text().split():
        assert await gone(int(pid))


async def test_a_program_gets_a_moment_to_end_well(executor: CommandExecutor, tmp_path: Path) -> None:
    marked = tmp_path / "end"
    script = f"trap 'echo tidy > {marked}; exit' TERM; while :; do sleep 0.05; done"
    await run(executor, "sh", "-c", script, timeout_ms=300)
    assert marked.read_text() == "tidy\n"


async def test_one_that_ignores_the_end_is_killed(
    executor: CommandExecutor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("horarium.executors.command._TERM_GRACE_SECONDS", 0.2)
    marked = tmp_path / "pid"
    script = f"trap '' TERM; echo $$ > {marked}; while :; do sleep 0.05; done"
    outcome = await run(executor, "sh", "-c", script, timeout_ms=200)
    assert outcome.verdict is Verdict.FAILED
    assert await gone(int(marked.read_text()))


async def test_cancelling_ends_it(executor: CommandExecutor, tmp_path: Path) -> None:
    marked = tmp_path / "pid"
    task = asyncio.create_task(run(executor, "sh", "-c", f"echo $$ > {marked}; sleep 60", timeout_ms=60_000))
    async with asyncio.timeout(10):
        while not marked.exists() or not marked.read_text():
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(int(marked.read_text()))


@pytest.mark.parametrize("steps", range(6))
async def test_cancelling_while_it_starts_ends_it_with_its_children(
    executor: CommandExecutor, tmp_path: Path, steps: int
) -> None:
    marked = tmp_path / "pid"
    task = asyncio.create_task(run(executor, "sh", "-c", f"sleep 60 & echo $! > {marked}; wait"))
    for _ in range(steps):
        await asyncio.sleep(0)
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 8
    assert not marked.exists() or not marked.read_text() or await gone(int(marked.read_text()))


async def test_what_it_leaves_in_the_background_does_not_outlive_it(executor: CommandExecutor) -> None:
    started = time.monotonic()
    outcome = await run(executor, "sh", "-c", "sleep 60 & echo $!")
    assert outcome.verdict is Verdict.SUCCEEDED
    assert time.monotonic() - started < 2
    assert await gone(int(outcome.output))


async def test_what_it_leaves_in_the_background_does_not_hold_its_outcome_up(
    executor: CommandExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the pipes open, and is ended before anybody waits for what it may still print."""
    monkeypatch.setattr("horarium.executors.command._PIPE_GRACE_SECONDS", 60.0)
    started = time.monotonic()
    assert (await run(executor, "sh", "-c", "sleep 60 & echo done")).output == "done\n"
    assert time.monotonic() - started < 20


async def test_endless_output_takes_no_memory_and_ends_at_the_timeout(executor: CommandExecutor) -> None:
    assert (await run(executor, "yes", timeout_ms=200)).error == "the command did not end within 0.2 s"


async def test_secrets_reach_the_program_and_nobody_else(executor: CommandExecutor) -> None:
    config = {
        "environment": {"API_TOKEN": "tok-12345", "PLAIN": "{{ secrets.T }}"},
        "secrets": {"T": "hush-hush"},
    }
    call = stored_call(executor, {"argv": ["sh", "-c", 'echo "$API_TOKEN $PLAIN" >&2; exit 1'], **config})
    assert call.config["environment"] == {"API_TOKEN": "***", "PLAIN": "{{ secrets.T }}"}
    assert (await executor.execute(call)).error == "the command ended with exit code 1: *** ***"
    length = await run(executor, "sh", "-c", 'echo "${#API_TOKEN} ${#PLAIN}"', config=config)
    assert length.output == "9 9\n"


STEERING = [
    "LD_PRELOAD", "PATH", "PYTHONPATH", "HORARIUM_RUN_ID", "a b", "BASH_ENV", "TAR_OPTIONS", "AWS_CONFIG_FILE",
    "KUBECONFIG", "RSYNC_RSH", "PSQLRC", "XZ_OPT", "DOTNET_STARTUP_HOOKS", "region", "REGION ", "A",
]  # fmt: skip


@pytest.mark.parametrize("name", STEERING)
async def test_a_run_cannot_set_variables_that_steer_programs(executor: CommandExecutor, name: str) -> None:
    outcome = await run(executor, "env", environment={name: "/tmp/evil.so"})
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
    assert "evil" not in (outcome.error or "")
    assert f"the variable {name} " in (outcome.error or "")


@pytest.mark.parametrize("name", STEERING)
def test_a_target_cannot_set_variables_that_steer_programs(executor: CommandExecutor, name: str) -> None:
    (problem,) = executor.check({"argv": ["env"], "environment": {name: "x"}})
    assert problem.field == f"environment.{name}"


async def test_a_command_is_given_the_variables_that_the_operator_listed_for_it(
    executor: CommandExecutor,
) -> None:
    given = {"REGION": "eu", "HORARIUM_ENV_TEAM": "blue"}
    printed = (await run(executor, "env", environment=given)).output
    assert "REGION=eu\n" in printed
    assert "HORARIUM_ENV_TEAM=blue\n" in printed
    refused = await run(executor, "cat", environment={"REGION": "eu"})
    assert "the variable REGION may not be set for 'cat'" in str(refused.error)
    assert (await run(executor, "cat", environment={"HORARIUM_ENV_X": "1"})).verdict is Verdict.SUCCEEDED


async def test_variables_are_refused_at_the_next_run_once_the_operator_lists_them_no_more(
    executor: CommandExecutor,
) -> None:
    call = stored_call(executor, {"argv": ["env"], "environment": {"REGION": "eu"}})
    later = make(ExecutorOptions(commands=("env",)))
    outcome = await later.execute(call)
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
    assert "the variable REGION may not be set for 'env'" in (outcome.error or "")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({f"HORARIUM_ENV_{n}": "" for n in range(100)}, None),
        ({f"HORARIUM_ENV_{n}": "" for n in range(101)}, "the environment has more than 100 variables"),
        ({"HORARIUM_ENV_X": "x" * 65_536, "HORARIUM_ENV_Y": "y" * 65_536}, None),
        (
            {"HORARIUM_ENV_X": "x" * 65_536, "HORARIUM_ENV_Y": "y" * 65_537},
            "the environment is longer than 131072 characters",
        ),
    ],
    ids=["100 variables", "101 variables", "128 KiB", "more"],
)
async def test_a_run_brings_along_a_bounded_environment(
    executor: CommandExecutor, given: dict[str, str], said: str | None
) -> None:
    outcome = await run(executor, "cat", environment=given)
    assert outcome.error == (said and f"the command could not be started: {said}")
    assert outcome.retryable is (said is None)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a\0b", "contains a NUL character"),
        ("x" * 65_537, "is longer than 65536 characters"),
        ("x" * 65_536, None),
    ],
)
async def test_a_value_that_cannot_be_an_argument_is_refused(
    executor: CommandExecutor, value: str, said: str | None
) -> None:
    outcome = await run(executor, "echo", "{{ input.x }}", input={"x": value})
    words = f"the command could not be started: a value for an argument or a variable {said}"
    assert outcome.error == (said and words)
    assert outcome.retryable is (said is None)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "argv"),
        ({"argv": "echo hello"}, "argv"),
        ({"argv": []}, "argv"),
        ({"argv": ["echo", 5]}, "argv"),
        ({"argv": ["echo"] * 201}, "argv"),
        ({"argv": ["rm", "-rf", "/"]}, "argv.0"),
        ({"argv": ["/usr/bin/echo"]}, "argv.0"),
        ({"argv": ["./echo"]}, "argv.0"),
        ({"argv": ["{{ input.program }}"]}, "argv.0"),
        ({"argv": ["no-such-program"]}, "argv.0"),
        ({"argv": ["echo", "a\0b"]}, "argv.1"),
        ({"argv": ["echo", "{{ nope }}"]}, "argv.1"),
        ({"argv": ["echo"], "stdin": "{{ nope }}"}, "stdin"),
        ({"argv": ["echo"], "environment": ["A=b"]}, "environment"),
        ({"argv": ["echo"], "environment": {"A": 5}}, "environment.A"),
        ({"argv": ["echo"], "environment": {"LD_PRELOAD": "x"}}, "environment.LD_PRELOAD"),
        ({"argv": ["echo"], "environment": {"A=B": "x"}}, "environment.A=B"),
        ({"argv": ["echo"], "environment": {"A": "{{ nope }}"}}, "environment.A"),
        ({"argv": ["echo"], "shell": True}, "shell"),
    ],
)
def test_what_is_wrong_is_named(executor: CommandExecutor, config: dict[str, Any], field: str) -> None:
    assert [problem.field for problem in executor.check(config)] == [field]


def test_a_program_is_never_looked_for_in_the_folder_where_the_server_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "tool").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    there = ExecutorOptions(commands=("./tool", "tool", str(tmp_path / "tool")))
    for name, problems in (("./tool", 1), ("tool", 1), (str(tmp_path / "tool"), 0)):
        assert len(make(there).check({"argv": [name]})) == problems
    assert make(replace(there, command_path=str(tmp_path))).check({"argv": ["tool"]}) == []


async def test_commands_are_off_by_default() -> None:
    off = make(ExecutorOptions())
    (problem,) = off.check({"argv": ["echo"]})
    assert "off" in problem.message
    outcome = await off.execute(call_of({"argv": ["echo"]}))
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
    assert "commands are off, because the server's settings do not allow any" in str(outcome.error)


async def test_a_broken_stored_configuration_fails_the_run(executor: CommandExecutor) -> None:
    for config in ({}, {"argv": []}, {"argv": 5}):
        outcome = await executor.execute(call_of(config))
        assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
        assert outcome.error == "the target's stored configuration cannot be used: replace it"


async def test_output_that_was_cut_is_text_although_its_beginning_is_json() -> None:
    executor = make(ExecutorOptions(commands=("/bin/echo",), response_limit_bytes=5))
    assert (await run(executor, "/bin/echo", "-n", "[1,2]")).output == [1, 2]
    assert (await run(executor, "/bin/echo", "-n", "[1,2]x")).output == "[1,2]"


@pytest.mark.parametrize(
    "content",
    [b"\x00 no program", b"\x7fELF" + bytes(47), b"echo the first line is missing\n", b"#", b""],
    ids=["bytes", "the beginning of a program", "a script without its first line", "a sign", "nothing"],
)
async def test_a_file_that_is_no_program_fails_at_its_first_attempt(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes"
    file.write_bytes(content)
    file.chmod(0o755)
    outcome = await run(make(ExecutorOptions(commands=(str(file),))), str(file))
    error = "the command could not be started: exec format error"
    assert outcome == Outcome(Verdict.FAILED, error=error, retryable=False)


@pytest.mark.parametrize(
    ("number", "passing"),
    [
        (errno.EAGAIN, True),
        (errno.EMFILE, True),
        (errno.ENFILE, True),
        (errno.ENOMEM, True),
        (errno.ETXTBSY, True),
        (errno.ENOENT, False),
        (errno.EACCES, False),
    ],
    ids=lambda each: "" if isinstance(each, bool) else errno.errorcode[each],
)
async def test_what_the_system_lacks_for_a_moment_is_no_reason_to_give_a_run_up(
    executor: CommandExecutor, monkeypatch: pytest.MonkeyPatch, number: int, passing: bool
) -> None:
    async def refused(*_: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(command, "_started", refused)
    outcome = await run(executor, "echo", "x")
    error = f"the command could not be started: {os.strerror(number).lower()}"
    assert outcome == Outcome(Verdict.FAILED, error=error, retryable=passing)


async def test_commands_that_find_no_files_to_open_take_none_for_good(executor: CommandExecutor) -> None:
    """Else there would be fewer after each of them, until the server can open none at all."""
    await run(executor, "echo", "x")  # what the first one opens stays
    before = psutil.Process().num_fds()
    for room in (3, 6, 9):
        with room_for(room):
            outcome = await run(executor, "echo", "x")
        error = "the command could not be started: too many open files"
        assert outcome == Outcome(Verdict.FAILED, error=error, retryable=True)
    assert psutil.Process().num_fds() == before
    assert (await run(executor, "echo", "x")).output == "x\n"


def test_what_a_program_prints_is_read_until_it_has_closed_both_pipes() -> None:
    for first, second in ((1, 2), (2, 1)):
        watch = _Watch(1_000)
        watch.pipe_connection_lost(first, None)
        assert not watch.drained.is_set()
        watch.pipe_connection_lost(second, None)
        assert watch.drained.is_set()


async def test_a_variable_never_takes_the_place_of_what_the_server_says_of_the_run() -> None:
    """Not even where the operator has listed it."""
    executor = make(ExecutorOptions(commands=("env?env=HORARIUM_RUN_ID+HORARIUM_SLOT",)))
    forged = {"HORARIUM_RUN_ID": "run_forged", "HORARIUM_SLOT": "forged"}
    for changes in ({"config": {"environment": forged}}, {"environment": forged}):
        outcome = await run(executor, "env", **changes)
        assert "forged" not in outcome.output
        assert "HORARIUM_SLOT=2026-03-08T13:00:00Z" in outcome.output
