"""Bodies: which fields are read (all of them, those present, or those of an update mask), and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from horarium.api.dialects.cadenya.values import BUNDLE_LABEL, Wanted, timing_of, with_bundle, with_labels
from horarium.api.kit import Fields, Problems
from horarium.domain.errors import Invalid, Problem
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import ScheduleState
from horarium.domain.target import Target
from horarium.domain.variations import variations_of
from horarium.service.checks import name_problems
from horarium.service.schedules import compiled
from horarium.service.targets import TargetService
from horarium.times import zone_names

T = TypeVar("T")
OVERLAPS = {
    "OVERLAP_POLICY_UNSPECIFIED": Overlap.SKIP,
    "OVERLAP_POLICY_ALLOW": Overlap.ALLOW,
    "OVERLAP_POLICY_SKIP": Overlap.SKIP,
}
STATUSES = {
    "AGENT_SCHEDULE_STATUS_UNSPECIFIED": None,
    "AGENT_SCHEDULE_STATUS_ACTIVE": ScheduleState.ACTIVE,
    "AGENT_SCHEDULE_STATUS_PAUSED": ScheduleState.PAUSED,
    "AGENT_SCHEDULE_STATUS_ARCHIVED": ScheduleState.ARCHIVED,
}
MESSAGES, DATAS = ("initialMessage", "firstUserMessage"), ("data", "firstUserMessageData")
METADATA = ("name", "externalId", "labels", "bundleKey")
SPEC = ("initialMessage", "data", "schedule", "overlapPolicy", "status", "variationId", "systemPromptData")
SCHEDULE = ("calendars", "intervals", "timezone")
_ALIASES = {"spec.firstUserMessage": "spec.initialMessage", "spec.firstUserMessageData": "spec.data"}
_GROUPS = {
    "metadata": [f"metadata.{name}" for name in METADATA],
    "spec": [f"spec.{name}" for name in SPEC],
}
EVERYTHING = (*_GROUPS["metadata"], *_GROUPS["spec"])
LONGEST_MESSAGE = 200_000
MOST_LABELS = 64


def masked(mask: str) -> tuple[str, ...]:
    """The paths of an update mask, as they were written. Raises Invalid for one that is not known."""
    known = {*EVERYTHING, *_GROUPS, *_ALIASES, *(f"spec.schedule.{name}" for name in SCHEDULE)}
    paths = [path.strip() for path in mask.split(",") if path.strip()]
    unknown = [path for path in paths if path not in known]
    if unknown:
        words = f"names {', '.join(map(repr, unknown))}, which this resource does not have"
        raise Invalid(Problem("updateMask", words, "unknown"))
    return tuple(paths)


class ScheduleReader:
    """Reads a body onto a schedule. `mask` are the paths that a caller listed, empty where there was none."""

    def __init__(self, body: Mapping[str, Any], mask: Sequence[str] = ()) -> None:
        self.problems = Problems()
        whole = Fields(body, "", self.problems)
        self.mask = mask
        self.metadata, self.spec = self._part(whole, "metadata"), self._part(whole, "spec")

    def _part(self, whole: Fields, name: str) -> Fields:
        """One half of the resource; beside a mask that lists nothing of it, whatever stands there."""
        if self.mask and not any(path.partition(".")[0] == name for path in self.mask):
            return Fields({}, name, self.problems)
        return whole.inner(name)

    def present(self) -> tuple[str, ...]:
        """The paths of the fields that the body holds."""
        return tuple(path for path in EVERYTHING if self._holds(path))

    def _holds(self, path: str) -> bool:
        half, _, name = path.partition(".")
        names = {"initialMessage": MESSAGES, "data": DATAS}.get(name, (name,))
        return any(one in (self.metadata if half == "metadata" else self.spec) for one in names)

    def read(self, onto: Wanted, paths: Sequence[str]) -> tuple[Wanted, set[str]]:
        """`onto` with the fields at `paths` as in the body, or cleared where it leaves them out; and the
        canonical paths read. Raises Invalid with every problem."""
        wanted, taken = onto, _expanded(paths)
        for path in sorted(taken):
            wanted = self._readers[path](self, wanted)
        if any(path.startswith("spec.schedule") for path in taken):
            wanted = self._checked_rules(wanted)
        return wanted, taken

    def done(self) -> None:
        if self.problems:
            raise Invalid(self.problems)

    def _name(self, wanted: Wanted) -> Wanted:
        name = self.metadata.text("name", required=True)
        if name is not None:
            self.problems += name_problems("metadata.name", name)
        return replace(wanted, name=name or "")

    def _external_id(self, wanted: Wanted) -> Wanted:
        return replace(wanted, external_id=_short(self.metadata, "externalId"))

    def _labels(self, wanted: Wanted) -> Wanted:
        labels = labels_in(self.metadata)
        bundle = _short(Fields(self.metadata.body, "metadata"), "bundleKey")
        if bundle is not None and labels.get(BUNDLE_LABEL, bundle) != bundle and self._wants("bundleKey"):
            self.metadata.wrong("bundleKey", f"differs from the label {BUNDLE_LABEL}; give one of them")
        return with_labels(wanted, labels)

    def _wants(self, name: str) -> bool:
        return not self.mask or "metadata" in self.mask or f"metadata.{name}" in self.mask

    def _bundle_key(self, wanted: Wanted) -> Wanted:
        return with_bundle(wanted, _short(self.metadata, "bundleKey"))

    def _message(self, wanted: Wanted) -> Wanted:
        message = self._either(MESSAGES, lambda name: self.spec.text(name, most=LONGEST_MESSAGE) or None)
        if message is None and not any(p.field.removeprefix("spec.") in MESSAGES for p in self.problems):
            self.spec.wrong("initialMessage", "is required", "required")
        return replace(wanted, message=message or "")

    def _data(self, wanted: Wanted) -> Wanted:
        def read(name: str) -> Any:
            return self.spec.object(name) if name == DATAS[1] else self.spec.body.get(name)

        return replace(wanted, data=self._either(DATAS, read))

    def _either(self, names: tuple[str, str], read: Callable[[str], T | None]) -> T | None:
        """The value under either spelling; the one that the mask lists, where it lists one of them."""
        given = [name for name in names if name in self.spec]
        listed = [name for name in given if f"spec.{name}" in self.mask]
        values = [(name, read(name)) for name in (listed if len(listed) == 1 else given)]
        values = [one for one in values if one[1] is not None]
        if len(values) == 2 and values[0][1] != values[1][1]:
            self.spec.wrong(
                names[1], f"differs from {names[0]}, of which it is another name; give one of them"
            )
        return values[0][1] if values else None

    def _schedule(self, wanted: Wanted) -> Wanted:
        return self._timezone(self._intervals(self._calendars(wanted)))

    def _rules(self) -> Fields:
        return self.spec.inner("schedule")

    def _calendars(self, wanted: Wanted) -> Wanted:
        return replace(wanted, rules=_with(wanted.rules, "calendars", self._rules().body.get("calendars")))

    def _intervals(self, wanted: Wanted) -> Wanted:
        return replace(wanted, rules=_with(wanted.rules, "intervals", self._rules().body.get("intervals")))

    def _timezone(self, wanted: Wanted) -> Wanted:
        return replace(wanted, timezone=self._rules().text("timezone") or "")

    def _checked_rules(self, wanted: Wanted) -> Wanted:
        """The rules as they are kept; what is wrong with them, and with the zone, is noted."""
        if any(one.field == "spec.schedule" for one in self.problems):
            return wanted
        zone, before = wanted.timezone, len(self.problems)
        if zone not in zone_names():
            words = f"{zone!r} is not an IANA time zone such as Europe/Paris" if zone else "is required"
            if not any(one.field == "spec.schedule.timezone" for one in self.problems):
                self.spec.wrong("schedule.timezone", words, "value" if zone else "required")
            zone = "UTC"
        try:
            compiled(timing_of(replace(wanted, timezone=zone)), "spec.schedule")
        except Invalid as error:
            self.problems += error.problems
        return wanted if len(self.problems) > before else replace(wanted, rules=_tidy(wanted.rules))

    def _overlap(self, wanted: Wanted) -> Wanted:
        given = self.spec.choice("overlapPolicy", tuple(OVERLAPS))
        return replace(wanted, overlap=OVERLAPS[given or "OVERLAP_POLICY_UNSPECIFIED"])

    def _status(self, wanted: Wanted) -> Wanted:
        given = self.spec.choice("status", tuple(STATUSES))
        return replace(wanted, state=STATUSES[given or "AGENT_SCHEDULE_STATUS_UNSPECIFIED"] or wanted.state)

    def _variation(self, wanted: Wanted) -> Wanted:
        return replace(wanted, variation=_short(self.spec, "variationId"))

    def _system_data(self, wanted: Wanted) -> Wanted:
        return replace(wanted, system_data=self.spec.object("systemPromptData"))

    _readers: Mapping[str, Callable[[ScheduleReader, Wanted], Wanted]] = {
        "metadata.name": _name,
        "metadata.externalId": _external_id,
        "metadata.labels": _labels,
        "metadata.bundleKey": _bundle_key,
        "spec.initialMessage": _message,
        "spec.data": _data,
        "spec.schedule": _schedule,
        "spec.schedule.calendars": _calendars,
        "spec.schedule.intervals": _intervals,
        "spec.schedule.timezone": _timezone,
        "spec.overlapPolicy": _overlap,
        "spec.status": _status,
        "spec.variationId": _variation,
        "spec.systemPromptData": _system_data,
    }


def agent_problems(
    targets: TargetService, agent: Target, wanted: Wanted, taken: set[str]
) -> Sequence[Problem]:
    """What the agent has against the fields that were read: its schema of data, its variations."""
    problems: list[Problem] = []
    if "spec.data" in taken:
        data = {} if wanted.data is None else wanted.data
        problems += targets.check_input(agent, data, "spec.data")
    if "spec.variationId" in taken and wanted.variation is not None:
        known = [one.id for one in variations_of(agent.extra, agent.id)]
        if wanted.variation not in known:
            words = f"{wanted.variation!r} is no variation of this agent; there are {', '.join(known)}"
            problems.append(Problem("spec.variationId", words, "unknown"))
    return problems


def labels_in(fields: Fields) -> dict[str, str]:
    """The field `labels`: an object of texts."""
    labels = fields.object("labels") or {}
    if len(labels) > MOST_LABELS:
        fields.wrong("labels", f"has {len(labels)} entries; at most {MOST_LABELS} are taken")
        return {}
    inner = Fields(labels, f"{fields.path}.labels", fields.problems)
    found = {}
    for name in labels:
        if not name or len(name) > 200 or not name.isprintable():
            inner.wrong(name[:40], "must be a name of 1 to 200 printable characters")
            continue
        value = inner.value(name, str, "a string", required=True)
        if value is not None and (len(value) > 1000 or "\0" in value):
            inner.wrong(name, "must be a text of at most 1000 characters, without NUL")
        found[name] = value or ""
    return found


def bundle_in(fields: Fields) -> dict[str, str]:
    """The field `bundleKey`, as the label that it stands for."""
    bundle = _short(fields, "bundleKey")
    return {} if bundle is None else {BUNDLE_LABEL: bundle}


def _expanded(paths: Sequence[str]) -> set[str]:
    """Canonical paths: groups opened, aliases replaced, parts left out beside their whole."""
    found: set[str] = set()
    for path in paths:
        found.update(_GROUPS.get(path, [_ALIASES.get(path, path)]))
    return {path for path in found if not (path.startswith("spec.schedule.") and "spec.schedule" in found)}


def _short(fields: Fields, name: str) -> str | None:
    """An optional name of one line; an empty one counts as left out."""
    found = fields.text(name, most=255)
    if found is not None and not found.isprintable():
        fields.wrong(name, "must not contain control characters")
    return found or None


def _with(rules: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    kept = {key: one for key, one in rules.items() if key != name}
    return kept if value is None or value == [] else {**kept, name: value}


_RANGES = ("second", "minute", "hour", "dayOfMonth", "month", "dayOfWeek")


def _tidy(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Checked rules without what this API does not know, and with numbers as numbers (7, not 7.0 or "7")."""
    tidied: dict[str, Any] = {}
    if rules.get("calendars"):
        tidied["calendars"] = [_tidy_calendar(one) for one in rules["calendars"]]
    if rules.get("intervals"):
        tidied["intervals"] = [_known(one, ("every", "offset")) for one in rules["intervals"]]
    return tidied


def _tidy_calendar(calendar: Mapping[str, Any]) -> dict[str, Any]:
    tidied = _known(calendar, ("comment", *_RANGES))
    for name in _RANGES:
        if name in tidied:
            found = [_known(one, ("start", "end", "step")) for one in tidied[name]]
            tidied[name] = [{key: int(value) for key, value in one.items()} for one in found]
    return tidied


def _known(given: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: given[name] for name in names if given.get(name) is not None}
