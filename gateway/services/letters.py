"""A mail in its three forms: the ledger's, the reader's, the ticket's."""

from dataclasses import dataclass

from gateway.mail.reading import Reading
from gateway.models.queues import JournalEntry
from gateway.services.contributions import Contribution, FiledAttachment


@dataclass(frozen=True, slots=True)
class Letter:
    """What a service is given of a mail that is applied."""

    entry: JournalEntry
    mail: Reading
    contribution: Contribution


def letter_of(entry: JournalEntry, mail: Reading, files: tuple[FiledAttachment, ...]) -> Letter:
    """Gather a letter; `files` are the attached ones, placed already."""
    contribution = Contribution(
        text=mail.text,
        quoted=mail.quoted,
        html=mail.html,
        files=files,
        message_id=mail.message_id,
        journal_id=entry.id,
        verdict_reason=mail.verdict_reason,
        unreadable=mail.unreadable,
        notes=mail.notes,
    )
    return Letter(entry, mail, contribution)
