"""Which fields of a resource a body replaces: those that its update mask lists, or else those that it holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from horarium.api.kit import Fields, Json, Problems
from horarium.domain.same_json import is_same_json

# The paths of the metadata that a body can replace.
NAME, EXTERNAL_ID = "metadata.name", "metadata.externalId"
LABELS, BUNDLE_KEY = "metadata.labels", "metadata.bundleKey"
METADATA = (NAME, EXTERNAL_ID, LABELS, BUNDLE_KEY)

# The two spellings of the state of a resource: older clients have it in the spec, newer ones beside it.
STATUS, STATE = "spec.status", "state"


class FieldPaths:
    """The paths of the fields of one kind of resource.

    `every` has the path of each field that a body can replace. `spellings` has, for each path that is a newer
    spelling, the older path of the same field; fields are always known by the older one.
    """

    def __init__(self, every: Iterable[str], spellings: Mapping[str, str]) -> None:
        self.every, self._spellings = frozenset(every), dict(spellings)
        found: dict[str, set[str]] = {}
        for field in self.every:
            parts = field.split(".")
            for length in range(1, len(parts) + 1):
                found.setdefault(".".join(parts[:length]), set()).add(field)
        for newer, older in self._spellings.items():
            found[newer] = found[older]
        # The fields at every path that names some.
        self._at = {path: frozenset(fields) for path, fields in found.items()}

    def at(self, paths: Iterable[str]) -> frozenset[str]:
        """The fields at the paths. "metadata", "spec" and "spec.schedule" are the paths of all fields below them;
        either spelling of a field is accepted. A path that names nothing adds nothing."""
        return frozenset(field for path in paths for field in self._at.get(path, ()))

    def read(self, fields: Fields) -> Sequence[str]:
        """The paths in `updateMask` as they are written; none where it is left out or wrong."""
        paths = [path.strip() for path in (fields.text("updateMask") or "").split(",") if path.strip()]
        unknown = [path for path in paths if not self.at([path])]
        if unknown:
            words = f"names {', '.join(map(repr, unknown))}, which this resource does not have"
            fields.wrong("updateMask", words, "unknown")
            return ()
        return paths

    def changes(self, fields: Fields, shown: Mapping[str, Any], unsent: Collection[str] = ()) -> Fields:
        """The fields of an update without those that are as they are shown; the mask does not list them either. So
        what has been shown can be sent back, also where it could not be given anew any more.

        What the mask lists, and neither the body nor the answer has, is as it is shown. The fields `unsent` are
        cleared only where the mask names them by their own paths. A wrong mask is left for `read` to refuse.
        """
        # What is wrong with the mask is not noted here. Each path counts once, because comparisons cost time.
        reading = Fields(fields.body, problems=Problems())
        listed = dict.fromkeys(self.read(reading))
        if reading.problems:
            return fields
        if not listed:
            return Fields(_without(fields.body, self._same(fields.body, shown)), fields.path, fields.problems)
        left = [path for entry in listed for path in self._left(entry, fields.body, shown, unsent)]
        body = {**fields.body, "updateMask": ",".join(left)} if left else {}
        return Fields(body, fields.path, fields.problems)

    def _same(self, body: Mapping[str, Any], shown: Mapping[str, Any]) -> frozenset[str]:
        """The paths of what a body has, one level deep or two, where all spellings of a field that it has are as they
        are shown."""
        # A body may hold very many names that mean nothing here, so that it is asked for those that do.
        held = {path for path in self._at.keys() | _held(shown) if path.count(".") < 2 and _holds(body, path)}
        same = {path for path in held if is_same_json(_value_at(body, path), _value_at(shown, path))}
        return frozenset(path for path in same if held.intersection(self._spellings_of(path)) <= same)

    def _left(
        self, entry: str, body: Mapping[str, Any], shown: Mapping[str, Any], unsent: Collection[str]
    ) -> list[str]:
        """What is left of an entry of a mask: the paths at which a body has something else than is shown, or nothing
        where something is shown."""
        found = []
        for field in sorted(self.at([entry])):
            spellings = self._spellings_of(field)
            asked = [entry] if entry in spellings else spellings
            held = [path for path in asked if _value_at(body, path) is not None]
            if any(not is_same_json(_value_at(body, path), _value_at(shown, path)) for path in held):
                found += held
            cleared = not held and any(_value_at(shown, path) is not None for path in spellings)
            if cleared and (entry in spellings or field not in unsent):
                found.append(field)
        return found

    def _spellings_of(self, path: str) -> list[str]:
        """The paths of the field at a path in all of its spellings, the older one first."""
        field = self._spellings.get(path, path)
        return [field, *(newer for newer, older in self._spellings.items() if older == field)]

    def part(self, fields: Fields, name: str, mask: Sequence[str]) -> Fields:
        """The fields of `metadata` or `spec`. Where there is a mask, only those that it lists: what else stands there
        is not even looked at, because typed clients fill required fields with dummies."""
        if not mask:
            return fields.inner(name)
        if not any(field.startswith(f"{name}.") for field in self.at(mask)):
            return Fields({}, name, fields.problems)
        given = fields.inner(name).body
        known = {path.removeprefix(f"{name}."): path for path in self._at if path.startswith(f"{name}.")}
        listed = {
            key: given[key]
            for key, path in known.items()
            if key in given and self._listed(path, fields.body, mask)
        }
        return Fields(listed, name, fields.problems)

    def beside(self, fields: Fields, mask: Sequence[str]) -> Fields:
        """What stands beside `metadata` and `spec`, as `part`: the newer spelling of the state."""
        looked_at = not mask or self._listed(STATE, fields.body, mask)
        return Fields({STATE: fields.body.get(STATE)} if looked_at else {}, "", fields.problems)

    def held_in(self, *parts: Fields) -> frozenset[str]:
        """The fields that the parts of a body hold."""
        return self.at(path for part in parts for path in self._at if _holds_at(part, path))

    def _listed(self, path: str, body: Mapping[str, Any], mask: Sequence[str]) -> bool:
        """Whether a mask lists a path. Where it names one spelling of a field, and the body holds that one, the other
        spelling does not count."""
        if path in mask or self.at([path]).isdisjoint(self.at(mask)):
            return path in mask
        return not any(spelling in mask and _holds(body, spelling) for spelling in self._spellings_of(path))


def _value_at(body: Any, path: str) -> Any:
    """The value at a path; None where there is none."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def _holds(body: Mapping[str, Any], path: str) -> bool:
    """Whether a body has anything but null at a path."""
    return _value_at(body, path) is not None


def _without(body: Mapping[str, Any], paths: frozenset[str]) -> Json:
    """A body without the values at paths that are one level deep or two."""
    found: Json = {name: value for name, value in body.items() if name not in paths}
    for path in paths:
        outer, _, name = path.partition(".")
        if isinstance(found.get(outer), Mapping):
            found[outer] = {key: inner for key, inner in found[outer].items() if key != name}
    return found


def _held(body: Mapping[str, Any]) -> set[str]:
    """The paths of everything in a body that is not null, one level deep and two."""
    inner = {
        f"{outer}.{name}"
        for outer, values in body.items()
        if isinstance(values, Mapping)
        for name, value in values.items()
        if value is not None
    }
    return inner.union(name for name, value in body.items() if value is not None)


def _holds_at(part: Fields, path: str) -> bool:
    """Whether a part of a body has anything but null at a path from the body's root."""
    above = part.path and f"{part.path}."
    return path.startswith(above) and path.removeprefix(above) in part
