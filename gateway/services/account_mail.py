"""Mail about an account: the links that set a password or confirm an address, and what changed."""

from datetime import datetime, timedelta
from typing import Any

from gateway.mail.notice import Template, Values
from gateway.models.people import User
from gateway.models.queues import Purpose
from gateway.services import house_mail
from gateway.services.desk import Desk


def set_password(
    desk: Desk, user: User, token: str, *, minutes: int, new_account: bool, now: datetime
) -> dict[str, Any]:
    """The row of the mail with the link that sets a password (`/clave/TOKEN`)."""
    values = Values(
        site=desk.site.name,
        support=desk.support,
        recipient=user.name,
        action_url=desk.url(f"/clave/{token}"),
        link_minutes=minutes,
        new_account=new_account,
        help_address=desk.mail.address,
    )
    return house_mail.row(desk, user, Template.SET_PASSWORD, Purpose.RESET, values, now=now)


def password_changed(desk: Desk, user: User, *, now: datetime) -> dict[str, Any]:
    """The row of the mail that tells somebody that their password is another one now (W9)."""
    values = Values(
        site=desk.site.name,
        recipient=user.name,
        reset_url=desk.url("/clave"),
        help_address=desk.mail.address,
    )
    return house_mail.row(desk, user, Template.PASSWORD_CHANGED, Purpose.SECURITY, values, now=now)


def confirm_account(
    desk: Desk, email: str, language: str, token: str, life: timedelta, *, now: datetime
) -> dict[str, Any]:
    """The row of the mail with the link that confirms an address (`/confirmar/TOKEN`).

    It greets nobody: the name is what somebody typed who may not own the address, and could be an advert.
    """
    values = Values(
        site=desk.site.name,
        action_url=desk.url(f"/confirmar/{token}"),
        link_minutes=int(life.total_seconds() // 60),
        help_address=desk.mail.address,
    )
    template, purpose = Template.CONFIRM_ACCOUNT, Purpose.CONFIRM
    return house_mail.row_to_address(desk, (email, language), template, purpose, values, now=now)


def already_registered(desk: Desk, email: str, language: str, *, now: datetime) -> dict[str, Any]:
    """The row of the mail to an address that was registered and has an account: where to sign in."""
    values = Values(
        site=desk.site.name,
        action_url=desk.url("/ingresar"),
        reset_url=desk.url("/clave"),
        help_address=desk.mail.address,
    )
    template, purpose = Template.ALREADY_REGISTERED, Purpose.CONFIRM
    return house_mail.row_to_address(desk, (email, language), template, purpose, values, now=now)
