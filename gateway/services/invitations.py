"""The mail with a link that sets a password, which an administrator starts and never sees."""

from datetime import datetime

from sqlmodel import Session

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.models.people import User
from gateway.models.site import Deed
from gateway.rules.people import Sender, UserStatus
from gateway.services import accounts, audit, notifications
from gateway.services.desk import Desk


def send(session: Session, desk: Desk, user: User, *, new_account: bool, now: datetime) -> None:
    """Queue the mail; links that were sent before are void from now on."""
    token, life = accounts.start_reset(session, user, now=now)
    minutes = int(life.total_seconds() // 60)
    notifications.set_password(session, desk, user, token, minutes=minutes, new_account=new_account, now=now)


def reset(session: Session, desk: Desk, user: User, *, by: Sender | None, now: datetime) -> User:
    """Send a confirmed user the link to a new password."""
    if user.status is not UserStatus.ACTIVE:
        raise Invalid("email", _("This account is disabled or not confirmed, so it has no password."))
    send(session, desk, user, new_account=user.password_hash is None, now=now)
    audit.note(session, Deed.RESET_STARTED, user.email, by=by, now=now)
    return user
