"""How fast passwords may be tried (invariants W5), and how long somebody stays signed in (W6)."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from gateway.rules.limits import Rate
from gateway.rules.people import Role, is_staff

FREE_FAILURES = 5
"""So many wrong passwords in a row cost no waiting."""

FAILURES_BEFORE_RESET = 100
"""After so many in a row the password is of no use until it is set anew."""

PER_PEER = Rate(30, timedelta(minutes=15))

_FIRST_DELAY = timedelta(seconds=15)
_LONGEST_DELAY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Stay:
    """How long a session lives: without use, and at all."""

    idle: timedelta
    absolute: timedelta


def delay_after(failures: int) -> timedelta:
    """Return how long to wait after so many wrong passwords in a row: none, then doubling to 15 minutes."""
    if failures < FREE_FAILURES:
        return timedelta(0)
    doublings = min(failures - FREE_FAILURES, 10)  # far beyond the longest delay
    return min(_FIRST_DELAY * (1 << doublings), _LONGEST_DELAY)


def peer_network(peer: str) -> str:
    """Return what one person can be counted by: an IPv4 address, an IPv6 /64, else the text itself.

    A provider gives each customer a /64, so counting single IPv6 addresses would count nothing.
    """
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer[:64]
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False))


def stay(role: Role) -> Stay:
    """Return how long a session of this role lives."""
    if is_staff(role):
        return Stay(idle=timedelta(hours=12), absolute=timedelta(days=7))
    return Stay(idle=timedelta(days=14), absolute=timedelta(days=30))
