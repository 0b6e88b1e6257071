"""An empty database becomes a help desk that has been at work for three months."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from sqlmodel import Session

from gateway.demo.cast import Cast, Player, make_cast
from gateway.demo.performance import Stage
from gateway.demo.plot import DAYS, Author, in_order
from gateway.demo.post import Post
from gateway.demo.reading_marks import mark_read
from gateway.demo.strays import Due, Strays
from gateway.models.site import Deed
from gateway.models.topics import Topic
from gateway.rules.people import Role, Sender
from gateway.services import accounts, audit, topics
from gateway.services.desk import Desk

SEED = 1042
REQUESTS = 300
BY_STRAYS = 5
"""So many of them are opened by mail that no plot asked for."""

BEFORE = timedelta(days=DAYS + 20)


@dataclass(frozen=True, slots=True)
class SignIn:
    """An account to look around with, and what it is in the demo."""

    email: str
    name: str
    role: Role


def sign_ins() -> tuple[SignIn, ...]:
    """Return the three accounts a visitor is told of."""
    cast = make_cast(Random(SEED))  # noqa: S311  a play, no secret
    return (
        SignIn(cast.clients[0].email, cast.clients[0].name, Role.CLIENT),
        SignIn(cast.operators[0].email, cast.operators[0].name, Role.OPERATOR),
        SignIn(cast.administrator.email, cast.administrator.name, Role.ADMIN),
    )


def colleagues() -> tuple[SignIn, ...]:
    """Return the other operators: they have an account like anybody, and nobody is told its password."""
    cast = make_cast(Random(SEED))  # noqa: S311  a play, no secret
    return tuple(SignIn(each.email, each.name, Role.OPERATOR) for each in cast.operators[1:])


def fill(
    session: Session,
    desk: Desk,
    folder: Path,
    *,
    now: datetime,
    count: int = REQUESTS,
    told: Callable[[int], None] = lambda count: None,
) -> None:
    """Let three months happen that end at `now`; the same each time, but for the dates.

    It is one transaction, whoever calls opens it: half a demo is none. `told` hears of each request.
    """
    dice = Random(SEED)  # noqa: S311  a play, no secret
    zone = ZoneInfo(desk.site.timezone)
    cast = make_cast(dice)
    found = _set_up(session, desk, cast, now=now - BEFORE)
    stage = Stage(session, desk, Post(session, desk, folder), found, dice, zone)
    strays = Strays(stage, cast.administrator, cast.operators, desk.mail.address)
    plots = Author(dice, cast, zone, now).write(max(count - BY_STRAYS, 0))
    waiting = strays.schedule(now)
    for plot, act in in_order(plots):
        while waiting and waiting[0].at < act.at:
            _come(stage, waiting.pop(0))
        stage.perform(plot, act)
        told(int(plot.acts[0] is act))
    for due in waiting:
        _come(stage, due)
    stage.hand_out(now=now)
    mark_read(session, {case.ticket: case.plot for case in stage.cases.values()}, dice, now=now)


def _come(stage: Stage, due: Due) -> None:
    stage.hand_out(now=due.at)
    due.come(due.at)


def _set_up(session: Session, desk: Desk, cast: Cast, *, now: datetime) -> dict[str, Topic]:
    """Make the accounts and the topics, a little apart, as an administrator does in a first week."""
    administrator = _account(session, desk, cast.administrator, Role.ADMIN, now=now)
    audit.note(session, Deed.SET_UP, cast.administrator.email, by=administrator, now=now)
    for number, operator in enumerate(cast.operators, 1):
        at = now + timedelta(minutes=9 * number)
        _account(session, desk, operator, Role.OPERATOR, now=at)
        audit.note(session, Deed.USER_ADDED, operator.email, by=administrator, now=at, role=Role.OPERATOR)
    made = {}
    for number, each in enumerate(cast.topics):
        at = now + timedelta(hours=2, minutes=4 * number)
        topic = topics.add_topic(
            session,
            each.name,
            address=each.address,
            operators=[operator.email for operator in each.operators],
            default=each.stories == "punto-de-venta",
            reply_address=desk.mail.reply_address,
            by=administrator,
            now=at,
        )
        topic.description, topic.position = each.description, number
        session.add(topic)
        made[each.name] = topic
    for number, client in enumerate(each for each in cast.clients if each.registered):
        _account(session, desk, client, Role.CLIENT, now=now + timedelta(hours=4 * number))
    session.flush()
    return made


def _account(session: Session, desk: Desk, player: Player, role: Role, *, now: datetime) -> Sender:
    firm = player.firm
    user = accounts.create_user(
        session,
        desk.mail,
        email=player.email,
        name=player.name,
        role=role,
        company_name=firm.name if firm else None,
        cuit=firm.cuit if firm else None,
        now=now,
    )
    user.phone = player.phone
    session.add(user)
    session.flush()
    return Sender(user.id, user.email, user.name, user.role, user.status)
