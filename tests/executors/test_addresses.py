from __future__ import annotations

import socket
from ipaddress import IPv6Address

import pytest

from horarium.executors.addresses import AddressPolicy, check_url
from horarium.executors.options import ExecutorOptions

STRICT = AddressPolicy.of(ExecutorOptions())
LOOPBACK = AddressPolicy.of(ExecutorOptions(allow_loopback=True))

NOT_PUBLIC = [
    "http://127.0.0.1/",
    "http://127.255.255.254:8080/",
    "http://0.0.0.0/",
    "http://0.1.2.3/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://169.254.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "http://168.63.129.16/metadata",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.7/",
    "http://203.0.113.9/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fd20:ce::254]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[2001::1]/",
    "http://[100::1]/",
    "http://[4000::1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::ffff:168.63.129.16]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b::10.1.2.3]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:53aa:64c:0:5efe:7f00:1]/",
    "http://[2600::5efe:10.0.0.1]/",
    "http://[2600::200:5efe:7f00:1]/",
    "http://localhost/",
    "http://LOCALHOST:8080/",
    "http://api.localhost/",
    "http://ip6-localhost/",
    "http://metadata/",
    "http://metadata.google.internal/computeMetadata/v1/",
]

ODD_SPELLINGS = [
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://00.0.0.0/",
    "http://0127.0.0.1/",
    "http://127.0.0.1.5/",
    "http://127.0.0.256/",
    "http://4294967297/",
    "http://1.2.3.0x/",
    "http://3232235777/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://127.0.0.1./",
    "http://localhost./",
    "http://example.com./",
    "http://example..com/",
    "http://.example.com/",
    "http://127%2e0.0.1/",
    "http://%6c%6f%63alhost/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://ⓛocalhost/",
    "http://loc\u00adalhost/",
    "http://local\u200bhost/",
    "http://ß.example/",
    "http://١٢٧.0.0.1/",
    "http://[::1%25lo]/",
    "http://[fe80::1%eth0]/",
    "http://[::1%]/",
    "http://[1.2.3.4]/",
    "http://[v1.fe80]/",
    "http://[::1/",
    "http://[::1]x/",
    "http://[]/",
    "http://::1/",
    "http://user@example.com/",
    "http://user:password@example.com/",
    "http://@example.com/",
    "http://:@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\.example.com/",
    "http://example.com\t.evil/",
    "http://exam ple.com/",
    " http://example.com/",
    "http://example.com\r\nHost: evil/",
    "http://example.com\x00.evil/",
    "http://example.com/\n",
    "http:/example.com/",
    "http:example.com/",
    "http:///example.com/",
    "http://",
    "http://?x",
    "http://#@example.com/",
    "//example.com/",
    "example.com",
    "/etc/passwd",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:99999999/",
    "http://example.com:8o/",
    "http://-example.com/",
    "http://" + "a" * 64 + ".com/",
    "http://" + "a." * 130 + "com/",
    "http://example.com/" + "a" * 5000,
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://example.com/",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "ws://example.com/",
    "httpx://example.com/",
    "",
]

FINE = [
    "http://example.com",
    "https://example.com/",
    "HTTPS://Example.COM:8443/path?query=1#part",
    "http://1.1.1.1/",
    "http://8.8.8.8:53/",
    "http://[2606:4700:4700::1111]/",
    "http://[2606:4700:4700:0:0:0:0:1111]:8080/x",
    "http://[64:ff9b::8.8.8.8]/",
    "http://xn--bcher-kva.example/",
    "http://my_service.example.com/",
    "http://intranet/",
    "http://a.b.c.d.example/",
    "http://example.com/a%20b?x=%2F",
    "http://example.com/user@host",
]


@pytest.mark.parametrize("url", NOT_PUBLIC)
def test_it_refuses_what_is_not_a_public_host(url: str) -> None:
    (problem,) = check_url(url, STRICT)
    assert problem.field == "url"
    assert "refused" in problem.message


@pytest.mark.parametrize("url", ODD_SPELLINGS)
@pytest.mark.parametrize("policy", [STRICT, LOOPBACK], ids=["strict", "loopback"])
def test_it_refuses_spellings_that_can_be_read_in_two_ways(url: str, policy: AddressPolicy) -> None:
    """For its spelling, and not because an address behind it is not public."""
    (problem,) = check_url(url, policy)
    assert "is refused (" not in problem.message


