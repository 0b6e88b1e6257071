"""The team: who may be in it, who may change whom, and what becomes of the requests of who leaves."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from gateway.db import Database
from gateway.errors import DomainError, Invalid, NotFound
from gateway.models.columns import table_of
from gateway.models.people import User, WebSession
from gateway.models.queues import OutboxItem, PendingNotice
from gateway.models.site import AuditEntry, Deed
from gateway.models.tickets import Event, Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.lifecycle import EventKind, Status
from gateway.rules.people import Notices, Role, Sender, UserStatus
from gateway.runtime import Runtime
from gateway.services import accounts, digests, team, team_lists, web_sessions
from gateway.services.desk import Desk, open_desk
from gateway.services.handover import Pending
from gateway.services.team import Leaving
from tests.factories import make_operator, make_ticket, make_topic, make_user, sender_of

ADA = "ada@sysmo.example"


@pytest.fixture
def ada(session: Session) -> User:
    return make_operator(session, ADA, name="Ada", role=Role.ADMIN)


@pytest.fixture
def martin(session: Session) -> User:
    return make_operator(session)


@pytest.fixture
def billing(session: Session, martin: User) -> Topic:
    return make_topic(session, "Facturación", martin, is_default=True)


@pytest.fixture
def desk(runtime: Runtime) -> Desk:
    return open_desk(runtime.config, runtime.secret)


def add(session: Session, desk: Desk, ada: User, now: datetime, **values: object) -> User:
    fields: dict[str, object] = {
        "email": "paula@sysmo.example",
        "name": "Paula Medina",
        "role": Role.OPERATOR,
        "topic_ids": (),
        "convert": False,
    }
    return team.add(session, desk, by=sender_of(ada), now=now, **(fields | values))  # type: ignore[arg-type]


def change(session: Session, user: User, by: User, now: datetime, **values: object) -> User:
    fields: dict[str, object] = {"name": user.name, "role": user.role, "topic_ids": ()}
    return team.change(session, user.id, by=sender_of(by), now=now, **(fields | values))  # type: ignore[arg-type]


def deeds(session: Session) -> list[tuple[Deed, str]]:
    rows = session.execute(select(AuditEntry).order_by(col(AuditEntry.id))).scalars()
    return [(each.deed, each.subject) for each in rows]


def sessions(session: Session, user: User) -> int:
    return len(session.execute(select(WebSession).where(col(WebSession.user_id) == user.id)).all())


def mailed(session: Session) -> list[str]:
    return list(session.execute(select(table_of(OutboxItem).c.recipient)).scalars())


def test_a_new_operator_has_no_password_and_is_sent_a_link(
    session: Session, desk: Desk, ada: User, billing: Topic, now: datetime
) -> None:
    made = add(session, desk, ada, now, topic_ids=[billing.id])
    assert (made.status, made.role, made.password_hash) == (UserStatus.ACTIVE, Role.OPERATOR, None)
    assert team_lists.one(session, made.id).topics == ["Facturación"]
    assert mailed(session) == ["paula@sysmo.example"]
    assert deeds(session) == [(Deed.USER_ADDED, "paula@sysmo.example")]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        pytest.param({"email": "nobody"}, "email", id="no address"),
        pytest.param({"email": "ventas@sysmo.example"}, "email", id="a topic's address (L7)"),
        pytest.param({"email": "soporte@example.com"}, "email", id="the address of the house (L7)"),
        pytest.param({"email": ADA}, "email", id="somebody of the team"),
        pytest.param({"email": "gone@andina.example", "convert": True}, "email", id="a disabled client"),
        pytest.param({"email": "laura.gimenez@andina.example"}, "convert", id="a client, not confirmed"),
        pytest.param({"name": " \u202e "}, "name", id="no name"),
        pytest.param({"role": Role.CLIENT}, "role", id="a client's role"),
    ],
)
def test_who_cannot_join_the_team_is_refused_by_the_field(
    session: Session, desk: Desk, now: datetime, values: dict[str, object], field: str
) -> None:
    ada = make_operator(session, ADA, role=Role.ADMIN)
    make_user(session)
    make_user(session, "gone@andina.example", status=UserStatus.DISABLED)
    make_topic(session, "Ventas", address="ventas@sysmo.example")
    with pytest.raises(Invalid) as refused:
        add(session, desk, ada, now, **values)
    assert (refused.value.field, mailed(session)) == (field, [])


def test_a_topic_that_is_not_there_is_not_found(
    session: Session, desk: Desk, ada: User, now: datetime
) -> None:
    with pytest.raises(NotFound):
        add(session, desk, ada, now, topic_ids=[999])


def test_a_client_becomes_an_operator_when_it_is_meant(
    session: Session, desk: Desk, ada: User, now: datetime
) -> None:
    laura = make_user(session, password_hash="hers")
    web_sessions.start(session, laura, now=now)
    add(session, desk, ada, now, email=laura.email, convert=True)
    assert (laura.role, laura.password_hash, mailed(session)) == (Role.OPERATOR, "hers", [])
    assert sessions(session, laura) == 0


def test_who_never_confirmed_an_address_starts_without_the_password_they_gave(
    session: Session, desk: Desk, ada: User, now: datetime
) -> None:
    someone = make_user(session, status=UserStatus.UNCONFIRMED, password_hash="a stranger's")
    add(session, desk, ada, now, email=someone.email, convert=True)
    assert (someone.status, someone.password_hash) == (UserStatus.ACTIVE, None)
    assert mailed(session) == [someone.email]


def test_another_role_ends_all_sessions_and_another_name_none(
    session: Session, ada: User, martin: User, now: datetime
) -> None:
    web_sessions.start(session, martin, now=now)
    change(session, martin, ada, now, name="Martín")
    assert sessions(session, martin) == 1
    change(session, martin, ada, now, role=Role.ADMIN)
    assert (sessions(session, martin), martin.role) == (0, Role.ADMIN)


def test_what_they_want_to_hear_of_a_topic_they_keep_is_kept(
    session: Session, ada: User, martin: User, billing: Topic, now: datetime
) -> None:
    row = session.get(TopicOperator, (billing.id, martin.id))
    assert row is not None
    row.notices = Notices.MINE
    session.flush()
    other = make_topic(session, "Ventas")
    change(session, martin, ada, now, topic_ids=[other.id, billing.id])
    assert row.notices is Notices.MINE
    assert team_lists.one(session, martin.id).topic_ids == {billing.id, other.id}
    change(session, martin, ada, now, topic_ids=[other.id])
    assert team_lists.one(session, martin.id).topic_ids == {other.id}


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.CLIENT])
def test_nobody_changes_their_own_role(session: Session, ada: User, now: datetime, role: Role) -> None:
    make_operator(session, "otra@sysmo.example", role=Role.ADMIN)
    with pytest.raises(Invalid):
        change(session, ada, ada, now, role=role)
    for leaving in Leaving:
        with pytest.raises(Invalid):
            team.leave(session, ada.id, leaving, Pending(), by=sender_of(ada), now=now)
    assert (ada.role, ada.status) == (Role.ADMIN, UserStatus.ACTIVE)


def test_a_client_is_none_of_the_team(session: Session, ada: User, now: datetime) -> None:
    laura = make_user(session)
    by = sender_of(ada)
    for act in (
        lambda: change(session, laura, ada, now, role=Role.OPERATOR),
        lambda: team.leave(session, laura.id, Leaving.DISABLED, Pending(), by=by, now=now),
        lambda: team.enable(session, laura.id, by=by, now=now),
        lambda: team_lists.one(session, laura.id),
        lambda: team.enable(session, 10**20, by=by, now=now),
    ):
        with pytest.raises(NotFound):
            act()


def test_who_is_disabled_is_out_at_once_and_comes_back_to_their_topics(
    session: Session, ada: User, martin: User, billing: Topic, now: datetime
) -> None:
    web_sessions.start(session, martin, now=now)
    token, _ = accounts.start_reset(session, martin, now=now)
    team.leave(session, martin.id, Leaving.DISABLED, Pending(), by=sender_of(ada), now=now)
    assert (martin.status, sessions(session, martin)) == (UserStatus.DISABLED, 0)
    assert accounts.user_of_reset(session, token, now=now) is None
    team.enable(session, martin.id, by=sender_of(ada), now=now)
    assert team_lists.one(session, martin.id).topics == ["Facturación"]
    assert deeds(session) == [(Deed.USER_DISABLED, martin.email), (Deed.USER_ENABLED, martin.email)]


def test_who_becomes_a_client_answers_nothing_any_more(
    session: Session, ada: User, martin: User, billing: Topic, now: datetime
) -> None:
    web_sessions.start(session, martin, now=now)
    team.leave(session, martin.id, Leaving.CLIENT, Pending(), by=sender_of(ada), now=now)
    assert (martin.role, sessions(session, martin)) == (Role.CLIENT, 0)
    assert session.get(TopicOperator, (billing.id, martin.id)) is None


def test_open_requests_go_back_to_their_topic_and_its_operators_hear_of_it_in_one_mail(
    session: Session, desk: Desk, martin: User, billing: Topic, now: datetime
) -> None:
    ada = make_operator(session, ADA, role=Role.ADMIN)
    carla = make_operator(session, "carla@sysmo.example", name="Carla")
    session.add(TopicOperator(topic_id=billing.id, user_id=carla.id))
    client = make_user(session)
    fresh, answered, closed = (
        make_ticket(session, client, billing, assignee_id=martin.id, **values)
        for values in (
            {"status": Status.IN_PROGRESS},
            {"status": Status.IN_PROGRESS, "first_reply_at": now},
            {"status": Status.CLOSED},
        )
    )
    assert team.leave(session, martin.id, Leaving.DISABLED, Pending(), by=sender_of(ada), now=now) == 2
    session.expire_all()
    found = [(each.assignee_id, each.status) for each in (fresh, answered, closed)]
    assert found == [(None, Status.NEW), (None, Status.IN_PROGRESS), (martin.id, Status.CLOSED)]
    events = session.execute(select(Event.ticket_id, Event.kind, Event.actor_id)).all()  # type: ignore[call-overload]
    assert sorted(events) == [(each.id, EventKind.MOVED, ada.id) for each in (fresh, answered)]
    digests.send(session, desk, now=now)
    assert mailed(session) == ["carla@sysmo.example"]


def test_open_requests_go_to_a_colleague(
    session: Session, ada: User, martin: User, billing: Topic, now: datetime
) -> None:
    carla = make_operator(session, "carla@sysmo.example", name="Carla")
    ticket = make_ticket(session, make_user(session), billing, assignee_id=martin.id)
    team.leave(session, martin.id, Leaving.CLIENT, Pending(carla.id), by=sender_of(ada), now=now)
    session.expire_all()
    assert (ticket.assignee_id, ticket.status) == (carla.id, Status.IN_PROGRESS)
    notice = session.execute(select(PendingNotice)).scalar_one()
    assert (notice.user_id, notice.ticket_id) == (carla.id, ticket.id)


@pytest.mark.parametrize("whom", ["a client", "who leaves", "disabled", "nobody"])
def test_requests_go_to_nobody_who_cannot_answer_them(
    session: Session, ada: User, martin: User, now: datetime, whom: str
) -> None:
    gone = make_operator(session, "gone@sysmo.example", status=UserStatus.DISABLED)
    people = {"a client": make_user(session).id, "who leaves": martin.id, "disabled": gone.id, "nobody": 999}
    with pytest.raises(Invalid) as refused:
        team.leave(session, martin.id, Leaving.DISABLED, Pending(people[whom]), by=sender_of(ada), now=now)
    assert refused.value.field == "to"


def test_more_requests_than_are_passed_on_at_once_all_are(
    session: Session, martin: User, billing: Topic, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_operator(session, ADA, role=Role.ADMIN)
    monkeypatch.setattr("gateway.services.handover.AT_ONCE", 2)
    client = make_user(session)
    for _each in range(5):
        make_ticket(session, client, billing, assignee_id=martin.id)
    assert team.leave(session, martin.id, Leaving.DISABLED, Pending(), by=sender_of(ada), now=now) == 5
    session.expire_all()
    assert set(session.execute(select(table_of(Ticket).c.assignee_id)).scalars()) == {None}


def test_a_reset_is_started_and_seen_by_nobody_else(
    session: Session, desk: Desk, ada: User, martin: User, now: datetime
) -> None:
    martin.password_hash = "his"
    session.flush()
    team.reset(session, desk, martin.id, by=sender_of(ada), now=now)
    assert (martin.password_hash, mailed(session)) == ("his", [martin.email])
    assert deeds(session) == [(Deed.RESET_STARTED, martin.email)]
    martin.status = UserStatus.DISABLED
    session.flush()
    with pytest.raises(Invalid):
        team.reset(session, desk, martin.id, by=sender_of(ada), now=now)


@pytest.mark.parametrize("how", ["role", "disabled"])
def test_of_two_administrators_who_take_each_other_away_at_the_same_time_one_stays(
    database: Database, now: datetime, how: str
) -> None:
    with database.transaction() as session:
        first = sender_of(make_operator(session, ADA, role=Role.ADMIN))
        second = sender_of(make_operator(session, "eva@sysmo.example", role=Role.ADMIN))
    barrier = Barrier(2)

    def take_away(by: Sender, other: Sender) -> bool:
        barrier.wait(10)
        try:
            with database.transaction() as session:
                if how == "role":
                    team.change(
                        session, other.user_id, name="X", role=Role.OPERATOR, topic_ids=(), by=by, now=now
                    )
                else:
                    team.leave(session, other.user_id, Leaving.DISABLED, Pending(), by=by, now=now)
        except DomainError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(take_away, (first, second), (second, first)))
    assert sorted(done) == [False, True]
    with database.snapshot() as session:
        assert len(accounts_that_administer(session)) == 1


def accounts_that_administer(session: Session) -> list[int]:
    person = table_of(User).c
    return list(
        session.execute(
            select(person.id).where(person.role == Role.ADMIN, person.status == UserStatus.ACTIVE)
        ).scalars()
    )


def test_the_list_says_who_was_seen_and_what_they_have_open(
    session: Session, ada: User, martin: User, billing: Topic, now: datetime
) -> None:
    web_sessions.start(session, martin, now=now)
    make_ticket(session, make_user(session), billing, assignee_id=martin.id)
    make_operator(session, "aaa@sysmo.example", name="Aaa", status=UserStatus.DISABLED)
    shown = [(each.shown, each.open, each.seen_at) for each in team_lists.every(session)]
    assert shown == [("Ada", 0, None), ("Martín Sosa", 1, now), ("Aaa", 0, None)]
