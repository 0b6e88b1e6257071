"""What kind of mail this is: a person's, automatic, a read receipt or a bounce (invariant L1)."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.mail.automatic_signs import CIRCLES, LOOP_HEADER, automatic_reason, goes_in_circles, is_from_list
from gateway.mail.bounce_signs import bounce_reason
from gateway.mail.field_values import has_null_sender
from gateway.mail.parsed import ParsedMail
from gateway.mail.receipt_signs import is_receipt

__all__ = ["CIRCLES", "LOOP_HEADER", "Classification", "Kind", "classify"]


class Kind(StrEnum):
    """A person's mail acts; the others are recorded, change nothing and cause no mail to their sender."""

    PERSON = "person"
    AUTOMATIC = "automatic"
    RECEIPT = "receipt"
    BOUNCE = "bounce"


@dataclass(frozen=True, slots=True)
class Classification:
    """The kind of a mail with its reason, a catalogue key.

    `from_list` says that it came through a mailing list: people write through lists, so it stays
    theirs, but gets no automatic answer and may command nothing.
    """

    kind: Kind
    reason: str
    from_list: bool = False


def classify(
    mail: ParsedMail, *, envelope_from: str | None, installation: str, domain: str
) -> Classification:
    """Tell a person's mail from an automatic one, from a read receipt and from a bounce.

    `envelope_from` is "" for the null sender and None where the door does not know it.
    `installation` is the value of our loop header, signed by whoever asks; one with another value
    counts for nothing. `domain` is that of our Message-IDs.
    """
    from_list = is_from_list(mail)
    if goes_in_circles(mail, installation):
        return Classification(Kind.AUTOMATIC, CIRCLES, from_list)
    null_sender = has_null_sender(mail, envelope_from)
    if is_receipt(mail):
        return Classification(Kind.RECEIPT, "read-receipt", from_list)
    bounce = bounce_reason(mail, null_sender=null_sender)
    if bounce is not None:
        return Classification(Kind.BOUNCE, bounce, from_list)
    automatic = automatic_reason(mail, null_sender=null_sender, installation=installation, domain=domain)
    if automatic is not None:
        return Classification(Kind.AUTOMATIC, automatic, from_list)
    return Classification(Kind.PERSON, "person", from_list)