def test_it_refuses_an_empty_port() -> None:
    (problem,) = check_url("http://example.com:/", STRICT)
    assert "port" in problem.message


@pytest.mark.parametrize("url", FINE)
def test_it_lets_public_hosts_pass(url: str) -> None:
    assert check_url(url, STRICT) == []


@pytest.mark.parametrize("given", [None, 5, ["http://example.com"], {"url": "x"}, b"http://example.com"])
def test_it_names_the_field_of_what_is_no_text(given: object) -> None:
    (problem,) = check_url(given, STRICT, field="executor.url")
    assert (problem.field, problem.code) == ("executor.url", "type")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/", "http://127.9.9.9/", "http://[::1]/", "http://localhost/"]
)
def test_loopback_can_be_opened(url: str) -> None:
    assert check_url(url, LOOPBACK) == []
    assert check_url(url, ExecutorOptions(allow_loopback=True)) == []


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://10.0.0.1/", "private"),
        ("http://0.0.0.0/", "unspecified"),
        ("http://[::]/", "unspecified"),
        ("http://[::ffff:127.0.0.1]/", "loopback"),
        ("http://169.254.169.254/", "a metadata service"),
    ],
)
def test_opening_loopback_opens_nothing_else(url: str, kind: str) -> None:
    (problem,) = check_url(url, LOOPBACK)
    assert f"leads to an address that is refused ({kind})" in problem.message


def test_private_networks_can_be_opened_one_by_one() -> None:
    policy = AddressPolicy.of(ExecutorOptions(allow_private=("10.1.0.0/16", "fd12::/16")))
    assert check_url("http://10.1.2.3/", policy) == []
    assert check_url("http://[fd12::5]/", policy) == []
    for address, kind in (("10.2.0.1", "private"), ("127.0.0.1", "loopback")):
        (problem,) = check_url(f"http://{address}/", policy)
        assert f"leads to an address that is refused ({kind})" in problem.message


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://100.100.100.200/"]
)
def test_metadata_services_stay_shut_whatever_is_opened(url: str) -> None:
    everything = AddressPolicy.of(ExecutorOptions(allow_loopback=True, allow_private=("0.0.0.0/0", "::/0")))
    (problem,) = check_url(url, everything)
    assert problem.message == "leads to an address that is refused (a metadata service)"


CARRIERS = [
    "::ffff:{v4}",
    "::{v4}",
    "::ffff:0:{v4}",
    "64:ff9b::{v4}",
    "64:ff9b:1::{v4}",
    "fd00:64::{v4}",
    "2001:db8:64::{v4}",
    "2002:{hi}:{lo}::1",
    "2600::5efe:{v4}",
    "fe80::200:5efe:{v4}",
    "2001:0:53aa:64c:0:5efe:{not_hi}:{not_lo}",
    "2001:db8:{hi}:{lo}::",
    "64:ff9b:1:{hi}:{b2:02x}:{b3:02x}00::",
    "fd12:3456:789a:1:{b0:02x}:{b1:02x}{b2:02x}:{b3:02x}00:0",
]


def carried(form: str, address: str) -> str:
    """An IPv6 address that contains an IPv4 address in one of the standard ways."""
    data = socket.inet_aton(address)
    b0, b1, b2, b3 = data
    inverted = bytes(byte ^ 0xFF for byte in data)
    names = {"b0": b0, "b1": b1, "b2": b2, "b3": b3, "hi": data[:2].hex(), "lo": data[2:].hex()}
    return form.format(v4=address, not_hi=inverted[:2].hex(), not_lo=inverted[2:].hex(), **names)


