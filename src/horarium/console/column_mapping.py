"""What the columns of somebody's CSV file stand for: proposed from their names, and read back from the form. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from horarium.console.forms import Form
from horarium.domain.directory import Kind
from horarium.domain.errors import Invalid, Problem

# Columns that one form can map.
MOST_MAPPED = 80
# Names of columns that usually hold the id of an item, the most telling one first.
_IDS = ("id", "identifier", "externalid", "uuid", "key", "number", "email", "emailaddress", "mail")
# What else a column may be called, and the fields that it then stands for, the first that the kind has.
_USUAL = {
    "emailaddress": ("email",),
    "mail": ("email",),
    "fullname": ("full_name", "name"),
    "displayname": ("full_name", "name"),
    "name": ("full_name", "title"),
}
# A declared field stands in a form as its name; a custom field has this before the name of its column.
CUSTOM = "custom:"
# What a column of addresses stands for where there is no other that could be the id.
ID_AND_EMAIL = "id and email"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file with what it is proposed to stand for (empty: it is left out), and its first cells."""

    name: str
    field: str
    cells: Sequence[str]


def choices(kind: Kind, name: str) -> list[tuple[str, str]]:
    """What a column may stand for, each with its words."""
    found = [("", "leave it out"), ("id", "id")]
    found += [(declared.name, declared.name.replace("_", " ")) for declared in kind.fields]
    if any(declared.name == "email" for declared in kind.fields):
        found.insert(2, (ID_AND_EMAIL, ID_AND_EMAIL))
    if kind.custom and name:
        found.append((CUSTOM + name, f"custom field “{name}”"))
    return found


def propose(kind: Kind, names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Column]:
    """The columns of a file, each with what its name says it stands for; no field stands there twice."""
    fields: list[str] = []
    id_at = _id_column(names)
    for place, name in enumerate(names):
        field = _field(kind, name)
        if place == id_at:
            field = ID_AND_EMAIL if field == "email" else "id"
        if not field and kind.custom and name:
            field = CUSTOM + name
        fields.append(field if field not in fields else "")
    return [
        Column(name, field, [row[place] for row in rows])
        for place, (name, field) in enumerate(zip(names, fields, strict=True))
    ]


def mapping_in(form: Form) -> dict[str, str]:
    """The field for each column that a form maps, and that is not left out."""
    found = {}
    for place in range(MOST_MAPPED):
        name, field = form.text(f"name.{place}"), form.text(f"column.{place}")
        if name and field:
            found[name] = field.removeprefix(CUSTOM)
    return found


def as_chosen(columns: Iterable[Column], mapping: Mapping[str, str]) -> list[Column]:
    """The columns with what a form has chosen for them."""
    return [
        Column(
            column.name,
            CUSTOM + column.name
            if column.field.startswith(CUSTOM) and mapping.get(column.name) == column.name
            else mapping.get(column.name, ""),
            column.cells,
        )
        for column in columns
    ]


def parted(mapping: Mapping[str, str]) -> tuple[dict[str, str], bool]:
    """A mapping in which a column that stands for the id and the email stands for the id, and whether there is one.
    Raises Invalid where another column stands for the email as well."""
    both = [name for name, field in mapping.items() if field == ID_AND_EMAIL != name]
    if both and "email" in mapping.values():
        raise Invalid(Problem("email", "is what more than one column stands for"))
    return {name: "id" if name in both else field for name, field in mapping.items()}, bool(both)


def _id_column(names: Sequence[str]) -> int | None:
    plain = [_plain(name) for name in names]
    return next((plain.index(usual) for usual in _IDS if usual in plain), None)


def _field(kind: Kind, name: str) -> str:
    plain = _plain(name)
    for declared in kind.fields:
        if plain in (_plain(known) for known in (declared.name, *declared.aliases)):
            return declared.name
    known = {declared.name for declared in kind.fields}
    return next((usual for usual in _USUAL.get(plain, ()) if usual in known), "")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
