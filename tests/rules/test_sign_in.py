from datetime import timedelta

import pytest

from gateway.rules.sign_in import delay_after, peer_network


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        pytest.param(0, 0, id="none"),
        pytest.param(4, 0, id="four are free"),
        pytest.param(5, 15, id="the fifth waits"),
        pytest.param(6, 30, id="then twice as long"),
        pytest.param(10, 480, id="eight minutes"),
        pytest.param(11, 900, id="never longer than a quarter of an hour"),
        pytest.param(10_000, 900, id="however many"),
    ],
)
def test_delay_after(failures: int, seconds: int) -> None:
    assert delay_after(failures) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        pytest.param("192.0.2.7", "192.0.2.7", id="IPv4"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", id="IPv6 by its /64"),
        pytest.param("::ffff:192.0.2.7", "192.0.2.7", id="IPv4 written as IPv6"),
        pytest.param("fe80::1%eth0", "fe80::/64", id="with a zone"),
        pytest.param("unix", "unix", id="no address"),
        pytest.param("x" * 500, "x" * 64, id="bounded"),
    ],
)
def test_peer_network(peer: str, network: str) -> None:
    assert peer_network(peer) == network
