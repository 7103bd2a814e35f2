"""The contract with executors: what an executor is given for one attempt, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, runtime_checkable

from horarium.domain.errors import Problem
from horarium.domain.fire import FireKind
from horarium.domain.ids import Id
from horarium.domain.run import Missed, RunMode

# The longest handle of a watched run, in characters.
MAX_HANDLE = 2_000


@dataclass(frozen=True, slots=True)
class Message:
    """One side of an exchange as people read it, without secrets: the `line` that it begins with (a method and a URL,
    or a status), its headers and its body. A long body is cut."""

    line: str
    headers: Sequence[tuple[str, str]]
    body: str


@dataclass(slots=True)
class Exchange:
    """What an attempt has sent, and what it was answered. The executor fills it in, as far as it sends messages."""

    request: Message | None = None
    answer: Message | None = None


# Not frozen: one is created for each attempt, and creating a frozen one takes three times as long.
@dataclass(slots=True)
class Call:
    """One attempt of one run, as an executor sees it. Times are milliseconds since the epoch, UTC.

    `config` is the public part of the target's configuration, and `secrets` are its decrypted secrets by
    name. Secrets may be sent to the target and must not go anywhere else. The same holds for `environment`,
    the environment variables of the run. `kind` is the kind of the run's fire, or the mode of a run without a
    fire. `due_ms` is the slot plus the schedule's jitter; None means that it is the slot itself. `missed`
    holds the missed slots that the fire stands for. `row_key` and `row` (its data) are those of the audience
    row; without an audience they are empty and None. `callback_token` is set if the target may finish the run later
    by a request to `callback_base`. `variation` is the variation that was chosen
    for the run of an agent that has several: {"id", "name", "spec"}. `watched`: the target's `completion` is
    `watch`, so the outcome of an accepted run has a handle. `traceparent` names the attempt to a target that goes on
    with its trace, where it is traced (W3C Trace Context). `exchange` is set where somebody tries the target out: what
    is sent and answered is noted in it. `home_id` is the workspace that the configuration comes from, where that is
    another one: the target is shared from it.
    """

    run_id: Id
    workspace_id: Id
    target_id: Id
    target_name: str
    config: Mapping[str, Any]
    secrets: Mapping[str, Any]
    attempt: int
    timeout_ms: int
    now_ms: int
    kind: FireKind | RunMode = FireKind.CLOCK
    schedule_id: Id | None = None
    schedule_name: str | None = None
    fire_id: Id | None = None
    slot_ms: int | None = None
    timezone: str = "UTC"
    missed: Missed | None = None
    input: Any = None
    row_key: str = ""
    row: Any = None
    environment: Mapping[str, str] = field(default_factory=dict)
    callback_token: str | None = None
    callback_base: str | None = None
    due_ms: int | None = None
    variation: Mapping[str, Any] | None = None
    traceparent: str | None = None
    watched: bool = False
    exchange: Exchange | None = None
    home_id: Id | None = None

    @property
    def reaching_id(self) -> Id:
        """The workspace whose hosts may be reached, and in whose name connections are made."""
        return self.workspace_id if self.home_id is None else self.home_id


class Verdict(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    # The target accepted the work. The run ends later: by callback, or because a look at it shows that it has ended.
    ACCEPTED = "accepted"


class TimeIsUp(StrEnum):
    """How the error of an attempt begins that a time limit ended.

    By this beginning, objectives tell a failure from a time-out (the part `phase` of objectives.sql names them all).
    Other errors may quote the target, which could say the same words, but never begin with them.
    """

    ANY = "no answer within"
    HTTP = "the target did not finish its answer within"
    MODEL = "the model did not answer within"
    FUNCTION = "the function did not end within"
    COMMAND = "the command did not end within"
    WRITE = "the write did not finish within"
    CALLBACK = "the target did not finish the run before its deadline"
    ENGINE = "the engine did not take the run within"

    def after(self, timeout_ms: int) -> str:
        """The whole error, for a limit of so many milliseconds."""
        return f"{self} {timeout_ms / 1000:g} s"


# Not frozen either, for the same reason. Nobody changes one; `replace` makes another.
@dataclass(slots=True)
class Outcome:
    """The result of one attempt.

    `output` can be written as JSON and is already cut to the size limit. `error` is a sentence for users,
    without secrets. A failed attempt is repeated unless `retryable` is false. `retry_after_ms` is the delay
    that the target asked for; the next attempt does not start before it is over. `gone` tells that the target
    does not exist any more (HTTP 410), so it will be disabled. `status` is the status code of the target's
    answer, if it has one. `handle` is set where the run was accepted and is watched from now on: by this text,
    of at most MAX_HANDLE characters, `watch` finds the run again. `waited_ms` is how long the attempt waited
    for a connection, or for its turn in a database, before anything was done. `unreached`: the engine that should have
    taken the run could not be reached, so nothing was tried; such attempts go on whatever their number. `unknown`: of a
    look that fails a run because the engine knows none of this name.
    """

    verdict: Verdict
    output: Any = None
    error: str | None = None
    retryable: bool = True
    retry_after_ms: int | None = None
    gone: bool = False
    status: int | None = None
    handle: str | None = None
    waited_ms: int = 0
    unreached: bool = False
    unknown: bool = False


def broke_down(error: BaseException | None) -> Outcome:
    """The outcome of an attempt in which the executor itself has failed: by an exception, or (None) by silence."""
    words = "it did not tell what came of the run" if error is None else type(error).__name__
    return Outcome(Verdict.FAILED, error=f"the executor broke down: {words}")


@runtime_checkable
class TakesEnvironment(Protocol):
    """An executor that gives a run's environment variables to a program, and allows only some of them."""

    def check_environment(
        self, config: Mapping[str, Any], environment: Mapping[str, str]
    ) -> Sequence[Problem]:
        """What is wrong with the variables, for a target of this public configuration. Fields are their names."""


