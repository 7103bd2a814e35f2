"""What programs and functions are given, and what comes of how they end: chapters of `sent.txt`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from horarium.executors import command, echo, python
from horarium.executors.processes import ProcessPool
from tests.executors.calls import call_of
from tests.executors.sent_world import World
from tests.support.kept_page import shown

# Variables that shells set by themselves.
_OF_SHELLS = ("PWD=", "OLDPWD=", "SHLVL=", "_=")
TELLS = """echo "argument 0: $0"; for one in "$@"; do echo "argument: $one"; done; echo "in $(pwd)"; env | sort; cat"""

COMMANDS: Mapping[str, Mapping[str, Any]] = {
    "the context": {"argv": ["tell"]},
    "arguments of values": {"argv": ["tell", "a b", "{{ input.team }}", "--n={{ attempt }}", "{{ input }}",
    "{{ row }}", ""]},
    "a text": {"argv": ["tell"], "stdin": "at {{ slot }}"},
    "an object": {"argv": ["tell"], "stdin": {"at": "{{ slot }}", "n": ["{{ attempt }}"]}},
    "a whole value": {"argv": ["tell"], "stdin": "{{ input }}"},
    "nothing": {"argv": ["tell"], "stdin": None},
    "an empty text": {"argv": ["tell"], "stdin": ""},
    "variables": {
        "argv": ["tell"], "stdin": None, "environment": {"REGION": "{{ input.team }}",
        "HORARIUM_ENV_KEY": "{{ secrets.WORD }}"},
        "secrets": {"WORD": "sesame-open"},
    },
    "variables that are ours": {"argv": ["tell"], "stdin": None, "environment": {"PATH": "/own", "LANG": "de",
    "REGION": "a"}},
    "an absolute path": {"argv": ["/bin/true"], "stdin": None},
}  # fmt: skip
REFUSED: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "a value that is not there": ({"argv": ["tell", "{{ input.name }}"]}, {}),
    "an argument at its bound": ({"argv": ["tell", "{{ input }}"], "stdin": None}, {"input": "x" * 65_536}),
    "a longer argument": ({"argv": ["tell", "{{ input }}"]}, {"input": "x" * 65_537}),
    "an argument with a NUL": ({"argv": ["tell", "{{ input }}"]}, {"input": "a\0b"}),
    "a variable of the run that is not allowed": ({"argv": ["tell"]}, {"environment": {"OTHER": "a"}}),
    "a variable of the run": ({"argv": ["tell"], "stdin": None}, {"environment": {"REGION": "a",
    "HORARIUM_ENV_A": "b"}}),
    "a variable with a NUL": ({"argv": ["tell"]}, {"environment": {"REGION": "a\0"}}),
    "many variables": ({"argv": ["tell"]}, {"environment": {f"HORARIUM_ENV_{n}": "" for n in range(101)}}),
    "long variables": ({"argv": ["tell"]}, {"environment": {"REGION": "x" * (128 * 1024 + 1)}}),
    "a program that is not there": ({"argv": ["missing"]}, {}),
    "a program that is not allowed any more": ({"argv": ["other"]}, {}),
    "a broken configuration": ({"argv": None}, {}),
}  # fmt: skip
ENDINGS = {
    "exit 0": "exit 0",
    "exit 1": "exit 1",
    "exit 255, with words": "echo 'no such team' >&2; exit 255",
    "exit 0, with words": "echo fine; echo careful >&2",
    "JSON": """echo '{"n": [1, null]}'""",
    "broken JSON": """printf '{"n": '""",
    "what it has printed when it fails": "echo 7; exit 3",
    "what is not UTF-8": "printf '\\377\\376'",
    "a NUL": "printf 'a\\000b'",
    "400 bytes": "printf '%0400d' 0 | tr 0 x",
    "401 bytes": "printf '%0401d' 0 | tr 0 x",
    "many bytes": "head -c 300000 /dev/zero | tr '\\000' x",
    "many words of an error": "head -c 300000 /dev/zero | tr '\\000' y >&2; echo end >&2; exit 1",
    "a secret": "echo sesame-open; echo sesame-open >&2; exit 1",
    "SIGTERM": "kill -TERM $$",
    "SIGKILL": "kill -KILL $$",
    "SIGSEGV": "kill -SEGV $$",
    "a signal without a name": "kill -40 $$",
    "input is not read": "exec 0<&-; exit 0",
    "not a program": None,
}
FUNCTIONS = "tests.executors.functions_of_the_page"
CALLED: Mapping[str, Mapping[str, Any]] = {
    "the context": {"function": f"{FUNCTIONS}:given"},
    "arguments": {"function": f"{FUNCTIONS}:named", "arguments": {"a": "{{ input.team }}", "b": [1,
    "{{ attempt }}"]}},
    "no arguments": {"function": f"{FUNCTIONS}:named", "arguments": {}},
    "secrets": {"function": f"{FUNCTIONS}:given", "secrets": {"WORD": "sesame-open"}},
    "arguments of secrets": {"function": f"{FUNCTIONS}:named", "arguments": {"a": "{{ secrets.WORD }}"},
    "secrets": {"WORD": "w"}},
}  # fmt: skip
RETURNED = (
    "none", "true", "false", "zero", "text", "listed", "large", "at_the_bound", "above_the_bound", "no_json",
    "wide", "raises",
    "raises_without_words", "raises_in_words", "raises_long", "leaves", "tells_a_secret", "needs_more",
)  # fmt: skip


def leave(world: World, name: str, script: str) -> None:
    """Put a program into the folder in which commands are looked up."""
    path = world.folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


async def chapters(world: World) -> None:
    world.page.chapter("echo")
    echoing = echo.make(world.options())
    await world.send("what it is given", echoing, {})
    await world.send(
        "a secret of the run", echoing, {}, environment={"A": "sesame-open"}, input="sesame-open"
    )
    await world.send("more than is kept", echoing, {}, input="x" * 400)
    await _commands(world)
    await _functions(world)


async def _commands(world: World) -> None:
    page = world.page
    leave(world, "tell", TELLS)
    executor = command.make(
        world.options(commands=("tell?env=REGION+PATH", "tell?env=LANG", "missing", "/bin/true", "end"))
    )
    page.chapter("command: what is started")

    async def noted(start: Any, limit: int) -> Any:
        program = "" if start.argv[0].startswith("/bin") else f" of {start.argv[0]}"
        page.say(f"> {shown(start.argv[1:])}{program}, keeps {limit} bytes")
        page.alike([f"> {name}={value}" for name, value in start.environment.items()])
        page.say(f"> {start.stdin.decode()!r}")
        return command._End(0, b"", b"")

    with patch.object(command, "_run", noted):
        for title, config in COMMANDS.items():
            row = {"id": 7, "name": "ä"}
            await world.send(
                title, executor, config, row=row, callback_token="token-of-run" if "text" in title else None
            )
        await world.send(
            "no schedule", executor, {"argv": ["tell"], "stdin": None}, schedule_id=None, slot_ms=None
        )
        for title, (config, changes) in REFUSED.items():
            page.case(title)
            page.outcome(await executor.execute(call_of(config, **changes)))
    await executor.close()
    page.chapter("command: what a program really gets")
    executor = command.make(world.options(commands=("tell?env=REGION",), response_limit_bytes=10_000))
    config = {
        "argv": ["tell", "a b", "{{ input.team }}", "$HOME", ""],
        "stdin": "line\n",
        "environment": {"REGION": "eu"},
    }
    outcome = await executor.execute(call_of(config))
    page.case("as it tells it")
    for line in str(outcome.output).splitlines():
        if not line.startswith(_OF_SHELLS):
            page.say(line)
    await executor.close()
    await _endings(world)


async def _endings(world: World) -> None:
    page = world.page
    page.chapter("command: what comes of how it ends")
    executor = command.make(world.options(commands=("end",)))
    for title, script in ENDINGS.items():
        page.case(title)
        leave(world, "end", script or "")
        if script is None:
            (world.folder / "end").write_bytes(b"\x7fELF nothing")
        call = call_of({"argv": ["end"]}, {"secrets.WORD": "sesame-open"}, input="x" * 100)
        page.outcome(await executor.execute(call))
    page.case("it does not end")
    leave(world, "end", "echo begun; exec sleep 30")
    page.outcome(await executor.execute(call_of({"argv": ["end"]}, timeout_ms=40)))
    page.case("the variables that a schedule may set")
    for name in (
        "HORARIUM_ENV_A",
        "OTHER",
        "1A",
        "A" * 129,
        "HORARIUM_ENV_" + "A" * 115,
        "HORARIUM_ENV_" + "A" * 116,
    ):
        page.problems(executor.check_environment({"argv": ["end"]}, {name: "a"}))
    many = {f"HORARIUM_ENV_{number}": "" for number in range(101)}
    for given in (
        dict(list(many.items())[:100]),
        many,
        {"HORARIUM_ENV_A": "x" * 131_072},
        {"HORARIUM_ENV_A": "x" * 131_073},
    ):
        page.problems(executor.check_environment({"argv": ["end"]}, given))
    page.problems(executor.check_environment({"argv": ["end"]}, {"HORARIUM_ENV_A": "\0"}))
    await executor.close()


async def _functions(world: World) -> None:
    page = world.page
    executor = python.make(world.options(python_functions=(f"{FUNCTIONS}:*",), python_workers=1))
    page.chapter("python: what is called")
    run = ProcessPool.run

    async def noted(pool: ProcessPool, function: str, given: Any, **how: Any) -> bytes:
        page.say(f"> {function} {shown(given)} {how}")
        return await run(pool, function, given, **how)

    with patch.object(ProcessPool, "run", noted):
        for title, config in CALLED.items():
            for suffix in ("", "_here"):
                called = {**config, "function": config["function"] + suffix}
                await world.send(f"{title}{suffix}", executor, called, environment={"REGION": "eu-central"})
    page.chapter("python: what comes of it")
    for name in RETURNED:
        page.case(name)
        for suffix in ("", "_here"):
            if name == "leaves" and not suffix:
                continue
            config = {"function": f"{FUNCTIONS}:{name}{suffix}", "arguments": {}}
            page.outcome(await executor.execute(call_of(config, {"secrets.WORD": "sesame-open"})))
    for title, name in (("its process ends", "ends_its_process"), ("it is killed", "kills_its_process")):
        page.case(title)
        page.outcome(await executor.execute(call_of({"function": f"{FUNCTIONS}:{name}", "arguments": {}})))
    page.case("it does not end")
    config = {"function": f"{FUNCTIONS}:waits_here", "arguments": {}}
    page.outcome(await executor.execute(call_of(config, timeout_ms=30)))
    await executor.execute(call_of({"function": f"{FUNCTIONS}:none", "arguments": {}}))
    config = {"function": f"{FUNCTIONS}:waits", "arguments": {}}
    page.outcome(await executor.execute(call_of(config, timeout_ms=60)))
    page.case("it cancels itself")
    page.outcome(await executor.execute(call_of({"function": f"{FUNCTIONS}:cancels_here", "arguments": {}})))
    page.case("it cannot be called")
    for name in ("nothing", "_hidden", "a_number"):
        page.outcome(await executor.execute(call_of({"function": f"{FUNCTIONS}:{name}"})))
    for config in (
        {"function": "os:getpid"},
        {"function": None},
        {"function": f"{FUNCTIONS}:none", "arguments": "{{ x }}"},
    ):
        page.outcome(await executor.execute(call_of(config)))
    config = {"function": f"{FUNCTIONS}:named", "arguments": {"a": "{{ input.name }}"}}
    page.outcome(await executor.execute(call_of(config)))
    await executor.close()
