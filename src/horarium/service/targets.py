"""The use cases of targets: create, find, change, enable, disable and delete them, and keep their secrets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Conflict, Invalid, NotFound, NothingAtVersion, Problem, Unavailable
from horarium.domain.execution import (
    Executor,
    KeptByWorkspace,
    ReachesHosts,
    SigningRotation,
    SignsRequests,
    TableExecutor,
    TakesEnvironment,
    WatchesRuns,
)
from horarium.domain.ids import Id, random_id
from horarium.domain.json_text import memory_of
from horarium.domain.lane_report import LaneReport, LaneState
from horarium.domain.listings import TargetListing
from horarium.domain.remembered import Remembered
from horarium.domain.same_json import is_same_json
from horarium.domain.schedule import Definition
from horarium.domain.target import Completion, Target, TargetKind, TargetState
from horarium.domain.tenancy import Identity
from horarium.service.checks import depth_problems, key_problems, name_problems, text_problems
from horarium.service.clock import Clock
from horarium.service.facts import target_action, target_facts
from horarium.service.identity import IdentityService
from horarium.service.pages import Page, cut
from horarium.service.reads import reads
from horarium.service.repeats import write_once
from horarium.service.schemas import input_problems, schema_problems
from horarium.service.trail import Trail, difference, noting, recording, watched
from horarium.store.base import Store
from horarium.store.vault import Vault
from horarium.store.verbs import targets as verbs
from horarium.store.verbs.idempotency import Request
from horarium.store.verbs.lanes import lane_state, reports_of

# For how long a target found by a reference is remembered, how many of them, and bytes of their configurations.
REMEMBERED_MS = 3_000
REMEMBERED, REMEMBERED_BYTES = 10_000, 32 << 20
LONGEST_TIMEOUT_MS = 86_400_000
LONGEST_DEADLINE_MS = 30 * 86_400_000
# Bytes of what dialects and callers keep with a target, as JSON. It is read with the target each time.
EXTRA_LIMIT = 1024 * 1024
# The name of the secret with which some executors sign what they send.
SIGNING = "signing_secret"
# The field of a configuration with the public keys of those signing secrets that have one.
VERIFICATION = "verification_keys"
# What such a secret begins with. It is never shown.
_PRIVATE = "whsk_"
# How long an old signing secret goes on signing after a rotation, if the caller does not say; and at most.
OVERLAP_MS = 86_400_000
LONGEST_OVERLAP_MS = 30 * 86_400_000
# The executor of a target that is stored but cannot run yet. It stays disabled until it is
# given another executor.
NO_EXECUTOR = "none"
# Why such a target is off, unless its maker gives another reason.
WITHOUT_EXECUTOR = "it has no executor yet"

# Takes the type of an executor, its stored configuration, its stored secrets and a configuration as given.
# Returns the given configuration with every `***` filled in that may keep its secret.
MergeSecrets = Callable[[str, Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class TargetDraft:
    """A target as a caller describes it; see Target for its fields. Durations are milliseconds.

    `executor` is the type of the executor, and `config` its whole configuration with secrets in the clear, or
    `***` for secrets that stay as they are. `off_reason` says why a target that is not enabled is off; the runs
    that come due fail with it. None keeps the reason that is there. `archived` says whether one that is not enabled is
    archived; None leaves it as it is.
    """

    kind: TargetKind
    name: str
    executor: str
    config: Mapping[str, Any]
    key: str | None = None
    description: str | None = None
    completion: Completion = Completion.RESPONSE
    timeout_ms: int = 30_000
    deadline_ms: int = 86_400_000
    max_concurrency: int | None = None
    rate_per_second: float | None = None
    input_schema: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    enabled: bool = True
    off_reason: str | None = None
    archived: bool | None = None


@dataclass(frozen=True, slots=True)
class NewTarget:
    """A target with the signing secret that was made for it, which is shown only this once (None: none was made).

    `verification_key` is what the receiver needs instead, if the secret signs with Ed25519: that secret is never shown.
    """

    target: Target
    signing_secret: str | None
    verification_key: str | None = None


@dataclass(slots=True)
class TargetService:
    """What takes an Identity raises Forbidden if the key lacks the scope targets:read or targets:write.

    `executors` are the executors of this server by type.
    """

    store: Store
    vault: Vault
    executors: Mapping[str, Executor]
    clock: Clock
    identities: IdentityService
    merge_secrets: MergeSecrets
    _known: Remembered[tuple[Id, str | int], tuple[Target, int]] = field(
        default_factory=lambda: Remembered(REMEMBERED, REMEMBERED_BYTES)
    )
    _forgotten: int = 0

    async def create(self, who: Identity, draft: TargetDraft) -> NewTarget:
        """Create a target and give its creator a grant on it. Raises Invalid, Conflict (key_taken), Forbidden."""
        return (await self.create_once(who, draft, None))[0]

    async def create_once(
        self, who: Identity, draft: TargetDraft, request: Request | None
    ) -> tuple[NewTarget, bool]:
        """As `create`, once for a request: the target, and whether the same request made it before. Then it has its
        signing secret only while nobody has changed it. Raises also what `write_once` raises."""
        who.require("targets:write")
        who.restriction.refuse_beyond()  # a new target is none of those that it names
        self._refuse(who.workspace_id, draft, draft.config)
        now = self.clock.now_ms()
        new = random_id(now)
        target, secrets = self._sealed(_target_of(draft, new, who, now), draft.config)
        entry = Trail(who.workspace_id, now).entry("target.created", "tgt", new, after=target_facts(target))

        async def find(an_id: Id) -> Target:
            return await self.store.read(verbs.get_target, who.workspace_id, an_id)

        verb = noting(verbs.create_target, entry)
        stored, again = await write_once(self.store, find, request, now, verb, target, who.principal_id)
        self.identities.forget()
        if again:
            secrets = self.secrets_of(stored) if stored.version == target.version else {}
        public = stored.config.get(VERIFICATION)
        return NewTarget(stored, _shown(secrets), public[0] if public else None), again

    async def put(
        self, who: Identity, key: str, draft: TargetDraft, version: int | None = None
    ) -> tuple[NewTarget, bool]:
        """Create the target with a key, or replace it, with `version` only at that. Returns it, and whether it is new.

        Raises what `create` and `change` raise, and NothingAtVersion.
        """
        keyed = replace(draft, key=key)
        try:
            known = await self.with_key(who.workspace_id, key)
        except NotFound:
            if version is not None:
                raise NothingAtVersion("target", key, version) from None
            try:
                return await self.create(who, keyed), True
            except Conflict as error:
                if error.reason != "key_taken":
                    raise
                known = await self.with_key(who.workspace_id, key)  # somebody else has made it meanwhile
        return NewTarget(await self.replace(who, known.id, keyed, version), None), False

    async def get(self, who: Identity, reference: str) -> Target:
        """The target that a reference names by id, key or number. Raises NotFound, Forbidden."""
        who.require("targets:read")
        return await self.store.read(verbs.resolve_target, who.workspace_id, reference)

    async def lane(self, who: Identity, target_id: Id) -> LaneState:
        """How the runs of a target stand that are not over. Raises NotFound, Forbidden."""
        who.require("targets:read")
        target = await self.store.read(verbs.get_target, who.workspace_id, target_id)
        return await self.store.read(lane_state, who.workspace_id, target.id, self.clock.now_ms())

    async def reports(self, who: Identity, targets: Collection[Id]) -> dict[Id, LaneReport]:
        """What the workers say of some targets, of those that are slow or held or whose runs wait. Raises Forbidden."""
        who.require("targets:read")
        return await self.store.read(reports_of, who.workspace_id, targets, self.clock.now_ms())

    async def list(self, who: Identity, listing: TargetListing) -> Page[Target]:
        """One page of targets, oldest first. Raises Forbidden."""
        who.require("targets:read")
        found = await self.store.read(verbs.list_targets, replace(listing, limit=listing.limit + 1))
        return cut(found, listing.limit, lambda target: target.id)

    with_key = reads(verbs.target_with_key)
    named = reads(verbs.targets_named)
    count = reads(verbs.count_targets)

    async def resolve(
        self, workspace_id: Id, reference: str | int, kinds: Collection[str] | None = None
    ) -> Target:
        """The target that a reference names by id, key or number, if it is of one of `kinds`. Raises NotFound.

        The answer is remembered for a few seconds, because most new schedules name a target that was
        named a moment ago.
        """
        now = self.clock.now_ms()
        known = self._known.get((workspace_id, reference))
        if known is None or known[1] <= now:
            known = await self._look_up(workspace_id, reference, now)
        if kinds is not None and known[0].kind not in kinds:
            raise NotFound("target", str(reference))
        return known[0]

    async def replace(
        self, who: Identity, target_id: Id, draft: TargetDraft, version: int | None = None
    ) -> Target:
        """Replace a target by a draft. What the draft leaves out gets its default; the key stays if it is left out.

        Raises what `change` raises.
        """

        def replaced(before: Target) -> TargetDraft:
            return replace(draft, key=draft.key if draft.key is not None else before.key)

        return await self.change(who, target_id, replaced, version)

    async def change(
        self,
        who: Identity,
        target_id: Id,
        change: Callable[[Target], TargetDraft],
        version: int | None = None,
    ) -> Target:
        """Edit a target by a pure function from the target before to the draft of it after.

        Raises what `edit` raises.
        """
        return (await self.edit(who, target_id, change, version)).target

    async def edit(
        self,
        who: Identity,
        target_id: Id,
        change: Callable[[Target], TargetDraft],
        version: int | None = None,
    ) -> NewTarget:
        """As `change`; returns the target with its signing secret, where it had none before.

        `***` in the configuration keeps the stored secret, as long as the executor is of the same type and the
        secret goes where it went before; otherwise it is asked for again.
        Raises NotFound, Invalid, Conflict (version, key_taken), Forbidden.
        """
        who.require("targets:write")
        made: list[str | None] = []

        def changed(before: Target) -> Target:
            draft, known = change(before), self.secrets_of(before)
            config: Mapping[str, Any] = draft.config
            if draft.executor == before.executor:
                config = self.merge_secrets(before.executor, before.config, known, draft.config)
            self._refuse(before.workspace_id, draft, config)
            after, secrets = self._sealed(_edited(before, draft), config)
            made[:] = [None if SIGNING in known else _shown(secrets)]
            # Encrypting gives another result each time, so an edit that does not touch the secrets keeps
            # the stored ones.
            kept = before.sealed is not None and secrets == known
            return replace(after, sealed=before.sealed) if kept else after

        stored = await self._store_change(who, target_id, changed, version)
        return NewTarget(stored, made[0])

    async def set_enabled(
        self,
        who: Identity,
        target_id: Id,
        enabled: bool,
        reason: str | None = None,
        version: int | None = None,
    ) -> Target:
        """Switch a target on or off. Runs that come due while it is off fail at once, with `reason`.

        Switching it to the state that it is in changes nothing, the reason
        included. Raises NotFound, Forbidden, and Conflict for a target that has no executor yet, or that is not at
        the `version` that the caller has seen.
        """
        who.require("targets:write")
        state = TargetState.ENABLED if enabled else TargetState.DISABLED
        why = None if enabled else reason or "disabled by request"

        def switched(before: Target) -> Target:
            if enabled and before.executor == NO_EXECUTOR:
                raise Conflict("it has no executor yet, so it cannot be switched on: give it an executor")
            off_already = not enabled and before.state is not TargetState.ENABLED
            stays = off_already or before.state is state
            return before if stays else replace(before, state=state, state_reason=why)

        return await self._store_change(who, target_id, switched, version)

    async def delete(self, who: Identity, target_id: Id, version: int | None = None) -> None:
        """Delete a target. Raises NotFound, Conflict (in_use, which names the schedules; version), Forbidden."""
        who.require("targets:write")
        who.restriction.refuse_other(target_id, {})
        now = self.clock.now_ms()
        trail = Trail(who.workspace_id, now)

        def deleted(gone: Target) -> Iterator[AuditEntry]:
            yield trail.entry("target.deleted", "tgt", target_id, before=target_facts(gone))

        verb = recording(verbs.delete_target, deleted)
        await self.store.write(verb, who.workspace_id, target_id, now, version)
        self.forget()
        self.identities.forget()

    async def rotate_signing_secret(
        self,
        who: Identity,
        target_id: Id,
        overlap_ms: int | None = OVERLAP_MS,
        ed25519: bool = False,
        version: int | None = None,
    ) -> NewTarget:
        """Make a new signing secret. Requests are signed with the old one too for `overlap_ms` (None: not any more).

        Raises NotFound, Invalid, Conflict (targets of this type are not signed; version), Forbidden.
        """
        who.require("targets:write")
        ends = end_of_overlap(self.clock.now_ms(), overlap_ms)
        made: list[SigningRotation] = []

        def rotated(before: Target) -> Target:
            secrets, executor = self.secrets_of(before), self.executors.get(before.executor)
            if SIGNING not in secrets or not isinstance(executor, SignsRequests):
                raise Conflict(
                    f"requests to targets of type {before.executor} are not signed, so there is no secret"
                )
            made[:] = [executor.rotate_signing(_listed(secrets[SIGNING]), ed25519, ends)]
            config = {name: value for name, value in before.config.items() if name != VERIFICATION}
            if made[0].verification_keys:
                config[VERIFICATION] = list(made[0].verification_keys)
            sealed = self.vault.seal(secrets | {SIGNING: list(made[0].secrets)}, before.id)
            return replace(before, config=config, sealed=sealed)

        target = await self._store_change(who, target_id, rotated, version)
        key = made[0].verification_keys[0] if made[0].shown is None else None
        return NewTarget(target, made[0].shown, key)

    def secrets_of(self, target: Target) -> dict[str, Any]:
        """The secrets of a target by name, decrypted."""
        return self.vault.open(target.sealed, target.id) if target.sealed is not None else {}

    def config_of(self, target: Target) -> dict[str, Any]:
        """The configuration of a target with its secrets filled in, for creating another target like it."""
        return self.merge_secrets(target.executor, target.config, self.secrets_of(target), target.config)

    def check_environment(
        self, target: Target, environment: Mapping[str, str], field: str
    ) -> Sequence[Problem]:
        """What is wrong with the environment variables of a schedule by what the target's executor allows. Of a mirror
        that shows when it is run."""
        executor = self.executors.get(target.executor)
        if target.shared_from is not None or not environment or not isinstance(executor, TakesEnvironment):
            return []
        return [
            replace(problem, field=f"{field}.{problem.field}".rstrip("."))
            for problem in executor.check_environment(target.config, environment)
        ]

    def check_input(
        self, target: Target, value: Any, field: str = "input", before: Definition | None = None
    ) -> Sequence[Problem]:
        """What is wrong with an input by the target's schema. Without a schema, nothing is.

        Nothing is wrong either with an input that stays as it was `before`, for the same target: what is stored can be
        sent back, also where the target's schema has become stricter since.
        """
        if target.input_schema is None:
            return []
        if before is not None and before.target_id == target.id and is_same_json(before.input, value):
            return []
        return input_problems(target.input_schema, value, field)

    async def check_write(self, target: Target, operation: Any, field: str) -> Sequence[Problem]:
        """What is wrong with a write to a table, held against the table as it is now. Fields are below `field`.

        A target whose executor knows no tables has nothing against any, and of a mirror that shows when it is run.
        Raises Unavailable if the table is out of reach: then nothing is known to be wrong.
        """
        executor = self.executors.get(target.executor)
        if target.shared_from is not None or not isinstance(executor, TableExecutor):
            return []
        secrets = self.secrets_of(target)
        found = await executor.check_operation(target.workspace_id, target.config, secrets, operation)
        for problem in found:
            if problem.code == "unavailable":
                raise Unavailable(f"the table cannot be looked at now: {problem.message}")
        return [
            replace(problem, field=f"{field}.{problem.field}" if problem.field else field)
            for problem in found
        ]

    async def _look_up(self, workspace_id: Id, reference: str | int, now: int) -> tuple[Target, int]:
        forgotten = self._forgotten
        found = await self.store.read(verbs.resolve_target, workspace_id, reference)
        # If a target changed while this was read, the answer may be outdated and must not be remembered.
        if forgotten == self._forgotten:
            size = sum(memory_of(orjson.dumps(part).decode()) for part in (found.config, found.extra))
            self._known.put((workspace_id, reference), (found, now + REMEMBERED_MS), size)
        return found, now

    async def _store_change(
        self, who: Identity, target_id: Id, change: Callable[[Target], Target], version: int | None
    ) -> Target:
        who.restriction.refuse_other(target_id, {})
        now = self.clock.now_ms()
        trail, seen = Trail(who.workspace_id, now), list[Target]()
        verb = recording(verbs.change_target, lambda after: _changed_entries(trail, seen[0], after))
        stored = await self.store.write(
            verb, who.workspace_id, target_id, watched(change, seen), now, version, self.is_own
        )
        self.forget()
        return stored

    def is_own(self, target: Target) -> bool:
        """Whether each workspace has what the target runs for itself, so that it cannot be shared."""
        executor = self.executors.get(target.executor)
        return isinstance(executor, KeptByWorkspace) and executor.is_kept_by_workspace(target.config)

    def forget(self) -> None:
        """Drop the targets that are remembered, because one has changed."""
        self._known.clear()
        self._forgotten += 1

    def _refuse(self, workspace_id: Id, draft: TargetDraft, config: Mapping[str, Any]) -> None:
        problems = [*_draft_problems(draft), *self._executor_problems(workspace_id, draft, config)]
        if problems:
            raise Invalid(problems)

    def _executor_problems(
        self, workspace_id: Id, draft: TargetDraft, config: Mapping[str, Any]
    ) -> Iterator[Problem]:
        executor = self.executors.get(draft.executor)
        if draft.executor == NO_EXECUTOR and not draft.enabled:
            return
        if executor is None:
            known = ", ".join(sorted(self.executors))
            words = f"{draft.executor!r} is not an executor of this server; the executors are {known}"
            yield Problem("executor.type", words, "unknown")
            return
        problems = executor.check(config)
        if not problems and isinstance(executor, ReachesHosts):
            problems = executor.check_hosts(workspace_id, config)
        for found in problems:
            yield Problem(f"executor.{found.field}" if found.field else "executor", found.message, found.code)
        watches = isinstance(executor, WatchesRuns) and (problems or executor.watchable(config))
        if draft.completion is Completion.WATCH and not watches:
            words = (
                f"cannot be watch: runs of {draft.executor} targets with this configuration cannot be watched"
            )
            yield Problem("completion", words)

    def _sealed(self, target: Target, config: Mapping[str, Any]) -> tuple[Target, dict[str, Any]]:
        """The target with the public configuration and the encrypted secrets, and the secrets in the clear."""
        if target.executor == NO_EXECUTOR:
            return replace(
                target, config={}, sealed=None, state_reason=target.state_reason or WITHOUT_EXECUTOR
            ), {}
        public, secrets = self.executors[target.executor].split(config)
        sealed = self.vault.seal(secrets, target.id) if secrets else None
        return replace(target, config=public, sealed=sealed), secrets


def _changed_entries(trail: Trail, before: Target, after: Target) -> Iterator[AuditEntry]:
    if after is before:
        return
    said: dict[str, Any] = difference(target_facts(before), target_facts(after))
    if after.sealed != before.sealed:
        said["secrets_changed"] = True
    yield trail.entry(target_action(before, after), "tgt", after.id, **said)


def _target_of(draft: TargetDraft, new: Id, who: Identity, now: int) -> Target:
    blank = Target(new, who.workspace_id, draft.kind, "", draft.executor, {}, who.principal_id, now, now)
    return _edited(blank, draft)


def _edited(before: Target, draft: TargetDraft) -> Target:
    """A target with everything of a draft except its configuration. The reason is dropped if the state changes."""
    state = _state_of(before, draft)
    kept_reason = before.state_reason if state is before.state else None
    return replace(
        before,
        kind=draft.kind,
        name=draft.name,
        executor=draft.executor,
        key=draft.key,
        description=draft.description,
        completion=draft.completion,
        timeout_ms=draft.timeout_ms,
        deadline_ms=draft.deadline_ms,
        max_concurrency=draft.max_concurrency,
        rate_per_second=draft.rate_per_second,
        input_schema=draft.input_schema,
        extra=dict(draft.extra),
        state=state,
        state_reason=kept_reason if draft.enabled else draft.off_reason or kept_reason,
    )


def _state_of(before: Target, draft: TargetDraft) -> TargetState:
    if draft.enabled:
        return TargetState.ENABLED
    archived = before.state is TargetState.ARCHIVED if draft.archived is None else draft.archived
    return TargetState.ARCHIVED if archived else TargetState.DISABLED


def draft_of(target: Target) -> TargetDraft:
    """The draft of a target as it is. A partial change starts from it."""
    return TargetDraft(
        target.kind,
        target.name,
        target.executor,
        target.config,
        target.key,
        target.description,
        target.completion,
        target.timeout_ms,
        target.deadline_ms,
        target.max_concurrency,
        target.rate_per_second,
        target.input_schema,
        target.extra,
        target.state is TargetState.ENABLED,
    )


def end_of_overlap(now: int, overlap_ms: int | None) -> int | None:
    """Until when an old signing secret signs too that is replaced at `now` (ms); None: not any more. Raises Invalid."""
    if overlap_ms is None:
        return None
    if overlap_ms > LONGEST_OVERLAP_MS:
        raise Invalid(Problem("overlap", "must be at most 30d"))
    return now + overlap_ms


def _draft_problems(draft: TargetDraft) -> Iterator[Problem]:
    yield from name_problems("name", draft.name)
    if len(orjson.dumps(dict(draft.extra))) > EXTRA_LIMIT:
        yield Problem("extra", f"is larger than {EXTRA_LIMIT // 1024} KiB", "too_long")
    yield from text_problems("description", draft.description)
    if draft.key is not None:
        yield from key_problems("key", draft.key)
    if not 1 <= draft.timeout_ms <= LONGEST_TIMEOUT_MS:
        yield Problem("timeout", "must be more than 0 and at most 24h")
    if not 1000 <= draft.deadline_ms <= LONGEST_DEADLINE_MS:
        yield Problem("deadline", "must be from 1s to 30d")
    if draft.max_concurrency is not None and not 1 <= draft.max_concurrency <= 1_000_000:
        yield Problem("max_concurrency", "must be from 1 to 1000000")
    if draft.rate_per_second is not None and not 0.0001 <= draft.rate_per_second <= 1_000_000:
        yield Problem("rate_per_second", "must be from 0.0001 to 1000000")
    for name, value in (
        ("extra", draft.extra),
        ("executor", draft.config),
        ("input_schema", draft.input_schema),
    ):
        yield from depth_problems(name, value)
    if draft.input_schema is not None:
        yield from schema_problems(draft.input_schema, "input_schema")


def _shown(secrets: Mapping[str, Any]) -> str | None:
    """The newest signing secret: the one that a receiver needs. None if nothing is signed."""
    found = _listed(secrets.get(SIGNING))
    return found[0] if found and not found[0].startswith(_PRIVATE) else None


def _listed(value: Any) -> Sequence[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
