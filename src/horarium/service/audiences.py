"""The use cases of audiences: check one, preview one, open one for reading, and manage the sources of a workspace."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import orjson

from horarium.domain.audience import (
    AUDIENCE_TYPES,
    AudienceQuery,
    AudienceRow,
    Source,
    SourceFault,
    StoredSource,
    StreamingSource,
    audience_problems,
    data_text,
    filter_problems,
    key_fault,
    repeated_fault,
)
from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Conflict, Invalid, NotFound, Problem, Unavailable
from horarium.domain.execution import ReachesHosts
from horarium.domain.fire import Fire, FireState
from horarium.domain.ids import Id, random_id
from horarium.domain.same_json import is_same_json
from horarium.domain.tenancy import Identity
from horarium.service.borrowed import BorrowedSource
from horarium.service.clock import Clock
from horarium.service.facts import source_facts
from horarium.service.reads import reads
from horarium.service.targets import MergeSecrets
from horarium.service.trail import Trail, difference, recording
from horarium.store.base import Store
from horarium.store.vault import Vault
from horarium.store.verbs import audiences as verbs
from horarium.store.verbs import ledger
from horarium.store.verbs.audiences import MOST_SOURCES
from horarium.store.verbs.shares import NOT_SHARED

# The type of the source that reads the workspace's directory. Every workspace has it; nobody can set it up.
DIRECTORY = "directory"
# How long a preview may take, in seconds.
PREVIEW_S = 20.0
# Previews of one workspace that read a source of its own at once, in this process: each may hold a whole page, or the
# keys that it compares. Further ones wait for their turn, within their time.
PREVIEWS_AT_ONCE = 4
# How far a preview counts, and how many rows it shows at most.
COUNT_LIMIT = 1_000_000
SAMPLE_LIMIT = 50
# How many keys a preview compares with those of later rows.
KEYS_COMPARED = 200_000
# Bytes of the rows that a preview shows.
SAMPLE_SIZE_LIMIT = 1024 * 1024
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
# The pauses in seconds between looks at a fire; the last one repeats.
_LOOK_S = (0.005, 0.01, 0.02, 0.05, 0.1)
# Bytes of the configuration of a source as JSON.
LARGEST_CONFIG = 64 * 1024
# How often a change is tried anew because another one came in between.
MOST_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class AudiencePreview:
    """How many rows an audience has now, and the first of them. `more` tells that counting stopped at `count`.

    `fault` says why a fire could not be delivered to these rows: one has no key, two have the same, or one cannot be
    written as JSON.
    """

    count: int
    more: bool
    rows: Sequence[AudienceRow]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class AudienceService:
    """`sources` are the source types of this server by name. `merge_secrets` fills in the secrets that a configuration
    keeps by `***`."""

    store: Store
    vault: Vault
    sources: Mapping[str, Source]
    clock: Clock
    merge_secrets: MergeSecrets = field(default=lambda _type, _old, _secrets, given: dict(given))
    # The places for previews of each workspace, kept while there are some.
    _previews: WeakValueDictionary[Id, asyncio.Semaphore] = field(default_factory=WeakValueDictionary)

    async def problems(self, workspace_id: Id, audience: Any, name: str = "audience") -> list[Problem]:
        """Everything that is wrong with an audience, with fields under `name`.

        A schedule is only stored with an audience that has no problems. Does not raise.
        """
        problems = audience_problems(audience, name)
        if problems:
            return problems
        try:
            source, query = await self.open(workspace_id, audience, self.clock.now_ms())
        except SourceFault as error:
            return [Problem(f"{name}.type", str(error), "unknown")]
        kind = audience["type"]
        if kind in AUDIENCE_TYPES:
            problems = filter_problems(kind, query.filter, f"{name}.filter")
            if problems:
                return problems
        return [
            Problem(
                f"{name}.filter.{found.field}" if found.field else f"{name}.filter", found.message, found.code
            )
            for found in source.check_filter(query)
        ]

    async def open(
        self, workspace_id: Id, audience: Mapping[str, Any], now_ms: int
    ) -> tuple[Source, AudienceQuery]:
        """The source of an audience and the query for it, at the instant `now_ms`. One that is shared from another
        workspace is read there: by its configuration, in its name, and by what it may reach.

        Raises SourceFault if the workspace has no such source, or what is shared cannot be read.
        """
        kind = str(audience["type"])
        given = {key: value for key, value in (audience.get("filter") or {}).items() if value is not None}
        stored, behind = await self.store.read(verbs.source_to_read, workspace_id, kind)
        if stored is not None:
            if behind is None:
                reason = stored.off_reason or NOT_SHARED
                raise SourceFault(f"the source {kind!r} cannot be read: {reason}", lasting=True)
            source = self.sources.get(behind.type)
            if source is None:
                raise SourceFault(f"this server has no audience source of type {behind.type!r}", lasting=True)
            home, config = behind.workspace_id, self._config(behind)
            if behind is stored:
                return source, AudienceQuery(home, kind, given, now_ms, config)
            borrowed: Any = BorrowedSource(source, kind)
            return borrowed, AudienceQuery(home, behind.name, given, now_ms, config, workspace_id)
        if kind in AUDIENCE_TYPES and DIRECTORY in self.sources:
            return self.sources[DIRECTORY], AudienceQuery(workspace_id, kind, given, now_ms)
        known = ", ".join(AUDIENCE_TYPES)
        words = f"{kind!r} is neither an audience type ({known}) nor a source of this workspace"
        raise SourceFault(words, lasting=True)

    async def preview(
        self, workspace_id: Id, audience: Mapping[str, Any], sample: int = 5, most: int = COUNT_LIMIT
    ) -> AudiencePreview:
        """Count the rows of an audience, but no further than `most`, and return the first `sample` of them.

        Raises Unavailable if the source cannot be read, or not within PREVIEW_S seconds.
        """
        try:
            async with asyncio.timeout(PREVIEW_S):
                source, query = await self.open(workspace_id, audience, self.clock.now_ms())
                looked = _Look(sample)
                if source.paged:
                    count = await source.count(query, most + 1)
                    if sample and count:
                        looked.at((await source.page(query, None, sample)).rows)
                else:
                    places = self._previews.setdefault(workspace_id, asyncio.Semaphore(PREVIEWS_AT_ONCE))
                    async with places:
                        count = await _run_through(source, query, looked, most + 1)
        except SourceFault as error:
            raise Unavailable(f"the audience could not be read: {error}") from error
        except TimeoutError:
            raise Unavailable(f"the audience could not be read within {PREVIEW_S:g} s") from None
        return AudiencePreview(min(count, most), count > most, looked.shown, looked.fault)

    async def resolved(self, workspace_id: Id, fire_id: Id, seconds: float) -> Fire:
        """Wait until the audience of a fire is read and its runs are written, but at most `seconds`.

        Returns the fire as it is then. Raises NotFound.
        """
        looks = 0
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            fire = await self.store.read(ledger.get_fire, workspace_id, fire_id)
            if fire.state is not FireState.RESOLVING or loop.time() >= until:
                return fire
            await asyncio.sleep(_LOOK_S[min(looks, len(_LOOK_S) - 1)])
            looks += 1

    async def put_source(
        self, who: Identity, name: str, kind: str, config: Mapping[str, Any]
    ) -> StoredSource:
        """Create or replace a source. `***` in the configuration keeps the stored secret, as long as the secret goes
        where it went before; otherwise it is asked for again. A source that is stored already as it is given stays
        untouched. Raises Invalid, Forbidden for a key that is restricted to some schedules, and Conflict where many
        requests change the source at once, or it is shared from another workspace."""
        _may_write(who)
        workspace_id = who.workspace_id
        for _ in range(MOST_AT_ONCE):
            known = await self.store.read(verbs.get_source, workspace_id, name)
            if known is not None and known.shared_from is not None:
                raise Conflict(verbs.MIRROR, "state")
            now = self.clock.now_ms()
            new, secrets = self._source_of(workspace_id, name, kind, config, known, now)
            if new is known:
                return known
            said: dict[str, Any] = difference({} if known is None else source_facts(known), source_facts(new))
            if new.sealed is not None:
                said["secrets"] = sorted(secrets)
            action = "audience.created" if known is None else "audience.changed"
            entry = Trail(workspace_id, now).entry(action, "audience", name, **said)
            verb = recording(verbs.replace_source, _if_stored(entry))
            stored = await self.store.write(verb, known, new, now, MOST_SOURCES)
            if stored is not None:
                return stored
        raise Conflict("many requests change this source at the same moment; send the request again", "state")

    def _source_of(
        self,
        workspace_id: Id,
        name: str,
        kind: str,
        config: Mapping[str, Any],
        known: StoredSource | None,
        now: int,
    ) -> tuple[StoredSource, dict[str, Any]]:
        """The source that a configuration leads to, and its secrets in the clear. It is `known` itself where that stays
        as it is. Raises Invalid."""
        known_secrets = {} if known is None else self._secrets(known)
        if known is not None and known.type == kind:
            config = self.merge_secrets(kind, known.config, known_secrets, config)
        problems = [*source_name_problems(name), *self._config_problems(workspace_id, kind, config)]
        public, secrets = ({}, {}) if problems else self.sources[kind].split(config)
        stays = known is not None and is_same_json(
            [kind, public, secrets], [known.type, known.config, known_secrets]
        )
        if known is not None and stays and not problems:
            return known, secrets  # it may be larger than is allowed since
        if len(orjson.dumps(config)) > LARGEST_CONFIG:
            words = f"is larger than the {LARGEST_CONFIG // 1024} KiB of JSON that are allowed"
            problems.append(Problem("config", words, "too_long"))
        if problems:
            raise Invalid(problems)
        an_id = random_id(now) if known is None else known.id
        sealed = self.vault.seal(secrets, an_id) if secrets else None
        return StoredSource(workspace_id, name, an_id, kind, public, now, now, sealed), secrets

    async def get_source(self, workspace_id: Id, name: str) -> StoredSource:
        """The source with a name, without its secrets. Raises NotFound."""
        found = await self.store.read(verbs.get_source, workspace_id, name)
        if found is None:
            raise NotFound("audience source", name)
        return found

    list_sources = reads(verbs.list_sources)

    async def off_reason(self, workspace_id: Id, audience: Mapping[str, Any] | None) -> str | None:
        """Why the source of an audience cannot be read: it is shared from a workspace, and off. None where it can, and
        where there is no audience."""
        if audience is None:
            return None
        found = await self.store.read(verbs.get_source, workspace_id, str(audience["type"]))
        return None if found is None else found.off_reason

    async def delete_source(self, who: Identity, name: str) -> None:
        """Delete a source. Fires of schedules that name it fail from now on, with that reason. Raises NotFound,
        Forbidden for a key that is restricted to some schedules, and Conflict (in_use) where the source is shared with
        other workspaces."""
        _may_write(who)
        trail = Trail(who.workspace_id, self.clock.now_ms())

        def deleted(gone: StoredSource | None) -> Iterator[AuditEntry]:
            if gone is not None:
                yield trail.entry("audience.deleted", "audience", name, before=source_facts(gone))

        if await self.store.write(recording(verbs.delete_source, deleted), who.workspace_id, name) is None:
            raise NotFound("audience source", name)

    def _config_problems(self, workspace_id: Id, kind: str, config: Mapping[str, Any]) -> list[Problem]:
        if kind not in self.sources or kind == DIRECTORY:
            known = ", ".join(sorted(name for name in self.sources if name != DIRECTORY))
            words = f"{kind!r} is not a type of source on this server; the types are {known}"
            return [Problem("type", words, "unknown")]
        source = self.sources[kind]
        problems = source.check(config)
        if not problems and isinstance(source, ReachesHosts):
            problems = source.check_hosts(workspace_id, config)
        return [
            Problem(f"config.{found.field}" if found.field else "config", found.message, found.code)
            for found in problems
        ]

    def _config(self, stored: StoredSource) -> dict[str, Any]:
        return {**stored.config, **_unfolded(stored.config, self._secrets(stored))}

    def _secrets(self, stored: StoredSource) -> dict[str, Any]:
        return self.vault.open(stored.sealed, stored.id) if stored.sealed is not None else {}


def _unfolded(config: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, Any]:
    """Secrets by path ("connection", "headers.Authorization") as the members of a configuration."""
    found: dict[str, Any] = {}
    for path, value in secrets.items():
        group, dot, name = path.partition(".")
        if dot:
            found[group] = {**(found.get(group) or config.get(group) or {}), name: value}
        else:
            found[path] = value
    return found


class _Look:
    """What a preview tells of the rows that it has read: the first of them, as many as one answer may hold since a
    source's rows can be large, and the first fault that a fire would find."""

    def __init__(self, sample: int) -> None:
        self.shown: list[AudienceRow] = []
        self.fault: str | None = None
        self._sample, self._room = sample, SAMPLE_SIZE_LIMIT
        self._keys: set[str] = set()

    def at(self, rows: Sequence[AudienceRow]) -> None:
        """Look at the next rows."""
        for row in rows:
            try:
                size = len(data_text(row))
            except SourceFault as error:
                self._note(str(error))
                continue
            if self._sample > 0:
                self._show(row, size)
            self._note(key_fault(row.key) or (repeated_fault(row.key) if row.key in self._keys else None))
            if len(self._keys) < KEYS_COMPARED:
                self._keys.add(row.key)

    def _note(self, fault: str | None) -> None:
        self.fault = self.fault or fault

    def _show(self, row: AudienceRow, size: int) -> None:
        self._room -= size
        self._sample -= 1
        if self._room < 0:
            self._sample = 0
        else:
            self.shown.append(row)


async def _run_through(source: StreamingSource, query: AudienceQuery, looked: _Look, most: int) -> int:
    """Count the rows of a streaming source, but no further than `most`, and look at them."""
    count = 0
    async with aclosing(source.rows(query)) as batches:
        async for batch in batches:
            looked.at(batch)
            count += len(batch)
            if count >= most:
                break
    return min(count, most)


def _if_stored(entry: AuditEntry) -> Callable[[StoredSource | None], Sequence[AuditEntry]]:
    return lambda stored: () if stored is None else (entry,)


def source_name_problems(name: str) -> list[Problem]:
    """What is wrong with a name for a source."""
    if _NAME.fullmatch(name):
        return []
    words = "must be 1 to 63 lower-case letters, digits, - or _, and begin with a letter"
    return [Problem("name", words)]


def _may_write(who: Identity) -> None:
    """Raises Forbidden for a key without directory:write, and for one that is restricted to some schedules: a source
    has the rows of others too."""
    who.require("directory:write")
    who.restriction.refuse_beyond()


def rows_shown(who: Identity, sample: int) -> int:
    """How many rows of an audience a caller is shown who asks for `sample` of them with a schedule: none without
    directory:read, because rows are about people."""
    return sample if who.may("directory:read") else 0
