"""What becomes of a password: forgotten, set by a link, changed; and signing out everywhere (W6, W9)."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.mail.addresses import normal_form
from gateway.models.people import TokenPurpose, User
from gateway.models.site import Deed
from gateway.rules import limits
from gateway.rules.people import Sender, UserStatus
from gateway.rules.sign_in import peer_network
from gateway.services import account_mail, accounts, audit, counters, links, outbox, sign_in, web_sessions
from gateway.services.desk import Desk
from gateway.services.sign_in import Attempt

WRONG = _("The current password is not right.")


def ask_reset(session: Session, desk: Desk, email: str, peer: str, *, now: datetime) -> None:
    """Mail a link that sets a password, if this is the address of an account and it was not asked too often.

    Whoever asks hears nothing of it, and the work is the same: a mail is written for an unknown address,
    too, and thrown away (C11, W9).
    """
    address = normal_form(email)
    if address is None:
        raise Invalid("email", _("This is not an e-mail address. Write it like name@company.com."))
    caps = {
        f"reset:{address}": [limits.RESETS],
        f"reset-from:{peer_network(peer)}": [limits.RESETS_PER_PEER],
    }
    found = accounts.find_by_email(session, address)
    goes = counters.all_allow(session, caps, now=now)
    if goes:  # what is refused does not count, or a stranger could keep it refused for ever
        counters.count(session, *caps, now=now)
    if found is not None and found.status is UserStatus.ACTIVE and goes:
        token, life = accounts.start_reset(session, found, now=now)
        outbox.queue(session, [_reset_mail(desk, found, token, life, now=now)])
    else:
        nobody = User(email=address, language=desk.site.language, created_at=now)
        _reset_mail(desk, nobody, links.nobodys(), accounts.RESET_LIFE, now=now)


def _reset_mail(desk: Desk, user: User, token: str, life: timedelta, *, now: datetime) -> dict[str, Any]:
    minutes, new = int(life / timedelta(minutes=1)), user.password_hash is None
    return account_mail.set_password(desk, user, token, minutes=minutes, new_account=new, now=now)


def use_reset(session: Session, desk: Desk, token: str, password_hash: str, *, now: datetime) -> User | None:
    """Set a password by a mailed link and tell its owner; None when the link is no good."""
    user = accounts.set_password(session, token, password_hash, now=now)
    if user is not None:
        _note(session, desk, user, now=now)
    return user


def change(
    session: Session,
    desk: Desk,
    attempt: Attempt,
    *,
    good: bool,
    password_hash: str,
    token: str,
    now: datetime,
) -> str:
    """Change the password of whoever gave the current one; all other sessions and links end.

    Return the new token of the session they are in. Raises Invalid when the current one is wrong.
    """
    user = sign_in.proven(session, attempt, good=good)
    if user is None:
        raise Invalid("clave_actual", WRONG)
    user.password_hash = password_hash
    session.add(user)
    links.revoke(session, TokenPurpose.PASSWORD, user.id, now=now)
    _note(session, desk, user, now=now)
    web_sessions.end_all(session, user.id, but=token)
    return web_sessions.renew(session, token, confirmed_at=now)


def sign_out_everywhere(session: Session, person: Sender, token: str, *, now: datetime) -> str:
    """End all sessions of a person but this one, whose token is a new one: copies of it end, too."""
    web_sessions.end_all(session, person.user_id, but=token)
    audit.note(session, Deed.SIGNED_OUT_EVERYWHERE, person.email, by=person, now=now)
    return web_sessions.renew(session, token)


def _note(session: Session, desk: Desk, user: User, *, now: datetime) -> None:
    """A password changed: on the record, and its owner is told."""
    who = Sender(user.id, user.email, user.name, user.role, user.status)
    audit.note(session, Deed.PASSWORD_CHANGED, user.email, by=who, now=now)
    outbox.queue(session, [account_mail.password_changed(desk, user, now=now)])
