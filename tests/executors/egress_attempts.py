"""Attempts to make the server connect where it must not: the data of the egress corpus.

Each attempt is a URL for one way out (an http target, an llm target, ...), with what the names in it lead to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from tests.support.played_network import PUBLIC, PUBLIC_V6

HTTP = ("http target", "http audience", "llm base_url", "agent webhook", "webhook", "look at a run")
SQL = ("sql target", "sql audience")


class Attempt(NamedTuple):
    """One attempt. `never` says that no setting opens it. It is made `times` times in a row."""

    way: str
    url: str
    answers: Mapping[str, Sequence[Sequence[str]]] = {}
    never: bool = False
    times: int = 1


# IPv4 addresses that are not public hosts, and whether they are metadata services, which no setting opens.
V4 = {
    "127.0.0.1": False,
    "0.0.0.0": False,
    "10.0.0.5": False,
    "172.16.3.4": False,
    "192.168.1.1": False,
    "100.64.0.7": False,
    "169.254.7.7": False,
    "198.18.0.9": False,
    "224.0.0.1": False,
    "255.255.255.255": False,
    "169.254.169.254": True,
    "169.254.170.2": True,
    "100.100.100.200": True,
    "168.63.129.16": True,
}
V6 = {
    "::1": False,
    "::": False,
    "fe80::1": False,
    "fec0::1": False,
    "fc00::1": False,
    "ff02::1": False,
    "2001:db8::1": False,
    "100::1": False,
    "fd00:ec2::254": True,
    "fd20:ce::254": True,
}
_CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
_WIDE = str.maketrans("0123456789.", "０１２３４５６７８９．")
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def spellings(address: str) -> Iterator[str]:
    """Ways to write an IPv4 address as the host of a URL, most of which some program understands."""
    number = int(IPv4Address(address))
    a, b, c, d = IPv4Address(address).packed
    yield address
    yield str(number)
    yield f"{number:#x}"
    yield f"0{number:o}"
    yield f"{a:#x}.{b:#x}.{c:#x}.{d:#x}"
    yield f"0{a:o}.0{b:o}.0{c:o}.0{d:o}"
    yield f"{a:03}.{b:03}.{c:03}.{d:03}"
    yield f"{a}.{number & 0xFFFFFF}"
    yield f"{a}.{b}.{number & 0xFFFF}"
    yield f"{a:#x}.{b}.{c}.0{d:o}"
    yield f"{number + (1 << 32)}"
    yield f"{address}."
    yield address.replace(".", "%2e")
    yield address.replace(".", "\u3002")
    yield address.translate(_CIRCLED)
    yield address.translate(_WIDE)
    yield address.translate(_ARABIC)
    yield f"{address[0]}\u00ad{address[1:]}"
    yield f"{address}%00.example.com"
    yield f"{address}\\.example.com"
    yield f"{address}\t.example.com"
    yield f"example.com@{address}"
    yield f"example.com:80@{address}"
    yield f"example.com\\@{address}"
    yield f"example.com#@{address}"
    yield f"{address}#@example.com"
    yield f"[{address}]"
    yield from (f"[{carrier}]" for carrier in carriers(address))
    yield f"[::ffff:{address}%25lo]"
    yield f"[::ffff:{address}%lo]"


def carriers(address: str) -> Iterator[str]:
    """IPv6 addresses that contain an IPv4 address, at each place where a standard puts one."""
    four = IPv4Address(address).packed
    inverted = bytes(byte ^ 0xFF for byte in four)
    yield f"::ffff:{address}"
    for data in (
        bytes(12) + four,  # IPv4-compatible
        bytes(8) + b"\xff\xff\0\0" + four,  # IPv4-translated
        b"\0\x64\xff\x9b" + bytes(8) + four,  # NAT64 with the well-known prefix
        b"\0\x64\xff\x9b\0\x01" + bytes(6) + four,  # NAT64 with a local prefix
        b"\0\x64\xff\x9b\0\x01" + four[:2] + b"\0" + four[2:] + bytes(5),  # the same with a prefix of 48 bits
        b"\x20\x02" + four + bytes(9) + b"\x01",  # 6to4
        b"\x20\x01\0\0\x53\xaa\x06\x4c" + bytes(4) + inverted,  # Teredo
        b"\x26\x00" + bytes(6) + b"\0\0\x5e\xfe" + four,  # ISATAP
        b"\xfe\x80" + bytes(6) + b"\x02\0\x5e\xfe" + four,  # ISATAP of a link
    ):
        yield str(IPv6Address(data))


def name_answers(address: str) -> Iterator[Sequence[Sequence[str]]]:
    """What a name may lead to, so that a connection to `address` might follow: alone, among others, or in turns."""
    yield [[address]]
    yield [[PUBLIC, address]]
    yield [[address, PUBLIC]]
    yield [[PUBLIC, PUBLIC_V6, address, address]]
    yield [[PUBLIC], [address]]
    yield [[PUBLIC_V6], [address], [PUBLIC]]
    yield [[PUBLIC], [PUBLIC], [address, PUBLIC]]


# Names of this machine and of metadata services, as names and in writings that some programs turn into them.
NAMES = {
    "localhost": False,
    "localhost.": False,
    "LOCALHOST": False,
    "a.localhost": False,
    "localhost.localdomain": False,
    "ip6-localhost": False,
    "ⓛocalhost": False,
    "loc\u00adalhost": False,
    "local\u200bhost": False,
    "%6c%6f%63alhost": False,
    "metadata": True,
    "metadata.google.internal": True,
    "METADATA.google.internal.": True,
    "instance-data": True,
}


def http_attempts(way: str, victim: int, canary: int, *, thorough: bool) -> Iterator[Attempt]:
    """The attempts over HTTP. All but the thorough ones leave out most addresses and spellings."""
    some = V4 if thorough else {name: V4[name] for name in ("127.0.0.1", "10.0.0.5", "169.254.169.254")}
    for address, never in some.items():
        for host in spellings(address):
            yield Attempt(way, f"http://{host}:{victim}/", never=never)
    for address, never in V6.items():
        yield Attempt(way, f"http://[{address}]:{victim}/", never=never)
        yield Attempt(way, f"http://[{address}%25lo]:{victim}/", never=never)
    for host, never in NAMES.items():
        answers = {host.lower().rstrip("."): [["169.254.169.254" if never else "127.0.0.1"]]}
        yield Attempt(way, f"http://{host}:{victim}/", answers, never)
    for address, never in [*some.items(), *V6.items()]:
        for given in name_answers(address):
            answers = {"innocent.example": given}
            yield Attempt(way, f"http://innocent.example:{victim}/", answers, never, len(given))
    for address in ("127.0.0.1", "169.254.169.254"):
        for carried in carriers(address):
            answers = {"innocent.example": [[carried]]}
            yield Attempt(way, f"http://innocent.example:{victim}/", answers, address != "127.0.0.1")
    for zoned in ("fe80::1%2", "::1%1", f"{PUBLIC_V6}%1"):
        yield Attempt(way, f"http://innocent.example:{victim}/", {"innocent.example": [[zoned]]})
    for path in redirects(canary):
        for status in STATUSES if thorough else (302, 307):
            answers = {
                "public.example": [[PUBLIC]],
                "other.example": [[PUBLIC]],
                "inside.example": [["127.0.0.1"]],
            }
            yield Attempt(way, f"{REDIRECTING}{path}/{status}", answers, never=True)
    for scheme in ("file", "ftp", "gopher", "unix", "http+unix", "ws", "dict", "ldap", "HTTPX", "jar:http"):
        yield Attempt(way, f"{scheme}://127.0.0.1:{canary}/etc/passwd", never=True)


# What redirecting attempts ask, and the statuses that are answered with a Location: those of redirects, and others at
# which some clients look there as well.
REDIRECTING = "http://public.example"
STATUSES = (301, 302, 303, 307, 308, 300, 305, 201, 202, 200, 401, 503)


def redirects(canary: int) -> Mapping[str, str]:
    """Where the paths of the redirecting attempts lead to."""
    places = (
        f"http://127.0.0.1:{canary}/",
        f"http://inside.example:{canary}/",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        f"//[::ffff:127.0.0.1]:{canary}/",
        f"//127.0.0.1:{canary}/",
        f"https://127.0.0.1:{canary}/",
        f"http://localhost:{canary}/",
        f"http://user:secret@127.0.0.1:{canary}/",
        f"http://public.example@127.0.0.1:{canary}/",
        f"http://public.example:{canary}/",
        "http://public.example/to-0/302",  # a chain
        "http://other.example/",
        "//other.example/",
        "/elsewhere",
        "elsewhere",
        "?again=1",
        "#",
        f"http://2130706433:{canary}/",
        f"http://0x7f.1:{canary}/",
        f"http://%31%32%37.0.0.1:{canary}/",
        f"http://[64:ff9b::7f00:1]:{canary}/",
        f"http://[::1%25lo]:{canary}/",
        f"http:\\\\127.0.0.1:{canary}/",
        f"http:127.0.0.1:{canary}/",
        f"gopher://127.0.0.1:{canary}/",
        f"ws://127.0.0.1:{canary}/",
        "data:text/plain,x",
    )
    return {f"/to-{number}": place for number, place in enumerate(places)}


def sql_attempts(way: str, victim: int, folder: str) -> Iterator[Attempt]:
    """The attempts with URLs of databases. `folder` is that of a Unix socket which the operator did not list."""
    for address, never in V4.items():
        for host in spellings(address):
            yield Attempt(way, f"postgresql://u:p@{host}:{victim}/crm", never=never)
    for address, never in V6.items():
        yield Attempt(way, f"postgresql://u:p@[{address}]:{victim}/crm", never=never)
    for host, never in NAMES.items():
        yield Attempt(way, f"postgresql://u:p@{host}:{victim}/crm", never=never)
    for address, never in [*V4.items(), *V6.items()]:
        for given in name_answers(address):
            answers = {"db.example.com": given}
            yield Attempt(way, f"postgresql://u:p@db.example.com:{victim}/crm", answers, never, len(given))
    for address in ("127.0.0.1", "169.254.169.254"):
        for carried in carriers(address):
            answers = {"db.example.com": [[carried]]}
            yield Attempt(
                way, f"postgresql://u:p@db.example.com:{victim}/crm", answers, address != "127.0.0.1"
            )
    port = f":{victim}"
    for url in (
        f"postgresql://u:p@db.example.com:{victim},127.0.0.1:{victim}/crm",
        f"postgresql://u:p@db.example.com,127.0.0.1:{victim}/crm",
        f"postgresql://u:p@db.example.com:{victim}/crm?host=127.0.0.1",
        f"postgresql://u:p@db.example.com:{victim}/crm?hostaddr=127.0.0.1",
        f"postgresql://u:p@/crm?host=127.0.0.1&port={victim}",
        f"postgresql://u:p@/crm?host={folder}&port={victim}",
        f"postgresql://u:p@/crm?host={folder}",
        f"postgresql://u:p@/crm?host=/run/../{folder}",
        f"postgresql://u:p@/crm?host={folder},/tmp",
        f"postgresql://u:p@{folder.replace('/', '%2F')}/crm",
        "postgresql://u:p@/crm",
        "postgresql:///crm",
        f"postgresql://u:p@{port}/crm",
        f"postgresql://u:p@db.example.com{port}/crm?service=own",
        f"postgresql://u:p@db.example.com{port}/crm?passfile=/etc/passwd",
        f"postgresql://u:p@db.example.com{port}/crm?sslrootcert=/etc/passwd",
        f"postgresql://u:p@db.example.com{port}/crm?options=-chost%3D127.0.0.1",
        f"postgresql://u:p@db.example.com{port}@127.0.0.1{port}/crm",
        f"postgresql+psycopg2://u:p@127.0.0.1{port}/crm",
        f"postgresql+pg8000://u:p@127.0.0.1{port}/crm",
        f"mysql://u:p@127.0.0.1{port}/crm",
        f"mysql+pymysql://u:p@127.0.0.1{port}/crm?unix_socket={folder}/mysql.sock",
        f"mssql://u:p@127.0.0.1{port}/crm",
        f"oracle://u:p@127.0.0.1{port}/crm",
        "sqlite:////etc/passwd",
        "sqlite:///horarium.db",
        "sqlite+aiosqlite:///horarium.db",
        f"redshift://u:p@127.0.0.1{port}/crm",
        f"http://127.0.0.1{port}/crm",
    ):
        yield Attempt(way, url, {"db.example.com": [["127.0.0.1"]]})
