"""Mail of the house about no single request: on an account, to administrators, a digest → an outbox row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway import tokens
from gateway.mail.addresses import Address
from gateway.mail.notice import AttachedRef, Automatic, Notice, Template, Values, share_out
from gateway.models.people import User
from gateway.models.queues import Purpose
from gateway.services.desk import Desk
from gateway.services.notices import outbox_row


def row(
    desk: Desk,
    to: User,
    template: Template,
    purpose: Purpose,
    values: Values,
    *,
    now: datetime,
    files: Sequence[AttachedRef] = (),
) -> dict[str, Any]:
    """Return the outbox row; it is automatic, has no reply address, and is not sent twice (E5).

    Files that are too large for a mail are links in it.
    """
    notice = _notice(desk, Address(to.email, to.name), to.language, template, values, now=now)
    attached, linked = share_out(files, desk.mail.attach_max_bytes)
    notice = replace(notice, attached=attached, linked=linked)
    return outbox_row(desk, notice, purpose, resend=False, user_id=to.id, now=now)


def row_to_address(
    desk: Desk,
    to: tuple[str, str],
    template: Template,
    purpose: Purpose,
    values: Values,
    *,
    now: datetime,
) -> dict[str, Any]:
    """The same to a bare address with its language, of which nobody knows yet whose it is."""
    email, language = to
    notice = _notice(desk, Address(email), language, template, values, now=now)
    return outbox_row(desk, notice, purpose, resend=False, user_id=None, now=now)


def _notice(
    desk: Desk, to: Address, language: str, template: Template, values: Values, *, now: datetime
) -> Notice:
    return Notice(
        template=template,
        language=language,
        sender=Address(desk.mail.address, desk.site.name),
        reply_to=None,
        to=to,
        message_id=f"{tokens.new_token()}@{desk.mail.message_id_domain}",
        date=now,
        timezone=desk.site.timezone,
        automatic=Automatic.GENERATED,
        loop=desk.loop,
        values=values,
    )
