from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.executors.options import ExecutorOptions
from horarium.executors.python import PythonExecutor, make
from tests.executors.calls import stored_call
from tests.support.processes import gone

MODULE = "tests.executors.functions_for_tests"


@pytest.fixture
async def executor() -> AsyncIterator[PythonExecutor]:
    made = make(ExecutorOptions(python_functions=(f"{MODULE}:*", "json:dumps"), python_workers=2))
    yield made
    await made.close()


async def run(
    executor: PythonExecutor, function: str, arguments: dict[str, Any] | None = None, **changes: Any
) -> Outcome:
    config: dict[str, Any] = {"function": f"{MODULE}:{function}"}
    if arguments is not None:
        config["arguments"] = arguments
    return await executor.execute(stored_call(executor, config, **changes))


async def until_written(path: Path) -> str:
    async with asyncio.timeout(10):
        while not path.exists() or not path.read_text():
            await asyncio.sleep(0.01)
    return path.read_text()


@pytest.mark.parametrize("function", ["add", "add_async"])
async def test_arguments_come_by_keyword_with_their_types(executor: PythonExecutor, function: str) -> None:
    outcome = await run(executor, function, {"a": "{{ input.n }}", "b": 2}, input={"n": 40})
    assert (outcome.verdict, outcome.output) == (Verdict.SUCCEEDED, 42)


@pytest.mark.parametrize("function", ["echo", "echo_async"])
async def test_without_arguments_the_function_gets_the_context(
    executor: PythonExecutor, function: str
) -> None:
    config = {"function": f"{MODULE}:{function}", "secrets": {"TOKEN": "hush-hush"}}
    call = stored_call(executor, config, row={"name": "Ann"}, environment={"REGION": "eu"})
    output = (await executor.execute(call)).output
    assert output["slot"] == "2026-03-08T13:00:00Z"
    assert output["row"] == {"name": "Ann"}
    assert output["environment"] == {"REGION": "eu"}
    assert output["schedule"]["timezone"] == "Europe/Paris"
    assert output["secrets"] == {"TOKEN": "***"}


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("fail", "ValueError: no such team"),
        ("fail_async", "ValueError: no such team"),
    ],
)
async def test_what_it_raises_fails_the_attempt_without_a_traceback(
    executor: PythonExecutor, function: str, error: str
) -> None:
    outcome = await run(executor, function, {"message": "no such team"})
    assert (outcome.verdict, outcome.error, outcome.retryable) == (Verdict.FAILED, error, True)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("time_out_itself", "TimeoutError: the database was slow"),
        ("cancel_itself", "CancelledError: the function cancelled itself"),
        ("exit_async", "SystemExit: 3"),
        ("leave", "SystemExit: 3"),
        ("raise_unprintable", "Unprintable"),
        ("raise_unprintable_async", "Unprintable"),
        ("crash", "the function's process ended before it answered (exit code 7)"),
        ("end_its_process", "the function's process ended before it answered (exit code 0)"),
    ],
)
async def test_odd_endings_are_failures_too(executor: PythonExecutor, function: str, error: str) -> None:
    outcome = await run(executor, function, {})
    assert (outcome.verdict, outcome.error) == (Verdict.FAILED, error)
    assert (await run(executor, "add", {"a": 1})).output == 2


@pytest.mark.parametrize("function", ["no_json", "no_json_async"])
async def test_a_result_that_is_no_json_is_an_error_that_says_so(
    executor: PythonExecutor, function: str
) -> None:
    outcome = await run(executor, function, {})
    assert outcome.verdict is Verdict.FAILED
    assert outcome.error is not None
    assert "cannot be written as JSON" in outcome.error


async def test_secrets_do_not_come_out_in_errors(executor: PythonExecutor) -> None:
    for function in ("fail", "fail_async"):
        config = {
            "function": f"{MODULE}:{function}",
            "arguments": {"message": "bad token {{ secrets.TOKEN }}"},
            "secrets": {"TOKEN": "hush-hush"},
        }
        outcome = await executor.execute(stored_call(executor, config))
        assert outcome.error == "ValueError: bad token ***"


async def test_a_large_result_is_cut() -> None:
    executor = make(ExecutorOptions(python_functions=(f"{MODULE}:large",), response_limit_bytes=100))
    outcome = await run(executor, "large", {"size": 5_000_000})
    await executor.close()
    assert outcome.output == '"' + "x" * 99


