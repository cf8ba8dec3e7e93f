"""Which addresses a source may be read from: those of the public Internet, and what the operator lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Written out, for what ``ipaddress`` calls global changes between patch releases of Python.
_NOT_PUBLIC_V4: dict[str, str] = {
    "0.0.0.0/8": "unspecified",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "carrier-grade NAT",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "documentation",
    "192.88.99.0/24": "6to4 relay",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "benchmarking",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC_V6: dict[str, str] = {
    "::1/128": "loopback",
    "::ffff:0:0/96": "IPv4-mapped",
    "64:ff9b::/96": "NAT64",
    "64:ff9b:1::/48": "NAT64",
    "2001::/23": "reserved",
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4",
    "3fff::/20": "documentation",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "ff00::/8": "multicast",
}
_NOT_PUBLIC = [(ipaddress.ip_network(net), why) for net, why in (_NOT_PUBLIC_V4 | _NOT_PUBLIC_V6).items()]


class Allowed:
    """The operator's list of hosts and networks that may be private.

    >>> Allowed(["10.0.0.0/8"]).refuses("intranet.example", "10.1.2.3") is None
    True
    >>> Allowed([]).refuses("intranet.example", "::ffff:127.0.0.1")
    'IPv4-mapped'
    """

    def __init__(self, listed: Sequence[str]) -> None:
        """``listed``: host names, addresses, and networks such as ``10.0.0.0/8``."""
        networks = [_network(one) for one in listed]
        self._networks = [network for network in networks if network is not None]
        self._hosts = {one.casefold().rstrip(".") for one, net in zip(listed, networks, strict=True) if net is None}

    def refuses(self, host: str, address: str) -> str | None:
        """What kind of address it is that ``host`` must not be read from; ``None`` where it may be."""
        ip = ipaddress.ip_address(address)
        if host.casefold().rstrip(".") in self._hosts or any(_within(ip, network) for network in self._networks):
            return None
        return not_public(ip)


def not_public(ip: Address) -> str | None:
    """The kind of an address that is not on the public Internet; ``None`` for one that is."""
    for network, why in _NOT_PUBLIC:
        if _within(ip, network):
            return why
    return "reserved" if ip.version == 6 and ip not in _PUBLIC_V6 else None


def _within(ip: Address, network: Network) -> bool:
    return ip.version == network.version and ip in network


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text.strip("[] "), strict=False)
    except ValueError:
        return None
