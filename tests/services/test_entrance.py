"""Which recipients are ours: plain addresses, and tokens that were issued."""

from datetime import datetime

import pytest
from sqlmodel import Session

from gateway import tokens
from gateway.config import Mail
from gateway.models.people import Token, TokenPurpose
from gateway.services import entrance
from tests.factories import make_topic

MAIL = Mail(address="soporte@example.com", reply_address="r+{token}@replies.example")
TOKEN = tokens.new_token()


def test_ours_are_the_house_the_topics_and_each_postmaster(session: Session) -> None:
    make_topic(session, "Red", address="red@example.com")
    make_topic(session, "Sin correo")
    make_topic(session, "Cerrada", address="Ventas@Café.example", enabled=False)
    found = entrance.ours(session, MAIL)
    assert found.domains == {"example.com", "replies.example", "xn--caf-dma.example"}
    assert found.addresses == {
        "soporte@example.com",
        "red@example.com",
        "ventas@xn--caf-dma.example",
        "postmaster@example.com",
        "postmaster@replies.example",
        "postmaster@xn--caf-dma.example",
    }


def test_without_reply_addresses_their_domain_is_not_ours(session: Session) -> None:
    found = entrance.ours(session, Mail(address="soporte@example.com", reply_address=""))
    assert found.domains == {"example.com"}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param(f"r+{TOKEN}@replies.example", (TokenPurpose.REPLY, TOKEN), id="reply address"),
        pytest.param(f"r+b-{TOKEN}@replies.example", (TokenPurpose.BOUNCE, TOKEN), id="bounce address"),
        pytest.param(f"r+{TOKEN}@example.com", None, id="another domain"),
        pytest.param("soporte@example.com", None, id="no token"),
    ],
)
def test_token_in(address: str, expected: tuple[TokenPurpose, str] | None) -> None:
    assert entrance.token_in(MAIL, address) == expected


@pytest.mark.parametrize(
    ("values", "asked", "expected"),
    [
        pytest.param({}, TOKEN, True, id="issued"),
        pytest.param({"revoked": True}, TOKEN, True, id="revoked, its mail must not be lost"),
        pytest.param({"expired": True}, TOKEN, True, id="expired, its mail must not be lost"),
        pytest.param({"purpose": TokenPurpose.BOUNCE}, TOKEN, False, id="of another purpose"),
        pytest.param({}, tokens.new_token(), False, id="never issued"),
    ],
)
def test_was_issued(
    session: Session, now: datetime, values: dict[str, object], asked: str, expected: bool
) -> None:
    session.add(
        Token(
            hash=tokens.hash_token(TOKEN),
            purpose=values.get("purpose", TokenPurpose.REPLY),
            created_at=now,
            revoked_at=now if values.get("revoked") else None,
            expires_at=now if values.get("expired") else None,
        )
    )
    session.flush()
    assert entrance.was_issued(session, TokenPurpose.REPLY, asked) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("laura@andina.example", "laura@andina.example", id="anybody"),
        pytest.param(f"r+{TOKEN}@replies.example", "r+{token}@replies.example", id="a token"),
        pytest.param(f"R+{TOKEN[:20].upper()}", "r+{token}@replies.example", id="most of a token"),
    ],
)
def test_shown(address: str, expected: str) -> None:
    assert entrance.shown(MAIL, address) == expected