@dataclass(frozen=True, slots=True)
class SigningRotation:
    """The signing secrets of a target after a rotation, the newest first.

    `shown` is the new one, if its receiver needs it to verify. Otherwise the receiver needs only the public key, the
    first of `verification_keys`.
    """

    secrets: Sequence[str]
    shown: str | None
    verification_keys: Sequence[str]


@runtime_checkable
class SignsRequests(Protocol):
    """An executor that signs what it sends, with the secrets that are stored as `signing_secret`."""

    def rotate_signing(
        self, current: Sequence[str], ed25519: bool, keep_until_ms: int | None
    ) -> SigningRotation:
        """Replace the newest of the current secrets; it signs too until `keep_until_ms` (None: not any more)."""


class Unsent(StrEnum):
    """How the error of an attempt begins that was ended before anything was sent. No other error begins so."""

    DISABLED = "the target is disabled"
    NO_GRANT = "the maker of the schedule has no grant on its target any more"
    LOST = "given up"
    SILENT = "not sent: the target has not answered"

    @classmethod
    def says(cls, error: str | None) -> bool:
        """Whether an error says that nothing was sent."""
        return error is not None and error.startswith(tuple(cls))


@runtime_checkable
class ShowsRequests(Protocol):
    """An executor that can show the request of an attempt without sending it."""

    def request_of(self, call: Call) -> Message:
        """The request that `execute` sends first, without its secrets. Raises ValueError where none can be made."""


@runtime_checkable
class ReachesHosts(Protocol):
    """An executor or an audience source that connects to hosts over the network.

    A workspace may have a list of the hosts that it may reach (`Workspace.allowed_hosts`). The executor obeys it when
    it connects; `check_hosts` tells beforehand what is wrong with a configuration in which `check` found no problems.
    """

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]: ...


