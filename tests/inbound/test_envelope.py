import pytest

from gateway.inbound.envelope import Envelope, envelope_of

RECEIVED = b"Received: from a by b\r\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(
            b"Subject: x\r\n\r\nDelivered-To: a@x\r\n", Envelope(None, ()), id="nothing written down"
        ),
        pytest.param(b"Return-Path: <a@x>\r\n" + RECEIVED, Envelope("a@x", ()), id="a sender"),
        pytest.param(b"Return-Path: <>\r\n\r\n", Envelope("", ()), id="the null sender"),
        pytest.param(b"return-path:a@x\n\n", Envelope("a@x", ()), id="a sender without brackets"),
        pytest.param(
            RECEIVED + b"Return-Path: <>\r\n", Envelope(None, ()), id="a sender that came with the mail"
        ),
        pytest.param(
            b"Return-Path: <a@x>\r\nReturn-Path: <b@x>\r\n",
            Envelope("a@x", ()),
            id="of two senders the topmost",
        ),
        pytest.param(b"Return-Path:\r\n\r\n", Envelope(None, ()), id="an empty field is no null sender"),
        pytest.param(
            b"Return-Path: <not an address>\r\n", Envelope(None, ()), id="a sender that is no address"
        ),
        pytest.param(b"Delivered-To: <b@x>\r\n", Envelope(None, ("b@x",)), id="a recipient in brackets"),
        pytest.param(
            b"Delivered-To: b@x\r\nX-Original-To: b+t@x\r\nDelivered-To: c@x\r\n",
            Envelope(None, ("b+t@x", "b@x")),
            id="the topmost of each field, as it was given first",
        ),
        pytest.param(
            b"Delivered-To: b@x\r\nX-Original-To: b@x\r\n",
            Envelope(None, ("b@x",)),
            id="the same twice is one",
        ),
        pytest.param(b"Envelope-To:\r\n b@x\r\n", Envelope(None, ("b@x",)), id="a folded field"),
        pytest.param(b"Delivered-To: soporte\r\n", Envelope(None, ()), id="a mailbox without a domain"),
        pytest.param(b"Delivered-To: a@x b@x\r\n", Envelope(None, ()), id="what is no address"),
        pytest.param(b"Delivered-To: a\x00@x\r\n", Envelope(None, ()), id="a control character"),
        pytest.param(b"Delivered-To: " + b"a" * 400 + b"@x\r\n", Envelope(None, ()), id="too long"),
        pytest.param(b"\xff\xfe: \xff\r\n: x\r\n \r\nx", Envelope(None, ()), id="no mail at all"),
    ],
)
def test_envelope_of(head, expected):
    assert envelope_of(head) == expected
