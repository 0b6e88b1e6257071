from datetime import timedelta

import pytest

from gateway.rules import limits
from gateway.rules.limits import MIB, Rate

GIB = 1024 * MIB


@pytest.mark.parametrize(
    ("free", "total", "expected"),
    [
        pytest.param(2 * GIB, 10 * GIB, False, id="small disk with room"),
        pytest.param(GIB - 1, 10 * GIB, True, id="under a gibibyte"),
        pytest.param(GIB, 10 * GIB, False, id="a gibibyte to the octet"),
        pytest.param(4 * GIB, 100 * GIB, True, id="large disk: under five per cent"),
        pytest.param(5 * GIB, 100 * GIB, False, id="large disk: five per cent to the octet"),
        pytest.param(0, 0, True, id="no disk at all"),
    ],
)
def test_disk_is_low(free, total, expected):
    assert limits.disk_is_low(free, total) is expected


@pytest.mark.parametrize(
    ("rate", "count", "period"),
    [
        pytest.param(limits.PER_PEER, 60, timedelta(minutes=1), id="mail a peer (B5)"),
        pytest.param(
            limits.TICKETS_PER_ADDRESS_HOUR, 20, timedelta(hours=1), id="tickets an address, hour (B5)"
        ),
        pytest.param(
            limits.TICKETS_PER_ADDRESS_DAY, 100, timedelta(days=1), id="tickets an address, day (B5)"
        ),
        pytest.param(limits.PER_UNVERIFIED_DOMAIN, 30, timedelta(minutes=10), id="unverified domain (B5)"),
        pytest.param(limits.ACKNOWLEDGEMENTS_HOUR, 3, timedelta(hours=1), id="acknowledgements, hour (L4)"),
        pytest.param(limits.ACKNOWLEDGEMENTS_DAY, 10, timedelta(days=1), id="acknowledgements, day (L4)"),
        pytest.param(limits.ACKNOWLEDGEMENTS_UNVERIFIED, 1, timedelta(days=1), id="to the unverified (L4)"),
        pytest.param(
            limits.ACKNOWLEDGEMENTS_DOMAIN, 30, timedelta(days=1), id="to an unverified domain (L4)"
        ),
        pytest.param(limits.ACKNOWLEDGEMENTS_ALL, 120, timedelta(minutes=1), id="overall (L4)"),
    ],
)
def test_rates_are_promises(rate, count, period):
    assert rate == Rate(count, period)


@pytest.mark.parametrize(
    ("limit", "promised"),
    [
        pytest.param(limits.CONNECTIONS, 100, id="connections (B1)"),
        pytest.param(limits.CONNECTIONS_PER_PEER, 10, id="connections of a peer (B1)"),
        pytest.param(limits.RECIPIENTS, 100, id="recipients (B1)"),
        pytest.param(limits.PROTOCOL_ERRORS, 20, id="protocol errors (B1)"),
        pytest.param(limits.LINE_OCTETS, 64 * 1024, id="line (B2)"),
        pytest.param(limits.HOPS, 100, id="hops (L8)"),
        pytest.param(limits.OWN_HOPS, 3, id="passes of our own (L8)"),
        pytest.param(limits.DATA_MESSAGES, 8, id="mails in DATA (B10)"),
        pytest.param(limits.DATA_OCTETS, 256 * MIB, id="octets in DATA (B10)"),
        pytest.param(limits.DEPTH, 30, id="depth (B6)"),
        pytest.param(limits.PARTS, 500, id="parts (B6)"),
        pytest.param(limits.HEADER_OCTETS, 256 * 1024, id="header (B6)"),
        pytest.param(limits.ONE_HEADER_OCTETS, 16 * 1024, id="one field (B6)"),
        pytest.param(limits.ADDRESSES, 200, id="addresses of a field (B6)"),
        pytest.param(limits.REFERENCES, 50, id="references (B6)"),
        pytest.param(limits.SHOWN_TEXT, MIB, id="shown text (B6)"),
        pytest.param(limits.HTML_TAGS, 10_000, id="tags (B6)"),
        pytest.param(limits.NOTICES, 20, id="notices of one mail (B11)"),
        pytest.param(limits.NEW_PARTICIPANTS, 10, id="participants of one mail (T6)"),
    ],
)
def test_limits_are_promises(limit, promised):
    assert limit == promised
