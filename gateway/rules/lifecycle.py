"""How a ticket moves, and what a contribution to it is."""

from datetime import datetime, timedelta
from enum import StrEnum

from gateway.rules.people import Party


class Status(StrEnum):
    """Nuevo, En proceso, Cerrado."""

    NEW = "new"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"


class Channel(StrEnum):
    """By which way a contribution came."""

    EMAIL = "email"
    WEB = "web"


class MessageKind(StrEnum):
    """Who may read a contribution. One that is internal stays so for ever (invariants C4)."""

    PUBLIC = "public"
    INTERNAL = "internal"


class EventKind(StrEnum):
    """What can happen to a ticket."""

    OPENED = "opened"
    TAKEN = "taken"
    ASSIGNED = "assigned"
    MOVED = "moved"
    REPLIED = "replied"
    COMMENTED = "commented"
    CLOSED = "closed"
    REOPENED = "reopened"
    BOUNCED = "bounced"
    AUTOMATIC = "automatic"
    NOT_DELIVERED = "not_delivered"
    DELAYED = "delayed"
    DELIVERED = "delivered"  # the other side's server says so
    READ = "read"  # a read receipt came (L11)
    SILENCED = "silenced"  # automatic mail was left out, and why (L4, L5)
    PROPOSED = "proposed"  # addresses in copy, who may join if an operator says so (T6)
    JOINED = "joined"  # somebody takes part from now on
    LEFT = "left"  # somebody takes part no more


def after_message(status: Status, *, by: Party, assigned: bool) -> Status:
    """Return the status after a public contribution.

    An operator's answer puts a ticket in progress. A client's message wakes a closed one: in
    progress again if somebody has it, else new. What the system notes moves nothing (L2).
    """
    if by is Party.OPERATOR:
        return Status.IN_PROGRESS
    if by is Party.CLIENT and status is Status.CLOSED:
        return Status.IN_PROGRESS if assigned else Status.NEW
    return status


def after_event(status: Status, kind: EventKind, *, answer: bool, assigned: bool) -> Status:
    """Return the status after something happened: how a ticket moved can be told from its events alone.

    `answer`: an operator wrote to the client. `assigned`: somebody has it.
    """
    match kind:
        case EventKind.TAKEN | EventKind.ASSIGNED:
            return Status.IN_PROGRESS if assigned else status
        case EventKind.REPLIED if answer:
            return Status.IN_PROGRESS
        case EventKind.CLOSED:
            return Status.CLOSED
        case EventKind.REOPENED:
            return Status.IN_PROGRESS if assigned else Status.NEW
        case _:
            return status


def can_reopen(closed_at: datetime | None, *, now: datetime, reopen_days: int) -> bool:
    """Whether a client's message still belongs to this ticket, or opens one linked to it."""
    return closed_at is None or now - closed_at <= timedelta(days=reopen_days)
