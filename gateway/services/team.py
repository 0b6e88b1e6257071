"""The operators and administrators: adding, changing, disabling them, and who may not be.

Nobody changes their own role, and there is always an active administrator: whoever takes one away
holds all of them first, so that two who do it to each other at the same time come one after the other.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete
from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.site import Deed
from gateway.models.topics import TopicOperator
from gateway.rules.people import Role, Sender, UserStatus, is_staff
from gateway.services import (
    accounts,
    audit,
    handover,
    invitations,
    person_fields,
    search_upkeep,
    topics,
    web_sessions,
)
from gateway.services.desk import Desk
from gateway.services.handover import Pending

OWN_ROLE = _("Nobody can change their own role or disable their own account. Ask another administrator.")


class Leaving(StrEnum):
    """What becomes of somebody who leaves the team."""

    DISABLED = "deshabilitar"
    CLIENT = "cliente"


def add(
    session: Session,
    desk: Desk,
    *,
    email: str,
    name: str,
    role: Role,
    topic_ids: Sequence[int],
    convert: bool,
    by: Sender,
    now: datetime,
) -> User:
    """Make an operator or administrator, who is sent a mail to set a password.

    Somebody known as a client becomes one only when `convert` says that this is meant.
    """
    if not is_staff(role):
        raise Invalid("role", _("Choose operator or administrator."))
    name = person_fields.checked_name(name)
    user = accounts.find_by_email(session, email)
    if user is None:
        user = accounts.create_user(
            session, desk.mail, email=email, name=name, role=role, language=desk.site.language, now=now
        )
        audit.note(session, Deed.USER_ADDED, user.email, by=by, now=now, role=role)
    else:
        user = _converted(session, user, name, role, convert=convert, by=by, now=now)
    topics.serve(session, user.id, topic_ids)
    if user.password_hash is None:
        invitations.send(session, desk, user, new_account=True, now=now)
    return user


def change(
    session: Session,
    user_id: int,
    *,
    name: str,
    role: Role,
    topic_ids: Sequence[int],
    by: Sender,
    now: datetime,
) -> User:
    """Change an operator or administrator. Another role ends all their sessions (W6)."""
    if not is_staff(role):
        raise Invalid("role", _("Choose operator or administrator."))
    user = _of_the_team(session, user_id, by, taking_away=role is not Role.ADMIN)
    name = person_fields.checked_name(name)
    detail: dict[str, object] = {}
    if role is not user.role:
        if user.id == by.user_id:
            raise Invalid("role", OWN_ROLE)
        detail = {"role": role, "before": user.role}
        user.role = role
        web_sessions.end_all(session, user.id)
    _rename(session, user, name)
    topics.serve(session, user.id, topic_ids)
    audit.note(session, Deed.USER_CHANGED, user.email, by=by, now=now, **detail)
    return user


def leave(
    session: Session,
    user_id: int,
    leaving: Leaving,
    pending: Pending,
    *,
    by: Sender,
    now: datetime,
) -> int:
    """Disable somebody of the team or make them a client; return how many open requests they had.

    Those go back to their topics or to a colleague. Whoever is only disabled stays in the lists of
    their topics, so that enabling them gives all back but the requests.
    """
    user = _of_the_team(session, user_id, by, taking_away=True)
    if user.id == by.user_id:
        raise Invalid("person", OWN_ROLE)
    count = handover.pass_on(session, user.id, pending, by=by, now=now)
    if leaving is Leaving.DISABLED:
        accounts.disable(session, user, now=now)
        audit.note(session, Deed.USER_DISABLED, user.email, by=by, now=now, requests=count)
    else:
        audit.note(
            session, Deed.USER_CHANGED, user.email, by=by, now=now, role=Role.CLIENT, before=user.role,
            requests=count,
        )  # fmt: skip
        user.role = Role.CLIENT
        web_sessions.end_all(session, user.id)
        session.execute(delete(TopicOperator).where(table_of(TopicOperator).c.user_id == user.id))
    session.flush()  # so that whoever looks next sees it
    return count


def enable(session: Session, user_id: int, *, by: Sender, now: datetime) -> User:
    """Let somebody of the team in again; they serve the topics they did."""
    user = _of_the_team(session, user_id, by, taking_away=False)
    if user.status is not UserStatus.ACTIVE:
        user.status = UserStatus.ACTIVE
        audit.note(session, Deed.USER_ENABLED, user.email, by=by, now=now)
        session.flush()  # so that whoever looks next sees it
    return user


def reset(session: Session, desk: Desk, user_id: int, *, by: Sender, now: datetime) -> User:
    """Send somebody of the team a link that sets a new password."""
    user = _of_the_team(session, user_id, by, taking_away=False)
    return invitations.reset(session, desk, user, by=by, now=now)


def _of_the_team(session: Session, user_id: int, by: Sender, *, taking_away: bool) -> User:
    """Return a member of the team, held. To take an administrator away all of them are held first."""
    administrators = accounts.administrators_held(session) if taking_away else []
    user = person_fields.found(session, user_id)
    if not is_staff(user.role):
        raise NotFound("operator")
    if user.id in administrators and by.user_id not in administrators:
        raise NotFound("operator")  # whoever asks was taken away while they waited
    return user


def _rename(session: Session, user: User, name: str) -> None:
    """Give somebody their name; the requests they made are to be found by it."""
    renamed, user.name = name != user.name, name
    session.flush()  # so that whoever looks next sees it
    if renamed:
        search_upkeep.stale_person(session, user.id)


def _converted(
    session: Session, user: User, name: str, role: Role, *, convert: bool, by: Sender, now: datetime
) -> User:
    """A client who becomes an operator. A password that a confirmed account has stays theirs."""
    if is_staff(user.role):
        raise Invalid("email", _("There is already an account with this address."))
    if user.status is UserStatus.DISABLED:
        raise Invalid(
            "email", _("The account of this address is disabled. Enable it first, among the clients.")
        )
    if not convert:
        raise Invalid(
            "convert",
            _("{email} is a client. Mark below that they are to answer requests, and see those of others."),
            email=user.email,
        )
    if user.status is not UserStatus.ACTIVE:
        user.password_hash = None  # nobody proved yet that they read mail at this address
    user.role, user.status = role, UserStatus.ACTIVE
    web_sessions.end_all(session, user.id)
    _rename(session, user, name)
    audit.note(session, Deed.USER_CHANGED, user.email, by=by, now=now, role=role, before=Role.CLIENT)
    return user
