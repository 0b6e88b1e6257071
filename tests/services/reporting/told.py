"""The history itself: what is bound to happen, beside what chance brings."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session

from gateway.models.people import User
from gateway.runtime import Runtime
from gateway.services import clients, company_merge, idle, team, topics
from gateway.services.handover import Pending
from gateway.services.team import Leaving
from tests.services.reporting import mail_stories, stories
from tests.services.reporting.history import BEGIN, NORTE, SECOND, History, Story
from tests.services.reporting.stories import (
    at,
    client_mails,
    client_writes,
    close,
    close_by_itself,
    hand_over,
    move,
    reopen,
    reply,
    reply_and_close,
    steps,
    take,
)  # fmt: skip

SETTINGS: dict[str, dict[str, Any]] = {
    "trust": {"authserv_ids": ["mx.example.com"], "dkim": False},
    "tickets": {"auto_close_days": 20},
}
LONG, SHORT = 45, 135
LAST = timedelta(days=1) - timedelta(microseconds=1)
"""From the midnight a day begins with to its last microsecond."""

EDGES: list[tuple[datetime, Callable[[History], Story]]] = [
    # the change of the year
    (at("2026-12-31") + LAST, steps((at("2027-01-01"), reply), (at("2027-01-01"), close))),
    (at("2027-12-31") + LAST, steps((at("2027-12-31") + LAST, reply_and_close), (at("2028-01-01"), reopen))),
    (at("2026-12-30T17:30"), steps(
        (at("2026-12-31T17:59:59"), reply_and_close), (at("2027-01-04T09:00"), client_mails),
        (at("2027-01-04T09:15"), reply_and_close), (at("2027-12-31") + LAST, reopen),
        (at("2028-01-01"), close),
    )),
    # the end of February, in a leap year and before it
    (at("2028-02-28") + LAST, steps(
        (at("2028-02-29"), close), (at("2028-02-29") + LAST, reopen), (at("2028-03-01"), reply_and_close),
    )),
    (at("2027-02-28") + LAST, steps((at("2027-02-28") + LAST, reply), (at("2027-03-01"), close))),
    # the end of a month: closed by itself in it, opened again in the next
    (at("2027-01-29T10:00"), steps(
        (at("2027-01-29T10:30"), reply), (at("2027-01-31") + LAST, close_by_itself),
        (at("2027-02-01"), client_writes), (at("2027-02-28T12:00"), close_by_itself),
    )),
    # several times in one month, the next and the year after; given to somebody while it was closed
    (at("2026-06-01"), steps(
        (at("2026-06-02T11:00"), reply_and_close), (at("2026-06-03T11:00"), client_mails),
        (at("2026-06-10T11:00"), close), (at("2026-06-11T11:00"), take), (at("2026-06-30") + LAST, close),
        (at("2026-07-01"), hand_over), (at("2026-07-01"), move), (at("2026-08-17T12:00"), close_by_itself),
        (at("2027-06-01"), reopen), (at("2027-06-01T00:00:30"), close),
    )),
    # all in one moment, and within one minute
    (at("2026-10-09T15:00"), steps(
        *[(at("2026-10-09T15:00"), act) for act in (reply, close, reopen, take, close, client_mails, close)]
    )),
    (at("2026-10-09T15:00"), steps((at("2026-10-09T15:00:59", milliseconds=998), reply_and_close))),
    (at("2026-10-09T15:00:30"), steps((at("2026-10-09T15:01:30"), reply_and_close))),
    # two closings as many whole minutes after the receipt, on one day and on two
    (at("2026-10-09T16:00"), steps(
        (at("2026-10-09T16:05:10"), close), (at("2026-10-09T16:05:15"), reopen),
        (at("2026-10-09T16:05:40"), close_by_itself),
    )),
    (at("2026-05-10T12:00:30"), steps(
        (at("2026-05-31T23:59:40"), close), (at("2026-06-01"), client_mails),
        (at("2026-06-01T00:00:20"), close_by_itself),
    )),
    # across Holy Week and a week-end, and more than a million minutes
    (at("2026-04-01T17:59"), steps((at("2026-04-06T09:01"), reply), (at("2026-04-06T09:02"), close))),
    (BEGIN, steps((at("2028-03-15T12:00"), reply), (at("2028-03-15T12:00:01"), close))),
    # when clocks change in Santiago: an hour that is left out, one that comes twice
    (at("2026-09-06T00:59:59"), steps((at("2026-09-06T01:00"), reply_and_close))),
    (at("2026-04-04T23:30"), steps((at("2026-04-05T00:30"), reply), (at("2026-04-05T01:00"), close))),
]  # fmt: skip


def two_years(runtime: Runtime, session: Session) -> History:
    """Make it happen; nothing is committed."""
    history = History(runtime, session)
    for moment, story in EDGES:
        history.begin(story, moment)
    for moment, change in CHANGES:
        history.begin(partial(_once, change), moment)
    for moment, story in mail_stories.ALL:
        history.begin(story, moment)
    history.begin(_nightly, BEGIN + SECOND)
    for acts in (*[12] * LONG, *[2] * SHORT):
        history.begin(partial(stories.any_request, acts), history.some_time())
    history.happen()
    return history


def _nightly(history: History) -> Story:
    """What nobody needs any more closes by itself."""
    while True:
        while idle.close_some(history.session, history.office.desk, now=history.now):
            pass
        yield history.now + timedelta(days=9, hours=7)


# What changes about people while requests are there


def _merge(history: History) -> None:
    kept, gone = history.companies[0], history.companies[-1]
    company_merge.merge(history.session, kept, gone, by=history.sender(history.ana), now=history.now)


def _change_company(history: History) -> None:
    """Nadia works for another company now."""
    _give_company(history, history.clients[2], "Norte", NORTE)


def _leave_company(history: History) -> None:
    _give_company(history, history.clients[3], "", "")


def _give_company(history: History, client: User, company: str, cuit: str) -> None:
    clients.change(
        history.session, client.id, name=client.name, phone="", language="es", company=company, cuit=cuit,
        by=history.sender(history.ana), now=history.now,
    )  # fmt: skip


def _disable(history: History) -> None:
    _leave(history, history.vera, Pending(history.sofia.id))


def _be_away(history: History) -> None:
    _leave(history, history.bruno, Pending())


def _leave(history: History, operator: User, pending: Pending) -> None:
    ana = history.sender(history.ana)
    team.leave(history.session, operator.id, Leaving.DISABLED, pending, by=ana, now=history.now)


def _come_back(history: History) -> None:
    ana = history.sender(history.ana)
    team.enable(history.session, history.bruno.id, by=ana, now=history.now)


def _serve_less(history: History) -> None:
    """Sofía does not serve the topic any more where most of hers were."""
    topics.serve(history.session, history.sofia.id, [history.printers.id])


CHANGES = [
    (at("2026-11-10T10:00"), _merge),
    (at("2027-02-15T10:00"), _be_away),
    (at("2027-03-10T10:00"), _come_back),
    (at("2027-06-01T10:00"), _change_company),
    (at("2027-07-20T10:00"), _leave_company),
    (at("2027-09-01T10:00"), _disable),
    (at("2027-10-01T10:00"), _serve_less),
]


def _once(change: Callable[[History], None], history: History) -> Story:
    change(history)
    return
    yield
