"""A chain of audit entries verifies as it was written, and each change of it is told."""

from typing import Any

import orjson
import pytest

from horarium.domain.audit import (
    ERASED,
    FORGOTTEN,
    NO_HASH,
    Actor,
    Anchor,
    AuditEntry,
    Link,
    LinkedEntry,
    Verifier,
    content_of,
    digest_of,
    link_hash,
    packed,
    pairs,
    unpacked,
)
from horarium.domain.ids import derived_id

WORKSPACE, SALT, ANN = b"w" * 16, b"s" * 16, b"a" * 16


def entry(name: str, action: str = "schedule.created", **said: Any) -> LinkedEntry:
    content = content_of(5, action, "sch:1", Actor(ANN), said).decode()
    return LinkedEntry(derived_id(0, name.encode()), action, "sch:1", ANN, SALT, content, None)


def chain(
    *links: list[LinkedEntry], number: int = 0, before: bytes = NO_HASH
) -> list[tuple[Link, list[LinkedEntry]]]:
    found = []
    for entries in links:
        number += 1
        text = b"".join(one.id + digest_of(SALT, (one.content or "").encode()) for one in entries)
        before = link_hash(before, WORKSPACE, number, text)
        found.append((Link(number, text, before, 9), entries))
    return found


def verified(links: list[tuple[Link, list[LinkedEntry]]], last: int, **given: Any) -> Verifier:
    verifier = Verifier(WORKSPACE, given.pop("anchor", Anchor()), **given)
    for link, entries in links:
        verifier.add(link, entries)
    verifier.finish(last)
    return verifier


ONE, TWO, THREE = entry("one"), entry("two"), entry("three")
OF_TWO = f"entry {TWO.id.hex()} of link 1"
WHOLE = chain([ONE, TWO], [THREE])


def test_a_chain_verifies_as_it_was_written():
    noted = {link.number: link.hash for link, _ in WHOLE}
    found = verified(WHOLE, 2, expected=noted)
    assert (found.problems, found.links, found.entries, found.erased) == ([], 2, 3, 0)
    assert (found.number, found.hash) == (2, WHOLE[1][0].hash)
    assert [one for one, _ in pairs(WHOLE[0][0].entries)] == [ONE.id, TWO.id]


(FIRST, OF_FIRST), (SECOND, OF_SECOND) = WHOLE


@pytest.mark.parametrize(
    ("links", "last", "problems"),
    [
        ([(FIRST, OF_FIRST)], 2, ["the chain shall end with link 2, but ends with link 1"]),
        ([(SECOND, OF_SECOND)], 2, ["link 1 is missing: the next one is 2"]),
        ([(FIRST, OF_FIRST), (SECOND._replace(hash=FIRST.hash), OF_SECOND)], 2, ["link 2 does not continue link 1"]),
        ([(FIRST, [ONE]), (SECOND, OF_SECOND)], 2, [f"{OF_TWO} is missing"]),
        ([(FIRST, [ONE, TWO, THREE]), (SECOND, OF_SECOND)], 2, [f"entry {THREE.id.hex()} is not in link 1"]),
        *(
            ([(FIRST, [ONE, TWO._replace(**changed)]), (SECOND, OF_SECOND)], 2, [f"{OF_TWO} {words}"])
            for changed, words in (
                ({"content": ONE.content + " "}, "was changed"),
                ({"content": None}, "was changed"),
                ({"salt": None}, "was changed"),
                ({"salt": b"t" * 16}, "was changed"),
                *(
                    (one, "is filed under another action, subject or principal than it says")
                    for one in ({"action": "key.created"}, {"subject": "sch:2"}, {"principal_id": None})
                ),
            )
        ),
    ],
)  # fmt: skip
def test_what_was_changed_in_a_chain_is_told(links, last, problems):
    assert verified(links, last).problems == problems


def test_only_a_hash_that_was_noted_shows_a_chain_that_was_made_anew():
    noted = {1: b"n" * 32, 2: SECOND.hash, 3: b"n" * 32, 4: b"n" * 32}
    assert verified(WHOLE, 2, expected=noted).problems == [
        "link 1 has another hash than the one that was noted",
        "link 3 was noted, but the chain ends with link 2",
        "link 4 was noted, but the chain ends with link 2",
    ]


def emptied(one: LinkedEntry, by: LinkedEntry) -> LinkedEntry:
    return one._replace(action="", subject="", principal_id=None, salt=None, content=None, erased_by=by.id)


