"""Who connects, and in which group they are counted."""

import pytest

from gateway.inbound.peers import Peer, identify, parse_networks

OURS = parse_networks(["10.1.0.0/16", "192.0.2.7", "2001:db8:5::/48", "::1"])


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param("198.51.100.3", Peer("198.51.100.3", "198.51.100.3", False), id="a stranger"),
        pytest.param("10.1.9.9", Peer("10.1.9.9", "10.1.9.9", True), id="in a listed network"),
        pytest.param("192.0.2.7", Peer("192.0.2.7", "192.0.2.7", True), id="a listed address"),
        pytest.param("192.0.2.8", Peer("192.0.2.8", "192.0.2.8", False), id="its neighbour"),
        pytest.param("::ffff:192.0.2.7", Peer("192.0.2.7", "192.0.2.7", True), id="IPv4 dressed as IPv6"),
        pytest.param("2001:db8:1:2:3::4", Peer("2001:db8:1:2:3::4", "2001:db8:1:2::/64", False), id="IPv6"),
        pytest.param(
            "2001:db8:1:2:f::4", Peer("2001:db8:1:2:f::4", "2001:db8:1:2::/64", False), id="its /64"
        ),
        pytest.param("2001:db8:5:1::1", Peer("2001:db8:5:1::1", "2001:db8:5:1::/64", True), id="listed IPv6"),
        pytest.param("fe80::1%eth0", Peer("fe80::1", "fe80::/64", False), id="with the name of an interface"),
        pytest.param("::1", Peer("::1", "::/64", True), id="loopback"),
    ],
)
def test_identify(host: str, expected: Peer) -> None:
    assert identify(host, OURS) == expected


@pytest.mark.parametrize("name", ["mx.example.com", "10.0.0.0/99", "", "300.1.1.1"])
def test_what_is_no_network_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_networks([name])
