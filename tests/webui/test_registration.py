"""Signing up and confirming: nobody hears who has an account, and nobody gets somebody else's (C11, B12)."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway.models.columns import table_of
from gateway.models.people import Company, Registration, User, WebSession
from gateway.models.queues import OutboxItem
from gateway.rules.people import Role, UserStatus
from gateway.runtime import Runtime
from gateway.services import account_mail, passwords
from tests.factories import make_company, make_operator, make_ticket, make_topic, make_user
from tests.webui.conftest import Browser, Clock, with_password
from webui.app import create_app

LAURA = "laura.gimenez@andina.example"
STAFF = "martin.sosa@sysmo.example"
PASSWORD = "zapallo con queso rallado"
OTHER = "cinco lobitos tiene la loba"
FORM = {
    "email": LAURA,
    "empresa": "Distribuidora Andina S.A.",
    "cuit": "30-99999980-4",
    "nombre": "Laura Giménez",
    "telefono": "261 555-0142",
    "clave": PASSWORD,
}
WAITING = "/registro/revisa-tu-correo"
LINK = re.compile(rb"/confirmar/([a-z2-7]{52})")
KEY = re.compile(r'name="envio" value="([^"]+)"')
SAME = {"Sec-Fetch-Site": "same-origin"}


def rows(runtime: Runtime, model: Any) -> list[Any]:
    with runtime.db.snapshot() as session:
        table = table_of(model)
        return list(session.execute(select(table).order_by(*table.primary_key)).all())


def person(runtime: Runtime, email: str = LAURA) -> Any:
    return next((each for each in rows(runtime, User) if each.email == email), None)


def links(runtime: Runtime) -> list[str]:
    """The links of the confirmation mails, oldest first."""
    heads = [
        each.head.replace(b"=\r\n", b"") for each in sorted(rows(runtime, OutboxItem), key=lambda r: r.id)
    ]
    return [found[1].decode() for head in heads if (found := LINK.search(head))]


def register(browser: Browser, **values: str) -> Any:
    page = browser.get("/registro").text
    key = KEY.search(page)
    fields = FORM | values | {"envio": key[1] if key else "", "csrf": field(page, "csrf")}
    return browser.post("/registro", data=fields, headers=SAME)


def field(page: str, name: str) -> str:
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


def confirm(browser: Browser, link: str, **fields: str) -> Any:
    return browser.send_form(f"/confirmar/{link}", fields)


def told(answer: Any) -> tuple[int, str, list[tuple[str, str]]]:
    """All that somebody hears who asked, but for what is random or a clock in every page."""
    headers = [
        (name, re.sub(r"expires=[^;]*", "", value))
        for name, value in answer.headers.multi_items()
        if name != "content-length"
    ]
    text = re.sub(r'name="(csrf|envio)" value="[^"]*"', "", answer.text)
    return answer.status_code, text, headers


@pytest.fixture
def people(web_runtime: Runtime) -> None:
    with web_runtime.db.transaction() as session:
        make_user(session, "activa@andina.example", **with_password())
        make_operator(session, **with_password())
        for status in (UserStatus.PROVISIONAL, UserStatus.DISABLED, UserStatus.UNCONFIRMED):
            make_user(session, f"{status}@andina.example", status=status)


def test_a_client_signs_up_confirms_and_is_in(
    browse: Callable[..., Browser], web_runtime: Runtime, clock: Clock
) -> None:
    browser = browse()
    answer = register(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, WAITING)
    page = browser.get(WAITING).text
    assert LAURA in page
    assert "Vence en 24 horas" in page
    assert person(web_runtime) is None
    assert rows(web_runtime, Company) == []
    (link,) = links(web_runtime)
    shown = browser.get(f"/confirmar/{link}")
    assert (shown.status_code, shown.headers["referrer-policy"]) == (200, "no-referrer")
    assert 'type="password"' not in shown.text
    done = confirm(browser, link)
    assert (done.status_code, done.headers["location"]) == (303, "/solicitudes")
    assert "Tu cuenta está confirmada." in browser.get("/solicitudes").text
    found = person(web_runtime)
    assert (found.status, found.role, found.name) == (UserStatus.ACTIVE, Role.CLIENT, "Laura Giménez")
    assert found.phone == "261 555-0142"
    assert [(each.name, each.cuit) for each in rows(web_runtime, Company)] == [
        ("Distribuidora Andina S.A.", "30999999804")
    ]
    assert browse().sign_in(LAURA, PASSWORD).status_code == 303


def test_the_answer_the_work_and_the_rows_are_the_same_for_everybody(
    browse: Callable[..., Browser], web_runtime: Runtime, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the answers nor what is done tell an address with an account from one without."""
    done: list[str] = []

    def counting(module: Any, name: str) -> None:
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args, **kw: done.append("") or real(*args, **kw))

    counting(passwords, "hash_password")
    counting(account_mail, "confirm_account")
    counting(account_mail, "already_registered")
    addresses = [
        "nadie@andina.example", "activa@andina.example", STAFF, "provisional@andina.example",
        "unconfirmed@andina.example", "disabled@andina.example",
    ]  # fmt: skip
    heard = []
    for number, email in enumerate(addresses):
        browser = browse(peer=f"198.51.100.{number}")
        answers = [register(browser, email=email), browser.get(WAITING)]
        answers.append(browser.send_form("/registro/reenviar", {}, page=WAITING))
        answers.append(browser.get(WAITING))
        heard.append([(s, text.replace(email, "X"), h) for s, text, h in map(told, answers)])
    assert heard == [heard[0]] * len(addresses)
    assert [each[0] for each in heard[0]] == [303, 200, 303, 200]
    assert len(done) == 3 * len(addresses)  # a hash, and a mail twice
    assert len(rows(web_runtime, Registration)) == 2 * len(addresses)
    mails = [
        (each.recipient, bool(LINK.search(each.head.replace(b"=\r\n", b""))))
        for each in rows(web_runtime, OutboxItem)
    ]
    assert mails == [(each, each not in addresses[1:3]) for each in addresses[:-1] for _time in range(2)]


