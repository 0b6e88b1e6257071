"""A forgotten password: the same answer for everybody, and a link that works once (W9, C11)."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway.models.columns import table_of
from gateway.models.people import Token, User
from gateway.models.queues import OutboxItem, Purpose
from gateway.rules.people import UserStatus
from gateway.runtime import Runtime
from gateway.services import account_mail
from tests.factories import make_operator, make_user
from tests.webui.conftest import PASSWORD, Browser, Clock, with_password

LAURA = "laura.gimenez@andina.example"
NEW = "cinco lobitos tiene la loba"
LINK = re.compile(rb"/clave/([a-z2-7]{52})")


def mails(runtime: Runtime, purpose: Purpose = Purpose.RESET) -> list[Any]:
    with runtime.db.snapshot() as session:
        found = session.execute(select(table_of(OutboxItem)).order_by(table_of(OutboxItem).c.id)).all()
    return [each for each in found if each.purpose is purpose]


def link_in(mail: Any) -> str:
    found = LINK.search(mail.head.replace(b"=\r\n", b""))
    assert found is not None
    return found[1].decode()


def ask(browser: Browser, email: str = LAURA) -> Any:
    return browser.send_form("/clave", {"email": email})


def told(answer: Any) -> tuple[int, str, list[tuple[str, str]]]:
    """All that somebody hears who asked."""
    headers = [each for each in answer.headers.multi_items() if each[0] != "date"]
    return answer.status_code, answer.text, headers


@pytest.fixture
def people(web_runtime: Runtime) -> None:
    with web_runtime.db.transaction() as session:
        make_user(session, **with_password())
        make_operator(session, **with_password())
        for status in (UserStatus.PROVISIONAL, UserStatus.DISABLED, UserStatus.UNCONFIRMED):
            make_user(session, f"{status}@andina.example", status=status)


def test_the_answer_and_the_work_are_the_same_for_everybody(
    browse: Callable[..., Browser], web_runtime: Runtime, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write = account_mail.set_password

    def counted(*arguments: Any, **values: Any) -> Any:
        written.append("")
        return write(*arguments, **values)

    monkeypatch.setattr(account_mail, "set_password", counted)
    addresses = (
        LAURA, "martin.sosa@sysmo.example", "nadie@andina.example", "provisional@andina.example",
        "disabled@andina.example", "unconfirmed@andina.example", "soporte@example.com",
    )  # fmt: skip
    answers = [told(ask(browse(), each)) for each in addresses]
    assert answers == [answers[0]] * len(addresses)
    assert answers[0][0] == 303
    assert len(written) == len(addresses)
    assert [each.recipient for each in mails(web_runtime)] == list(addresses[:2])


def test_three_links_an_hour_for_an_address_and_ten_for_a_network_and_nobody_notices(
    browse: Callable[..., Browser], web_runtime: Runtime, people: None, clock: Clock
) -> None:
    browser = browse(peer="2001:db8:1:2::1")
    answers = [told(ask(browser)) for _try in range(5)]
    assert answers == [answers[0]] * 5
    assert len(mails(web_runtime)) == 3
    for each in range(7):
        ask(browse(peer=f"2001:db8:1:2::{each}"), f"u{each}@x.example")
    assert told(ask(browser, "martin.sosa@sysmo.example")) == answers[0]
    assert len(mails(web_runtime)) == 3
    ask(browse(peer="2001:db8:1:3::1"), "martin.sosa@sysmo.example")
    assert len(mails(web_runtime)) == 4
    clock.now += timedelta(minutes=61)
    ask(browser)
    assert len(mails(web_runtime)) == 5


def test_what_was_refused_does_not_count_so_nobody_keeps_an_owner_out(
    browse: Callable[..., Browser], web_runtime: Runtime, people: None, clock: Clock
) -> None:
    for minute in range(0, 60, 10):
        ask(browse(peer=f"198.51.100.{minute}"))
        clock.now += timedelta(minutes=10)
    sent = len(mails(web_runtime))
    ask(browse(peer="203.0.113.1"))
    assert len(mails(web_runtime)) == sent + 1


def test_the_newest_link_sets_the_password_once_and_the_owner_is_told(
    browse: Callable[..., Browser], web_runtime: Runtime, people: None
) -> None:
    inside = browse(LAURA)
    browser = browse()
    ask(browser)
    ask(browser)
    old, new = map(link_in, mails(web_runtime))
    assert browser.get(f"/clave/{old}").status_code == 404
    for _scanner in range(3):
        assert browse().get(f"/clave/{new}").status_code == 200
        assert browse().head(f"/clave/{new}").status_code == 200
    assert browser.send_form(f"/clave/{new}", {"clave": "contraseña1234"}).status_code == 422
    late = browse()
    token = late.get(f"/clave/{new}").text.partition('name="csrf" value="')[2].partition('"')[0]
    assert browser.send_form(f"/clave/{new}", {"clave": NEW}).headers["location"] == "/ingresar"
    assert "sysmo-session" not in browser.cookies
    same = {"Sec-Fetch-Site": "same-origin"}
    raced = late.post(f"/clave/{new}", data={"csrf": token, "clave": PASSWORD + " y uno"}, headers=same)
    assert raced.status_code == 404
    assert inside.get("/solicitudes").status_code == 303
    assert browser.sign_in(LAURA, NEW).status_code == 303
    assert [each.recipient for each in mails(web_runtime, Purpose.SECURITY)] == [LAURA]


def test_only_the_hash_of_a_link_is_kept(
    browse: Callable[..., Browser], web_runtime: Runtime, people: None
) -> None:
    ask(browse())
    link = link_in(mails(web_runtime)[0])
    with web_runtime.db.snapshot() as session:
        assert link not in str(session.execute(select(table_of(Token))).all())


def test_what_is_no_address_is_said_so(browse: Callable[..., Browser]) -> None:
    answer = ask(browse(), "laura")
    assert answer.status_code == 422
    assert "No es una dirección" in answer.text or "no es una dirección" in answer.text


def test_the_link_of_a_first_password_says_that_it_is_one(
    browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        user: User = make_user(session)
    ask(browse())
    assert user.password_hash is None
    assert b"24 horas" in mails(web_runtime)[0].head
