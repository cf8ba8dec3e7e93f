"""Every form in which an address of ours could be written, and some that are nobody's."""

from __future__ import annotations

import pytest

from newsletter.sources.addresses import Allowed

FORBIDDEN = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 127.0.0.1 127.1.2.3 169.254.169.254 172.16.0.1
172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9
224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
:: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808
64:ff9b:1::a00:1 100::1 2001::1 2001:0:7f00:1:: 2001:db8::1 2002:7f00:1:: 2002:a00:1:: 3fff::1 fc00::1 fd12:3456::1
fe80::1 fe80::1%eth0 fec0::1 ff02::1 5f00::1
""".split()  # noqa: SIM905 a table is read more easily than ninety quotation marks
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.167.1.1 2606:4700::1111
""".split()  # noqa: SIM905 a table is read more easily than ninety quotation marks


@pytest.mark.parametrize("address", FORBIDDEN)
def test_what_is_not_public_is_refused(address):
    assert Allowed([]).refuses("feeds.example", address) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_not(address):
    assert Allowed([]).refuses("feeds.example", address) is None


def test_listing_a_network_of_one_family_says_nothing_of_the_other():
    allowed = Allowed(["10.0.0.0/8", "fd00::/8", "[::1]"])
    assert allowed.refuses("a.example", "10.9.8.7") is None
    assert allowed.refuses("a.example", "fd00::7") is None
    assert allowed.refuses("a.example", "::1") is None
    assert allowed.refuses("a.example", "::ffff:10.9.8.7") == "IPv4-mapped"
