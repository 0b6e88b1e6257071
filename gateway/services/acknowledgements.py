"""May this request be acknowledged? Better silent than part of a flood or a loop (L4)."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from gateway.mail.reading import Reading
from gateway.rules import limits
from gateway.rules.limits import Rate
from gateway.rules.people import Verdict
from gateway.services import alerts, counters
from gateway.services.alerts import Cause
from gateway.services.desk import Desk

OVERALL = "ack"
BREAKER = "ack-breaker"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Whether one goes to the sender of a new request; `withheld` names the cap that keeps one back."""

    goes: bool
    withheld: str = ""


def decide(
    session: Session, desk: Desk, mail: Reading, our_addresses: frozenset[str], *, now: datetime
) -> Acknowledgement:
    """Decide on the acknowledgement of a new request, and count it if it goes.

    One is due only if an address of ours stands in To or Cc: a mail in blind copy or through a list
    was not written to us. When too many go out in a minute, whoever they go to, a breaker stops all
    of them for an hour and the administrators are told.
    """
    if not desk.mail.acknowledge or mail.sender is None or mail.from_list:
        return Acknowledgement(goes=False)
    if not our_addresses & {address.email for address in (*mail.to, *mail.cc)}:
        return Acknowledgement(goes=False)
    return decide_for(session, desk, mail.sender.email, mail.verdict, now=now)


def decide_for(
    session: Session, desk: Desk, email: str, verdict: Verdict, *, now: datetime
) -> Acknowledgement:
    """Decide on that of somebody who wrote to us, by mail or on the web, and count it if it goes."""
    if not desk.mail.acknowledge:
        return Acknowledgement(goes=False)
    caps = _caps(email, verdict)
    reached = counters.first_reached(session, caps, now=now)
    if reached is None:
        counters.count(session, *(name for name in caps if name != BREAKER), now=now)
        return Acknowledgement(goes=True)
    if reached == OVERALL:
        counters.count(session, BREAKER, now=now)
        alerts.raise_alert(session, desk, Cause.ACKNOWLEDGEMENTS, now=now)
    withheld = "too-many-at-once" if reached in (OVERALL, BREAKER) else reached.partition(":")[0]
    return Acknowledgement(goes=False, withheld=withheld)


def _caps(email: str, verdict: Verdict) -> dict[str, list[Rate]]:
    """Return what is counted, with its rates. The overall one is the last, so that it is only reached
    by one that would go otherwise."""
    own = [limits.ACKNOWLEDGEMENTS_HOUR, limits.ACKNOWLEDGEMENTS_DAY]
    caps = {BREAKER: [Rate(1, limits.ACKNOWLEDGEMENTS_PAUSE)], f"ack-address:{email}": own}
    if verdict is not Verdict.PASS:
        own.append(limits.ACKNOWLEDGEMENTS_UNVERIFIED)
        caps[f"ack-domain:{email.rpartition('@')[2]}"] = [limits.ACKNOWLEDGEMENTS_DOMAIN]
    return caps | {OVERALL: [limits.ACKNOWLEDGEMENTS_ALL]}
