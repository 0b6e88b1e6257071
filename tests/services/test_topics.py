"""Topics: one default, operators who are confirmed, addresses that are nobody's."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlmodel import Session, col

from gateway import tokens
from gateway.db import Database
from gateway.errors import Invalid, NotFound
from gateway.models.columns import table_of
from gateway.models.site import AuditEntry, Deed
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Status
from gateway.rules.people import Role, Sender, UserStatus
from gateway.runtime import Runtime
from gateway.services import topic_lists, topics
from gateway.services.topics import add_topic, list_topics
from tests import factories
from tests.conftest import POSTGRES_ONLY
from tests.office import Office, mail

REPLY_ADDRESS = "soporte+{token}@sysmo.example"


def add(session: Session, name: str, now: datetime, **values: object) -> Topic:
    return add_topic(session, name, reply_address=REPLY_ADDRESS, now=now, **values)  # type: ignore[arg-type]


def test_the_first_topic_is_the_default_and_there_is_one_ever_after(session: Session, now: datetime) -> None:
    add(session, "Facturación", now)
    add(session, "Soporte", now)
    assert [line.name for line in list_topics(session) if line.default] == ["Facturación"]
    add(session, "Ventas", now, default=True)
    assert [line.name for line in list_topics(session) if line.default] == ["Ventas"]


@POSTGRES_ONLY
@pytest.mark.parametrize(
    ("second", "kept"),
    [
        pytest.param({"name": "Ventas"}, [("Soporte", True), ("Ventas", False)], id="two first ones"),
        pytest.param(
            {"name": "Ventas", "default": True},
            [("Soporte", False), ("Ventas", True)],
            id="the second is to be the default",
        ),
        pytest.param({"name": "soporte"}, [("Soporte", True)], id="of the same name"),
    ],
)
def test_of_two_first_topics_made_at_the_same_moment_one_is_the_default(
    database: Database, now: datetime, second: dict[str, Any], kept: list[tuple[str, bool]]
) -> None:
    """The first is not committed when the second looks, and sees none. SQLite lets one in at a time."""

    def make_second() -> bool:
        try:
            with database.transaction() as session:
                add(session, now=now, **second)
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            add(session, "Soporte", now)
            waiting = pool.submit(make_second)
            _until_somebody_waits(session)
        assert waiting.result(10) is (len(kept) == 2)
    with database.snapshot() as session:
        assert [(line.name, line.default) for line in list_topics(session)] == kept


def _until_somebody_waits(session: Session) -> None:
    waits = "datname = current_database() AND wait_event_type = 'Lock'"
    for _look in range(1000):
        if session.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE {waits}")).scalar_one():
            return
        session.execute(text("SELECT pg_sleep(0.01), pg_stat_clear_snapshot()"))
    raise AssertionError("nobody waits for the first topic")


def test_operators_are_listed_in_the_order_of_their_accounts(session: Session, now: datetime) -> None:
    factories.make_operator(session, "ana@sysmo.example")
    factories.make_user(session, "root@sysmo.example", role=Role.ADMIN)
    add(session, "Ventas", now, operators=["root@sysmo.example", "ANA@sysmo.example", "ana@sysmo.example"])
    assert list_topics(session)[0].operators == ("ana@sysmo.example", "root@sysmo.example")


def test_the_address_is_kept_in_its_normal_form(session: Session, now: datetime) -> None:
    assert add(session, "Ventas", now, address="Ventas@SYSMO.example").address == "ventas@sysmo.example"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        pytest.param("name", {"name": "  "}, id="no name"),
        pytest.param("name", {"name": "x" * 121}, id="a name of 121 characters"),
        pytest.param("name", {"name": "Ventas\x1b[2J"}, id="a name that moves the cursor"),
        pytest.param("name", {"name": "FACTURACION"}, id="a name that differs in case and accents only"),
        pytest.param("address", {"address": "no address"}, id="no address"),
        pytest.param("address", {"address": "facturas@sysmo.example"}, id="another topic's address"),
        pytest.param("address", {"address": "laura@andina.example"}, id="the address of a person (L7)"),
        pytest.param(
            "address",
            {"address": REPLY_ADDRESS.format(token=tokens.new_token())},
            id="the form of a reply address (L7)",
        ),
        pytest.param(
            "address",
            {"address": REPLY_ADDRESS.format(token="b-" + tokens.new_token())},
            id="the form of a bounce address (L7)",
        ),
        pytest.param("operator", {"operators": ["laura@andina.example"]}, id="a client as operator"),
        pytest.param("operator", {"operators": ["new@sysmo.example"]}, id="an operator not confirmed yet"),
        pytest.param("operator", {"operators": ["gone@sysmo.example"]}, id="an operator who was disabled"),
    ],
)
def test_what_no_topic_can_have_is_refused(
    session: Session, now: datetime, field: str, values: dict[str, object]
) -> None:
    factories.make_user(session, "laura@andina.example")
    factories.make_operator(session, "new@sysmo.example", status=UserStatus.UNCONFIRMED)
    factories.make_operator(session, "gone@sysmo.example", status=UserStatus.DISABLED)
    add(session, "Facturación", now, address="facturas@sysmo.example")
    with pytest.raises(Invalid) as refused:
        add(session, **({"name": "Ventas", "now": now} | values))  # type: ignore[arg-type]
    assert refused.value.field == field


def test_an_unknown_operator_is_named(session: Session, now: datetime) -> None:
    with pytest.raises(NotFound, match="nadie@sysmo"):
        add(session, "Ventas", now, operators=["nadie@sysmo.example"])


@pytest.fixture
def ada(session: Session) -> Sender:
    return factories.sender_of(factories.make_operator(session, "ada@sysmo.example", role=Role.ADMIN))


def change(session: Session, topic: Topic, ada: Sender, now: datetime, **values: object) -> Topic:
    fields: dict[str, object] = {
        "name": topic.name,
        "description": topic.description,
        "address": topic.address,
        "operators": (),
        "default": False,
    }
    return topics.change_topic(
        session, topic.id, reply_address=REPLY_ADDRESS, by=ada, now=now, **(fields | values)
    )  # type: ignore[arg-type]


def defaults(session: Session) -> list[str]:
    return [line.name for line in list_topics(session) if line.default]


def test_a_topic_can_keep_what_it_has(session: Session, now: datetime, ada: Sender) -> None:
    topic = add(session, "Ventas", now, address="ventas@sysmo.example", description="Precios")
    changed = change(session, topic, ada, now, name="VENTAS", operators=["ada@sysmo.example"])
    assert (changed.name, changed.address, changed.is_default) == ("VENTAS", "ventas@sysmo.example", True)
    assert list_topics(session)[0].operators == ("ada@sysmo.example",)
    assert [(each.deed, each.subject) for each in audited(session)] == [
        (Deed.TOPIC_ADDED, "Ventas"),
        (Deed.TOPIC_CHANGED, "VENTAS"),
    ]


def test_another_default_takes_the_place_of_the_first(session: Session, now: datetime, ada: Sender) -> None:
    first, second = add(session, "Ventas", now), add(session, "Soporte", now)
    change(session, second, ada, now, default=True)
    assert defaults(session) == ["Soporte"]
    change(session, first, ada, now)
    assert defaults(session) == ["Soporte"]


def test_the_default_cannot_be_switched_off_nor_one_that_is_off_be_the_default(
    session: Session, now: datetime, ada: Sender
) -> None:
    first, second = add(session, "Ventas", now), add(session, "Soporte", now)
    with pytest.raises(Invalid, match="default topic"):
        topics.switch(session, first.id, enabled=False, by=ada, now=now)
    topics.switch(session, second.id, enabled=False, by=ada, now=now)
    with pytest.raises(Invalid, match="disabled topic"):
        change(session, second, ada, now, default=True)
    assert defaults(session) == ["Ventas"]
    topics.switch(session, second.id, enabled=True, by=ada, now=now)
    assert [each.enabled for each in topic_lists.every(session)] == [True, True]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        pytest.param("name", {"name": "facturacion"}, id="another topic's name"),
        pytest.param("description", {"description": "x" * 201}, id="a description of 201 characters"),
        pytest.param("address", {"address": "facturas@sysmo.example"}, id="another topic's address"),
        pytest.param("address", {"address": "ADA@sysmo.example"}, id="a person's address (L7)"),
        pytest.param(
            "address", {"address": REPLY_ADDRESS.format(token=tokens.new_token())}, id="a reply address (L7)"
        ),
        pytest.param(
            "address",
            {"address": REPLY_ADDRESS.format(token="b-" + tokens.new_token())},
            id="a bounce address (L7)",
        ),
    ],
)
def test_a_topic_is_not_changed_to_what_none_can_be(
    session: Session, now: datetime, ada: Sender, field: str, values: dict[str, object]
) -> None:
    add(session, "Facturación", now, address="facturas@sysmo.example")
    topic = add(session, "Ventas", now)
    with pytest.raises(Invalid) as refused:
        change(session, topic, ada, now, **values)
    assert refused.value.field == field


def test_the_order_is_that_of_moving_one_up_and_down(session: Session, now: datetime) -> None:
    made = {name: add(session, name, now) for name in ("Uno", "Dos", "Tres")}
    topics.move(session, made["Tres"].id, up=True)
    topics.move(session, made["Uno"].id, up=True)
    assert [each.name for each in topic_lists.every(session)] == ["Uno", "Tres", "Dos"]
    topics.move(session, made["Uno"].id, up=False)
    topics.move(session, made["Dos"].id, up=False)
    assert [each.name for each in topic_lists.names(session)] == ["Tres", "Uno", "Dos"]
    with pytest.raises(NotFound):
        topics.move(session, 999, up=True)


def test_a_list_names_who_answers_now_and_counts_what_is_open(
    session: Session, now: datetime, ada: Sender
) -> None:
    martin = factories.make_operator(session)
    topic = add(session, "Ventas", now, operators=["ada@sysmo.example", martin.email])
    client = factories.make_user(session)
    for status in Status:
        factories.make_ticket(session, client, topic, status=status)
    martin.status = UserStatus.DISABLED
    session.flush()
    (shown,) = topic_lists.every(session)
    assert ([each.email for each in shown.operators], shown.open) == (["ada@sysmo.example"], 2)
    change(session, topic, ada, now, operators=())
    assert not topic_lists.is_served(session)
    martin.status = UserStatus.ACTIVE
    session.flush()
    assert [each.email for each in topic_lists.one(session, topic.id).operators] == [martin.email]


def test_mail_to_a_topic_that_is_off_goes_to_the_default_and_its_requests_stay(
    session: Session, now: datetime, ada: Sender, runtime: Runtime
) -> None:
    add(session, "Soporte", now, operators=["ada@sysmo.example"])
    sales = add(session, "Ventas", now, address="ventas@example.com", operators=["ada@sysmo.example"])
    office = Office(runtime, session, now)
    office.deliver(mail(to="ventas@example.com"), recipients=["ventas@example.com"])
    topics.switch(session, sales.id, enabled=False, by=ada, now=now)
    office.deliver(mail(to="ventas@example.com", message_id="2@x.example"), recipients=["ventas@example.com"])
    found = session.execute(select(table_of(Topic).c.name).join(Ticket).order_by(table_of(Ticket).c.id))
    assert list(found.scalars()) == ["Ventas", "Soporte"]


def audited(session: Session) -> list[AuditEntry]:
    return list(session.execute(select(AuditEntry).order_by(col(AuditEntry.id))).scalars())