async def test_synchronous_functions_run_apart_and_their_process_is_used_again(
    executor: PythonExecutor,
) -> None:
    pids = {(await run(executor, "where", {})).output for _ in range(3)}
    assert len(pids) == 1
    assert os.getpid() not in pids


async def test_processes_are_bounded_and_work_side_by_side(executor: PythonExecutor) -> None:
    outcomes = await asyncio.gather(*(run(executor, "where", {}) for _ in range(10)))
    assert 1 <= len({outcome.output for outcome in outcomes}) <= 2


async def test_their_environment_holds_nothing_of_the_servers(
    executor: PythonExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HORARIUM_VAULT_KEYS", "very-secret")
    outcome = await run(executor, "variables", {})
    assert set(outcome.output) <= {
        "PATH",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "TMPDIR",
        "PYTHONPATH",
        "PYTHONDONTWRITEBYTECODE",
    }


async def test_they_run_in_the_topmost_folder_and_not_in_that_of_the_server(executor: PythonExecutor) -> None:
    assert (await run(executor, "folder", {})).output == "/"


async def test_what_a_function_prints_or_reads_does_not_disturb(
    executor: PythonExecutor, capfd: pytest.CaptureFixture[str]
) -> None:
    assert (await run(executor, "chatter", {})).output == "quiet"
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "noise of a child" in captured.err


async def test_at_the_timeout_the_process_and_its_children_are_killed(
    executor: PythonExecutor, tmp_path: Path
) -> None:
    await run(executor, "where", {})
    marked = tmp_path / "pids"
    outcome = await run(executor, "mark_and_hang", {"path": str(marked)}, timeout_ms=1500)
    assert outcome.error == "the function did not end within 1.5 s"
    assert outcome.retryable
    for pid in marked.read_text().split():
        assert await gone(int(pid))
    assert (await run(executor, "add", {"a": 1})).output == 2


async def test_cancelling_kills_the_process(executor: PythonExecutor, tmp_path: Path) -> None:
    marked = tmp_path / "pids"
    task = asyncio.create_task(run(executor, "mark_and_hang", {"path": str(marked)}, timeout_ms=60_000))
    pids = (await until_written(marked)).split()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in pids:
        assert await gone(int(pid))


async def test_cancelling_while_a_process_starts_leaves_it_for_the_next_call(
    executor: PythonExecutor,
) -> None:
    task = asyncio.create_task(run(executor, "where", {}))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert (await run(executor, "add", {"a": 1})).output == 2


async def test_a_call_of_no_time_at_all_ends_at_once(executor: PythonExecutor) -> None:
    outcome = await run(executor, "where", {}, timeout_ms=1)
    assert outcome.error == "the function did not end within 0.001 s"


async def test_a_function_does_not_outlive_a_server_that_is_killed(tmp_path: Path) -> None:
    marked = tmp_path / "pids"
    script = f"""
import asyncio
from horarium.executors.processes import ProcessPool
call = {{"path": {str(marked)!r}}}
asyncio.run(ProcessPool(1).run("{MODULE}:mark_and_hang", call, by_keyword=True, limit=10))
"""
    server = subprocess.Popen([sys.executable, "-c", script])
    pid = int((await until_written(marked)).split()[0])
    server.kill()
    server.wait()
    assert await gone(pid)


async def test_async_functions_are_cancelled_at_the_timeout(executor: PythonExecutor, tmp_path: Path) -> None:
    marked = tmp_path / "end"
    started = time.monotonic()
    outcome = await run(executor, "hang_async", {"path": str(marked)}, timeout_ms=100)
    assert outcome.error == "the function did not end within 0.1 s"
    assert time.monotonic() - started < 2
    assert marked.read_text() == "cancelled"


async def test_a_function_that_ignores_its_end_is_still_late(executor: PythonExecutor) -> None:
    outcome = await run(executor, "swallow_cancel", {}, timeout_ms=50)
    assert outcome.error == "the function did not end within 0.05 s"


async def test_cancelling_reaches_an_async_function(executor: PythonExecutor, tmp_path: Path) -> None:
    marked = tmp_path / "end"
    task = asyncio.create_task(run(executor, "hang_async", {"path": str(marked)}))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert marked.read_text() == "cancelled"


async def test_a_missing_value_for_an_argument_is_no_reason_to_try_again(executor: PythonExecutor) -> None:
    outcome = await run(executor, "add", {"a": "{{ input.nothing }}"})
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
    assert outcome.error is not None
    assert "input.nothing" in outcome.error


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (None, "required"),
        (5, "package.module:function"),
        ("os.system", "package.module:function"),
        ("os:system", "do not allow"),
        (f"{MODULE}:echo.__globals__", "package.module:function"),
        (f"{MODULE}:_private", "do not allow"),
        (f"{MODULE}:subprocess", "not a function"),
        (f"{MODULE}:Popen", "not a function"),
        (f"{MODULE}:suppress", "not a function"),
        (f"{MODULE}:Path", "not defined in that module"),
        (f"{MODULE}:pid", "not defined in that module"),
        (f"{MODULE}:not_a_function", "not a function"),
        (f"{MODULE}:misspelt", "not a function"),
        (f"{MODULE}.sub:echo", "do not allow"),
        ("json:loads", "do not allow"),
    ],
)
def test_only_functions_that_the_settings_allow_are_accepted(
    executor: PythonExecutor, function: Any, said: str
) -> None:
    (problem,) = executor.check({"function": function})
    assert problem.field == "function"
    assert said in problem.message


