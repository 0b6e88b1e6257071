import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.addresses import parse_address_field
from gateway.mail.authentication import header_fields, verdict
from gateway.rules.people import Verdict
from tests.mail.making import parsed_mail
from tests.mail.signing import AT, RECORD, dns_with, signed

IDS = ("mx.example.com",)
SAYS = b"Authentication-Results: mx.example.com; "
PASS = SAYS + b"dmarc=pass (p=REJECT) header.from=acme.com\r\n"
FAIL = SAYS + b"dmarc=fail (p=REJECT sp=REJECT dis=NONE) header.from=acme.com\r\n"
OURS = b"Received: from mail.acme.com (mail.acme.com [192.0.2.1]) by mx.example.com with ESMTPS id 1\r\n"
THEIRS = b"Received: from pc by mail.acme.com with ESMTP id 2\r\n"
REST = b"To: soporte@example.com\r\nSubject: Red\r\n\r\nNo anda\r\n"
FROM = b"From: Ana <ana@acme.com>\r\n"


def judged(raw, *, door="imap", listed_peer=False, authserv_ids=IDS, dkim=False, from_fields=1, resolve=None):
    written = next((value for name, value in header_fields(raw) or () if name == "from"), "")
    mail = parsed_mail(from_=parse_address_field(written), from_fields=from_fields)
    return verdict(
        raw,
        mail,
        door=door,
        listed_peer=listed_peer,
        authserv_ids=authserv_ids,
        dkim=dkim,
        resolve=resolve or dns_with(),
        at=AT,
    )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(PASS, (Verdict.PASS, "dmarc-pass"), id="pass on top"),
        pytest.param(OURS + PASS, (Verdict.PASS, "dmarc-pass"), id="pass below our border's Received"),
        pytest.param(PASS.replace(b"mx.", b"MX."), (Verdict.PASS, "dmarc-pass"), id="id in capitals"),
        pytest.param(
            PASS.replace(b"mx.example.com;", b"(x) mx.example.com (y) 1;"),
            (Verdict.PASS, "dmarc-pass"),
            id="comments and version beside the id",
        ),
        pytest.param(PASS.replace(b"; ", b";\r\n\t"), (Verdict.PASS, "dmarc-pass"), id="folded"),
        pytest.param(
            PASS.replace(b"=acme", b"=ana@ACME"), (Verdict.PASS, "dmarc-pass"), id="whole address named"
        ),
        pytest.param(
            SAYS + b"spf=fail smtp.mailfrom=x.com; dmarc=pass header.from=acme.com\r\n",
            (Verdict.PASS, "dmarc-pass"),
            id="another result beside",
        ),
        pytest.param(
            b"Authentication-Results: other.net; dmarc=fail (p=reject) header.from=acme.com\r\n" + PASS,
            (Verdict.PASS, "dmarc-pass"),
            id="field of somebody else above",
        ),
        pytest.param(FAIL, (Verdict.FAIL, "dmarc-fail"), id="fail under reject"),
        pytest.param(
            SAYS + b"dmarc=fail action=oreject header.from=acme.com\r\n",
            (Verdict.FAIL, "dmarc-fail"),
            id="fail as Microsoft writes it",
        ),
        pytest.param(FAIL + PASS, (Verdict.FAIL, "dmarc-fail"), id="forged pass below the fail"),
    ],
)
def test_the_word_of_our_border_counts(header, expected):
    assert judged(header + FROM + REST) == expected


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"", id="no field"),
        pytest.param(THEIRS + PASS, id="below a Received of another server"),
        pytest.param(OURS + THEIRS + PASS, id="forged, ours gave none"),
        pytest.param(PASS.replace(b"mx.", b"mx2."), id="other id"),
        pytest.param(PASS.replace(b"mx.example.com;", b""), id="no id"),
        pytest.param(PASS.replace(b"mx.example.com;", b"(mx.example.com) evil.com;"), id="id in a comment"),
        pytest.param(
            PASS.replace(b"mx.example.com", b"mx.example.com.evil.com"), id="id that begins like ours"
        ),
        pytest.param(PASS.replace(b"mx.example.com;", b"(mx.example.com;"), id="comment without end"),
        pytest.param(b"Authentication-Results: ;\r\n" + PASS, id="unreadable field above"),
        pytest.param(PASS.replace(b"acme.com", b"evil.com"), id="another domain"),
        pytest.param(PASS.replace(b"=acme.com", b"=mail.acme.com"), id="domain below"),
        pytest.param(PASS.replace(b" header.from=acme.com", b""), id="no domain"),
        pytest.param(PASS.replace(b"=pass", b"=none"), id="domain without a policy"),
        pytest.param(FAIL.replace(b"REJECT", b"NONE"), id="fail that its domain does not mind"),
        pytest.param(SAYS + b"spf=pass smtp.mailfrom=acme.com\r\n", id="SPF alone"),
        pytest.param(SAYS + b"dkim=pass header.d=acme.com\r\n", id="somebody else's word on DKIM alone"),
        pytest.param(
            SAYS + b"dmarc=pass header.from=acme.com; dmarc=fail header.from=acme.com\r\n",
            id="two words on DMARC",
        ),
        pytest.param(
            SAYS + b'dmarc=fail header.from=acme.com reason="dmarc=pass header.from=acme.com"\r\n',
            id="pass in a quote",
        ),
        pytest.param(SAYS + b"dmarc=fail (dmarc=pass) header.from=acme.com\r\n", id="pass in a comment"),
        pytest.param(SAYS + b"(" * 3_000 + b"dmarc=pass header.from=acme.com\r\n", id="hostile comments"),
        pytest.param(
            b"ARC-Authentication-Results: i=1; mx.example.com; dmarc=pass header.from=acme.com\r\n", id="ARC"
        ),
        pytest.param(
            b"ARC-Seal: i=1; a=rsa-sha256; cv=pass; d=mx.example.com; s=s1; b=AAAA\r\n"
            b"ARC-Authentication-Results: i=1; mx.example.com; arc=pass; dmarc=pass header.from=acme.com\r\n"
            + SAYS
            + b"arc=pass (i=1 spf=pass dkim=pass dmarc=pass); dmarc=fail header.from=acme.com\r\n",
            id="a whole chain of ARC",
        ),
        pytest.param(b"X-" + PASS, id="other field"),
        pytest.param(SAYS[:-2] + b"\r\n" + PASS, id="ours said nothing, a forged one below"),
        pytest.param(SAYS + b"none\r\n" + PASS, id="ours checked nothing, a forged one below"),
        pytest.param(
            PASS.replace(b"header.from=acme.com", b"header.from=acme.com header.from=acme.com"),
            id="domain named twice",
        ),
        pytest.param(PASS.replace(b"=acme.com", b"=acme.com."), id="domain with a dot at its end"),
        pytest.param(
            PASS.replace(b"mx.example.com", b"mx.example.c\xd0\xbem"), id="id with a letter that looks alike"
        ),
    ],
)
def test_anything_less_than_the_word_of_our_border_is_none(header):
    assert judged(header + FROM + REST)[0] is Verdict.NONE


