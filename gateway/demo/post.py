"""The post office of the demo: mail in by its bytes, mail out marked as sent, at times in the past.

What the processor and the mailer do, without their shells: one transaction holds three months.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from gateway.demo.letters import Answered
from gateway.mail.interpret import read
from gateway.mail.peek import peek
from gateway.models.queues import Door
from gateway.services import blobs, intake, journal, letters, outbox, undelivered
from gateway.services.blobs import content_of
from gateway.services.desk import Desk
from gateway.services.journal import Incoming, Settled
from gateway.services.outbox import Claimed

WORKER = "demo"
LEASE = timedelta(minutes=10)
SENDING = timedelta(seconds=4)
TOGETHER = 100

_FIELD = re.compile(rb"^(Message-ID|Reply-To): <?([^<>\r\n]+)>?\r?$", re.MULTILINE)

MailFate = Callable[[Claimed, datetime], str]
"""What the relay says to a mail: "" takes it, 4xx puts it off, 5xx refuses it."""


@dataclass
class Post:
    """Delivers mail in, hands mail out, and remembers the last mail everybody got on a request."""

    session: Session
    desk: Desk
    folder: Path
    last: dict[tuple[int, str], tuple[str, str]] = field(default_factory=dict)  # (message id, reply address)

    def deliver(
        self, raw: bytes, to: tuple[str, ...], *, envelope_from: str, now: datetime, door: Door = Door.SMTP
    ) -> tuple[int, Settled]:
        """Write a mail down and apply it; return its entry and what became of it."""
        entry_id = self.write_down(raw, to, envelope_from=envelope_from, now=now, door=door)
        return entry_id, self.apply_next(now=now)

    def write_down(
        self, raw: bytes, to: tuple[str, ...], *, envelope_from: str, now: datetime, door: Door = Door.SMTP
    ) -> int:
        """Put a mail into the journal, as a door does."""
        seen = peek(raw)
        incoming = Incoming(
            door=door,
            content=content_of(raw),
            recipients=to,
            received_at=now,
            message_id=seen.message_id,
            from_address=seen.from_address,
            envelope_from=envelope_from,
            peer="192.0.2.25",
            listed_peer=True,
        )
        return journal.append(self.session, [incoming], now=now)[0]

    def apply_next(self, *, now: datetime) -> Settled:
        """Apply the one mail that waits."""
        ((entry, fence),) = journal.claim(
            self.session, worker=WORKER, limit=1, octets=blobs.SMALL * 100, now=now
        )
        raw = blobs.read(self.session, self.folder, entry.sha256)
        reading = read(raw, journal.arrival_of(entry), self.desk.surroundings())
        files = letters.file_away(self.folder, reading)
        done = intake.apply_mail(self.session, self.desk, entry, reading, files, now=now)
        journal.settle(self.session, entry, fence, done, reading=reading, now=now + timedelta(seconds=1))
        self.session.flush()
        return done

    def set_aside(
        self, raw: bytes, to: tuple[str, ...], error: str, *, envelope_from: str, now: datetime
    ) -> None:
        """Fail over a mail as often as the processor would."""
        self.write_down(raw, to, envelope_from=envelope_from, now=now)
        aside = False
        while not aside:
            ((entry, fence),) = journal.claim(
                self.session, worker=WORKER, limit=1, octets=blobs.SMALL * 100, now=now
            )
            aside = journal.fail(self.session, entry, fence, error, now=now)
            self.session.flush()
            self.session.refresh(entry)
            now = entry.due_at or now

    def hand_out(self, fate: MailFate, *, now: datetime) -> list[Claimed]:
        """Send all that is due, as `fate` says the relay lets us; return what was sent."""
        sent: list[Claimed] = []
        while batch := outbox.claim(
            self.session, worker=WORKER, lasting=LEASE, limit=TOGETHER, now=now + timedelta(seconds=1)
        ):
            sent += [claimed for claimed in batch if self._send(claimed, fate, now=now)]
        self.session.flush()
        return sent

    def _send(self, claimed: Claimed, fate: MailFate, *, now: datetime) -> bool:
        """Hand one mail to the relay, at once when it is the first try; return whether it was taken."""
        self._remember(claimed)
        at = (claimed.created_at if claimed.attempts <= 1 else now) + SENDING
        match fate(claimed, at):
            case "":
                outbox.sent(self.session, claimed, now=at)
                return True
            case reply if reply.startswith("4"):
                outbox.deferred(self.session, claimed, reply, now=at, chance=0.5)
            case reply:
                outbox.failed(self.session, claimed, reply, now=at)
                undelivered.settle(
                    self.session, self.desk, claimed.id, status=None, words=reply, hard=True, now=at
                )
        return False

    def answered(
        self, ticket: int, email: str, *, subject: str, sender: str, text: str, at: datetime
    ) -> Answered | None:
        """Return the last mail somebody got on a request, to be answered; None when they got none."""
        known = self.last.get((ticket, email))
        return Answered(*known, subject, sender, text, at) if known else None

    def _remember(self, claimed: Claimed) -> None:
        if claimed.ticket_id is not None:
            found = {each[1].lower(): each[2].decode() for each in _FIELD.finditer(claimed.composed.head)}
            if b"reply-to" in found:
                self.last[claimed.ticket_id, claimed.recipient] = (found[b"message-id"], found[b"reply-to"])