@pytest.mark.parametrize("metadata", ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16"])
@pytest.mark.parametrize("form", CARRIERS)
@pytest.mark.parametrize(
    "opened",
    [
        ("::/0",),
        ("0.0.0.0/0", "::/0"),
        ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"),
        ("fd00::/8", "2001:db8::/32", "2002::/16", "2600::/16", "fe80::/10", "::/96", "2001::/32"),
    ],
)
def test_no_ipv6_network_that_is_opened_leads_to_a_metadata_service(
    opened: tuple[str, ...], form: str, metadata: str
) -> None:
    policy = AddressPolicy.of(ExecutorOptions(allow_loopback=True, allow_private=opened))
    address = str(IPv6Address(carried(form, metadata)))
    assert policy.refusal(address)
    assert check_url(f"http://[{address}]/", policy)


def test_an_opened_ipv6_network_is_open_to_its_other_addresses() -> None:
    policy = AddressPolicy.of(ExecutorOptions(allow_private=("fd00::/8", "64:ff9b::/96")))
    assert policy.refusal("fd00::5") is None
    assert policy.refusal(str(IPv6Address("64:ff9b::10.0.0.1"))) is None


def test_a_network_that_is_none_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/40"):
        AddressPolicy.of(ExecutorOptions(allow_private=("10.0.0.0/40",)))


@pytest.mark.parametrize("text", ["fe80::1%eth0", "::1%lo", "no address", "", "127.1", "2130706433"])
def test_what_is_not_plainly_an_address_is_refused_as_one(text: str) -> None:
    assert LOOPBACK.refusal(text)


def test_whatever_the_system_would_read_as_an_address_is_refused() -> None:
    """The unusual spellings matter, because the operating system understands them as loopback."""
    for spelling in ("2130706433", "0x7f.1", "0177.0.0.1", "127.1", "017700000001"):
        assert socket.inet_ntoa(socket.inet_aton(spelling)) == "127.0.0.1"
        assert check_url(f"http://{spelling}/", LOOPBACK)


@pytest.mark.parametrize(
    ("url", "option"),
    [
        ("http://127.0.0.1:9000/", "--allow-loopback"),
        ("http://localhost:9000/", "--allow-loopback"),
        ("http://[::1]:9000/", "--allow-loopback"),
        ("http://10.1.2.3/", "--allow-private 10.1.2.3/32, or a network around it"),
        ("http://192.168.0.9/", "--allow-private 192.168.0.9/32, or a network around it"),
        ("http://[fd00::1]/", "--allow-private fd00::1/128, or a network around it"),
        ("http://169.254.169.254/", None),
        ("http://metadata.google.internal/", None),
    ],
)
def test_a_refusal_names_the_option_that_opens_the_address_if_any_does(url: str, option: str | None) -> None:
    (problem,) = check_url(url, ExecutorOptions())
    assert problem.message.startswith("leads to an address that is refused (")
    assert problem.message.partition("; ")[2] == (
        f"the operator of this server opens it with {option}" if option else ""
    )


def test_the_option_that_a_refusal_names_does_open_the_address() -> None:
    assert check_url("http://127.0.0.1:9000/", ExecutorOptions(allow_loopback=True)) == []
    assert check_url("http://10.1.2.3/", ExecutorOptions(allow_private=("10.1.2.3/32",))) == []


# The networks of RFC 6890 and its successors that are no public hosts, and the first and the last address beside each
# that is one.
NETWORKS = (
    ("0.0.0.0", "0.255.255.255", "1.0.0.0"),
    ("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
    ("100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"),
    ("127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"),
    ("169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"),
    ("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"),
    ("192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"),
    ("192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"),
    ("192.31.196.0", "192.31.196.255", "192.31.195.255", "192.31.197.0"),
    ("192.52.193.0", "192.52.193.255", "192.52.192.255", "192.52.194.0"),
    ("192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"),
    ("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"),
    ("192.175.48.0", "192.175.48.255", "192.175.47.255", "192.175.49.0"),
    ("198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"),
    ("198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"),
    ("203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"),
    ("224.0.0.0", "255.255.255.255", "223.255.255.255"),
)


@pytest.mark.parametrize(
    ("first", "last", "beside"), [(first, last, rest) for first, last, *rest in NETWORKS]
)
def test_a_network_is_refused_from_its_first_to_its_last_address(
    first: str, last: str, beside: list[str]
) -> None:
    policy = ExecutorOptions()
    assert all(check_url(f"http://{address}/", policy) for address in (first, last))
    assert not any(check_url(f"http://{address}/", policy) for address in beside)
