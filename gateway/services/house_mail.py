"""Mail of the house about no single request: on an account, to administrators, a digest → an outbox row."""

from datetime import datetime
from typing import Any

from gateway import tokens
from gateway.mail.addresses import Address
from gateway.mail.notice import Automatic, Notice, Template, Values
from gateway.models.people import User
from gateway.models.queues import Purpose
from gateway.services.desk import Desk
from gateway.services.notices import outbox_row


def row(
    desk: Desk, to: User, template: Template, purpose: Purpose, values: Values, *, now: datetime
) -> dict[str, Any]:
    """Return the outbox row; it is automatic, has no reply address, and is not sent twice (E5)."""
    notice = Notice(
        template=template,
        language=to.language,
        sender=Address(desk.mail.address, desk.site.name),
        reply_to=None,
        to=Address(to.email, to.name),
        message_id=f"{tokens.new_token()}@{desk.mail.message_id_domain}",
        date=now,
        timezone=desk.site.timezone,
        automatic=Automatic.GENERATED,
        loop=desk.loop,
        values=values,
    )
    return outbox_row(desk, notice, purpose, resend=False, user_id=to.id, now=now)
