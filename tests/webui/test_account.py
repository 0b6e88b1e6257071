"""One's own account: data, password, sessions, notices, language (W5, W6, W9)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import OutboxItem, Purpose
from gateway.models.site import AuditEntry, Deed
from gateway.models.topics import TopicOperator
from gateway.rules.people import Notices, Theme
from gateway.runtime import Runtime
from gateway.services import accounts
from tests.factories import make_company, make_operator, make_topic, make_user
from tests.webui.conftest import PASSWORD, Browser, Clock, with_password

LAURA = "laura.gimenez@andina.example"
MARTIN = "martin.sosa@sysmo.example"
NEW = "cinco lobitos tiene la loba"
DATA = {"nombre": "Laura G.", "telefono": "261 555-0142", "idioma": "en", "tema": "dark"}


@pytest.fixture
def laura(web_runtime: Runtime) -> User:
    with web_runtime.db.transaction() as session:
        return make_user(session, **with_password(company_id=make_company(session).id))


def person(runtime: Runtime, user: User) -> Any:
    return next(each for each in rows(runtime, User) if each.id == user.id)


def rows(runtime: Runtime, model: Any) -> list[Any]:
    with runtime.db.snapshot() as session:
        return list(session.execute(select(table_of(model))).all())


def change_password(browser: Browser, current: str = PASSWORD, new: str = NEW) -> Any:
    return browser.send_form("/cuenta/clave", {"clave_actual": current, "clave": new}, page="/cuenta")


def test_the_page_shows_what_is_known_and_keeps_what_is_changed(
    browse: Callable[..., Browser], web_runtime: Runtime, laura: User
) -> None:
    browser = browse(LAURA)
    page = browser.get("/cuenta").text
    assert LAURA in page
    assert "Distribuidora Andina S.A." in page
    assert "30-99999980-4" in page
    assert "Avisos por correo" not in page
    assert browser.send_form("/cuenta", {**DATA, "atajos": "1"}).headers["location"] == "/cuenta"
    found = person(web_runtime, laura)
    assert (found.name, found.phone, found.language) == ("Laura G.", "261 555-0142", "en")
    assert (found.theme, found.shortcuts, found.email) == (Theme.DARK, True, LAURA)
    page = browser.get("/cuenta").text
    assert "Your data is saved." in page
    assert 'data-theme="dark"' in page
    browser.send_form("/salir", {}, page="/cuenta")
    gate = browser.get("/ingresar").text
    assert 'lang="en-AR"' in gate or 'lang="en"' in gate
    assert 'data-theme="dark"' in gate


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({"nombre": " "}, (422, "Escribí el nombre"), id="no name"),
        pytest.param({"telefono": "12 34"}, (422, "Escribí un número de teléfono"), id="no telephone"),
        pytest.param({"idioma": "fr"}, (404, ""), id="a language we do not have"),
        pytest.param({"tema": "pink"}, (404, ""), id="a theme we do not have"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    values: dict[str, str],
    expected: tuple[int, str],
    browse: Callable[..., Browser],
    web_runtime: Runtime,
    laura: User,
) -> None:
    answer = browse(LAURA).send_form("/cuenta", DATA | values)
    assert answer.status_code == expected[0]
    assert expected[1] in answer.text
    assert "<title>Error:" in answer.text
    assert person(web_runtime, laura).name == "Laura Giménez"


def test_changing_the_password_ends_every_other_session_and_tells_the_owner(
    browse: Callable[..., Browser], web_runtime: Runtime, laura: User, clock: Clock
) -> None:
    browser, other, copy = browse(LAURA), browse(LAURA), browse()
    before = browser.cookies["sysmo-session"]
    copy.cookies.set("sysmo-session", before)
    with web_runtime.db.transaction() as session:
        link, _ = accounts.start_reset(session, session.get_one(User, laura.id), now=clock.now)
    assert change_password(browser).headers["location"] == "/cuenta"
    assert "Tu contraseña nueva está lista." in browser.get("/cuenta").text
    assert browser.cookies["sysmo-session"] != before
    assert copy.get("/cuenta").status_code == other.get("/cuenta").status_code == 303
    assert browse().get(f"/clave/{link}").status_code == 404
    assert browse().sign_in(LAURA, PASSWORD).status_code == 422
    assert browse().sign_in(LAURA, NEW).status_code == 303
    (mail,) = rows(web_runtime, OutboxItem)
    assert (mail.recipient, mail.purpose, mail.user_id) == (LAURA, Purpose.SECURITY, laura.id)
    assert [(each.deed, each.actor_id) for each in rows(web_runtime, AuditEntry)] == [
        (Deed.PASSWORD_CHANGED, laura.id)
    ]


def test_a_wrong_current_password_counts_as_a_failed_sign_in(
    browse: Callable[..., Browser], web_runtime: Runtime, laura: User
) -> None:
    browser = browse(LAURA)
    for _try in range(5):
        answer = change_password(browser, "no es esta")
        assert answer.status_code == 422
        assert "La contraseña actual no es correcta." in answer.text
        assert "no es esta" not in answer.text
    waiting = change_password(browser)
    assert (waiting.status_code, waiting.headers["retry-after"]) == (429, "15")
    assert browse().sign_in(LAURA).status_code == 429
    assert browser.get("/cuenta").status_code == 200
    assert rows(web_runtime, OutboxItem) == []


@pytest.mark.parametrize("new", ["corta", "distribuidora andina", "contraseña1234", "x" * 257])
def test_a_new_password_follows_the_rules_and_costs_no_try(
    new: str, browse: Callable[..., Browser], laura: User
) -> None:
    browser = browse(LAURA)
    for _try in range(6):
        answer = change_password(browser, PASSWORD, new)
        assert answer.status_code == 422
    assert new not in answer.text or new == "distribuidora andina"
    assert change_password(browser).status_code == 303


def test_signing_out_everywhere_keeps_this_browser_and_voids_copies_of_its_session(
    browse: Callable[..., Browser], web_runtime: Runtime, laura: User
) -> None:
    browser, other, copy = browse(LAURA), browse(LAURA), browse()
    copy.cookies.set("sysmo-session", browser.cookies["sysmo-session"])
    assert browser.send_form("/cuenta/sesiones", {}, page="/cuenta").status_code == 303
    assert browser.get("/cuenta").status_code == 200
    assert copy.get("/cuenta").status_code == other.get("/cuenta").status_code == 303
    assert [each.deed for each in rows(web_runtime, AuditEntry)] == [Deed.SIGNED_OUT_EVERYWHERE]


def test_a_session_that_is_kept_stays_kept_when_its_token_changes(
    browse: Callable[..., Browser], laura: User
) -> None:
    browser = browse()
    browser.sign_in(LAURA, seguir="1")
    answer = browser.send_form("/cuenta/sesiones", {}, page="/cuenta")
    cookies = answer.headers.get_list("set-cookie")
    assert any(each.startswith("sysmo-session=") and "Max-Age=2592000" in each for each in cookies)
    short = browse(LAURA).send_form("/cuenta/sesiones", {}, page="/cuenta")
    cookies = short.headers.get_list("set-cookie")
    assert not any(each.startswith("sysmo-session=") and "Max-Age" in each for each in cookies)


def test_an_operator_chooses_notices_in_their_own_topics_alone(
    browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        martin = make_operator(session, **with_password())
        carla = make_operator(session, "carla@sysmo.example")
        billing, access = (
            make_topic(session, "Facturación", martin, carla),
            make_topic(session, "Accesos", carla),
        )
    browser = browse(MARTIN)
    page = browser.get("/cuenta").text
    assert "Facturación" in page
    assert "Accesos" not in page
    fields = {f"avisos-{billing.id}": "mine", f"avisos-{access.id}": "nothing", "avisos-x": "all"}
    assert browser.send_form("/cuenta/avisos", fields, page="/cuenta").status_code == 303
    found = {(each.topic_id, each.user_id): each.notices for each in rows(web_runtime, TopicOperator)}
    assert found == {
        (billing.id, martin.id): Notices.MINE,
        (billing.id, carla.id): Notices.ALL,
        (access.id, carla.id): Notices.ALL,
    }


def test_the_password_is_asked_again_with_a_new_session_and_leads_back(
    browse: Callable[..., Browser], laura: User, clock: Clock
) -> None:
    browser, copy = browse(LAURA), browse()
    before = browser.cookies["sysmo-session"]
    copy.cookies.set("sysmo-session", before)
    page = "/confirmar-clave?next=/cuenta%3Fa%3D1"
    wrong = browser.send_form("/confirmar-clave", {"clave": "no es", "next": "/cuenta"}, page=page)
    assert wrong.status_code == 422
    assert "La contraseña no es correcta." in wrong.text
    assert 'value="/cuenta"' in wrong.text
    answer = browser.send_form("/confirmar-clave", {"clave": PASSWORD, "next": "/cuenta?a=1"}, page=page)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cuenta?a=1")
    assert browser.cookies["sysmo-session"] != before
    assert copy.get("/cuenta").status_code == 303
    assert browser.get("/cuenta").status_code == 200


def test_confirming_the_password_is_throttled_like_signing_in_and_never_leads_elsewhere(
    browse: Callable[..., Browser], laura: User, clock: Clock
) -> None:
    browser = browse(LAURA)
    sent = {"clave": PASSWORD, "next": "//evil.example"}
    assert browser.send_form("/confirmar-clave", sent).headers["location"] == "/"
    statuses = [browser.send_form("/confirmar-clave", {"clave": "no"}).status_code for _try in range(6)]
    assert statuses == [422] * 5 + [429]
    clock.now += timedelta(seconds=16)
    assert browser.send_form("/confirmar-clave", {"clave": PASSWORD}).status_code == 303


def test_anybody_chooses_a_language_and_lands_where_they_were(
    browse: Callable[..., Browser], web_runtime: Runtime, laura: User
) -> None:
    browser = browse()
    fields = {"idioma": "en", "volver": "/clave"}
    assert browser.send_form("/idioma", fields, page="/clave").headers["location"] == "/clave"
    assert "Reset your password" in browser.get("/clave").text
    assert "There is nothing here" in browser.get("/not-there").text
    away = browser.send_form("/idioma", fields | {"volver": "https://evil.example/"}, page="/clave")
    assert away.headers["location"] == "/"
    assert browser.send_form("/idioma", {"idioma": "xx"}, page="/clave").status_code == 404
    browser.sign_in(LAURA)
    assert "Requests I made" not in browser.get("/solicitudes").text
    browser.send_form("/idioma", fields, page="/cuenta")
    assert person(web_runtime, laura).language == "en"


def test_the_privacy_page_names_purpose_controller_and_rights(browse: Callable[..., Browser]) -> None:
    page = browse().get("/privacidad").text
    for words in (
        "25.326",
        "Sysmo Tickets guarda estos datos",
        "mailto:soporte@",
        "5 días hábiles",
        "gratis",
    ):
        assert words in page, words
