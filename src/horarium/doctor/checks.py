"""From what was seen of an installation to what is wrong with it and what to do. Pure; instants are milliseconds since
the epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from horarium.store.verbs.meta import BACKUP, COPYING, VAULT_KEY, ZONE_DATA, zone_data_order
from horarium.store.verbs.watchdog import Ledger
from horarium.watchdog.checks import Limits, Look, findings, length

# From when on the clock of this machine is worth a word (ms), and from when on the ledger is ahead of it.
SKEW_MS, AHEAD_MS = 1_000, 60_000
# How many days before its end a certificate should be renewed.
CERTIFICATE_DAYS = 14
# With fewer open files not all calls that could wait for an answer may wait.
FEW_FILES = 4_096
# A disk with less free space than this is full: the next log file of the database needs it.
LEAST_FREE_BYTES = 1 << 20
# How old the last backup may be where the settings ask for none (ms).
OLD_BACKUP_MS = 7 * 86_400_000

_ADVICE = {
    "late": "see whether a server with the role engine runs, and what its log says",
    "queue": "see docs/operate/monitoring.md: horarium_queue_oldest_seconds and the targets' answers",
    "node": "start it again, or forget it: its runs have gone to others",
    "zone-data": "update the package tzdata on that node",
    "disk": "give it more space, or lower retention_days",
    "backup": "run `horarium backup FOLDER`, or set backup_to (docs/operate/backup.md)",
}


class Level(StrEnum):
    """How bad something is."""

    FINE = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found about one thing. `advice` says what to do where it is not fine."""

    about: str
    level: Level
    words: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Database:
    """What the database says of itself.

    `schema` is its number, 0 where it has no tables. `now_ms` is its clock, and `here_ms` that of this machine at the
    same time. Without a schema that this program can read the rest is empty: the rows of `meta`, what is late, and the
    instant of the newest entry in the ledger.
    """

    kind: str
    schema: int
    now_ms: int
    here_ms: int
    meta: Mapping[str, str] = field(default_factory=dict)
    ledger: Ledger | None = None
    newest_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """What answers at an address. `version` is None where no Horarium answers, and `trouble` says what happened;
    `taken` tells that something listens there. `ready` and `reasons` are what /readyz says."""

    address: str
    version: str | None = None
    ready: bool = False
    reasons: str = ""
    trouble: str = ""
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that one look has found.

    `folder` says what is wrong with the data folder, and `folder_open` whether others may look into it.
    `folder_missing`: there is none, which is in order on PostgreSQL as long as nothing is kept in it. `trouble`: why
    the database gave no answer. `key` is why there is no key, `key_fits` whether the key is that of the database.
    `free` has the free share and the free bytes of the disk of each folder. `certificate_days`: until the certificate
    ends. `backup_ms`: how old the last backup may be by the settings; None where they ask for none.
    """

    program: str
    schema: int
    zone_data: str
    server: Server
    folder: str | None = None
    folder_open: bool = False
    folder_missing: bool = False
    database: Database | None = None
    trouble: str | None = None
    key: str | None = None
    key_fits: bool = True
    free: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    open_files: int = FEW_FILES
    certificate_days: float | None = None
    certificate_trouble: str | None = None
    backup_ms: int | None = None


def examine(seen: Seen) -> list[Answer]:
    """What is wrong, and what is not, in the order in which it is best mended."""
    answers = [*_of_folder(seen), *_of_database(seen)]
    if seen.database is not None and seen.database.meta:
        answers += [*_of_content(seen, seen.database), *_of_ledger(seen, seen.database)]
    return [*answers, *_of_disk(seen), *_of_machine(seen), _of_server(seen)]


def worst(answers: Sequence[Answer]) -> Level:
    """The worst of all levels."""
    order = list(Level)
    return max((answer.level for answer in answers), key=order.index, default=Level.FINE)


def _of_folder(seen: Seen) -> Iterator[Answer]:
    if seen.folder is not None:
        advice = "name the server's data folder with --data, and run this under the account of the server"
        yield Answer("data folder", Level.WRONG, seen.folder, advice)
    elif seen.folder_open:
        words = "others on this machine can look into the data folder"
        yield Answer("data folder", Level.WARNING, words, "chmod 700 it")
    elif seen.folder_missing:
        yield Answer("data folder", Level.FINE, "there is none, and nothing needs one yet")
    else:
        yield Answer("data folder", Level.FINE, "is there and private")


def _of_database(seen: Seen) -> Iterator[Answer]:
    database = seen.database
    if database is None:
        words = f"cannot be used: {seen.trouble}"
        yield Answer("database", Level.WRONG, words, "check its address, its account and whether it runs")
        return
    yield Answer("database", Level.FINE, f"answers ({database.kind})")
    number, known = database.schema, seen.schema
    if number == known:
        yield Answer("schema", Level.FINE, f"is {number}, as this program needs it")
    elif number == 0:
        words = "the database has no tables of Horarium"
        yield Answer(
            "schema",
            Level.WRONG,
            words,
            "a server makes them when it starts; or this is the wrong database",
        )
    elif number < known:
        advice = "`horarium migrate --plan` shows what is missing; the next start of a server adds it"
        yield Answer("schema", Level.WARNING, f"is {number}, and this program needs {known}", advice)
    else:
        level = Level.WARNING if database.kind == "postgresql" and number == known + 1 else Level.WRONG
        words = f"is {number}, and this program knows {known}"
        yield Answer("schema", level, words, "use the newer program that has made it")


def _of_content(seen: Seen, database: Database) -> Iterator[Answer]:
    """Whether the content of the database can be worked with: no copy, no backup, our key, our zone data."""
    if COPYING in database.meta:
        words = "is a copy or a restore that has not been finished"
        yield Answer(
            "content", Level.WRONG, words, "give the same `horarium copy` or `horarium restore` again"
        )
    if BACKUP in database.meta:
        yield Answer("content", Level.WRONG, "the database is a backup", "restore it: horarium restore FILE")
    yield _of_key(seen, database)
    highest = database.meta.get(ZONE_DATA, seen.zone_data)
    if zone_data_order(highest) > zone_data_order(seen.zone_data):
        words = f"this program has {seen.zone_data}, and {highest} has been at work on the database"
        advice = "pip install --upgrade tzdata: with older data a node fires nothing"
        yield Answer("zone data", Level.WRONG, words, advice)
    else:
        yield Answer("zone data", Level.FINE, f"is {seen.zone_data}")


def _of_key(seen: Seen, database: Database) -> Answer:
    wanted = database.meta.get(VAULT_KEY)
    if seen.key is not None and wanted is not None:
        advice = (
            "put the file secret.key of this installation into the data folder, or set HORARIUM_SECRET_KEY"
        )
        return Answer(
            "key", Level.WRONG, f"{seen.key}; the database needs that of fingerprint {wanted}", advice
        )
    if seen.key is None and not seen.key_fits:
        words = f"the key given is not that of the database, which has the fingerprint {wanted}"
        return Answer("key", Level.WRONG, words, "give the key that the secrets were encrypted with")
    return Answer(
        "key", Level.FINE, "opens the stored secrets" if wanted else "no secret has been stored yet"
    )


def _of_ledger(seen: Seen, database: Database) -> Iterator[Answer]:
    skew = database.now_ms - database.here_ms
    if database.newest_ms is not None and database.newest_ms - database.now_ms > AHEAD_MS:
        words = (
            f"the newest entry of the ledger is {length(database.newest_ms - database.now_ms)} in the future"
        )
        advice = "set the clock right; nothing of these schedules fires until then"
        yield Answer("clock", Level.WRONG, words, advice)
    elif abs(skew) > SKEW_MS:
        words = f"this machine is {length(abs(skew))} {'behind' if skew > 0 else 'ahead of'} the database"
        yield Answer("clock", Level.WARNING, words, "run a time service (chrony, systemd-timesyncd) on both")
    else:
        yield Answer("clock", Level.FINE, "agrees with the database")
    if database.ledger is None:
        return
    limits = Limits(backup_ms=OLD_BACKUP_MS if seen.backup_ms is None else seen.backup_ms)
    found = findings(Look(database.now_ms, {}, database.ledger), limits, seen.zone_data)
    for finding in found:
        level = Level.WRONG if finding.kind == "late" else Level.WARNING
        yield Answer(_SUBJECTS[finding.kind], level, finding.words, _ADVICE[finding.kind])
    kinds = {finding.kind for finding in found}
    for kind, words in (
        ("late", "no slot is late"),
        ("queue", "no run waits for long"),
        ("node", f"{_nodes(database.ledger)} at work, and none is lost"),
        ("backup", _backup(database)),
    ):
        if kind not in kinds:
            yield Answer(_SUBJECTS[kind], Level.FINE, words)


_SUBJECTS = {"late": "slots", "queue": "queue", "node": "nodes", "backup": "backup", "zone-data": "zone data"}


def _nodes(ledger: Ledger) -> str:
    count = sum(node.given_up_ms is None for node in ledger.nodes)
    return "1 node is" if count == 1 else f"{count} nodes are"


def _backup(database: Database) -> str:
    made = None if database.ledger is None else database.ledger.last_backup_ms
    return "none yet" if made is None else f"the last was made {length(database.now_ms - made)} ago"


def _of_disk(seen: Seen) -> Iterator[Answer]:
    for folder, (share, free) in seen.free.items():
        words = f"{share:.0%} of the disk of {folder} is free"
        if free < LEAST_FREE_BYTES:
            yield Answer("disk", Level.WRONG, f"the disk of {folder} is full", _ADVICE["disk"])
        elif share < Limits().free_share:
            yield Answer("disk", Level.WARNING, words, _ADVICE["disk"])
        else:
            yield Answer("disk", Level.FINE, words)


def _of_machine(seen: Seen) -> Iterator[Answer]:
    if seen.open_files < FEW_FILES:
        words = f"a process may open {seen.open_files} here: fewer calls can wait for slow targets"
        advice = f"raise the limit to {FEW_FILES} or more (LimitNOFILE of systemd, ulimit -n)"
        yield Answer("open files", Level.WARNING, words, advice)
    else:
        yield Answer("open files", Level.FINE, f"a process may open {seen.open_files}")
    if seen.certificate_trouble is not None:
        advice = "give a PEM file of the certificate as tls_cert"
        yield Answer("certificate", Level.WRONG, seen.certificate_trouble, advice)
    elif seen.certificate_days is not None:
        days, level = seen.certificate_days, Level.FINE
        words = f"ends in {days:.0f} days" if days > 0 else "has ended: clients refuse it"
        if days < CERTIFICATE_DAYS:
            level = Level.WARNING if days > 0 else Level.WRONG
        yield Answer("certificate", level, words, "renew it, and start the server again")


def _of_server(seen: Seen) -> Answer:
    server = seen.server
    if server.version is None and server.taken:
        words = f"something that is no Horarium answers at {server.address}: {server.trouble}"
        return Answer(
            "server", Level.WRONG, words, "give its address with --url, or another --port to the server"
        )
    if server.version is None:
        words = f"no server answers at {server.address}: {server.trouble}"
        return Answer("server", Level.WARNING, words, "start it, or give its address with --url")
    if not server.ready:
        words = f"the server at {server.address} answers and cannot work: {server.reasons}"
        return Answer("server", Level.WRONG, words, "see what is said above and in its log")
    if server.version != seen.program:
        words = f"the server at {server.address} is version {server.version}, this program {seen.program}"
        return Answer("server", Level.WARNING, words, "start it again with the program that is installed now")
    return Answer("server", Level.FINE, f"the server at {server.address} is ready (version {server.version})")
