"""Who did what: administrators' deeds, append-only, for whoever asks later."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from gateway.mail.one_line import one_line
from gateway.models.site import AuditEntry, Deed
from gateway.rules.people import Sender
from gateway.services.statements import add

SUBJECT_CHARACTERS = 320


def note(
    session: Session, deed: Deed, subject: str, *, by: Sender | None, now: datetime, **detail: Any
) -> None:
    """Write a deed down. `subject` is an address, a name or a number; `by` None is the command line.

    Neither it nor `detail` may hold a text of a request, a password or a token (C7).
    """
    row = AuditEntry(
        at=now,
        actor_id=by.user_id if by else None,
        deed=deed,
        subject=one_line(subject, SUBJECT_CHARACTERS),
        detail=detail,
    )
    add(session, row)
