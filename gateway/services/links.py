"""Links that are all it takes: random tokens, stored hashed, good for one use and a short time (W9)."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session

from gateway import tokens
from gateway.models.columns import table_of
from gateway.models.people import Token, TokenPurpose


def issue(
    session: Session,
    purpose: TokenPurpose,
    user_id: int | None,
    life: timedelta,
    *,
    now: datetime,
    ticket_id: int | None = None,
    journal_id: int | None = None,
) -> str:
    """Return a new token, for a person and what it is about; only its hash is kept."""
    token = tokens.new_long_token()
    session.add(
        Token(
            hash=tokens.hash_token(token),
            purpose=purpose,
            user_id=user_id,
            ticket_id=ticket_id,
            journal_id=journal_id,
            created_at=now,
            expires_at=now + life,
        )
    )
    session.flush()  # so that whoever looks next sees it
    return token


def nobodys() -> str:
    """Return what looks like a token and is good for nothing."""
    return tokens.new_long_token()


def valid(session: Session, purpose: TokenPurpose, token: str, *, now: datetime) -> Token | None:
    """Return the row of a token that is still good for this purpose, or None."""
    found = session.get(Token, tokens.hash_token(token))
    if found is None or found.purpose is not purpose or found.expires_at is None:
        return None
    good = found.used_at is None and found.revoked_at is None and found.expires_at > now
    return found if good else None


def use(session: Session, token: str, *, now: datetime) -> bool:
    """Mark a token used; False when somebody was quicker."""
    table = table_of(Token)
    done = session.execute(
        update(table)
        .where(table.c.hash == tokens.hash_token(token), table.c.used_at.is_(None))
        .values(used_at=now)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def revoke(session: Session, purpose: TokenPurpose, user_id: int | None, *, now: datetime) -> None:
    """Void the links of a purpose that nobody used: those of one user, or those of nobody yet."""
    table = table_of(Token)
    session.execute(
        update(table)
        .where(
            table.c.purpose == purpose,
            table.c.user_id == user_id if user_id is not None else table.c.user_id.is_(None),
            table.c.used_at.is_(None),
            table.c.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
