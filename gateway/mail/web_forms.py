"""A mail that a form of our own web pages sent → one from whoever filled the form in (invariants T7)."""

from collections.abc import Collection
from dataclasses import replace

from gateway.mail.automatic_signs import LOOPS
from gateway.mail.classify import Kind
from gateway.mail.reading import Reading
from gateway.rules.people import Verdict


def from_its_writer(mail: Reading, form_senders: Collection[str]) -> Reading:
    """Return the mail with the one address of Reply-To as its sender, if a listed form sent it.

    The form must be believed; the address is not, for anybody may type any address into a form. What a
    form carries was written by a person, whatever the program says that posts it; only its coming
    back to us for ever is still a loop. All other mail stays as it is: Reply-To is nobody's identity.
    """
    listed = mail.sender is not None and mail.sender.email in form_senders
    if not listed or mail.verdict is not Verdict.PASS or len(mail.reply_to) != 1:
        return mail
    if mail.kind is Kind.BOUNCE or mail.kind_reason in LOOPS:
        return mail
    return replace(
        mail,
        sender=mail.reply_to[0],
        claimed=mail.reply_to,
        kind=Kind.PERSON,
        kind_reason="web-form",
        verdict=Verdict.NONE,
        verdict_reason="web-form",
    )