class Executor(Protocol):
    """How targets of one type are run. One instance serves the whole process; it is found by its entry point.

    `check` returns what is wrong with a configuration that a caller sent, with fields relative to the
    configuration. `split` separates a valid configuration into the part that may be shown and the secrets by
    name, which are stored encrypted. `execute` never raises because of what the target did: that is a failed
    Outcome. It ends within the timeout of the call, and leaves nothing running when it is cancelled. `close`
    frees what the executor holds.

    An executor that only waits for an answer over the network, and holds no thread, process or database connection
    meanwhile, says so by an attribute `waits_on_network = True`: its attempts give their place to others after a
    second.
    """

    type: str

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]: ...

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]: ...

    async def execute(self, call: Call) -> Outcome: ...

    async def close(self) -> None: ...


@runtime_checkable
class TakesMany(Protocol):
    """An executor that gives many runs to its engine in one go.

    `submit_many` does for each call what `execute` does, and tells what came of it as soon as that is known: `tell` is
    given the number of the call among `calls`, and its outcome. It returns when it has told all of them, each once. The
    calls may be of several targets and workspaces, and each has its own time limit.
    """

    async def submit_many(self, calls: Sequence[Call], tell: Callable[[int, Outcome], None]) -> None: ...


class Watched(NamedTuple):
    """A run that an engine has, as `watch` and `cancel` see it. `handle` is what the outcome of the attempt gave."""

    run_id: Id
    handle: str


class WatchedTarget(NamedTuple):
    """The target of watched runs: the workspace that its configuration comes from, the public part of that, and its
    decrypted secrets by name."""

    id: Id
    workspace_id: Id
    config: Mapping[str, Any]
    secrets: Mapping[str, Any]


class Refused(OSError):
    """An engine has answered that it does not do what it was asked for, or nothing that can be made out. So it is
    there, and is asked about other runs as always. The text is its reason."""


# What a look shows of a run that does not go on: how it has ended, or why the look at it has failed.
Seen = Outcome | Exception


@runtime_checkable
class WatchesRuns(Protocol):
    """An executor that gives a run to another engine and learns later how it ended.

    For targets whose `completion` is `watch`, `execute` gives the run to the engine and answers ACCEPTED with a handle.
    The run then holds no worker. An attempt may be repeated under the same run id after a crash, so what the engine
    has already counts as accepted: the run's id is what makes it one.

    `watchable` tells whether the runs of a target with this valid configuration can be watched at all.
    `watch` returns by run the outcomes of those that have ended, and the error of each look that has failed; runs that
    go on are left out. What cannot be read of one run is an outcome or an error of that run, and leaves the others as
    they are. `cancel` asks the engine to end a run that nobody waits for any more. Both raise OSError where the engine
    cannot be reached at all, and are asked again later. An error by which the engine has answered is Refused: every
    other one counts as silence, so that few runs of the target are looked at until it is over.
    """

    def watchable(self, config: Mapping[str, Any]) -> bool: ...

    async def watch(self, target: WatchedTarget, runs: Sequence[Watched]) -> Mapping[Id, Seen]: ...

    async def cancel(self, target: WatchedTarget, run: Watched) -> None: ...


@runtime_checkable
class NamesRuns(Protocol):
    """An executor whose handles are made of the id of the run alone. So a run can be cancelled at its engine that ended
    here on its way there, before an answer told the handle. `cancel` of a run that the engine does not know does
    nothing."""

    def handle_of(self, run_id: Id) -> str: ...


@runtime_checkable
class KeptByWorkspace(Protocol):
    """An executor that knows targets which are kept apart for each workspace, so that no workspace can share them."""

    def is_kept_by_workspace(self, config: Mapping[str, Any]) -> bool: ...


@runtime_checkable
class TableExecutor(Protocol):
    """What an executor that writes to tables can do besides: tell before a run whether a write fits the table.

    `check_operation` returns what is wrong with an operation on the table as it is now, with fields relative to the
    operation. A table that is out of reach is one problem of the code "unavailable".
    """

    async def check_operation(
        self, workspace_id: Id, config: Mapping[str, Any], secrets: Mapping[str, Any], operation: Any
    ) -> Sequence[Problem]: ...
