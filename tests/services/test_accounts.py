"""Accounts and their links, on both engines."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from gateway.config import Mail
from gateway.errors import Invalid
from gateway.models.people import Company, User
from gateway.rules.people import Role, UserStatus
from gateway.services import accounts, passwords
from tests.factories import make_operator, make_topic, make_user

MAIL = Mail(address="soporte@sysmo.example", reply_address="soporte+{token}@sysmo.example")


def add(session: Session, now: datetime, **values: object) -> User:
    fields = {"email": "eva@andina.example", "name": "Eva Ruiz", "role": Role.CLIENT} | values
    return accounts.create_user(session, MAIL, now=now, **fields)


def test_a_user_is_kept_in_the_normal_form_of_their_address(session: Session, now: datetime) -> None:
    user = add(session, now, email=" Eva@ANDINA.example ", name="  Eva \u202e Ruiz ")
    assert (user.email, user.name, user.status) == ("eva@andina.example", "Eva Ruiz", UserStatus.ACTIVE)
    assert accounts.find_by_email(session, "EVA@andina.example") is user
    assert accounts.find_by_email(session, "no address") is None


def test_a_client_known_by_mail_becomes_a_full_user(session: Session, now: datetime) -> None:
    known = make_user(session, "eva@andina.example", name="", status=UserStatus.PROVISIONAL)
    assert add(session, now).id == known.id
    assert known.status is UserStatus.ACTIVE


@pytest.mark.parametrize(
    ("values", "field"),
    [
        pytest.param({"email": "eva"}, "email", id="no address"),
        pytest.param({"email": "laura.gimenez@andina.example"}, "email", id="has an account"),
        pytest.param({"email": "SOPORTE@sysmo.example"}, "email", id="the general address"),
        pytest.param({"email": "ventas@sysmo.example"}, "email", id="a topic's address"),
        pytest.param({"email": f"soporte+{'a' * 26}@sysmo.example"}, "email", id="a reply address"),
        pytest.param({"email": f"soporte+b-{'a' * 26}@sysmo.example"}, "email", id="a bounce address"),
        pytest.param({"name": " \u200b "}, "name", id="no name"),
        pytest.param({"company_name": "A", "cuit": "30-99999980-1"}, "cuit", id="wrong check digit"),
        pytest.param({"cuit": "30-99999980-4"}, "company", id="a new company without a name"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    values: dict[str, str], field: str, session: Session, now: datetime
) -> None:
    make_user(session)
    make_topic(session, "Ventas", address="ventas@sysmo.example")
    with pytest.raises(Invalid) as refused:
        add(session, now, **values)
    assert refused.value.field == field


def test_two_users_of_one_cuit_share_the_company(session: Session, now: datetime) -> None:
    first = add(session, now, company_name="Andina S.A.", cuit="30-99999980-4")
    second = add(session, now, email="ana@andina.example", company_name="andina", cuit="30999999804")
    assert first.company_id == second.company_id
    company = session.get(Company, first.company_id)
    assert company is not None
    assert (company.name, company.cuit) == ("Andina S.A.", "30999999804")
    assert [line.company for line in accounts.list_users(session)] == ["Andina S.A."] * 2


def test_only_the_newest_reset_link_works_once_and_in_time(session: Session, now: datetime) -> None:
    user = make_operator(session)
    old, _ = accounts.start_reset(session, user, now=now)
    token, _ = accounts.start_reset(session, user, now=now)
    late = now + accounts.FIRST_LIFE
    assert accounts.user_of_reset(session, old, now=now) is None
    assert accounts.user_of_reset(session, token, now=late) is None
    assert accounts.user_of_reset(session, token.upper(), now=late - timedelta(seconds=1)) is user
    assert accounts.set_password(session, token, "hash", now=now) is user
    session.expire_all()
    assert accounts.set_password(session, token, "other", now=now) is None
    assert user.password_hash == "hash"


def test_a_link_is_good_for_its_own_purpose_alone(session: Session, now: datetime) -> None:
    set_up = accounts.set_up_token(session, now=now)
    reset, _ = accounts.start_reset(session, make_user(session), now=now)
    assert set_up is not None
    assert accounts.user_of_reset(session, set_up, now=now) is None
    assert not accounts.is_set_up_token(session, reset, now=now)


def test_there_is_no_set_up_link_once_somebody_administers(session: Session, now: datetime) -> None:
    token = accounts.set_up_token(session, now=now)
    assert token is not None
    make_operator(session, "ada@sysmo.example", role=Role.ADMIN)
    assert not accounts.is_set_up_token(session, token, now=now)
    assert accounts.set_up_token(session, now=now) is None
    made = accounts.use_set_up_token(
        session, MAIL, token, email="eva@x.example", name="Eva", password_hash="h", now=now
    )
    assert made is None


def test_a_disabled_user_has_no_way_in(session: Session, now: datetime) -> None:
    user = make_user(session)
    token, _ = accounts.start_reset(session, user, now=now)
    accounts.disable(session, user, now=now)
    session.flush()
    assert accounts.user_of_reset(session, token, now=now) is None


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        pytest.param("once letras", True, id="eleven characters"),
        pytest.param("doce letras!", False, id="twelve"),
        pytest.param("😀🐯🦆🎈🍕🚲🌵🎸" * 32, False, id="256 emoji"),
        pytest.param("😀🐯🦆🎈🍕🚲🌵🎸" * 32 + "🎻", True, id="257"),
        pytest.param("lauragimenez1", True, id="the own name"),
    ],
)
def test_password_rules(password: str, refused: bool) -> None:
    if not refused:
        passwords.check_rules(password, minimum=12, own_words=("Laura Giménez",))
        return
    with pytest.raises(Invalid) as problem:
        passwords.check_rules(password, minimum=12, own_words=("Laura Giménez",))
    assert problem.value.field == "password"


def test_a_password_is_never_cut_and_may_be_typed_in_two_ways() -> None:
    stored = passwords.hash_password("contraseña " * 20)
    assert stored.startswith("$argon2id$")
    assert passwords.verify("contrasen\u0303a " * 20, stored) == (True, None)
    assert passwords.verify("contraseña " * 20 + "x", stored) == (False, None)
    assert passwords.verify("nobody's password", None)[0] is False
    assert passwords.verify("x", "not a hash") == (False, None)
