"""`sysmo check`: do the books balance, are all bytes there (invariants D3, D5)."""

from collections.abc import Iterator
from itertools import islice

from sqlmodel import Session

from gateway.catalogue import _
from gateway.cli.findings import Finding, found, problem
from gateway.cli.output import progress
from gateway.cli.request import Words
from gateway.runtime import Runtime
from gateway.services import books
from gateway.services.books import Rule

RULES = {
    Rule.NO_OUTCOME: _("Incoming e-mail that neither waits nor has an outcome"),
    Rule.TWO_OUTCOMES: _("Incoming e-mail that has an outcome and still waits"),
    Rule.NO_REASON: _("Incoming e-mail whose outcome has no reason or no time"),
    Rule.NO_MESSAGE: _("Incoming e-mail that was applied and is on no request"),
    Rule.UNDUE_MESSAGE: _("Incoming e-mail that was not applied and is on a request"),
    Rule.TWO_MESSAGES: _("Incoming e-mail that became more than one message"),
    Rule.OTHER_TICKET: _("Incoming e-mail that names another request than its message"),
    Rule.NO_MAIL: _("Messages by e-mail whose e-mail is not there"),
    Rule.MISCOUNTED: _("Requests that count other messages than they have"),
    Rule.MISOPENED: _("Requests that were not opened exactly once"),
    Rule.NO_END: _("Outgoing e-mail that has no end and is not due"),
    Rule.STILL_DUE: _("Outgoing e-mail that has ended and is still due"),
    Rule.NO_TIME: _("Outgoing e-mail whose time of sending does not fit its state"),
    Rule.DEFAULT_TOPIC: _("Topics that are the default, of which there must be one"),
}


def check_books(session: Session, words: Words) -> Iterator[Finding]:
    """One problem for each rule that rows break."""
    balanced = True
    for difference in books.differences(session):
        balanced = False
        text = f"{words(RULES[difference.rule])}: {difference.count} ({', '.join(difference.examples)})"
        yield problem(
            f"books.{difference.rule}", text, count=difference.count, examples=list(difference.examples)
        )
    if balanced:
        yield found("books", words(_("The books balance: every e-mail has one outcome.")))


def check_blobs(runtime: Runtime, session: Session, words: Words) -> Iterator[Finding]:
    """Every mail and attachment is read and its hash compared."""
    total = books.count_blobs(session)
    with progress(
        books.damaged_blobs(session, runtime.blobs), label=words(_("Reading the blobs")), length=total
    ) as states:
        damaged = [sha256 for sha256 in states if sha256 is not None]
    if damaged:
        examples = list(islice(damaged, books.EXAMPLES))
        text = words(_("Stored e-mail or attachments that are lost or damaged: {count}")).format(
            count=len(damaged)
        )
        yield problem("blobs", f"{text} ({', '.join(examples)})", count=len(damaged), examples=examples)
    else:
        text = words(_("Stored e-mail and attachments, all undamaged: {count}.")).format(count=total)
        yield found("blobs", text, count=total)
