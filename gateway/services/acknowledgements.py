"""May this request be acknowledged? Better silent than part of a flood or a loop (L4)."""

from datetime import datetime

from sqlmodel import Session

from gateway.mail.reading import Reading
from gateway.rules import limits
from gateway.rules.people import Verdict
from gateway.services import counters
from gateway.services.desk import Desk


def allowed(
    session: Session, desk: Desk, mail: Reading, our_addresses: frozenset[str], *, now: datetime
) -> bool:
    """Whether an acknowledgement may go to the sender of a new request; counts it if so.

    Only if one of our addresses stands in To or Cc: a mail in blind copy or through a list was not
    written to us.
    """
    if not desk.mail.acknowledge or mail.sender is None or mail.from_list:
        return False
    if not our_addresses & {address.email for address in (*mail.to, *mail.cc)}:
        return False
    email = mail.sender.email
    own = [limits.ACKNOWLEDGEMENTS_HOUR, limits.ACKNOWLEDGEMENTS_DAY]
    caps = {"ack": [limits.ACKNOWLEDGEMENTS_ALL], f"ack:{email}": own}
    if mail.verdict is not Verdict.PASS:
        own.append(limits.ACKNOWLEDGEMENTS_UNVERIFIED)
        caps[f"ack-domain:{email.rpartition('@')[2]}"] = [limits.ACKNOWLEDGEMENTS_DOMAIN]
    if not counters.all_allow(session, caps, now=now):
        return False
    counters.count(session, *caps, now=now)
    return True
