"""Who connects: their address, the group they are counted in, and whether they are one of ours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection. Listed: a mail server named in the configuration as ours."""

    address: str
    group: str  # the IPv4 address, or the IPv6 /64, which is what one customer gets
    listed: bool


def parse_networks(names: Iterable[str]) -> tuple[Network, ...]:
    """Return addresses and networks such as "10.0.0.0/8"; ValueError for what is neither."""
    return tuple(ip_network(name, strict=False) for name in names)


def identify(host: str, listed: Sequence[Network]) -> Peer:
    """Return the peer behind an address as a socket gives it; one of IPv4 may come dressed as IPv6."""
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    group = str(IPv6Network((address, 64), strict=False)) if address.version == 6 else str(address)
    return Peer(str(address), group, any(address in network for network in listed))
