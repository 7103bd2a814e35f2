"""Values that a hostile or careless sender may put into a body, and how they are written as JSON.

`Raw` is JSON text that stands for a value as it is written, so that numbers of 400 digits, lone surrogates and what
is no JSON at all can stand within a body. `Members` is an object whose names may occur more than once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any


class Raw(str):
    """Text that is put into a body as it is."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """The members of an object in order, names given twice included."""


def written(value: Any) -> bytes:
    """A value as JSON. Texts hold a lone surrogate as its escape."""
    return _written(value).encode()


def _written(value: Any) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Members):
        return "{" + ",".join(f"{json.dumps(name)}:{_written(inner)}" for name, inner in value) + "}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_written(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=not value.isprintable() or not value.isascii())
    return json.dumps(value)


def nested(opening: str, closing: str, levels: int, inner: str = "1") -> Raw:
    return Raw(opening * levels + inner + closing * levels)


NUMBERS: Sequence[Any] = (
    0, 1, -1, 2, 5, 50, 59, 60, 100, 101, 255, 256, 1000, 1001, 9999, 10_000, 10_001, 100_000, 1_000_000, 1_000_001,
    86_400, 31_536_000, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1,
    -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 10**12, 10**12 + 1, 10**18, 10**30,
    0.0, 0.1, 0.5, 1.5, -0.5, 0.0004, 0.0005, 0.001, 1e-9, 1e15, 1e16, 1e300, 59.999999,
    253402300799, 253402300800, 253402300799999, 253402300800000, -62135596800, -62135596801,
    Raw("-0"), Raw("-0.0"), Raw("1.0"), Raw("1E2"), Raw("1e308"), Raw("1e309"), Raw("-1e999"), Raw("5e-324"),
    Raw("1e-999"), Raw("9" * 400), Raw("-" + "9" * 4400), Raw("0." + "0" * 400 + "1"), Raw("1." + "0" * 400),
    Raw("1e" + "9" * 30), Raw("123456789012345678901234567890"), Raw("9007199254740993.0"),
)  # fmt: skip
# What is no JSON: the whole body is malformed then.
NO_JSON: Sequence[Raw] = tuple(
    map(
        Raw,
        ("NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "0x10", "1_000", "undefined", "None", "True",
         "'a'", '"\\x41"', '"\\u12"', '"a\nb"', '"\t"', "", "/* */1", "[1,]", '{"a":1,}', "{a:1}", '"open', "[", "{"),
    )
)  # fmt: skip
INSTANTS: Sequence[Any] = (
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00.001Z",
    "0000-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "1583-01-01T00:00:00Z",
    "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00Z", "1900-01-01T00:00:00Z", "2038-01-19T03:14:08Z",
    "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-00:01",
    "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59+14:00", "9999-12-31T23:59:59-23:59", "9999-12-31T24:00:00Z",
    "9998-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "+10000-01-01T00:00:00Z", "99999-12-31T23:59:59Z",
    "2026-02-29T00:00:00Z", "2028-02-29T00:00:00Z", "2026-03-29T02:30:00", "2026-03-29T02:30:00+01:00",
    "2026-12-31T23:59:60Z", "2026-12-31T23:59:60.5Z", "2026-06-30T24:00:00Z", "2026-13-01T00:00:00Z",
    "2026-00-00T00:00:00Z",
    "2026-03-01", "2026-03-01T12:00", "2026-03-01T12:00:00", "2026-03-01 12:00:00Z", "2026-03-01t12:00:00z",
    "2026-03-01T12:00:00,5Z", "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00." + "9" * 300 + "Z", "20260301T120000Z",
    "2026-W10-1", "2026-060", "2026-03-01T12:00:00+99:99", "2026-03-01T12:00:00+24:00", "2026-03-01T12:00:00+00:00:30",
    "2026-03-01T12:00:00 +01:00", "2026-03-01T12:00:00[Europe/Paris]", "2026-03-01T12:00:00Europe/Paris",
    "\u0662\u0660\u0662\u0666-03-01T12:00:00Z", "2026-03-01T12:00:30Z", "2026-03-01T13:00:00.0001Z", "now", "tomorrow",
    "0", "1772366400", "1772366400000", "Sun, 01 Mar 2026 12:00:00 GMT",
)  # fmt: skip
RECURRENCES: Sequence[Any] = (
    "* * * * *", "*/1 * * * *", "* * * * * *", "0 0 31 2 *", "0 0 29 2 *", "0 0 30 2 1", "59 23 31 12 *", "0 0 1 1 *",
    "60 * * * *", "* 24 * * *", "0 0 0 * *", "0 0 * 13 *", "0 0 * * 8", "0 0 * * 7", "0-59/1 * * * *", "1-0 * * * *",
    "*/0 * * * *", "*/60 * * * *", "0/61 * * * *", "1,2,3,,4 * * * *", "0 9 * * MON-FRI", "0 9 * * sat-sun",
    "0 9 * jan mon#2",
    "0 9 L * *", "0 9 15W * *", "H * * * *", "0 9 ? * *", "0 9 * * * 2026", "0 0 9 * * * 2026-2199", "@yearly",
    "@reboot",
    "@every 1s", "@every 0s", "@every 1ns", "@every 500ms", "@every -1h", "@every 1h1h", "@every 9999999999h",
    "@every 8760h",
    "@every 3000000h", "@every 1e9h", "@every", "CRON_TZ=UTC 0 9 * * *", "TZ=Asia/Tokyo 0 9 * * *",
    "0 9 * * *\n", "\t0 9 * * * ",
    "0\u00a09 * * *", "\u0660 \u0669 * * *", "0 9 * *", "", " ", "0 " + "1," * 500 + "1 * * *", "0 9 * * * #x",
    "cron(0 9 * * ? *)", "cron(0 9 ? * 2#6 *)", "cron(0 9 L-3 * ? *)", "cron(0 9 31W * ? *)",
    "cron(0 9 29 2 ? 2199)", "cron(0 9 * * * *)",
    "cron(0 9 1 1 ? 1970)", "cron(0 9 1 1 ? 2200)", "cron(0 9 30 2 ? *)", "cron(* * * * ? 2025)", "cron()",
    "cron(0 9 * * ? *", "cron(0 9 LW * ? *)",
    "rate(1 minute)", "rate(0 minutes)", "rate(1 minutes)", "rate(99999999 days)", "rate(1 fortnight)",
    "rate(5 minutes)", "rate(-5 minutes)",
    "at(2026-03-01T12:00:30)", "at(9999-12-31T23:59:59)", "at(0001-01-01T00:00:00)", "at(2025-01-01T00:00:00)",
    "at(2026-02-30T00:00:00)", "at(now)",
    {"once": "9999-12-31T23:59:59Z"}, {"once": "9999-12-31T23:59:59.5Z"}, {"once": "0001-01-01T00:00:00Z"},
    {"once": "2026-03-01T12:00:30"},
    {"delay": "1s"}, {"delay": "0s"}, {"delay": 1}, {"delay": 1e15}, {"delay": "99999999h"}, {"delay": -1},
    {"every": "1h", "delay": "1h"},
    {"every": 1}, {"every": 0}, {"every": 0.5}, {"every": 1e18}, {"every": "876000h"},
    {"at": "9999-12-31T23:59:59"}, {"rate": "1 day"},
    {"union": []}, {"union": ["0 9 * * *"]}, {"union": [{"union": ["0 9 * * *"]}]},
    {"union": ["0 9 * * *"] * 200}, {"union": [{"once": "9999-12-31T23:59:59Z"},
    {"once": "0001-01-01T00:00:00Z"}]},
    {"intervals": [{"every": "1h", "offset": "2h"}]}, {"intervals": [{"every": "1s", "offset": "0s"}]},
    {"intervals": [{"every": "3000000h"}]}, {"intervals": []},
    {"calendars": []}, {"calendars": [{}]}, {"calendars": [{"hour": [{"start": 24}]}]},
    {"calendars": [{"hour": []}]}, {"calendars": [{"year": [{"start": 9999}]}]},
    {"calendars": [{"year": [{"start": 1}]}]}, {"calendars": [{"dayOfMonth": [{"start": 31}],
    "month": [{"start": 2}]}]}, {"calendars": [{"second": [{"start": 0, "end": 59, "step": 1}]}]},
    {"calendars": [{"hour": [{"start": 5, "end": 1}]}]}, {"calendars": [{"hour": [{"start": 0, "end": 23,
    "step": 0}]}]}, {"calendars": [{"hour": [{"start": 9}]}] * 100},
    {"cron": "0 9 * * *", "calendars": [{}]}, {"cron": None}, {"cron": {"cron": "0 9 * * *"}}, {},
)  # fmt: skip
DURATIONS: Sequence[Any] = (
    "0s", "1ms", "0.4ms", "1s", "1.5s", "59m", "1h30m", "24h", "36h", "365d", "30d", "31d", "9999999999h",
    "1e3s", "-1s", "+1s", "1 h", "h", "1",
    "1h 30m", "30m1h", "1y", "1w", "P1D", "PT1H", "9" * 40 + "s", "0.0000000001s", "99999999d", "1H", "\u0661h",
    "1h\x00", "s", "5400s", "3.5e2s", "0.5s", "1s1s",
)  # fmt: skip
ZONES: Sequence[Any] = (
    "UTC", "utc", "Z", "GMT", "GMT+5", "UTC+2", "Etc/GMT+12", "Etc/GMT-14", "Pacific/Kiritimati",
    "Pacific/Apia", "Australia/Lord_Howe",
    "Antarctica/Troll", "America/New_York", "America/new_york", "Africa/Monrovia", "Europe/Kyiv",
    "Asia/Calcutta", "EST5EDT", "EST", "IST",
    "Africa/Casablanca", "posix/UTC", "right/UTC", "localtime", "Factory", "../UTC", "Europe/../UTC",
    "/etc/passwd", "Europe", "Europe/", "Europe/Paris\x00",
    "zone.tab", "tzdata.zi", "+05:00", "Europe/Paris ", "Europe/Par\u0131s", "\U0001f30d", "a" * 300, "", ".",
    "CON", "Etc/Unknown", "America/Argentina/Buenos_Aires",
)  # fmt: skip
TEXTS: Sequence[Any] = (
    "", " ", "\n", "\t", "\x00", "a\x00b", "\x01", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffe",
    "\uffff", "\u200b", "\u202eabc",
    "e\u0301" * 60, "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0010ffff", "\u0130",
    "\u00df", "\ufb03", "\u0663", "\u0b83" * 80, "Z\u0351\u036b\u0343" * 40,
    Raw('"\\ud800"'), Raw('"a\\udfffb"'), Raw('"\\udc00\\ud800"'), Raw('"\\ud83d\\ude00"'), Raw('"\\u0000"'),
    Raw('"\\/"'),
    "a" * 63, "a" * 64, "a" * 100, "a" * 199, "a" * 200, "a" * 201, "a" * 255, "a" * 256, "a" * 1000,
    "a" * 1001, "a" * 10_000, "a" * 10_001, "\u20ac" * 5000, "a" * 70_000,
    "null", "true", "0", "-1", "1e3", "[]", "{}", "*", "%", "%00", "%2F", "../..", "/", "\\", "\"", "'",
    "' OR 1=1 --", "; DROP TABLE runs; --", "$1", "?", ":a", "::text",
    "{{ input }}", "{{", "}}", "{{ input.a.b.c }}", "{{ row.id }}", "${x}", "{% x %}", "<script>", "a,b", "a;b",
    "a=b", "a:b", "a b", "a\r\nX: y", "A", "ID", "current", "by-key", "bulk", "preview",
    "sch_01KJMMA2G0E0E82FQPXZ9B0RSS", "SCH_01KJMMA2G0E0E82FQPXZ9B0RSS", "sch_00000000000000000000000000",
    "sch_7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "sch_8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "sch_IIIIIIIIIIIIIIIIIIIIIIIIII",
    "019ca945-0a00-7012-a4e1-54d0d8d8e03d", "019CA945-0A00-7012-A4E1-54D0D8D8E03D",
    "{019ca945-0a00-7012-a4e1-54d0d8d8e03d}", "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "a@example.com", "@", "a@b@c", "http://127.0.0.1:1/", "http://", "https://[::1]/",
    "http://127.0.0.1:99999/", "ftp://127.0.0.1/", "file:///etc/passwd", "http://127.0.0.1:1/\u00fc?x#y",
    "http://a:b@127.0.0.1:1/", "//127.0.0.1",
    "http://127.0.0.1:1/{{ input }}", "http://{{ input }}/", "10.0.0.0/8", "::/0", "0.0.0.0/33",
    "*.example.com", "127.0.0.1", "1.2.3", "SELECT 1", "SELECT :a", "***",
)  # fmt: skip
OTHERS: Sequence[Any] = (
    None, True, False, [], {}, [None], [[]], [{}], [1], ["a"], ["a", "a"], ["a", 1, None, {}], ["*"], [""],
    ["\x00"], [True], [1.5], list(range(300)), ["x"] * 2000,
    {"": 1}, {"a": None}, {"a": {}}, {"a": "b"}, {"a": 1, "b": [2]}, {"\x00": 1}, {"a" * 300: 1}, {"a.b": 1},
    {"__proto__": {}}, {"$ref": "#"}, {"type": "http"}, {"type": None}, {"id": 1}, {"*": "*"},
    {f"k{n}": "v" for n in range(51)}, {f"k{n}": n for n in range(700)}, Raw('{"\\ud800": 1}'),
    Raw('{"a":1,"a":2}'), Raw('{"a":{"b":1,"b":1}}'),
    nested("[", "]", 60), nested('{"a":', "}", 60), nested("[", "]", 97), nested("[", "]", 98), nested("[", "]",
    99), nested("[", "]", 100), nested("[", "]", 101),
    nested('{"a":', "}", 96), nested('{"a":', "}", 98), nested('{"a":', "}", 100), nested('[{"a":', "}]", 48),
    nested("[", "]", 260), nested("[", "]", 5000), nested('{"a":', "}", 1500), nested("[", "]", 100_000, ""),
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"type": "nothing"},
    {"pattern": "("}, {"pattern": "(a+)+$"}, {"$ref": "http://127.0.0.1:1/"}, {"enum": []}, {"multipleOf": 0},
    {"allOf": [{"$ref": "#"}]}, {"minimum": Raw("1e308")},
)  # fmt: skip
ALL: Sequence[Sequence[Any]] = (
    NUMBERS,
    INSTANTS,
    RECURRENCES,
    DURATIONS,
    ZONES,
    TEXTS,
    TEXTS,
    OTHERS,
    OTHERS,
)

# Which values are at the ends of what a field holds, by a part of its name.
_FITTING: Sequence[tuple[tuple[str, ...], Sequence[Any]]] = (
    (("zone",), ZONES),
    (("cron", "recurrence", "schedule", "calendars", "intervals"), RECURRENCES),
    (("every", "offset", "delay", "window", "grace", "jitter", "timeout", "deadline", "overlap", "initial", "elapsed",
      "duration"), DURATIONS),
    (("_at", "from", "until", "since", "after", "before", "next_run", "last_run", "due", "change", "created",
    "updated", "to"), INSTANTS),
    (("limit", "max", "count", "sample", "version", "weight", "per_second", "factor", "position", "value",
    "start", "end", "step",
      "number", "days", "offset", "seconds", "quota", "concurrency", "fires", "schedules"), NUMBERS),
)  # fmt: skip


def any_value(random: Random, name: str = "") -> Any:
    """A value for a field: half of the time one that is at the end of what such a field usually holds."""
    low = name.lower()
    if random.random() < 0.5:
        for parts, values in _FITTING:
            if any(part in low for part in parts):
                return random.choice(values)
    if random.random() < 0.02:
        return random.choice(NO_JSON)
    return random.choice(random.choice(ALL))


# One value for each JSON type that a body can hold.
BY_TYPE: Mapping[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 7.5,
    "string": "seven",
    "array": ["seven"],
    "object": {"seven": 7},
}
