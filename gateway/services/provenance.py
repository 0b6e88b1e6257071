"""How the mails of a conversation came, as far as it is kept, for operators.

To and Cc of a mail stand in its original alone. What is kept is at which of our addresses it came in,
and who joined by standing in copy.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from gateway.models.people import User
from gateway.services import happenings
from gateway.services.conversation import Route
from gateway.tokens import TOKEN_LENGTH

_TOKENED = re.compile(rf"(?<![a-z2-7])[a-z2-7]{{{TOKEN_LENGTH}}}@", re.ASCII)


def routes(
    session: Session, messages: Sequence[Any], events: Sequence[Any], copied: tuple[str, ...]
) -> Mapping[int, Route]:
    """Return how each message came, by its id; `copied` joined with the first one."""
    let_in = _let_in(session, events)
    return {
        row.id: _route(row, copied if row.number == 1 else (), let_in.get(row.id, "")) for row in messages
    }


def _route(row: Any, copied: tuple[str, ...], accepted_by: str) -> Route:
    """A reply address is a proof, so it is not shown to anybody else (T3, C7)."""
    if row.octets is None:
        return Route()
    recipients = [str(each) for each in row.recipients or ()]
    written_to = [each for each in recipients if not _TOKENED.search(each.lower())]
    return Route(
        written_to=tuple(dict.fromkeys(written_to)),
        to_reply_address=len(written_to) < len(recipients),
        copied=copied,
        accepted_by=accepted_by,
        octets=row.octets,
    )


def _let_in(session: Session, events: Sequence[Any]) -> Mapping[int, str]:
    """Who accepted a mail that was held, by its message."""
    accepted = {row.message_id: row.detail["accepted_by"] for row in events if "accepted_by" in row.detail}
    people = happenings.names(session, User, list(accepted.values()))
    return {message: people[by] for message, by in accepted.items() if by in people}
