"""What the borrower of something that is shared may read of an error: what went wrong, and not where.

The configuration is the lender's, and nothing of it is shown to a borrower. The errors of executors, libraries and
databases name the host that was asked, its address or its URL, so these are taken out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

# What stands in place of a host.
HIDDEN = "***"
# Hosts of one configuration that are looked for, and characters of each text in which they are looked for.
MOST_HOSTS, LONGEST_TEXT = 200, 16_384
# Characters of a host and its port.
_LONGEST = 260

_URL = re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://[^\s\"'<>]+", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{\{[^{}]{0,300}\}\}")
# What stands for a placeholder in a host.
_ANY = "\0"
_OF_URL = re.compile(r"://([^/?#\s]{1,500})")
_WORD = re.compile(rf"[\w.:{_ANY}-]+")
# Members of a configuration that name servers without a scheme.
_SERVERS = frozenset(("server", "servers", "address", "host", "hosts", "broker", "brokers"))


def host_hider(config: Mapping[str, Any], secrets: Mapping[str, Any]) -> Callable[[str], str]:
    """A function that takes the hosts of a configuration, all URLs and all addresses out of a text."""
    names: set[str] = set()
    for host in _hosts((config, secrets)):
        names.add(host.lower().strip(".-"))
        if len(names) >= MOST_HOSTS:
            break
    plain = {name for name in names if _ANY not in name}
    # A placeholder alone is a host that the run names itself.
    open_ones = [parts for name in names - plain if any(parts := name.split(_ANY))]

    def is_host(word: str) -> bool:
        name = word.lower().strip(".-")
        return name in plain or any(_fits(name, parts) for parts in open_ones)

    def told(found: re.Match[str]) -> str:
        word = found[0]
        if _is_address(word):
            return HIDDEN + word[len(word.rstrip(".:")) :]
        return ":".join(HIDDEN if is_host(piece) else piece for piece in word.split(":"))

    return lambda text: _WORD.sub(told, _URL.sub(HIDDEN, text))


def _is_address(word: str) -> bool:
    """Whether a word is an IP address, with or without a port."""
    if len(word) > _LONGEST:
        return False
    for written in (word, word.rstrip(".:"), word.rstrip(".:").rpartition(":")[0]):
        try:
            ip_address(written)
        except ValueError:
            continue
        return True
    return False


def _fits(name: str, parts: list[str]) -> bool:
    """Whether a name consists of these parts with any texts between them."""
    if len(name) > _LONGEST or not name.startswith(parts[0]) or not name.endswith(parts[-1]):
        return False
    at = len(parts[0])
    for part in parts[1:-1]:
        at = name.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return at <= len(name) - len(parts[-1])


def _hosts(value: Any, name: str = "") -> Iterator[str]:
    """Everything in a configuration that is a host or looks like one."""
    if isinstance(value, str):
        text = _PLACEHOLDER.sub(_ANY, value[:LONGEST_TEXT])
        for authority in _OF_URL.findall(text):
            yield authority.rpartition("@")[2].partition(":")[0]  # an address in brackets is hidden anyway
        for word in _WORD.findall(_URL.sub(" ", text)):
            host, _, port = word.rstrip(".:").partition(":")
            looks_so = ("." in host or port.isdecimal()) and any(map(str.isalpha, host))
            if host and (name in _SERVERS or looks_so):
                yield host
    elif isinstance(value, Mapping):
        for member, inner in value.items():
            yield from _hosts(inner, str(member).rpartition(".")[2])
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _hosts(inner, name)
