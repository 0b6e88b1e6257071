"""What the script adds: choosing, the keyboard, drafts, news, files. The other tests do without it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page
from sqlalchemy import select, update

from gateway.models.columns import table_of
from gateway.models.people import User, WebSession
from gateway.models.tickets import Ticket
from gateway.models.topics import TopicOperator
from gateway.rules.lifecycle import Status
from gateway.rules.people import Role
from gateway.rules.sign_in import stay
from tests.browser.chromium import Chromium
from tests.browser.conftest import Visit
from tests.browser.site import CLIENT, OPERATOR, Site
from tests.browser.visitor import Visitor

LOOK_NOW = "document.dispatchEvent(new Event('visibilitychange'))"
"""Asks for news at once, as when somebody comes back to the window, instead of in twenty seconds."""

ENDS_LATER = """(later) => new Promise((known) => {
    const ask = () => {
        document.dispatchEvent(new Event("visibilitychange"));
        if (document.querySelector("#sesion").dataset.at > Date.now() + later) known();
        else setTimeout(ask, 50);
    };
    ask();
})"""
"""Asks how long the session lasts until it is that many milliseconds."""

DROP = """() => {
    const moved = new DataTransfer();
    for (const name of ["captura.png", "notas.txt"]) moved.items.add(new File(["hola"], name));
    const drop = {bubbles: true, cancelable: true, dataTransfer: moved};
    document.querySelector("#responder").dispatchEvent(new DragEvent("drop", drop));
}"""
KEPT = "Object.keys(localStorage).length"
TEXT, BAR = "#responder textarea", "[data-news]"


@pytest.fixture
def ticket(site: Site) -> Iterator[int]:
    """A request of the client that the operator answers."""
    request, serving, person = table_of(Ticket).c, table_of(TopicOperator).c, table_of(User).c
    with site.looking() as session:
        yield session.execute(
            select(request.id)
            .where(
                request.requester_id == select(person.id).where(person.email == CLIENT).scalar_subquery(),
                request.topic_id.in_(
                    select(serving.topic_id).where(
                        serving.user_id == select(person.id).where(person.email == OPERATOR).scalar_subquery()
                    )
                ),
                request.status != Status.CLOSED,
            )
            .order_by(request.id)
            .limit(1)
        ).scalar_one()


def path(visitor: Visitor) -> str:
    parts = urlsplit(visitor.page.url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def sent(page: Page) -> None:
    """Wait until the page says so, and its script ran: it goes after the page."""
    page.wait_for_selector("main .alert.ok")
    page.wait_for_load_state()


def test_choosing_and_the_keyboard(chromium: Chromium, site: Site, visit: Visit) -> None:
    operator = visit("operator")
    page = operator.page
    operator.go("/bandeja")
    rows = page.locator("tbody tr").count()
    page.check("#todas")
    assert page.inner_text(".bulk > span") == f"{rows} seleccionadas"
    page.uncheck("#todas")
    assert not page.is_visible(".bulk")
    page.click("details.more summary")
    page.keyboard.press("Escape")
    assert page.get_attribute("details.more", "open") is None
    for key in "jjkx":
        page.keyboard.press(key)
    assert page.inner_text(".bulk > span") == "1 seleccionada"
    page.keyboard.press("o")
    page.wait_for_url("**/solicitudes/*")
    page.keyboard.press("u")
    page.wait_for_url("**/bandeja?vista=tematicas")
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/bandeja?vista=asignadas")
    operator.go("/bandeja")
    page.keyboard.press("/")
    page.keyboard.type("jota")
    assert page.input_value("#q") == "jota"
    assert path(operator) == "/bandeja"
    assert operator.problems == []


def test_a_comment_that_was_begun_comes_back_as_a_comment(
    chromium: Chromium, site: Site, visit: Visit, ticket: int
) -> None:
    operator = visit("operator")
    page = operator.page
    page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?"
    operator.go(f"/solicitudes/{ticket}")
    page.keyboard.press("n")
    page.keyboard.type("Sólo para nosotros")
    operator.go("/bandeja")
    operator.go(f"/solicitudes/{ticket}")
    assert page.input_value(TEXT) == "Sólo para nosotros"
    assert page.is_checked("[name=tipo][value=interno]")
    page.focus(TEXT)
    page.keyboard.press("Control+Enter")
    sent(page)
    assert page.input_value(TEXT) == ""
    assert page.evaluate(KEPT) == 0
    assert "note" in (page.locator("article").last.get_attribute("class") or "")
    assert operator.problems == []


def test_a_comment_that_was_begun_does_not_come_back_where_one_can_only_reply(
    chromium: Chromium, site: Site, visit: Visit, ticket: int
) -> None:
    """Whoever answers a request no more, and takes part in it still, would send it to the client (T11)."""
    client = visit("client")
    page = client.page
    client.go(f"/solicitudes/{ticket}")
    page.evaluate(
        """number => localStorage.setItem(
            `borrador:${document.body.dataset.person}:/solicitudes/${number}/mensajes:texto`,
            JSON.stringify({text: "Es un secreto", internal: true, at: Date.now()}))""",
        ticket,
    )
    client.go(f"/solicitudes/{ticket}")
    assert page.input_value(TEXT) == ""


def test_news_come_when_asked_for_and_leave_what_is_written(
    chromium: Chromium, site: Site, visit: Visit, ticket: int
) -> None:
    operator, client = visit("operator"), visit("client")
    page = operator.page
    operator.go(f"/solicitudes/{ticket}")
    page.fill(TEXT, "A medio escribir")
    shown, seen = page.locator("article").count(), page.input_value("#responder [name=visto]")
    client.go(f"/solicitudes/{ticket}")
    client.page.fill(TEXT, "Va otra captura")
    client.page.keyboard.press("Control+Enter")
    sent(client.page)
    page.evaluate(LOOK_NOW)
    page.wait_for_selector(f"{BAR}:not([hidden])")
    assert page.inner_text(f"{BAR} span") == page.inner_text("#avisos") == "Hay 1 novedad en esta solicitud."
    assert page.evaluate("document.activeElement.name") == "texto"
    page.click("[data-refresh]")
    page.wait_for_selector(f"{BAR}[hidden]", state="attached")
    assert page.locator("article").count() == min(shown + 1, 20)
    assert page.input_value("#responder [name=visto]") != seen
    assert page.input_value(TEXT) == "A medio escribir"
    assert operator.problems == client.problems == []


def test_dropped_files_are_listed_and_go_with_the_text(
    chromium: Chromium, site: Site, visit: Visit, ticket: int
) -> None:
    client = visit("client")
    page = client.page
    client.go(f"/solicitudes/{ticket}")
    page.evaluate(DROP)
    assert re.findall(r"\w+\.\w+", page.inner_text("[data-chosen]")) == ["captura.png", "notas.txt"]
    page.click("[data-chosen] li:first-child button")
    page.fill(TEXT, "Van las notas")
    page.click("#responder button.primary")
    sent(page)
    assert path(client) == f"/solicitudes/{ticket}"
    assert "notas.txt" in page.locator("article").last.inner_text()
    assert "captura.png" not in page.locator("article").last.inner_text()
    assert page.input_value(TEXT) == ""
    assert client.problems == []


def test_signing_out_forgets_what_was_begun(
    chromium: Chromium, site: Site, visit: Visit, ticket: int
) -> None:
    client = visit()
    page = client.page
    page.on("dialog", lambda dialog: dialog.accept())
    client.sign_in(CLIENT)
    client.go(f"/solicitudes/{ticket}")
    page.fill(TEXT, "Algo que no termino")
    client.go("/solicitudes")
    assert page.evaluate(KEPT) == 1
    page.click(".top details.pop > summary")
    page.click("form[action='/salir'] button")
    page.wait_for_url("**/ingresar")
    assert page.evaluate(KEPT) == 0


def test_a_session_that_ends_soon_says_so_and_can_be_kept(
    chromium: Chromium, site: Site, visit: Visit, ticket: int
) -> None:
    operator = visit("operator")
    page = operator.page
    operator.go(f"/solicitudes/{ticket}")
    page.fill(TEXT, "Lo estoy mirando")
    _end_in(site, minutes=90)
    page.evaluate("document.querySelector('#sesion').dataset.at = Date.now() + 240_000")
    page.evaluate(ENDS_LATER, 5_000_000)  # another tab had used it, so there is nothing to say
    assert not page.is_visible("#sesion")
    _end_in(site, minutes=4)
    page.evaluate("document.querySelector('#sesion').dataset.at = Date.now() + 240_000")
    page.evaluate(LOOK_NOW)
    page.wait_for_selector("#sesion", state="visible")
    assert re.match(r"Tu sesión termina a las \d+:\d\d", page.inner_text("#sesion span"))
    assert page.inner_text("#avisos") == page.inner_text("#sesion span")
    assert page.evaluate("document.activeElement.id") == "texto"
    page.click("#sesion button")
    page.wait_for_selector("#sesion", state="hidden")
    page.evaluate(ENDS_LATER, 40_000_000)
    assert not page.is_visible("#sesion")
    assert page.input_value(TEXT) == "Lo estoy mirando"
    assert operator.problems == []


def _end_in(site: Site, *, minutes: int) -> None:
    """Let the sessions of the operator have been used so long ago that they end in some minutes."""
    person, row = table_of(User).c, table_of(WebSession)
    used = site.runtime.now() - stay(Role.OPERATOR).idle + timedelta(minutes=minutes)
    with site.runtime.db.transaction() as session:
        mine = select(person.id).where(person.email == OPERATOR).scalar_subquery()
        session.execute(update(row).where(row.c.user_id == mine).values(seen_at=used))


def test_the_page_of_the_mail_does_what_its_links_and_buttons_say(
    chromium: Chromium, site: Site, visit: Visit
) -> None:
    administrator = visit("administrator")
    page = administrator.page
    administrator.go("/admin/correo")
    page.click("#correo a[href^='/admin/correo/retenidos/'] b")
    page.wait_for_url("**/admin/correo/retenidos/*")
    administrator.go("/admin/correo")
    page.click("#correo form[action$='/descartar'] button.danger")
    page.wait_for_selector("main .alert.ok")
    assert "Descartado" in page.inner_text("main .alert.ok")
    assert administrator.problems == []