@pytest.mark.parametrize(
    ("door", "listed_peer", "expected"),
    [
        pytest.param("imap", False, Verdict.PASS, id="fetched by IMAP"),
        pytest.param("smtp", True, Verdict.PASS, id="handed over by a listed peer"),
        pytest.param("smtp", False, Verdict.NONE, id="handed over by a stranger"),
        pytest.param("ingest", False, Verdict.NONE, id="a file from anywhere"),
    ],
)
def test_the_word_counts_only_from_our_own_border(door, listed_peer, expected):
    assert judged(PASS + FROM + REST, door=door, listed_peer=listed_peer)[0] is expected


@pytest.mark.parametrize(
    "sender",
    [
        pytest.param(FROM + FROM, id="two From fields"),
        pytest.param(b"From: ana@acme.com, luz@acme.com\r\n", id="two mailboxes"),
        pytest.param(b"From: ana@acme.com <x@evil.com>\r\n", id="address before the brackets"),
        pytest.param(b'From: "ana@acme.com" <x@evil.com>\r\n', id="address in the name"),
        pytest.param(b"From: x@evil.com (ana@acme.com)\r\n", id="address in a comment"),
        pytest.param(b"From: =?utf-8?q?ana=40acme.com?= <x@evil.com>\r\n", id="address in an encoded word"),
        pytest.param(b'From: "ana@acme.com"@evil.com\r\n', id="quoted local part"),
        pytest.param(b"From : ana@acme.com\r\n", id="blank before the colon"),
        pytest.param(b"X: 1\rFrom: ana@evil.com\r\n" + FROM, id="second From behind a lone CR"),
        pytest.param(FROM + b"no field at all\r\n", id="line that is no field"),
        pytest.param(b"", id="no From"),
    ],
)
@pytest.mark.parametrize("domain", [b"acme.com", b"evil.com"])
def test_a_sender_in_doubt_has_no_verdict(sender, domain):
    raw = PASS.replace(b"acme.com", domain) + sender + REST
    assert judged(raw, from_fields=sender.count(b"From")) == (Verdict.NONE, "from-unclear")


