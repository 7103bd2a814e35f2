"""CSV is read as spreadsheets and people's programs write it, and a wrong line is refused alone."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.api.csv_items import LONGEST_NAME, csv_beginning, csv_items, lines_with_ends
from horarium.api.imports import LONGEST
from horarium.domain.errors import Invalid, Problem, TooLarge
from tests.api.asking import BASE, NOW
from tests.support.house import House

SIZES = (1, 2, 3, 7, 1_000)


async def _cut(text: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


async def read(text: str | bytes, size: int = 1_000) -> list[tuple[int, Any]]:
    content = text.encode() if isinstance(text, str) else text
    return [item async for item in csv_items(_cut(content, size), LONGEST)]


def problems(found: list[tuple[int, Any]]) -> dict[int, str]:
    return {number: item.message for number, item in found if isinstance(item, Problem)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_a_line_ends_as_any_system_ends_it_also_that_of_the_header(end: str, size: int) -> None:
    text = end.join(["", "id,name", "1,a", "", '2,"x\ny\rz"', "3,c", ""])
    assert await read(text, size) == [
        (3, {"id": "1", "name": "a"}),
        (5, {"id": "2", "name": "x\ny\rz"}),
        (8, {"id": "3", "name": "c"}),
    ]


async def test_a_file_of_a_mac_may_be_longer_than_a_line() -> None:
    text = b"id,name\r" + b"".join(b"%d,%s\r" % (n, b"x" * 1_000) for n in range(600))
    assert len(await read(text, 65_536)) == 600


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_names_may_stand_in_quotes_and_hold_separators_and_quotes(mark: str, delimiter: str) -> None:
    header = delimiter.join(['"id"', '"first, ""given""; name"', "x"])
    found = await read(f"{mark}{header}\n" + delimiter.join(["1", '"a ""b"""', ""]))
    assert found == [(2, {"id": "1", 'first, "given"; name': 'a "b"'})]


@pytest.mark.parametrize(
    ("header", "field", "words"),
    [
        ('"id"x,name', "", "the first line has a quote where none may stand"),
        ('id,"a"b"c"', "", "the first line has a quote where none may stand"),
        ('id,a"b"', "", "the first line has a quote where none may stand"),
        ('id,"name', "", "the first line has a quoted cell that is never closed"),
        ("id," + "x" * 140_000, "", f"more than the {LONGEST_NAME} characters"),
        ('id,"' + "x" * 140_000 + '"', "", "field larger than field limit"),
        ("id,name,name", "name", "is the name of more than one column"),
        ("id,id", "id", "is the name of more than one column"),
        ("name", "id", "is required"),
        ("hello there", "id", "is required"),
        (b"id,n\xe4me", "", "the first line is not UTF-8"),
        (b"hello \xff\xfe\x00", "", "the first line is not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00", "", "the first line is not UTF-8"),
    ],
)
async def test_a_header_that_cannot_be_used_is_refused_in_words(
    header: str | bytes, field: str, words: str
) -> None:
    content = (header.encode() if isinstance(header, str) else header) + b"\n1,2\n"
    with pytest.raises(Invalid) as caught:
        await read(content)
    assert caught.value.problems[0].field == field
    assert words in caught.value.problems[0].message
    async with House.open(NOW) as house:
        for content_type in ("text/csv", "text/plain", ""):
            answer = await house.client.put(
                f"{BASE}/directory/contacts", content=content, headers={"Content-Type": content_type}
            )
            assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "line", ['2,"abc', '2,5" pipe', '2,say "hi"', '2,"a"b', '2,"a" "b"', '2," x"", y', '"2,b']
)
async def test_a_stray_quote_is_told_at_its_line_and_swallows_nothing(line: str, size: int) -> None:
    found = await read(f'id,name\n1,a\n{line}\n3,c\n\n4,"d\ne"\n5,f', size)
    assert list(problems(found)) == [3]
    assert [(number, item["id"]) for number, item in found if not isinstance(item, Problem)] == [
        (2, "1"), (4, "3"), (6, "4"), (8, "5"),
    ]  # fmt: skip


async def test_every_line_with_an_open_quote_is_told() -> None:
    found = await read("id,name\n" + "".join(f'{n},"x\n' for n in range(2, 9)))
    assert list(problems(found)) == list(range(2, 9))


async def test_columns_without_a_name_may_be_empty_only() -> None:
    found = await read("id,name,,\n1,a,,\n2,b,,x\n")
    assert found[0] == (2, {"id": "1", "name": "a"})
    assert "'x' in a column without a name" in problems(found)[3]
    found = await read(f"id,\n1,{'x' * 90}\n")
    assert f"has '{'x' * 40}' in a column without a name" in problems(found)[2]


async def test_a_line_that_is_too_long_is_refused_whatever_ends_it() -> None:
    for text in (b"x" * 101, b"a\n" + b"x" * 101, b"a\r" + b"x" * 101 + b"\r\n"):
        for size in SIZES:
            with pytest.raises(TooLarge):
                _ = [lines async for lines in lines_with_ends(_cut(text, size), 100)]


CELLS = st.text(alphabet='ab,;\t" \u00e9', max_size=6) | st.text(alphabet='a"\n,', max_size=5)


@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=6),
    form=st.sampled_from(
        [
            ("\n", csv.QUOTE_ALL),
            ("\r\n", csv.QUOTE_ALL),
            ("\r", csv.QUOTE_ALL),
            ("\n", csv.QUOTE_MINIMAL),
            ("\r\n", csv.QUOTE_MINIMAL),
        ]
    ),
    size=st.sampled_from(SIZES),
)
async def test_what_a_program_writes_is_read_back(
    rows: list[list[str]], form: tuple[str, Any], size: int
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator=form[0], quoting=form[1])
    writer.writerow(["id", "a", "b"])
    for number, row in enumerate(rows):
        writer.writerow([str(number), *row])
    found = await read(written.getvalue(), size)
    assert [item for _, item in found] == [
        {name: cell for name, cell in zip(("id", "a", "b"), (str(number), *row), strict=True) if cell}
        for number, row in enumerate(rows)
    ]


async def test_the_beginning_of_a_file_shows_the_records_that_fit_its_header_and_no_others() -> None:
    text = b'id,name\n1,A\n2\n3,C,x\n4,"D"\n5,E\n'
    assert await csv_beginning(text, LONGEST, 2) == (["id", "name"], [["1", "A"], ["4", "D"]])
    assert (await csv_beginning(text, LONGEST, 9)).rows == [["1", "A"], ["4", "D"], ["5", "E"]]