@pytest.mark.parametrize(("length", "said"), [(500, "do not allow"), (501, "must be written as")])
def test_no_name_of_a_function_is_longer_than_a_bound(
    executor: PythonExecutor, length: int, said: str
) -> None:
    (problem,) = executor.check({"function": "m:" + "f" * (length - 2)})
    assert said in problem.message


def test_without_settings_no_function_is_allowed() -> None:
    (problem,) = make(ExecutorOptions()).check({"function": "json:dumps"})
    assert "allow no function" in problem.message


def test_a_module_that_cannot_be_imported_is_a_problem_not_a_crash() -> None:
    (problem,) = make(ExecutorOptions(python_functions=("no.such:thing",))).check(
        {"function": "no.such:thing"}
    )
    assert "cannot be imported" in problem.message


async def test_a_function_that_is_no_longer_allowed_is_not_called() -> None:
    before = make(ExecutorOptions(python_functions=("json:dumps",)))
    call = stored_call(before, {"function": "json:dumps"})
    outcome = await make(ExecutorOptions()).execute(call)
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
    why = "cannot be used: the server's settings allow no function (python_functions)"
    assert outcome.error == f"the function could not be called: {why}"


def test_every_problem_of_a_configuration_is_reported(executor: PythonExecutor) -> None:
    problems = executor.check({"function": "x", "arguments": {"a": "{{ nope }}"}, "extra": 1, "type": "http"})
    assert {problem.field for problem in problems} == {"function", "arguments.a", "extra", "type"}
    assert executor.check({"function": "json:dumps", "arguments": ["a"]})[0].field == "arguments"


@pytest.mark.parametrize(
    ("function", "arguments", "output"),
    [("add_async", {"a": 1, "b": 2}, 3), ("waits", {"a": 2}, 3), ("add_async_to_one", {"b": 2}, 3)],
)
async def test_whatever_is_called_like_an_async_function_is_awaited(
    function: str, arguments: dict[str, Any], output: int
) -> None:
    executor = make(ExecutorOptions(python_functions=(f"{MODULE}:{function}",)))
    outcome = await run(executor, function, arguments)
    assert (outcome.output, outcome.error) == (output, None)
    await executor.close()


@pytest.mark.parametrize("function", ["echo", "echo_async"])
@pytest.mark.parametrize(
    "secret",
    [
        {"callback_token": "cbt-hush-hush"},
        {"environment": {"A": "env-hush-hush"}},
        {"callback_token": "cbt-hush-hush", "environment": {"A": "env-hush-hush"}},
    ],
)
async def test_what_is_secret_in_one_run_does_not_come_out_in_its_output(
    executor: PythonExecutor, function: str, secret: dict[str, Any]
) -> None:
    output = (await run(executor, function, **secret)).output
    assert "hush" not in str(output)
    assert output["environment"] == dict.fromkeys(secret.get("environment", ()), "***")
    assert ("callback" in output) is ("callback_token" in secret)


async def test_a_function_that_changes_what_it_was_given_takes_nothing_from_the_next_run(
    executor: PythonExecutor,
) -> None:
    config = {"function": f"{MODULE}:takes_away", "secrets": {"TOKEN": "hush-hush"}}
    call = stored_call(executor, config, environment={"A": "env-hush-hush", "REGION": "eu"})
    for _ in range(2):
        outcome = await executor.execute(call)
        assert outcome.output == {"TOKEN": "***", "A": "***", "REGION": "eu"}