def test_two_readings_of_one_mail_must_agree_on_the_sender():
    mail = parsed_mail(from_=parse_address_field("luz@acme.com"))
    judgement = verdict(
        PASS + FROM + REST,
        mail,
        door="imap",
        listed_peer=False,
        authserv_ids=IDS,
        dkim=False,
        resolve=dns_with(),
        at=AT,
    )
    assert judgement == (Verdict.NONE, "from-unclear")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(signed(FROM + REST), (Verdict.PASS, "dkim-pass"), id="sound signature"),
        pytest.param(FROM + REST, (Verdict.NONE, "not-signed"), id="none"),
        pytest.param(signed(FROM + REST) + b"more", (Verdict.NONE, "dkim-changed"), id="broken signature"),
        pytest.param(
            signed(FROM + REST, domain="evil.com"), (Verdict.NONE, "dkim-other-domain"), id="not aligned"
        ),
        pytest.param(
            FAIL + signed(FROM + REST), (Verdict.FAIL, "dmarc-fail"), id="our border's fail comes first"
        ),
        pytest.param(
            SAYS + b"dmarc=none header.from=acme.com\r\n" + signed(FROM + REST),
            (Verdict.PASS, "dkim-pass"),
            id="border undecided",
        ),
    ],
)
def test_a_signature_is_checked_here(raw, expected):
    assert judged(raw, dkim=True, resolve=dns_with(acme_com=RECORD, evil_com=RECORD)) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(OURS + PASS, Verdict.PASS, id="the border it came through"),
        pytest.param(PASS + OURS, Verdict.PASS, id="the border it came through, above its hop"),
        pytest.param(
            OURS + PASS.replace(b"mx.example.com", b"mx.google.com"), Verdict.NONE, id="the other one's name"
        ),
        pytest.param(
            OURS.replace(b"mx.example.com", b"2002:a05:6a20:d74b::1")
            + OURS.replace(b"mx.example.com", b"mx.google.com")
            + PASS.replace(b"mx.example.com", b"mx.google.com"),
            Verdict.PASS,
            id="a hop inside, which has no name",
        ),
        pytest.param(
            OURS + OURS.replace(b"mx.example.com", b"mx.google.com") + PASS,
            Verdict.NONE,
            id="both, one by one",
        ),
    ],
)
def test_of_two_borders_each_speaks_for_itself(header, expected):
    ids = ("mx.example.com", "mx.google.com")
    assert judged(header + FROM + REST, authserv_ids=ids)[0] is expected


