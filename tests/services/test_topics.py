"""Topics: one default, operators who are confirmed, addresses that are nobody's."""

from datetime import datetime

import pytest
from sqlmodel import Session

from gateway import tokens
from gateway.errors import Invalid, NotFound
from gateway.models.topics import Topic
from gateway.rules.people import Role, UserStatus
from gateway.services.topics import add_topic, list_topics
from tests import factories

REPLY_ADDRESS = "soporte+{token}@sysmo.example"


def add(session: Session, name: str, now: datetime, **values: object) -> Topic:
    return add_topic(session, name, reply_address=REPLY_ADDRESS, now=now, **values)  # type: ignore[arg-type]


def test_the_first_topic_is_the_default_and_there_is_one_ever_after(session: Session, now: datetime) -> None:
    add(session, "Facturación", now)
    add(session, "Soporte", now)
    assert [line.name for line in list_topics(session) if line.default] == ["Facturación"]
    add(session, "Ventas", now, default=True)
    assert [line.name for line in list_topics(session) if line.default] == ["Ventas"]


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
