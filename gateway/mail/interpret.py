"""Bytes and envelope of a mail → Reading: the pure steps, in order."""

import time
from dataclasses import replace

from gateway.mail import (
    authentication,
    bounce_report,
    classify,
    clues,
    commands,
    forwards,
    html,
    subject,
)
from gateway.mail.addresses import Address
from gateway.mail.classify import Kind
from gateway.mail.clues import Clue, ClueKind
from gateway.mail.commands import Commands
from gateway.mail.digest import digest
from gateway.mail.dns_records import Resolve, TxtRecords
from gateway.mail.opening import open_mail
from gateway.mail.parse import parse
from gateway.mail.parsed import AttachedFile, ParsedMail
from gateway.mail.quoting import own_words
from gateway.mail.reading import Arrival, Reading, Surroundings
from gateway.mail.report import Report
from gateway.mail.searchable import texts_in
from gateway.mail.unreadable import what_is_left
from gateway.rules.people import Verdict


def read(
    raw: bytes, arrival: Arrival, surroundings: Surroundings, *, resolve: Resolve | None = None
) -> Reading:
    """Understand a mail as far as it can be; of one that cannot, return what is left (D4).

    `resolve` asks the DNS for the keys of signatures; a process that reads many mails gives one that
    remembers. Raises nothing but MemoryError: then the process is at its end, not the mail.
    """
    try:
        return _understand(raw, parse(raw), arrival, surroundings, resolve or TxtRecords())
    except MemoryError:
        raise
    except Exception:  # whatever a stranger's mail may break, it is accepted
        return _give_up(raw)


def _understand(
    raw: bytes, mail: ParsedMail, arrival: Arrival, surroundings: Surroundings, resolve: Resolve
) -> Reading:
    classification = classify.classify(
        mail,
        envelope_from=arrival.envelope_from,
        installation=surroundings.installation,
        domain=surroundings.domain,
    )
    verdict, verdict_reason = authentication.verdict(
        raw,
        mail,
        door=arrival.door,
        listed_peer=arrival.listed_peer,
        authserv_ids=surroundings.authserv_ids,
        dkim=surroundings.dkim,
        resolve=resolve,
        at=arrival.received_at.timestamp() if arrival.received_at else time.time(),
    )
    report = _report(raw, mail) if classification.kind in (Kind.BOUNCE, Kind.RECEIPT) else None
    words = own_words.cut(mail.text, mail.html, is_reply=_is_reply(mail))
    own, quoted = (mail.text, "") if words.whole else (words.own, words.quoted)
    found = clues.find_clues(
        _naming_what_it_reports(mail, report),
        arrival.recipients,
        surroundings.domain,
        surroundings.reply_address,
    )
    return Reading(
        message_id=mail.message_id,
        digest=digest(raw),
        sender=_sender(mail),
        claimed=mail.from_,
        to=mail.to,
        cc=mail.cc,
        reply_to=mail.reply_to,
        subject=mail.subject,
        date=mail.date,
        kind=classification.kind,
        kind_reason=classification.reason,
        from_list=classification.from_list,
        verdict=verdict,
        verdict_reason=verdict_reason,
        clues=found,
        references=mail.references,
        text=own,
        quoted=quoted,
        html=html.safe(mail.html),
        commands=commands.find_commands(words.own, is_forward=subject.is_forward(mail.subject)),
        attachments=_with_inline_marked(mail),
        unreadable=mail.unreadable,
        notes=mail.notes,
        report=report,
        forwarded=forwards.find(mail) if classification.kind is Kind.PERSON else None,
        attached_text=_attached_text(mail, found),
    )


def _sender(mail: ParsedMail) -> Address | None:
    """Return whom the mail says it is from, if it says so exactly once (T1)."""
    return mail.from_[0] if mail.from_fields == 1 and len(mail.from_) == 1 else None


def _is_reply(mail: ParsedMail) -> bool:
    """Whether the mail answers another; programs put references into forwards as well.

    Where they are lost, the code of a request in the subject tells: it came with a mail of ours.
    """
    if subject.is_forward(mail.subject):
        return False
    code = subject.find_code(mail.subject)
    return (
        bool(mail.references) or subject.is_reply(mail.subject) or (code is not None and code[1] is not None)
    )


def _naming_what_it_reports(mail: ParsedMail, report: Report | None) -> ParsedMail:
    """A report answers the mail it is about, though not all say so in In-Reply-To."""
    if report is None or report.message_id is None or report.message_id in mail.references:
        return mail
    return replace(mail, references=(report.message_id, *mail.references))


def _report(raw: bytes, mail: ParsedMail) -> Report | None:
    """Read a delivery report or a receipt; here alone the mails inside are opened: one came back."""
    message, _ = open_mail(raw, attached_too=True)
    return bounce_report.read_report(message, mail)


def _attached_text(mail: ParsedMail, found: tuple[Clue, ...]) -> str:
    """Return what can be read in the files of a mail that answers one of ours, as an operator's may."""
    answers = any(clue.kind is ClueKind.TOKEN for clue in found)
    return "\n".join(texts_in(mail.attachments)) if answers else ""


def _with_inline_marked(mail: ParsedMail) -> tuple[AttachedFile, ...]:
    """Call inline what the HTML shows, whatever its disposition says: Gmail calls such images attached."""
    if "cid:" not in mail.html:
        return mail.attachments
    return tuple(
        replace(each, inline=True)
        if each.content_id and not each.inline and f"cid:{each.content_id}" in mail.html
        else each
        for each in mail.attachments
    )


def _give_up(raw: bytes) -> Reading:
    """Return a reading of a mail that broke the reader: who says to have written, and all of it attached."""
    mail = what_is_left(raw)
    return Reading(
        message_id=mail.message_id,
        digest=digest(raw),
        sender=_sender(mail),
        claimed=mail.from_,
        to=mail.to,
        cc=mail.cc,
        reply_to=mail.reply_to,
        subject=mail.subject,
        date=None,
        kind=Kind.PERSON,
        kind_reason="unreadable",
        from_list=True,  # nobody knows, so nobody gets an automatic answer
        verdict=Verdict.NONE,
        verdict_reason="unreadable",
        clues=(),
        references=(),
        text="",
        quoted="",
        html="",
        commands=Commands(given=(), rest=""),
        attachments=mail.attachments,
        unreadable=True,
        notes=("unreadable",),
        report=None,
    )
