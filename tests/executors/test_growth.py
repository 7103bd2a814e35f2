"""The time to read a request grows only in proportion to its size.

A single small request once blocked the event loop, and so all tenants, for minutes. Each case here takes code that
reads a part of a request and gives it a text that is as hard as possible to read.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, types

from horarium.audiences.http import HttpSource
from horarium.audiences.registry import AudienceOptions
from horarium.audiences.sql import SqlSource
from horarium.domain.audience import AudienceQuery
from horarium.executors import command_config, functions, http_config
from horarium.executors.addresses import AddressPolicy, check_url
from horarium.executors.llm import config as llm_config
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import error_text, keep_bytes
from horarium.executors.secrecy import Scrubber, check_secrets, merge_secrets
from horarium.executors.sql import config as sql_config
from horarium.executors.sql.address import read_url
from horarium.executors.sql.column_values import Mismatch, coerce
from horarium.executors.sql.conditions import read_conditions
from horarium.executors.sql.config import Columns
from horarium.executors.sql.guard import HostPolicy
from horarium.executors.sql.operation import compile_write
from horarium.executors.template import TemplateError, check_template, compile_text, compile_value

POLICY = AddressPolicy()
OPTIONS = ExecutorOptions(commands=("true",), command_path="/bin:/usr/bin")
TABLE = Table("t", MetaData(), *(Column(f"c{index}", Integer) for index in range(1_000)))

SIZE = 2_000_000
LONGEST_S = 0.2

Maker = Callable[[int], Any]

TEXTS: dict[str, Maker] = {
    "many openings": lambda n: "{{" * (n // 2),
    "an opening and spaces": lambda n: "{{" + " " * n,
    "openings and line ends": lambda n: "{{\n" * (n // 3),
    "empty placeholders": lambda n: "{{}}" * (n // 4),
    "placeholders": lambda n: "{{input.a}}" * (n // 11),
    "unknown placeholders": lambda n: "{{x}}" * (n // 5),
    "one endless path": lambda n: "{{" + "a." * (n // 2) + "}}",
    "env and spaces": lambda n: "{{ env" * (n // 6) + " " * n,
    "closings": lambda n: "}}" * (n // 2),
    "braces": lambda n: "{ " * (n // 2),
    "plain": lambda n: "a" * n,
    "colons": lambda n: ":a" * (n // 2),
    "spaces": lambda n: " " * n,
    "digits": lambda n: "1" * n,
    "dots": lambda n: "a." * (n // 2),
    "percent signs": lambda n: "https://" + "%41" * (n // 3),
    "surrogate at the end": lambda n: "a" * n + "\ud800",
}


def _deep(n: int) -> Any:
    value: Any = ["{{ input }}"] * (n // 12)
    for _ in range(49):
        value = [value]
    return value


VALUES: dict[str, Maker] = {
    **TEXTS,
    "a wide list": lambda n: [0] * (n // 2),
    "a wide list of templates": lambda n: ["{{x}}"] * (n // 8),
    "a deep list": _deep,
    "wide below a long name": lambda n: {"a" * (n // 2): [0] * (n // 4)},
    "templates below a long name": lambda n: {"a" * (n // 2): ["{{x}}"] * (n // 16)},
    "many names": lambda n: {f"n{index}": 1 for index in range(n // 12)},
    "many names with placeholders": lambda n: {f"{{{{{index}": 1 for index in range(n // 14)},
    "many masks": lambda n: {f"token{index}": "***" for index in range(n // 20)},
}

made = lru_cache(maxsize=None)(lambda name, size: VALUES[name](size))

READERS: dict[str, Callable[[Any], Any]] = {
    "check_template": lambda value: check_template(value, "body", ["T"]),
    "http: url": lambda value: http_config.check_config({"url": value}, POLICY),
    "http: headers": lambda value: http_config.check_config(
        {"url": "https://example.com", "headers": {"X-A": value}}, POLICY
    ),
    "http: header names": lambda value: http_config.check_config(
        {"url": "https://example.com", "headers": value}, POLICY
    ),
    "http: body": lambda value: http_config.check_config(
        {"url": "https://example.com", "body": value}, POLICY
    ),
    "http: secrets": lambda value: http_config.check_config(
        {"url": "https://example.com/{{ secrets.A }}", "secrets": value}, POLICY
    ),
    "http: signing secret": lambda value: http_config.check_config(
        {"url": "https://example.com", "signing_secret": value}, POLICY
    ),
    "http: unknown fields": lambda value: http_config.check_config(
        value if isinstance(value, dict) else {str(value): 1}, POLICY
    ),
    "command": lambda value: command_config.check_config(
        {"argv": ["true", value], "stdin": value, "environment": value}, OPTIONS
    ),
    "function name": lambda value: functions.refusal(value, ["a:b"]),
    "llm": lambda value: llm_config.check_config(
        {
            "model": value,
            "base_url": value,
            "api_key": value,
            "instructions": value,
            "prompt": value,
            "settings": value,
        },
        POLICY,
        (),
    ),
    "sql": lambda value: sql_config.check_config(
        {"connection": value, "table": value, "columns": {"write": value}}, HostPolicy()
    ),
    "sql: columns": lambda value: sql_config.check_config(
        {"database": value, "table": "t", "columns": value}, HostPolicy()
    ),
    "sql: whereConditions": lambda value: read_conditions(value),
    "sql: operation": lambda value: compile_write(
        {"operation": "INSERT", "values": value}, TABLE, Columns(write=("c1",)), "sqlite"
    ),
    "sql: text": lambda value: _coerced(types.Text(), value),
    "sql: number": lambda value: _coerced(types.Numeric(), value),
    "sql: instant": lambda value: _coerced(types.DateTime(), value),
    "url": lambda value: check_url(value, POLICY),
    "database url": lambda value: read_url(value, HostPolicy(("*",))),
    "secrets": lambda value: check_secrets({"headers": value, "secrets": value}),
    "secrets kept": lambda value: merge_secrets(
        "http", {}, {"secrets.T": "x"}, {"headers": value, "secrets": value}
    ),
    "error text": lambda value: error_text(str(value), Scrubber(["supersecret"])),
    "http audience": lambda value: HttpSource(AUDIENCES).check(
        {"url": value, "headers": value, "rows": value, "key": value, "method": "GET"}
    ),
    "sql audience": lambda value: SqlSource(AUDIENCES).check(
        {"connection": value, "query": value, "key": value}
    ),
    "sql audience: filter": lambda value: SqlSource(AUDIENCES).check_filter(
        AudienceQuery(
            b"w" * 16, "a", value if isinstance(value, dict) else {"x": value}, 0, {"query": LONG_QUERY}
        )
    ),
}

AUDIENCES: Any = AudienceOptions(None, OPTIONS)  # type: ignore[arg-type]
LONG_QUERY = "SELECT 1" + " , :aaaa" * 500


def _coerced(kind: types.TypeEngine[Any], value: Any) -> Any:
    try:
        return coerce(kind, value, "sqlite")
    except Mismatch as error:
        return error


def seconds(work: Callable[[], Any]) -> float:
    """The processor time of a call: the shortest of three, because other programs use the machine too."""
    best = float("inf")
    for _ in range(3):
        gc.disable()
        begun = time.thread_time()
        try:
            work()
        finally:
            gc.enable()
        best = min(best, time.thread_time() - begun)
        if best < LONGEST_S / 20:
            break  # so short that differences do not matter
    return best


def bounded(work: Callable[[Any], Any], make: Maker, size: int) -> None:
    """Checks that `work` is fast for `size`, and takes at most three times as long as for half the size."""
    small, large = make(size // 2), make(size)
    for last in (False, False, True):  # another program may disturb a measurement
        first = seconds(lambda: work(small))
        assert first < (LONGEST_S if last else 1.0), f"{first:.3f} s for half the size"
        if first >= LONGEST_S:
            continue
        second = seconds(lambda: work(large))
        if second < LONGEST_S and second < 3 * first + 0.01:
            return
    raise AssertionError(f"{first:.3f} s, and {second:.3f} s for twice as much")


@pytest.mark.parametrize("reader", READERS)
def test_what_a_caller_sends_is_read_in_a_time_that_grows_with_its_size(reader: str) -> None:
    for name in VALUES:
        # Small sizes come first, so that code that needs minutes for 2 MB fails sooner.
        for size in (1_000, 50_000, SIZE):
            try:
                bounded(READERS[reader], lambda n, name=name: made(name, n), size)
            except AssertionError as error:
                raise AssertionError(f"{reader}, {name}, {size} characters: {error}") from None


@pytest.mark.parametrize("name", TEXTS)
def test_a_template_is_compiled_in_a_time_that_grows_with_its_size(name: str) -> None:
    # The sizes are below 2 MB, because a template with that many placeholders is refused before it is compiled.
    for size in (4_000, 200_000):
        bounded(compile_text, TEXTS[name], size)
        bounded(compile_value, TEXTS[name], size)


def test_a_deep_template_is_compiled_by_looking_at_each_value_once() -> None:
    bounded(compile_value, _deep, 500_000)


def test_a_column_named_over_and_over_in_a_condition_is_found_at_once() -> None:
    def conditions(size: int) -> str:
        return "{" + ",".join(f'"c{index}":1' for index in range(size // 9)) + "}"

    bounded(read_conditions, conditions, 64_000)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("many small texts", lambda n: b"[" + b'"\\u0041bcd",' * (n // 12) + b"1]"),
        ("many numbers", lambda n: b"[" + b"1," * (n // 2) + b'"\\u0041"]'),
        ("a text", lambda n: b"a" * n),
        ("brackets", lambda n: b"[" * n),
        ("nested", lambda n: b"[" * 250 + b'"\\n",' * (n // 5) + b"1" + b"]" * 250),
    ],
)
def test_an_output_is_scrubbed_of_many_secrets_in_little_time(name: str, make: Maker) -> None:
    secrets = [
        f"secret{index:03d} " + " ".join(f"word{index:03d}{n:02d}" for n in range(63)) for index in range(100)
    ]
    scrubber = Scrubber(secrets)
    bounded(lambda data: keep_bytes(data, len(data), scrubber), make, 256_000)


def test_an_error_is_scrubbed_only_as_far_as_it_is_kept() -> None:
    scrubber = Scrubber(f"secret{index:03d}" for index in range(100))
    bounded(lambda text: error_text(text, scrubber), TEXTS["plain"], 32_000_000)


def test_a_cut_output_is_searched_for_the_beginning_of_a_long_secret_in_little_time() -> None:
    def cut(size: int) -> None:
        scrubber = Scrubber(["a" * (size - 1) + "b", "ab" * (size // 2) + "c"])
        scrubber.cut("x" + "a" * (size - 2) + "c" + "ab" * (size // 3))

    for size in (1_000, 4_000, 32_000):
        bounded(cut, lambda n: n, size)


def test_a_cut_secret_is_found_however_it_repeats_itself() -> None:
    assert Scrubber(["aabaabaac"]).cut("....aabaabaabaa") == "....aab***"
    assert Scrubber(["abababab"]).cut("xxababa") == "xx***"


def test_one_large_value_is_not_written_into_a_template_over_and_over() -> None:
    values = {"input": {"text": "x" * 1_000_000, "list": ["y" * 1_000_000]}}
    for template in ("{{ input.text }}" * 100, ["{{ input.list }}"] * 100):
        assert check_template(template, "body") == []
        with pytest.raises(TemplateError, match="bytes together"):
            compile_value(template)(values)
    assert len(compile_value("{{ input.text }}" * 4)(values)) == 4_000_000


def test_one_large_value_is_not_measured_over_and_over_by_the_paths_that_lead_to_it() -> None:
    values = {"input": {"a": [[1.25] * 400_000]}}
    render = compile_value([f"{{{{ input.a.{'0' * length} }}}}" for length in range(1, 400)])
    begun = time.thread_time()
    with pytest.raises(TemplateError, match="bytes together"):
        render(values)
    assert time.thread_time() - begun < LONGEST_S


def test_what_makes_a_url_too_long_is_refused_before_it_is_written_into_it() -> None:
    made = http_config.CompiledHttp({"url": "https://a.example/" + "{{ input.x }}" * 300}, {})
    for size in (4_000, 50_000):
        begun = time.thread_time()
        with pytest.raises(TemplateError, match="longer than 4096"):
            made.url({"input": {"x": "\U0001d4b3" * size}})
        assert time.thread_time() - begun < LONGEST_S
    assert len(made.url({"input": {"x": "a" * 13}})) == len("https://a.example/") + 300 * 13
    assert len(made.url({"input": {"x": "\U0001d4b3"}})) == len("https://a.example/") + 300 * 12


def test_a_template_over_a_limit_is_refused_with_the_limit() -> None:
    assert "1000 placeholders" in check_template("{{input.a}}" * 1_001, "body")[0].message
    assert check_template("{{input.a}}" * 1_000, "body") == []
    assert "1048576 characters" in check_template("{{input.a}}" + " " * 2_000_000, "body")[0].message
    assert "50000 values" in check_template([1] * 60_000, "body")[0].message
    assert check_template("x" * 2_000_000, "body") == []


def test_problems_are_told_up_to_a_number_and_their_names_are_short() -> None:
    assert len(check_template(["{{ x }}"] * 500, "body")) == 20
    (problem,) = check_template({"n" * 100_000: "{{ " + "x" * 400 + " }}"}, "body")
    assert len(problem.field) < 100
    assert len(problem.message) < 400
