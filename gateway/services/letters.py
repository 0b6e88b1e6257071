"""A mail in its three forms: the ledger's, the reader's, the ticket's."""

from dataclasses import dataclass, replace
from pathlib import Path

from gateway.mail.reading import Reading
from gateway.models.queues import JournalEntry
from gateway.services import contributions
from gateway.services.contributions import Contribution, FiledAttachment


@dataclass(frozen=True, slots=True)
class Letter:
    """What a service is given of a mail that is applied."""

    entry: JournalEntry
    mail: Reading
    contribution: Contribution
    passed_on: tuple[FiledAttachment, ...] = ()  # the files of a mail that this one passes on

    def confirmed(self) -> "Letter":
        """The same, now that its writer said by the link of T9 that it is theirs."""
        return replace(self, contribution=replace(self.contribution, verdict_reason="confirmed"))


def file_away(folder: Path, mail: Reading) -> tuple[FiledAttachment, ...]:
    """Put all files of a mail into place, those of a mail it passes on behind its own."""
    inner = mail.forwarded.files if mail.forwarded else ()
    return contributions.file_away(folder, (*mail.attachments, *inner))


def letter_of(entry: JournalEntry, mail: Reading, files: tuple[FiledAttachment, ...]) -> Letter:
    """Gather a letter; `files` are those that `file_away` put into place."""
    contribution = Contribution(
        text=mail.text,
        quoted=mail.quoted,
        html=mail.html,
        files=files[: len(mail.attachments)],
        message_id=mail.message_id,
        journal_id=entry.id,
        verdict_reason=mail.verdict_reason,
        unreadable=mail.unreadable,
        notes=mail.notes,
        detail={"accepted_by": entry.decided_by} if entry.decision is not None else {},
    )
    return Letter(entry, mail, contribution, files[len(mail.attachments) :])
