"""Webhooks go to the public internet by https, however else an address is written."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifications.partners.domain.destination import (
    Address,
    Destination,
    ForbiddenDestination,
    Network,
    destination_of,
    is_public,
    refuse_addresses,
    without_secrets,
)

PUBLIC = ip_address("93.184.215.14")
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

# IANA's special-purpose registries: what is not globally reachable.
SPECIAL_V4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.170/31",
    "192.0.0.64/26",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "233.252.0.0/24",
    "240.0.0.0/4",
    "255.255.255.255/32",
)
SPECIAL_V6 = (
    "::1/128",
    "::/128",
    "::/96",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/32",
    "2001:2::/48",
    "2001:10::/28",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
)
SPECIAL = [ip_network(one) for one in SPECIAL_V4 + SPECIAL_V6]

FORMS = [
    "http://partner.example/",
    "http://93.184.215.14/",
    "ftp://partner.example/",
    "file:///etc/passwd",
    "gopher://partner.example/",
    "javascript:alert(1)",
    "//partner.example/",
    "partner.example",
    "",
    "https://",
    "https:///path",
    "https://user@partner.example/",
    "https://user:password@partner.example/",
    "https://partner.example@127.0.0.1/",
    "https://partner.example#@127.0.0.1/",
    "https://partner.example/#fragment",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0x7f000001/",
    "https://0X7F.0.0.1/",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://0177.1/",
    "https://017700000001/",
    "https://127.0.0.01/",
    "https://127.0.0.256/",
    "https://1.2.3.4.5/",
    "https://127.0.0.1./",
    "https://partner.example./",
    "https://\u2460\u2461\u2466.0.0.1/",
    "https://127\u30020.0.1/",
    "https://b\xfccher.example/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:93.184.215.14]/",
    "https://[::127.0.0.1]/",
    "https://[2002:7f00:1::]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[2001:0:7f00:1::]/",
    "https://[::]/",
    "https://[::1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[fc00::1]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[:::1]/",
    "https://[]/",
    "https://::1/",
    "https://0.0.0.0/",
    "https://0/",
    "https://10.0.0.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://172.16.0.1/",
    "https://192.168.0.1/",
    "https://192.0.2.1/",
    "https://198.51.100.1/",
    "https://203.0.113.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://partner.example:80/",
    "https://partner.example:22/",
    "https://partner.example:6379/",
    "https://partner.example:0/",
    "https://partner.example:65536/",
    "https://partner.example:443:443/",
    "https://partner.example:/",
    "https://partner.example:+443/",
    "https://partner.example\\@127.0.0.1/",
    "https:\\\\partner.example/",
    "https://partner.example/a b",
    " https://partner.example/",
    "https://partner.example/ ",
    "https://partner.example/\n",
    "https://partner.example/a\tb",
    "https://partner.ex\nample/",
    "https://partner.example/\r\nHost: elsewhere",
    "https://partner.example/\x00",
    "https://partner.example/\xe9",
    "https://-partner.example/",
    "https://partner_one.example/",
    "https://%31%32%37.0.0.1/",
    "https://partner.example?x",
    "HTTPS://partner.example/",
    "https://partner.example/" + "a" * 1000,
]


def checked(url: str, named: tuple[Network, ...] = (), resolved: Address = PUBLIC) -> Destination:
    destination = destination_of(url)
    refuse_addresses(destination, [destination.address or resolved], named)
    return destination


@pytest.mark.parametrize("url", FORMS)
def test_no_other_way_to_write_an_address_is_taken(url: str) -> None:
    with pytest.raises(ForbiddenDestination):
        checked(url)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://partner.example", "partner.example", 443),
        ("https://partner.example/", "partner.example", 443),
        ("https://a.b-c.d1.example/hooks?x=1&y=%20", "a.b-c.d1.example", 443),
        ("https://partner.example:443/", "partner.example", 443),
        ("https://partner.example:8443/hooks", "partner.example", 8443),
        ("https://93.184.215.14/", "93.184.215.14", 443),
        ("https://[2606:2800:220:1::1]:8443/", "2606:2800:220:1::1", 8443),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443),
        ("https://localhost1/", "localhost1", 443),
    ],
)
def test_public_addresses_and_names_are_taken(url: str, host: str, port: int) -> None:
    found = checked(url)

    assert (found.host, found.port, found.plain) == (host, port, False)


def test_a_name_is_only_as_good_as_each_of_its_addresses() -> None:
    destination = destination_of("https://partner.example/")

    refuse_addresses(destination, [PUBLIC], ())
    for private in ("127.0.0.1", "::1", "10.0.0.1", "fe80::1%eth0"):
        with pytest.raises(ForbiddenDestination):
            refuse_addresses(destination, [PUBLIC, ip_address(private)], ())


def test_http_and_odd_ports_are_for_named_networks_alone() -> None:
    for url in ("http://127.0.0.1:9000/", "http://[::1]:9000/", "https://127.0.0.1:22/"):
        checked(url, LOOPBACK)
        with pytest.raises(ForbiddenDestination):
            checked(url)
    for url in ("http://93.184.215.14/", "https://93.184.215.14:22/", "http://10.0.0.1/"):
        with pytest.raises(ForbiddenDestination):
            checked(url, LOOPBACK)
    with pytest.raises(ForbiddenDestination):
        checked("https://[::ffff:127.0.0.1]/", LOOPBACK)
    with pytest.raises(ForbiddenDestination):
        refuse_addresses(
            destination_of("http://partner.example/"), [ip_address("127.0.0.1"), PUBLIC], LOOPBACK
        )


@given(st.sampled_from(SPECIAL).flatmap(lambda one: st.ip_addresses(network=one)))
def test_no_address_of_the_special_purpose_registries_is_public(address: Address) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("network", SPECIAL, ids=str)
def test_neither_end_of_a_special_purpose_network_is_public(network: Network) -> None:
    assert not is_public(network[0])
    assert not is_public(network[-1])


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_gets_in_as_an_ipv6_one(address: IPv4Address) -> None:
    packed = int(address)
    for prefix in ("::", "::ffff:0:0", "64:ff9b::"):
        assert not is_public(IPv6Address(int(IPv6Address(prefix)) + packed))
    assert not is_public(ip_address((0x2002 << 112) + (packed << 80)))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001::1", "223.255.255.1"]
)
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.text(max_size=60))
def test_whatever_is_given_is_taken_apart_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}/", f"https://partner.example/{text}"):
        try:
            found = destination_of(url)
        except ForbiddenDestination:
            continue
        assert url.isascii()
        assert url.isprintable()
        assert found.host in url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://partner.example/a/b", "https://partner.example/a/b"),
        ("https://partner.example:8443", "https://partner.example:8443"),
        ("https://partner.example/a?token=t", "https://partner.example/a"),
        ("https://partner.example?token=t", "https://partner.example"),
        ("https://user:password@partner.example/a@b?c@d#e", "https://partner.example/a@b"),
        ("http://[2001:db8::1]:8080/#t", "http://[2001:db8::1]:8080/"),
    ],
)
def test_what_others_see_of_an_url_is_without_user_and_query(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
