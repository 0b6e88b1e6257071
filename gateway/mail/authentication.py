"""How far the From of a mail can be believed (invariants T1, T2)."""

import re

from gateway.mail import border_results, dkim_check
from gateway.mail.addresses import strict_mailbox
from gateway.mail.dkim_check import Finding
from gateway.mail.dns_records import Resolve
from gateway.mail.parsed import ParsedMail
from gateway.rules import limits
from gateway.rules.people import Verdict

_FIELD = re.compile(rb"([!-9;-~]{1,200}):(.*)", re.DOTALL)
_FIELD_LINES = 1_000
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")


def verdict(
    raw: bytes,
    mail: ParsedMail,
    *,
    door: str,
    listed_peer: bool,
    authserv_ids: tuple[str, ...],
    dkim: bool,
    resolve: Resolve,
    at: float,
) -> tuple[Verdict, str]:
    """Return the verdict on the From of a mail and its reason, a catalogue key; never raises.

    Pass or fail needs one From field with one mailbox, the same that the mail was read to have.
    Then our border's word counts, if the mail came through our border: fetched by IMAP, or handed
    over by a listed peer. Else a DKIM signature is checked here, if `dkim` asks for it, with at
    most 5 s of DNS by `resolve`. `at` is when the mail came, in seconds of Unix time. A chain of
    ARC is somebody else's word and raises nothing.
    """
    if not authserv_ids and not dkim:
        return Verdict.NONE, "nothing-configured"
    fields = header_fields(raw)
    domain = _from_domain(fields, mail)
    if fields is None or domain is None:
        return Verdict.NONE, "from-unclear"
    said = border_results.dmarc(fields, authserv_ids, domain) if door == "imap" or listed_peer else None
    if said is not None and said[0] is not Verdict.NONE:
        return said
    if not dkim:
        return said or (Verdict.NONE, "not-authenticated")
    if "dkim-signature" not in (name for name, _ in fields):
        return said or (Verdict.NONE, "not-signed")
    found = dkim_check.check(raw, domain, resolve, at=at)
    return Verdict.PASS if found is Finding.VALID else Verdict.NONE, found.value


def header_fields(raw: bytes) -> tuple[tuple[str, str], ...] | None:
    """Return the header fields as they stand, names lower-cased, values unfolded; None if in doubt.

    In doubt is a header that two readers may take apart in two ways: a bare CR, a line that is no
    field, a blank before a colon; also one beyond the limits (B6). A line of mbox in front is
    left out.
    """
    end = _END_OF_HEADER.search(raw, 0, limits.HEADER_OCTETS)
    if end is None and len(raw) > limits.HEADER_OCTETS:
        return None
    block = (raw[: end.start()] if end else raw).replace(b"\r\n", b"\n")
    if b"\r" in block or b"\0" in block:
        return None
    lines = block.strip(b"\n").split(b"\n")
    if lines[0].startswith((b"From ", b">From ")):
        del lines[0]
    fields: list[list[bytes]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1].append(line)
        else:
            fields.append([line])
    found = [_FIELD.fullmatch(b"".join(each)) for each in fields]
    if not all(found) or any(len(each) > _FIELD_LINES for each in fields):
        return None
    return tuple(
        (each[1].decode("ascii").lower(), each[2].decode("utf-8", "surrogateescape").strip())
        for each in found
        if each is not None
    )


def _from_domain(fields: tuple[tuple[str, str], ...] | None, mail: ParsedMail) -> str | None:
    """Return the domain of the one From mailbox, or None unless both readings of the mail agree on it."""
    values = [value for name, value in fields or () if name == "from"]
    if len(values) != 1 or mail.from_fields != 1 or len(mail.from_) != 1:
        return None
    mailbox = strict_mailbox(values[0])
    if mailbox is None or mailbox.email != mail.from_[0].email:
        return None
    return mailbox.email.rpartition("@")[2]
