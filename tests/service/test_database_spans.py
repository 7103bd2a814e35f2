"""Spans of the database: a share of all transactions and reads, by the name of their verb."""

from __future__ import annotations

import random

import pytest

from horarium.domain.errors import NotFound, Unavailable
from horarium.service.trail import REQUEST
from horarium.store.verbs import meta
from tests.support.sqlite_schema import open_store

pytest.importorskip("opentelemetry.sdk", reason="make setup installs it")

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from horarium.service.database_spans import DatabaseSpans


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request, tmp_path):
    if request.param == "sqlite":
        opened = open_store(tmp_path / "horarium.db")
    else:
        from horarium.store.postgres import PostgresStore
        from tests.support.postgres import migrated_database

        opened = await PostgresStore.open(await migrated_database("spans"))
    yield opened
    await opened.close()


def traced(store, share: float) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    resource = Resource({"service.name": "horarium"})
    spans = DatabaseSpans(SimpleSpanProcessor(exporter), share, resource, "of the test")
    store.figures.tell = spans.took
    return exporter


async def test_each_transaction_and_each_read_is_a_span_with_the_name_of_its_verb(store):
    exporter = traced(store, 1.0)
    await store.write(meta.is_complete)
    await store.read(meta.all_meta)
    wrote, read = exporter.get_finished_spans()
    assert (wrote.name, read.name) == ("is_complete", "all_meta")
    for span in (wrote, read):
        assert dict(span.attributes) == {"db.system.name": "of the test", "db.operation.name": span.name}
        assert 0 <= span.end_time - span.start_time < 10**10
        assert (span.parent, span.status.is_ok) == (None, True)
    assert wrote.context.trace_id != read.context.trace_id


async def test_what_is_read_for_a_request_names_the_request(store):
    exporter = traced(store, 1.0)
    token = REQUEST.set("r-17")
    await store.read(meta.all_meta)
    REQUEST.reset(token)
    (span,) = exporter.get_finished_spans()
    assert span.attributes["horarium.request"] == "r-17"


async def test_only_what_the_database_could_not_do_is_an_error(store):
    exporter = traced(store, 1.0)

    async def refused(tx):
        raise Unavailable("away")

    async def unknown(tx):
        raise NotFound("schedule", "x")

    for verb, error in ((refused, Unavailable), (unknown, NotFound)):
        for call in (store.read, store.write):
            with pytest.raises(error):
                await call(verb)
    assert [(span.name, span.status.is_ok) for span in exporter.get_finished_spans()] == [
        ("refused", False),
        ("refused", False),
        ("unknown", True),
        ("unknown", True),
    ]


async def test_a_share_of_them_is_sampled_and_the_rest_costs_no_span(store, monkeypatch):
    exporter = traced(store, 0.25)
    shares = iter([0.1, 0.25, 0.9, 0.2])
    monkeypatch.setattr(random, "random", lambda: next(shares))
    for _ in range(4):
        await store.read(meta.all_meta)
    assert len(exporter.get_finished_spans()) == 2


async def test_nothing_is_told_unless_somebody_asks(store):
    assert store.figures.tell is None