@pytest.mark.parametrize("told", [1, 2, 3])
def test_an_erasure_tells_how_many_entries_it_has_erased(told):
    erasure = entry("erasure", ERASED, entries=told)
    links = [
        (link, [emptied(one, erasure) for one in ones]) for link, ones in chain([ONE, TWO], [erasure])[:1]
    ]
    found = verified([*links, chain([ONE, TWO], [erasure])[1]], 2)
    words = f"2 entries are erased by {erasure.id.hex()}, which tells of {told}"
    assert (found.problems, found.erased) == ([] if told == 2 else [words], 2)


@pytest.mark.parametrize("told", [1, 2, 3])
def test_of_what_an_erasure_has_erased_a_part_may_have_been_deleted_since(told):
    """The first link was deleted because its time was over, and may have held more that was erased."""
    erasure, before = entry("erasure", ERASED, entries=told), WHOLE[0][0].hash
    tells = entry("forgotten", FORGOTTEN, upto=1, hash=before.hex())
    (link, ones), *rest = chain([ONE, TWO], [erasure, tells], number=1, before=before)
    found = verified([(link, [emptied(one, erasure) for one in ones]), *rest], 3, anchor=Anchor(1, before))
    words = f"2 entries are erased by {erasure.id.hex()}, which tells of {told}"
    assert found.problems == ([words] if told == 1 else [])


def test_an_erasure_that_no_entry_tells_of_is_a_problem():
    links = [(FIRST, [emptied(ONE, THREE), TWO]), (SECOND, OF_SECOND)]
    assert verified(links, 2).problems == [f"1 entries are erased by {THREE.id.hex()}, which tells of 0"]


@pytest.mark.parametrize(
    ("upto", "hashed", "found"), [(7, b"h", []), (8, b"h", ["7"]), (7, b"i", ["7"]), (None, b"h", ["7"])]
)
def test_a_chain_may_begin_behind_what_was_deleted_where_an_entry_tells_of_that(upto, hashed, found):
    tells = entry("x") if upto is None else entry("x", FORGOTTEN, upto=upto, hash=(hashed * 32).hex())
    links = chain([tells], number=7, before=b"h" * 32)
    problems = [f"no entry tells that the links up to {number} were deleted" for number in found]
    assert verified(links, 8, anchor=Anchor(7, b"h" * 32)).problems == problems
    assert verified([], 7, anchor=Anchor(7, b"h" * 32)).problems == [
        "no entry tells that the links up to 7 were deleted"
    ]


def test_a_hash_of_a_link_depends_on_all_that_it_links():
    given = (b"b" * 32, WORKSPACE, 1, b"e" * 48)
    others = [
        (*given[:place], other, *given[place + 1 :])
        for place, other in enumerate((b"c" * 32, b"v" * 16, 2, b"f" * 48))
    ]
    assert len({link_hash(*each) for each in (given, *others)}) == 5


def test_hashes_are_the_same_in_every_version_of_the_program():
    """They are stored and noted elsewhere, and anybody may compute them."""
    found = link_hash(b"b" * 32, WORKSPACE, 1, b"e" * 48).hex()
    assert found == "14ff45ab4e57cbf9f3589b78c898551dfa28edea89aa1b03a8fd83af15768cb8"
    assert digest_of(SALT, b"{}").hex() == "7525933f0e78f8a1b6144ced4eb2b43a4468d44f5ba6ba03c155c11d5196e53b"


def test_entries_are_read_as_they_were_packed():
    entries = [
        AuditEntry(bytes([n]) * 16, WORKSPACE, "key.created", "key:1", by, b'{"said":"a\\tb\tc"}')
        for n, by in enumerate((ANN, None))
    ]
    assert list(unpacked(WORKSPACE, packed(entries))) == entries


def test_an_entry_says_who_did_it_from_where_and_what():
    actor = Actor(ANN, b"k" * 16, "192.0.2.1", "req")
    assert orjson.loads(content_of(5, "a.b", "sch:1", actor, {"after": 1})) == {
        "at": 5,
        "action": "a.b",
        "subject": "sch:1",
        "by": {"principal": ANN.hex(), "key": (b"k" * 16).hex(), "address": "192.0.2.1", "request": "req"},
        "after": 1,
    }
    said = orjson.loads(content_of(5, "a.b", "sch:1", Actor(), {}))["by"]
    assert said == {"principal": None, "key": None, "address": None, "request": None}
    assert b'"much": 36893488147419103232' in content_of(5, "a.b", "sch:1", Actor(), {"much": 2**65})
