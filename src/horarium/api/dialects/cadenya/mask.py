"""Which fields of a resource a body replaces: those that its update mask lists, or else those that it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from horarium.api.kit import Fields

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

    def part(self, fields: Fields, name: str, mask: Sequence[str]) -> Fields:
        """The fields of `metadata` or `spec`. Where there is a mask, only those that it lists: what else stands there
        is not even looked at, because typed clients fill required fields with dummies."""
        if not mask:
            return fields.inner(name)
        if not any(field.startswith(f"{name}.") for field in self.at(mask)):
            return Fields({}, name, fields.problems)
        given, held = fields.inner(name), _held(fields)
        listed = {
            key: value for key, value in given.body.items() if self._listed(f"{name}.{key}", held, mask)
        }
        return Fields(listed, name, fields.problems)

    def beside(self, fields: Fields, mask: Sequence[str]) -> Fields:
        """What stands beside `metadata` and `spec`, as `part`: the newer spelling of the state."""
        looked_at = not mask or self._listed(STATE, _held(fields), mask)
        return Fields({STATE: fields.body.get(STATE)} if looked_at else {}, "", fields.problems)

    def held_in(self, *parts: Fields) -> frozenset[str]:
        """The fields that the parts of a body hold."""
        return self.at(place for part in parts for place in _places(part))

    def _listed(self, path: str, held: frozenset[str], mask: Sequence[str]) -> bool:
        """Whether a mask lists a path. Where it names one spelling of a field, and the body holds that one, the other
        spelling does not count."""
        if path in mask or self.at([path]).isdisjoint(self.at(mask)):
            return path in mask
        field = self._spellings.get(path, path)
        spellings = {field, *(newer for newer, older in self._spellings.items() if older == field)}
        return not any(spelling in mask and spelling in held for spelling in spellings)


def _held(fields: Fields) -> frozenset[str]:
    """The paths of everything in a body that is not null, one level deep and two."""
    inner = [Fields(value, name) for name, value in fields.body.items() if isinstance(value, Mapping)]
    return frozenset(place for part in (fields, *inner) for place in _places(part))


def _places(part: Fields) -> Iterable[str]:
    return (f"{part.path}.{name}".lstrip(".") for name in part.body if name in part)