def test_registering_changes_nothing_of_anybody(
    browse: Callable[..., Browser], web_runtime: Runtime, people: None
) -> None:
    before = rows(web_runtime, User)
    for number, each in enumerate(before):
        assert register(browse(peer=f"198.51.100.{number}"), email=each.email).status_code == 303
    assert rows(web_runtime, User) == before
    assert rows(web_runtime, WebSession) == []


def test_what_cannot_be_is_said_all_at_once_and_the_values_are_kept(
    browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    answer = register(browse(), email="laura", cuit="30-99999980-1", telefono="", clave="corta")
    assert answer.status_code == 422
    assert "<title>Error:" in answer.text
    for words in (
        "El CUIT 30-99999980-1 no es válido. Controlá los 11 números.",
        "al menos 12 caracteres",
        "Escribí un número de teléfono",
        'value="Distribuidora Andina S.A."',
    ):
        assert words in answer.text, words
    assert answer.text.count('aria-invalid="true"') == 4
    assert "corta" not in answer.text
    assert rows(web_runtime, Registration) == []


@pytest.mark.parametrize(
    ("values", "says"),
    [
        pytest.param({"cuit": ""}, "Escribí el CUIT", id="no CUIT"),
        pytest.param({"cuit": "20-12345678-9"}, "no es válido", id="wrong check digit"),
        pytest.param({"empresa": " "}, "Escribí el nombre de la empresa", id="no company"),
        pytest.param({"nombre": ""}, "Escribí el nombre", id="no name"),
        pytest.param({"clave": "andina distribuidora"}, "armada con tu nombre", id="password of the company"),
        pytest.param({"clave": "contraseña1234"}, "de las más usadas", id="a common password"),
        pytest.param({"clave": "abcdefghijklmnop"}, "sigue un orden", id="a weak password"),
    ],
)
def test_each_mistake_has_its_sentence(
    values: dict[str, str], says: str, browse: Callable[..., Browser]
) -> None:
    answer = register(browse(), **values)
    assert answer.status_code == 422
    assert says in answer.text or "La contraseña no puede" in answer.text


def test_addresses_of_the_help_desk_are_refused_alike(
    browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        make_topic(session, "Ventas", address="ventas@example.com")
    house = web_runtime.config.mail
    reply = house.reply_address.replace("{token}", "a" * 26)
    answers = [
        told(register(browse(), email=each))
        for each in (house.address, "ventas@example.com", reply, reply.replace("a" * 26, "b-" + "a" * 26))
        if each
    ]
    shown = {re.sub(r'value="[^"]*@[^"]*"', "", text) for _status, text, _headers in answers}
    assert [status for status, *_ in answers] == [422] * len(answers)
    assert len(shown) == 1


def test_five_sign_ups_an_hour_from_a_network(
    browse: Callable[..., Browser], web_runtime: Runtime, clock: Clock
) -> None:
    for number in range(5):
        browser = browse(peer=f"2001:db8:1:2::{number}")
        assert register(browser, email=f"u{number}@andina.example").status_code == 303
    browser = browse(peer="2001:db8:1:2:9::9")
    refused = register(browser, email="u6@andina.example")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    assert "Probá de nuevo en 60 min." in refused.text
    assert 'value="u6@andina.example"' in refused.text
    assert register(browse(peer="2001:db8:1:3::1"), email="u7@andina.example").status_code == 303
    clock.now += timedelta(minutes=61)
    assert register(browser, email="u6@andina.example").status_code == 303


def test_three_mails_a_day_to_an_address_and_the_page_says_when_the_next_may_go(
    browse: Callable[..., Browser], web_runtime: Runtime, clock: Clock
) -> None:
    """From rotating networks, too: the count is the address's."""
    browser = browse()
    register(browser)
    for _time in range(2):
        assert browser.send_form("/registro/reenviar", {}, page=WAITING).status_code == 303
        assert "Te lo enviamos de nuevo." in browser.get(WAITING).text
    page = browser.get(WAITING).text
    assert "El próximo se puede pedir desde el" in page
    assert "Enviar de nuevo" not in page
    browser.send_form("/registro/reenviar", {}, page="/registro")
    assert "Te lo enviamos de nuevo." not in browser.get(WAITING).text
    for number in range(3):
        assert register(browse(peer=f"198.51.100.{number}")).headers["location"] == WAITING
    assert len(links(web_runtime)) == 3
    clock.now += timedelta(hours=24, seconds=1)
    register(browse(peer="203.0.113.9"))
    assert len(links(web_runtime)) == 4


def test_scanners_that_look_at_a_link_use_nothing_up_and_every_mailed_link_works_once(
    browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    browser = browse()
    register(browser)
    browser.send_form("/registro/reenviar", {}, page=WAITING)
    first, second = links(web_runtime)
    before = rows(web_runtime, Registration)
    for link in (first, second):
        assert browse().get(f"/confirmar/{link}").status_code == 200
        assert browse().head(f"/confirmar/{link}").status_code == 200
    assert rows(web_runtime, Registration) == before
    assert confirm(browser, first).status_code == 303
    for link in (first, second):
        again = browse()
        assert again.get(f"/confirmar/{link}").status_code == 404
        assert confirm(again, link, clave=PASSWORD).status_code in (403, 404)


def test_a_link_ends_after_a_day(browse: Callable[..., Browser], web_runtime: Runtime, clock: Clock) -> None:
    browser = browse()
    register(browser)
    (link,) = links(web_runtime)
    page = browser.get(f"/confirmar/{link}").text
    clock.now += timedelta(hours=24)
    late = browser.post(f"/confirmar/{link}", data={"csrf": field(page, "csrf")}, headers=SAME)
    assert late.status_code == 404
    assert "Este enlace ya no sirve" in late.text
    assert person(web_runtime) is None
    assert browser.get(WAITING).status_code == 303


def test_who_registers_a_strangers_address_gets_nothing_when_the_stranger_uses_the_link(
    browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    attacker, victim = browse(peer="198.51.100.66"), browse()
    register(attacker, nombre="Mallory", clave=OTHER)
    (link,) = links(web_runtime)
    assert b"Mallory" not in b"".join(each.head for each in rows(web_runtime, OutboxItem))
    page = victim.get(f"/confirmar/{link}").text
    assert 'type="password"' in page
    assert "Mallory" not in page
    for attempt in ("", PASSWORD):
        refused = confirm(victim, link, clave=attempt)
        assert refused.status_code == 422
        assert "La contraseña no es correcta." in refused.text
    assert person(web_runtime) is None
    register(victim)
    own = links(web_runtime)[-1]
    assert confirm(victim, own).status_code == 303
    assert person(web_runtime).name == "Laura Giménez"
    assert attacker.get(f"/confirmar/{link}").status_code == 404
    assert browse().sign_in(LAURA, OTHER).status_code == 422


def test_on_another_device_the_password_confirms_and_guessing_it_is_throttled(
    browse: Callable[..., Browser], web_runtime: Runtime, clock: Clock
) -> None:
    register(browse())
    (link,) = links(web_runtime)
    phone = browse()
    for _try in range(5):
        assert confirm(phone, link, clave="no es").status_code == 422
    early = confirm(phone, link, clave=PASSWORD)
    assert (early.status_code, early.headers["retry-after"]) == (429, "15")
    clock.now += timedelta(seconds=16)
    assert confirm(phone, link, clave=PASSWORD).headers["location"] == "/solicitudes"
    assert phone.get("/solicitudes").status_code == 200


def test_requests_sent_by_mail_are_adopted_once_confirmed_and_not_before(
    browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        known = make_user(session, name="laura", status=UserStatus.PROVISIONAL)
        ticket = make_ticket(session, known, make_topic(session), subject="Escrita por correo")
    browser = browse()
    register(browser)
    assert person(web_runtime).status is UserStatus.PROVISIONAL
    assert browser.sign_in(LAURA, PASSWORD).status_code == 422
    confirm(browser, links(web_runtime)[0])
    assert "Escrita por correo" in browser.get("/solicitudes").text
    assert browser.get(f"/solicitudes/{ticket.id}").status_code == 200
    assert [each.email for each in rows(web_runtime, User)] == [LAURA]


def test_a_second_person_of_the_same_cuit_joins_the_company_which_keeps_its_name(
    browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        company = make_company(session)
    browser = browse()
    register(browser, empresa="andina", cuit="30999999804")
    confirm(browser, links(web_runtime)[0])
    assert person(web_runtime).company_id == company.id
    assert [each.name for each in rows(web_runtime, Company)] == ["Distribuidora Andina S.A."]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"status": UserStatus.DISABLED}, id="disabled meanwhile"),
        pytest.param({"status": UserStatus.ACTIVE}, id="has an account meanwhile"),
        pytest.param({"role": Role.OPERATOR}, id="is staff meanwhile"),
    ],
)
def test_a_link_changes_nobody_who_is_more_than_an_address_by_then(
    values: dict[str, Any], browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    browser = browse()
    register(browser)
    with web_runtime.db.transaction() as session:
        make_user(session, **values)
    before = person(web_runtime)
    assert confirm(browser, links(web_runtime)[0]).status_code == 404
    assert person(web_runtime) == before
    assert "sysmo-session" not in browser.cookies


def test_confirming_makes_a_new_session_and_ends_the_one_before(
    browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        make_operator(session, **with_password())
    register(browse())
    link = links(web_runtime)[0]
    browser, copy = browse(STAFF), browse()
    before = browser.cookies["sysmo-session"]
    copy.cookies.set("sysmo-session", before)
    assert confirm(browser, link, clave=PASSWORD).status_code == 303
    assert browser.cookies["sysmo-session"] != before
    assert copy.get("/bandeja").status_code == 303


def test_sending_the_form_twice_registers_once(browse: Callable[..., Browser], web_runtime: Runtime) -> None:
    browser = browse()
    page = browser.get("/registro").text
    sent = FORM | {"csrf": field(page, "csrf"), "envio": field(page, "envio")}
    answers = [browser.post("/registro", data=sent, headers=SAME) for _click in range(2)]
    assert [each.headers["location"] for each in answers] == [WAITING] * 2
    assert len(rows(web_runtime, Registration)) == len(links(web_runtime)) == 1


def test_where_registration_is_off_there_is_no_page_and_no_link(
    make_runtime: Callable[..., Runtime], clock: Clock
) -> None:
    runtime = make_runtime("[accounts]\nregistration = false", now=clock)
    browser = Browser(create_app(runtime))
    for path in ("/registro", WAITING, "/confirmar/" + "a" * 52):
        assert browser.get(path).status_code == 404
    for path in ("/registro", "/registro/reenviar", "/confirmar/" + "a" * 52):
        assert browser.send_form(path, {**FORM, "envio": "x"}, page="/ingresar").status_code == 404
    assert "/registro" not in browser.get("/ingresar").text
    assert rows(runtime, Registration) == []
