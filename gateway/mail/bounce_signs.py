"""By what a bounce is known when it is no delivery report of RFC 3464: by several signs that agree.

One word never makes a bounce, for people write about bounces, pass them on and paste them in. What
counts is who sent it, how its subject begins, what the first lines say, and what came back with it.
"""

import re
from itertools import islice

from gateway.mail import subject as subjects
from gateway.mail.bounce_words import RETURNED, SENTENCES, SUBJECTS, TECHNICAL
from gateway.mail.field_values import leading, local_parts, report_types, values
from gateway.mail.parsed import ParsedMail
from gateway.rules.words import fold

_LINES = 60
_LINE_CHARACTERS = 300
_OPENING_LINES = 4
"""Of a mail that nothing but its words calls a bounce, how soon they must come: a person greets first."""

_DAEMON = re.compile(r"(?:^|[-_.+])mailer-?daemon(?:$|[-_.+])|^microsoftexchange[0-9a-f]{32}$")
_SERVER = re.compile(
    r"(?:^|[-_.+])(?:postmaster|mail-?daemon|mdaemon|mail[-_.]delivery|mail[-_.]?system|ndr|mta|imss|inetgw[0-9]?"
    r"|smtp|mail[-_.]?admin|antivirus)(?:$|[-_.+\\])"
)
_SERVER_NAMES = (
    "mail delivery", "mail system", "mailer-daemon", "mailer daemon", "system administrator",
    "delivery subsystem", "administrador del sistema", "sistema de correo", "sistema de entrega",
    "mail administrator", "mail server", "servidor de correo", "microsoft exchange", "internet mail",
)  # fmt: skip
_PROGRAMS = (
    "internet mail service", "novell groupwise", "spamlion", "mdaemon", "smtp32", "mailenable", "icewarp",
)  # fmt: skip
"""Of X-Mailer, those that are servers; with any other a person wrote."""

_RETURNED_TYPES = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/partial"}
)
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_REPLY = re.compile(r"\b[45][0-9]{2}[ -]#?[45]\.[0-9]{1,3}\.[0-9]{1,3}\b|\b5[05][0-9][ -]", re.ASCII)
_DECORATION = re.compile(r"(?:\[[^\[\]]{1,40}\] ?|[*!# ]){0,6}")


def bounce_reason(mail: ParsedMail, *, null_sender: bool) -> str | None:
    """Return by what a mail is known as a bounce, a catalogue key, or None."""
    types = list(report_types(mail))
    files = {each.content_type for each in mail.attachments}
    if any("delivery-status" in each for each in types) or (types and files & _STATUS_TYPES):
        return "delivery-report"
    senders = local_parts(mail)
    if any(_DAEMON.search(local) for local in senders):
        return "mailer-daemon"
    if values(mail, "x-ms-exchange-message-is-ndr"):
        return "exchange-report"
    failed_recipients = any(values(mail, "x-failed-recipients"))
    if failed_recipients and (null_sender or _subject_says(mail)):
        return "failed-recipients"
    server = any(_SERVER.search(local) for local in senders)
    if null_sender or server or not mail.from_ or _was_submitted_by_a_program(mail):
        return _of_a_program(mail, files, null_sender=null_sender, server=server)
    return "returned-mail" if _by_its_words_alone(mail, files) else None


def _of_a_program(mail: ParsedMail, files: set[str], *, null_sender: bool, server: bool) -> str | None:
    """A program wrote it. That is so of vacation replies and alerts as well: what does it say?"""
    if subjects.is_forward(mail.subject) or subjects.is_reply(mail.subject):
        return None
    subject, (sentence, technical) = _subject_says(mail), _text_says(mail, _LINES)
    proof = technical or bool(files & (_RETURNED_TYPES | _STATUS_TYPES))
    if server and null_sender:
        return "postmaster"
    if server:  # a postmaster may be a person as well
        by_hand = _is_of_a_mail_program(mail)
        return "server-report" if not by_hand and (subject or (sentence and proof)) else None
    if null_sender and (subject or (sentence and proof)):
        return "returned-mail"
    return "returned-mail" if subject and sentence and (proof or not mail.from_) else None


def _by_its_words_alone(mail: ParsedMail, files: set[str]) -> bool:
    """Nothing but its words: then subject, first lines, what came back and the name must all say so."""
    if not _subject_says(mail) or mail.references or _is_of_a_mail_program(mail):
        return False
    names = [fold(each.name) for each in mail.from_]
    if not any(known in name for name in names for known in _SERVER_NAMES):
        return False
    opens, _ = _text_says(mail, _OPENING_LINES)
    _, technical = _text_says(mail, _LINES)
    return opens and (technical or bool(files & (_RETURNED_TYPES | _STATUS_TYPES)))


def _subject_says(mail: ParsedMail) -> bool:
    subject = fold(mail.subject[:_LINE_CHARACTERS])
    return subject[_DECORATION.match(subject).end() :].startswith(SUBJECTS)  # type: ignore[union-attr]


def _text_says(mail: ParsedMail, many: int) -> tuple[bool, bool]:
    """Whether the first lines hold a sentence of a report, and something only programs write."""
    sentence = technical = False
    lines = (line for line in mail.text[: _LINES * _LINE_CHARACTERS].split("\n") if line.strip())
    for line in islice(lines, many):
        folded = fold(line[:_LINE_CHARACTERS])
        sentence = sentence or any(each in folded for each in SENTENCES)
        technical = (
            technical
            or _REPLY.search(folded) is not None
            or any(each in folded for each in TECHNICAL)
            or any(each in folded for each in RETURNED)
        )
    return sentence, technical


def _was_submitted_by_a_program(mail: ParsedMail) -> bool:
    return any(leading(each) not in ("", "no") for each in values(mail, "auto-submitted"))


def _is_of_a_mail_program(mail: ParsedMail) -> bool:
    programs = [fold(each).lstrip("<") for name in ("x-mailer", "user-agent") for each in values(mail, name)]
    return any(not program.startswith(_PROGRAMS) for program in programs)
