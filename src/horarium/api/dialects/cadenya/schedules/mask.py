"""Which fields of a schedule a body replaces: those that its update mask lists, or else those that it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from horarium.api.kit import Fields

NAME, EXTERNAL_ID = "metadata.name", "metadata.externalId"
LABELS, BUNDLE_KEY = "metadata.labels", "metadata.bundleKey"
MESSAGE, DATA, SYSTEM_DATA = "spec.initialMessage", "spec.data", "spec.systemPromptData"
SCHEDULE = "spec.schedule"
CALENDARS, INTERVALS, TIMEZONE = f"{SCHEDULE}.calendars", f"{SCHEDULE}.intervals", f"{SCHEDULE}.timezone"
OVERLAP, STATUS, VARIATION = "spec.overlapPolicy", "spec.status", "spec.variationId"

# The path of every field that a body can replace.
EVERY_FIELD = frozenset(
    [
        *(NAME, EXTERNAL_ID, LABELS, BUNDLE_KEY),
        *(MESSAGE, DATA, SYSTEM_DATA, CALENDARS, INTERVALS, TIMEZONE, OVERLAP, STATUS, VARIATION),
    ]
)

# Two fields have a second spelling, which newer clients use: (older, newer).
MESSAGE_SPELLINGS = ("initialMessage", "firstUserMessage")
DATA_SPELLINGS = ("data", "firstUserMessageData")
_OLDER = {f"spec.{newer}": f"spec.{older}" for older, newer in (MESSAGE_SPELLINGS, DATA_SPELLINGS)}


def _by_path() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for field in EVERY_FIELD:
        parts = field.split(".")
        for length in range(1, len(parts) + 1):
            found.setdefault(".".join(parts[:length]), set()).add(field)
    for newer, older in _OLDER.items():
        found[newer] = found[older]
    return {path: frozenset(fields) for path, fields in found.items()}


# The fields at every path that names some.
_AT = _by_path()


def fields_at(paths: Iterable[str]) -> frozenset[str]:
    """The fields at the paths. "metadata", "spec" and "spec.schedule" are the paths of all fields below them; either
    spelling of a field is accepted. A path that names nothing adds nothing."""
    return frozenset(field for path in paths for field in _AT.get(path, ()))


def read_mask(fields: Fields) -> Sequence[str]:
    """The paths in `updateMask` as they are written; none where it is left out or wrong."""
    paths = [path.strip() for path in (fields.text("updateMask") or "").split(",") if path.strip()]
    unknown = [path for path in paths if not fields_at([path])]
    if unknown:
        words = f"names {', '.join(map(repr, unknown))}, which this resource does not have"
        fields.wrong("updateMask", words, "unknown")
        return ()
    return paths


def half_of(fields: Fields, half: str, mask: Sequence[str]) -> Fields:
    """The fields of `metadata` or `spec`. Where there is a mask, only those that it lists: what else stands there is
    not even looked at, because typed clients fill required fields with dummies."""
    if not mask:
        return fields.inner(half)
    if not any(field.startswith(f"{half}.") for field in fields_at(mask)):
        return Fields({}, half, fields.problems)
    given = fields.inner(half)
    listed = {name: value for name, value in given.body.items() if _is_listed(f"{half}.{name}", mask)}
    for spellings in (MESSAGE_SPELLINGS, DATA_SPELLINGS):
        named = [name for name in spellings if name in given and f"{half}.{name}" in mask]
        if len(named) == 1:
            for name in set(spellings) - set(named):
                listed.pop(name, None)
    return Fields(listed, half, fields.problems)


def _is_listed(path: str, mask: Sequence[str]) -> bool:
    return not fields_at([path]).isdisjoint(fields_at(mask))


def held_in(*halves: Fields) -> frozenset[str]:
    """The fields that the halves of a body hold."""
    return fields_at(f"{half.path}.{name}" for half in halves for name in half.body if name in half)
