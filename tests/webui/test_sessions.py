"""A session gets a new token while its forms are open, and says when it ends (W6, W7)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.rules.people import Role
from gateway.runtime import Runtime
from tests.factories import make_topic, make_user
from tests.webui.conftest import PASSWORD, Browser, Clock, with_password
from tests.webui.filling import hidden, send
from tests.webui.test_account import LAURA, NEW, person, rows


@pytest.fixture
def laura(web_runtime: Runtime) -> User:
    """A client who may ask for something."""
    with web_runtime.db.transaction() as session:
        make_topic(session, is_default=True)
        return make_user(session, **with_password())


RENEWING = {
    "/confirmar-clave": {"clave": PASSWORD, "next": "/cuenta"},
    "/cuenta/clave": {"clave_actual": PASSWORD, "clave": NEW},
    "/cuenta/sesiones": {},
}


@pytest.mark.parametrize("path", RENEWING)
def test_a_form_that_was_open_when_the_session_got_a_new_token_can_still_be_sent(
    path: str, browse: Callable[..., Browser], web_runtime: Runtime, laura: User
) -> None:
    browser, thief = browse(LAURA), browse()
    thief.cookies.set("sysmo-session", before := browser.cookies["sysmo-session"])
    form = hidden(browser.get("/solicitudes/nueva").text, "/solicitudes/nueva")
    page = path if path == "/confirmar-clave" else "/cuenta"
    assert browser.send_form(path, RENEWING[path], page=page).status_code == 303
    assert browser.cookies["sysmo-session"] != before
    assert send(browser, "/idioma", {"csrf": form["csrf"], "idioma": "en", "volver": "/"}).status_code == 303
    assert person(web_runtime, laura).language == "en"
    left_behind = send(thief, "/idioma", {"csrf": form["csrf"], "idioma": "es", "volver": "/"})
    assert thief.get("/cuenta").status_code == 303
    assert person(web_runtime, laura).language == "en", left_behind


@pytest.mark.usefixtures("laura")
def test_a_form_of_the_session_before_is_no_form_of_the_next(browse: Callable[..., Browser]) -> None:
    """Who signs in later in the same browser sends nothing that somebody else had open."""
    browser = browse(LAURA)
    form = hidden(browser.get("/solicitudes/nueva").text, "/solicitudes/nueva")
    assert browser.send_form("/salir", {}, page="/cuenta").status_code == 303
    assert browser.sign_in(LAURA).status_code == 303
    answer = send(browser, "/idioma", {"csrf": form["csrf"], "idioma": "en", "volver": "/"})
    assert answer.status_code == 403


@pytest.mark.usefixtures("laura")
def test_what_stays_of_a_token_opens_nothing(browse: Callable[..., Browser]) -> None:
    signed_in, other = browse(LAURA), browse()
    stays, _, changes = signed_in.cookies["sysmo-session"].partition(".")
    for token in (stays, f"{stays}.", changes, f"{stays}.{changes[:-1]}", f".{changes}"):
        other.cookies.set("sysmo-session", token)
        assert other.get("/cuenta").status_code == 303, token
        form = signed_in.get("/solicitudes/nueva").text
        answer = send(other, "/solicitudes/nueva", hidden(form, "/solicitudes/nueva"))
        assert answer.status_code in (303, 403)
        assert answer.headers.get("location", "/ingresar") == "/ingresar", token


def test_a_form_sent_before_and_after_its_session_got_a_new_token_acts_once(
    browse: Callable[..., Browser], web_runtime: Runtime, laura: User
) -> None:
    browser = browse(LAURA)
    form = hidden(browser.get("/solicitudes/nueva").text, "/solicitudes/nueva")
    sent = form | {"tematica": "1", "asunto": "Toner", "descripcion": "Se acabó"}
    first = send(browser, "/solicitudes/nueva", sent)
    assert first.status_code == 303
    browser.send_form("/confirmar-clave", {"clave": PASSWORD, "next": "/"})
    assert send(browser, "/solicitudes/nueva", sent).headers["location"] == first.headers["location"]
    assert len(rows(web_runtime, Ticket)) == 1


def test_a_page_that_is_left_open_learns_when_its_session_ends(
    browse: Callable[..., Browser], web_runtime: Runtime, clock: Clock
) -> None:
    """W6: to ask keeps nothing alive; to stay is to use it."""
    with web_runtime.db.transaction() as session:
        make_user(session, **with_password(role=Role.OPERATOR))
    browser, began = browse(LAURA), clock.now
    quiet = {"X-Sysmo-Unattended": "1"}
    assert f'data-seconds="{12 * 3600}"' in browser.get("/cuenta").text
    clock.now = began + timedelta(hours=11, minutes=57)
    for _ask in range(2):
        assert browser.get("/sesion", headers=quiet).json() == {"seconds": 180, "last": False}
    browser.get("/sesion")
    assert browser.get("/sesion", headers=quiet).json() == {"seconds": 12 * 3600, "last": False}
    while clock.now < began + timedelta(days=6, hours=18):
        clock.now += timedelta(hours=11)
        browser.get("/sesion")
    left = began + timedelta(days=7) - clock.now
    assert browser.get("/sesion", headers=quiet).json() == {"seconds": left.total_seconds(), "last": True}
    clock.now = began + timedelta(days=7, seconds=1)
    assert browser.get("/sesion", headers=quiet).status_code == 303
