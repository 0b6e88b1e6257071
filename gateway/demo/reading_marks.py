"""Who has read what: everybody what is some days old, of the last days not all of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlmodel import Session

from gateway.demo.cast import Player
from gateway.demo.plot import Plot
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.services import seen

FRESH = timedelta(days=4)
LOOKS_SOON = 0.55
"""How likely somebody has seen what is fresh."""


def mark_read(session: Session, plots: Mapping[int, Plot], dice: Random, *, now: datetime) -> None:
    """Note for each request, by its number, how far those who deal with it have read."""
    ticket, person = table_of(Ticket).c, table_of(User).c
    newest = session.execute(select(ticket.id, ticket.messages, ticket.updated_at).order_by(ticket.id))
    ids = {row.email: row.id for row in session.execute(select(person.email, person.id))}
    read: dict[str, list[tuple[int, int]]] = {}
    for number, messages, updated_at in newest:
        plot = plots.get(number)
        for player in _readers(plot) if plot else ():
            all_of_it = now - updated_at > FRESH or dice.random() < LOOKS_SOON
            read.setdefault(player.email, []).append((number, messages if all_of_it else messages - 1))
    for email, marks in read.items():
        seen.mark_all(session, ids[email], marks, now=now)


def _readers(plot: Plot) -> Iterable[Player]:
    yield from plot.topic.operators
    if plot.client.registered:
        yield plot.client