def test_without_configuration_nothing_is_believed():
    assert judged(PASS + signed(FROM + REST), authserv_ids=()) == (Verdict.NONE, "nothing-configured")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"A: 1\r\nB:\r\n\t2\r\n\r\nC: 3", (("a", "1"), ("b", "2")), id="folded field"),
        pytest.param(b"A: 1\nB: 2\n\nC: 3", (("a", "1"), ("b", "2")), id="bare line feeds"),
        pytest.param(b"From x@y Mon\nA: 1\n\n", (("a", "1"),), id="line of mbox"),
        pytest.param(b"A: \xff\r\n\r\n", (("a", "\udcff"),), id="raw octet"),
        pytest.param(b"A: 1", (("a", "1"),), id="header alone"),
        pytest.param(b" A: 1\r\n\r\n", None, id="begins folded"),
        pytest.param(b"A: 1\r\nFrom x\r\n\r\n", None, id="line of mbox inside"),
        pytest.param(b"A: 1\0\r\n\r\n", None, id="NUL"),
        pytest.param(b"A: " + b"x" * 300_000, None, id="header beyond the limit"),
        pytest.param(b"A: 1\r\n" + b" \r\n" * 2_000, None, id="field of too many lines"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_header_fields(raw, expected):
    assert header_fields(raw) == expected


@given(st.binary(max_size=300), st.sampled_from(["imap", "smtp"]))
def test_no_mail_makes_a_verdict_fail_to_come(noise, door):
    judged(
        SAYS + noise + b"\r\n" + FROM + b"DKIM-Signature: d=acme.com; " + noise + b"\r\n" + REST,
        door=door,
        dkim=True,
    )


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(SAYS + b"dmarc=pass " * 350 + b"\r\n", id="one result many times"),
        pytest.param(SAYS + b"((" * 1_900 + b"\r\n", id="comments that never end"),
        pytest.param(SAYS + b'"\\' * 1_900 + b"\r\n", id="quotes and escapes"),
        pytest.param(b"Authentication-Results: x.com;" + b" a=b" * 60_000 + b"\r\n", id="a field of 240 KB"),
        pytest.param(b"Authentication-Results: x.com; a=b\r\n" * 6_000, id="6 000 fields of somebody else"),
        pytest.param(b"Received: by mx.example.com" + b" by" * 60_000 + b"\r\n", id="a hop of 180 KB"),
        pytest.param(OURS * 2_500, id="2 500 hops of ours"),
        pytest.param(b"DKIM-Signature: " + b"a=b; " * 40_000 + b"\r\n", id="a signature of 200 KB"),
        pytest.param(b"DKIM-Signature: d=acme.com; h=" + b"from:" * 1_500 + b"\r\n", id="From signed often"),
        pytest.param(b"DKIM-Signature: d=acme.com; b=" + b" " * 8_000 + b"\r\n", id="a signature of blanks"),
        pytest.param(b"A:\r\n" * 60_000, id="60 000 empty fields"),
        pytest.param(b"From: " + b'"' * 16_000 + b"\r\n", id="From of quotes"),
        pytest.param(b"From: " + b"(" * 16_000 + b"\r\n", id="From of brackets"),
    ],
)
def test_a_hostile_header_proves_nothing(header):
    assert judged(header + FROM + REST, dkim=True)[0] is Verdict.NONE


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda size: SAYS + b"a=b " * size, id="results"),
        pytest.param(lambda size: b"Received: by" + b" by" * size, id="hops"),
        pytest.param(lambda size: b"DKIM-Signature: d=acme.com; h=" + b"from:" * size, id="signed fields"),
        pytest.param(lambda size: b"From: " + b'"a" ' * size, id="quotes in From"),
    ],
)
def test_cost_grows_no_faster_than_the_header(make):
    def cost(size):
        raw = make(size) + b"\r\n" + FROM + REST
        best = 10.0
        for _ in range(3):
            started = time.process_time()
            judged(raw, dkim=True)
            best = min(best, time.process_time() - started)
        return best

    assert cost(40_000) < 8 * cost(10_000) + 0.1  # four times, and sixteen if it grew with the square
