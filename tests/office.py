"""A post office for tests: mail in by its bytes, mail out as parsed mails, no shell in between."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from gateway.mail.compose import Composed, Part, assemble
from gateway.mail.interpret import read
from gateway.mail.peek import peek
from gateway.mail.reading import Arrival
from gateway.mail.templates import Templates
from gateway.models.columns import table_of
from gateway.models.queues import Door, JournalEntry, OutboxItem
from gateway.runtime import Runtime
from gateway.services import blobs, intake, journal, letters
from gateway.services.blobs import content_of
from gateway.services.desk import TEMPLATES, Desk, open_desk
from gateway.services.journal import Incoming, Settled

CRLF = "\r\n"


@cache
def parsed_templates() -> Templates:
    """Parsed once for all tests: that takes longer than a test."""
    return Templates(TEMPLATES)


def mail(
    *,
    sender: str = "Laura Giménez <laura.gimenez@andina.example>",
    to: str = "soporte@example.com",
    subject: str = "No puedo emitir facturas A",
    text: str = "Hola, buenas tardes.\n\nDesde ayer no podemos emitir facturas A.\n\nLaura",
    message_id: str = "uno@andina.example",
    **more: str,
) -> bytes:
    """Bytes of a plain mail; `in_reply_to="x"` and the like add headers."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = f"<{message_id}>"
    message["Date"] = "Mon, 11 May 2026 17:48:00 -0300"
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes(policy=message.policy.clone(linesep=CRLF))


def answer(
    notice: EmailMessage, text: str, *, sender: str, message_id: str = "answer@somewhere.example", **more: str
) -> bytes:
    """What a mail program sends when somebody answers a mail of ours."""
    quoted = CRLF.join("> " + line for line in body(notice).splitlines())
    references = f"{notice['References'] or ''} {notice['Message-ID']}".strip()
    subject = notice["Subject"]
    return mail(
        sender=sender,
        to=notice["Reply-To"] or notice["From"],
        subject=subject if subject.lower().startswith("re:") else f"Re: {subject}",
        text=f"{text}\n\nEl lun, 11 may 2026 a las 17:50, Soporte escribió:\n{quoted}\n",
        message_id=message_id,
        in_reply_to=notice["Message-ID"],
        references=references,
        **more,
    )


def body(message: EmailMessage) -> str:
    """The plain text of a mail."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@dataclass
class Office:
    """Delivers to one database and looks at what would be sent."""

    runtime: Runtime
    session: Session
    now: datetime
    seen: int = 0
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        desk = open_desk(self.runtime.config, self.runtime.secret)
        self.desk = replace(desk, templates=parsed_templates())

    def journal(
        self,
        raw: bytes,
        *,
        recipients: Sequence[str] = (),
        sender: str | None = None,
        door: Door = Door.SMTP,
        listed_peer: bool = True,
    ) -> int:
        """Write a mail down, as a door does."""
        incoming = Incoming(
            door=door,
            content=content_of(raw),
            recipients=tuple(recipients),
            received_at=self.now,
            message_id=peek(raw).message_id,
            from_address=peek(raw).from_address,
            envelope_from=sender,
            listed_peer=listed_peer,
        )
        return journal.append(self.session, [incoming], now=self.now)[0]

    def apply(self, entry_id: int) -> Settled:
        """Claim one entry and apply it; TryLater is for the caller."""
        fences = dict(self._claim(entry_id))
        entry = self.session.get(JournalEntry, entry_id)
        assert entry is not None
        raw = blobs.read(self.session, self.runtime.blobs, entry.sha256)
        recipients = tuple(entry.recipients)
        arrival = Arrival(entry.door, entry.envelope_from, recipients, entry.listed_peer, entry.received_at)
        reading = read(raw, arrival, self.desk.surroundings())
        files = letters.file_away(self.runtime.blobs, reading)
        done = intake.apply_mail(self.session, self.desk, entry, reading, files, now=self.now)
        journal.settle(self.session, entry, fences[entry_id], done, reading=reading, now=self.now)
        self.session.flush()
        return done

    def deliver(self, raw: bytes, **envelope: Any) -> Settled:
        """A mail from the door to its outcome; `envelope` as `journal` takes it."""
        return self.apply(self.journal(raw, **envelope))

    def out(self) -> list[EmailMessage]:
        """What was queued since the last look, oldest first, each with its envelope in X- headers."""
        item = table_of(OutboxItem)
        rows = self.session.execute(select(item).where(item.c.id > self.seen).order_by(item.c.id)).all()
        found = []
        for row in rows:
            self.seen = row.id
            parts = tuple(Part(header.encode(), sha256) for header, sha256 in row.parts)
            raw = assemble(
                Composed(row.head, parts, row.tail),
                lambda sha256: blobs.read(self.session, self.runtime.blobs, sha256),
            )
            message = BytesParser(policy=default).parsebytes(raw)
            message["X-Envelope-To"] = row.recipient
            message["X-Envelope-From"] = row.envelope_from
            message["X-Purpose"] = str(row.purpose)
            found.append(message)
        return found

    def out_to(self, recipient: str) -> list[EmailMessage]:
        return [each for each in self.out() if each["X-Envelope-To"] == recipient]

    def _claim(self, entry_id: int) -> list[tuple[int, int]]:
        claimed = journal.claim(self.session, worker="test/1/1", limit=50, octets=10**9, now=self.now)
        assert entry_id in {entry.id for entry, _ in claimed}
        return [(entry.id, fence) for entry, fence in claimed]
