"""What each type of column takes from JSON, and what it refuses."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import types
from sqlalchemy.dialects import postgresql

from horarium.executors.sql.column_values import Mismatch, as_json, coerce

SOME_UUID = "0190a5f0-7c3b-7d2e-8a11-3b1f0c9d2e4f"


@pytest.mark.parametrize(
    ("kind", "given", "bound"),
    [
        (types.Boolean(), False, False),
        (types.Integer(), 2**31 - 1, 2**31 - 1),
        (types.BigInteger(), -(2**63), -(2**63)),
        (types.Float(), 3, 3.0),
        (types.Numeric(10, 2), "12345678.90", Decimal("12345678.90")),
        (types.Numeric(10, 2), 0.1, Decimal("0.1")),
        (types.Numeric(2, 2), 0, Decimal(0)),
        (types.Text(), "it's", "it's"),
        (types.String(3), "abc", "abc"),
        (types.Enum("a", "b"), "b", "b"),
        (types.Date(), "2024-02-29", date(2024, 2, 29)),
        (types.Time(), "23:59:01", time(23, 59, 1)),
        (types.DateTime(), "2026-03-01T09:30:00Z", datetime(2026, 3, 1, 9, 30)),
        (types.DateTime(), "2026-03-01 09:30", datetime(2026, 3, 1, 9, 30)),
        (types.DateTime(), "2026-03-01T09:30:00+02:00", datetime(2026, 3, 1, 7, 30)),
        (
            types.DateTime(timezone=True),
            "2026-03-01T09:30:00-01:00",
            datetime(2026, 3, 1, 10, 30, tzinfo=UTC),
        ),
        (types.Uuid(), SOME_UUID, uuid.UUID(SOME_UUID)),
        (types.LargeBinary(), "aGk=", b"hi"),
        (types.JSON(), {"a": [None, 1]}, {"a": [None, 1]}),
        (postgresql.ARRAY(types.Integer()), [1, 2], [1, 2]),
    ],
)
def test_what_fits_is_bound_as_its_own_type(kind: Any, given: Any, bound: Any) -> None:
    result = coerce(kind, given, "postgresql")
    assert result == bound
    assert type(result) is type(bound)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (types.Boolean(), 1),
        (types.Boolean(), "true"),
        (types.Integer(), True),
        (types.Integer(), "5"),
        (types.Integer(), 5.0),
        (types.Integer(), 2**31),
        (types.SmallInteger(), 2**15),
        (types.BigInteger(), 2**63),
        (types.Float(), "1"),
        (types.Float(), float("inf")),
        (types.Float(), 10**400),
        (types.Numeric(10, 2), "1e5"),
        (types.Numeric(10, 2), "١٢"),
        (types.Numeric(10, 2), 10**8),
        (types.Numeric(10, 2), float("nan")),
        (types.Text(), 5),
        (types.String(3), "abcd"),
        (types.Enum("a", "b"), "c"),
        (types.Date(), "2026-02-29"),
        (types.Date(), "2026-03-01T00:00:00"),
        (types.Time(), "25:00"),
        (types.DateTime(), "2026-03-01"),
        (types.DateTime(), "2026-13-01T00:00:00"),
        (types.DateTime(), 1_772_355_600),
        (types.DateTime(), "0001-01-01T00:00:00+05:00"),
        (types.DateTime(timezone=True), "2026-03-01T09:30:00"),
        (types.Uuid(), "not-a-uuid"),
        (types.Uuid(), SOME_UUID.replace("-", "")),
        (types.Uuid(), f"{{{SOME_UUID}}}"),
        (types.Uuid(), f"urn:uuid:{SOME_UUID}"),
        (types.Uuid(), SOME_UUID[:-1] + "g"),
        (types.Uuid(), 7),
        (types.Uuid(), [SOME_UUID]),
        (types.LargeBinary(), "not base64!"),
        (types.LargeBinary(), 5),
        (postgresql.ARRAY(types.Integer()), [1, None]),
        (postgresql.ARRAY(types.Integer()), "{1}"),
        (postgresql.INTERVAL(), "1 day"),
        (types.NullType(), "x"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(kind: Any, given: Any) -> None:
    with pytest.raises(Mismatch, match=r"takes|cannot be written"):
        coerce(kind, given, "postgresql")


def test_sqlite_integers_have_64_bits() -> None:
    assert coerce(types.Integer(), 2**40, "sqlite") == 2**40


def test_values_of_columns_become_json() -> None:
    given = [
        datetime(2026, 3, 1, tzinfo=UTC),
        Decimal("1.50"),
        uuid.UUID(SOME_UUID),
        b"hi",
        float("nan"),
        None,
        {"a": 1},
    ]
    assert as_json(given) == ["2026-03-01T00:00:00+00:00", "1.50", SOME_UUID, "aGk=", "nan", None, {"a": 1}]
