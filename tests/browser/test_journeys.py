"""A client, an operator and an administrator, from beginning to end, with script and without."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.services import accounts
from tests.browser.chromium import Chromium
from tests.browser.journeys import Traveller, answer_by_mail, link_in
from tests.browser.site import OPERATOR, Site
from tests.browser.visitor import DESK, PHONE
from tests.office import body, mail
from tests.webui.conftest import PASSWORD

BILLING = "facturacion@sysmo.example"
WAYS = [
    pytest.param({"width": PHONE, "dark": True, "script": True}, id="phone-dark-script"),
    pytest.param({"width": DESK, "dark": False, "script": False}, id="desk-light-no-script"),
]
PICTURE = {"name": "captura.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n no es una imagen"}
ASIDE = "esto queda entre nosotros"

Travel = Callable[..., Traveller]


@pytest.fixture
def travel(chromium: Chromium, site: Site) -> Iterator[Travel]:
    """Open a window on a site, where nobody is signed in."""
    opened: list[Traveller] = []

    def new(where: Site | None = None, **way: object) -> Traveller:
        opened.append(Traveller(chromium, where or site, **way))
        return opened[-1]

    yield new
    for each in opened:
        chromium.run(each.close)


@pytest.fixture
def fresh_site(
    chromium: Chromium, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """An installation on its first day."""
    folder = tmp_path_factory.mktemp("fresh")
    shutil.copy(sqlite_template, folder / "sysmo.db")
    with Site(folder, f"sqlite:///{folder}/sysmo.db") as site:
        yield site


@pytest.mark.parametrize("way", WAYS)
def test_a_client_signs_up_asks_is_answered_and_sees_it_closed(
    way: dict[str, object], chromium: Chromium, site: Site, travel: Travel
) -> None:
    client = travel(**way)
    address = f"rosa.{'con' if way['script'] else 'sin'}@viveroaurora.example"
    sign_up(client, site, address)
    number, about = ask(client)
    answer_by_mail(
        site, OPERATOR, "Hola, Rosa. Ya lo vimos.", about=about, message_id=f"a-{number}@x.example"
    )
    client.go(f"/solicitudes/{number}")
    assert "Ya lo vimos." in client.text
    client.sound()
    client.fill(texto="Gracias, ahora sale bien.")
    client.press("Enviar")
    assert "Gracias, ahora sale bien." in client.text
    answer_by_mail(site, OPERATOR, "#cerrar", about=about, message_id=f"b-{number}@x.example")
    client.go(f"/solicitudes/{number}")
    assert "está cerrada" in client.text
    client.sound()
    client.go("/solicitudes?estado=todas")
    assert about in client.text


def sign_up(client: Traveller, site: Site, address: str) -> None:
    """Register, first with a CUIT that is none, and confirm by the link in the mail."""
    client.go("/registro")
    fields = {
        "email": address,
        "empresa": "Vivero Aurora",
        "nombre": "Rosa Funes",
        "telefono": "261 555-0142",
    }
    client.fill(**fields, cuit="30-11111111-1", clave=PASSWORD)
    client.press("Crear cuenta")
    assert client.page.title().startswith("Error:")
    assert client.page.input_value("[name=empresa]") == "Vivero Aurora"
    client.sound()
    client.fill(cuit="30-71234567-1", clave=PASSWORD)
    client.press("Crear cuenta")
    assert client.page.url.endswith("/registro/revisa-tu-correo"), client.text
    client.sound()
    client.go(link_in(site.mails_to(address)[-1]))
    client.sound()
    client.press("Confirmar mi cuenta")
    if client.page.url.endswith("/ingresar"):
        client.sign_in(address)


def ask(client: Traveller) -> tuple[str, str]:
    """Make a request with a file; return its number and subject."""
    client.go("/solicitudes/nueva")
    client.sound()
    about = "La factura sale en blanco"
    client.page.locator("label", has_text="Facturación").click()
    client.fill(asunto=about, descripcion="Desde hoy.\n\nVa la captura.")
    client.page.set_input_files("#adjuntos", PICTURE)
    client.press("Enviar solicitud")
    found = re.search(r"/solicitudes/(\d+)", client.page.url)
    assert found is not None, client.text
    assert "captura.png" in client.text
    client.sound()
    return found[1], about


@pytest.mark.parametrize("way", WAYS)
def test_an_operator_finds_takes_discusses_answers_and_closes(
    way: dict[str, object], chromium: Chromium, site: Site, travel: Travel
) -> None:
    word = "trigonometría" if way["script"] else "paralelepípedo"
    address = f"{'uno' if way['script'] else 'dos'}@clientenuevo.example"
    raw = mail(
        sender=f"Elsa Ríos <{address}>", to=BILLING, subject=f"Consulta por {word}", message_id=address
    )
    done = site.deliver(raw, recipients=[BILLING], sender=address)
    operator = travel(**way)
    operator.sign_in(OPERATOR)
    for view in ("Asignadas a mí", "Solicitudes realizadas por mí", "De mis temáticas"):
        operator.follow(view)
        operator.sound()
    operator.page.fill("[name=q]", word)
    operator.page.press("[name=q]", "Enter")
    operator.page.wait_for_url("**q=*")
    operator.follow(f"Consulta por {word}")
    operator.page.wait_for_url(f"**/solicitudes/{done.ticket_id}*")
    operator.press("Tomar")
    assert "En proceso" in operator.text
    operator.page.locator("label", has_text="Comentario interno").locator("visible=true").first.click()
    operator.fill(texto=f"{ASIDE}: ya pasó en marzo")
    operator.sound()
    operator.press("Guardar comentario")
    assert ASIDE in operator.text
    operator.fill(texto="Hola, Elsa. Quedó resuelto.")
    operator.press("Enviar y cerrar")
    assert "Cerrado" in operator.page.inner_text(".facts")
    operator.sound()
    told = [body(each) for each in site.mails_to(address)]
    assert "Quedó resuelto." in told[-1]
    assert not any(ASIDE in each for each in told)


@pytest.mark.parametrize("way", WAYS)
def test_an_administrator_sets_up_and_lets_held_mail_in(
    way: dict[str, object], chromium: Chromium, fresh_site: Site, travel: Travel
) -> None:
    site = fresh_site
    administrator = travel(site, **way)
    with site.runtime.db.transaction() as session:
        token = accounts.set_up_token(session, now=site.runtime.now())
    administrator.go(f"/instalar/{token}")
    administrator.sound()
    administrator.fill(email="ada@mesa.example", nombre="Ada Paz", clave=PASSWORD)
    administrator.press("Crear la cuenta")
    administrator.sound()
    administrator.fill(nombre="Soporte", descripcion="Lo que no entra en otra", direccion="")
    administrator.press("Guardar y seguir")
    administrator.sound()
    add_topic_and_operator(administrator)
    choose_password(travel(site, **way), site, "omar@mesa.example")
    administrator.turn(administrator.page.locator("form[action$='/clave'] button"))
    administrator.confirm_password()
    let_in(administrator, site)


def add_topic_and_operator(administrator: Traveller) -> None:
    """A second topic, and an operator who answers it; in the end their page is open."""
    administrator.go("/admin/tematicas/nueva")
    administrator.sound()
    administrator.fill(nombre="Facturación", direccion="facturacion@mesa.example")
    administrator.press("Crear la temática")
    assert "Facturación" in administrator.text
    administrator.go("/admin/operadores/nuevo")
    administrator.sound()
    administrator.fill(email="omar@mesa.example", nombre="Omar Díaz")
    administrator.page.locator("label", has_text="Facturación").click()
    administrator.press("Agregar")
    administrator.confirm_password()
    administrator.go("/admin/operadores")
    administrator.sound()
    administrator.follow("Omar Díaz")
    administrator.sound()


def choose_password(operator: Traveller, site: Site, address: str) -> None:
    """The new operator follows the mailed link; nobody else ever saw the password."""
    operator.go(link_in(site.mails_to(address)[-1]))
    operator.sound()
    operator.fill(clave=PASSWORD)
    operator.turn(operator.page.locator("main form button.primary"))
    operator.sign_in(address)
    assert operator.page.url.endswith("/bandeja")


def let_in(administrator: Traveller, site: Site) -> None:
    """A mail its domain disowns is held; accepted as new it is a request."""
    raw = mail(sender="Iris Sol <iris@lejos.example>", to="soporte@sysmo.example", subject="Pido ayuda")
    refused = (
        b"Authentication-Results: mx.sysmo.example; dmarc=fail (p=reject) header.from=lejos.example\r\n" + raw
    )
    done = site.deliver(refused, recipients=["soporte@sysmo.example"], sender="iris@lejos.example")
    assert done.outcome == "held"
    administrator.go("/admin/correo")
    administrator.sound()
    administrator.turn(administrator.page.locator("a[href*='/admin/correo/retenidos/']").first)
    administrator.sound()
    administrator.press("Aceptar")
    administrator.confirm_password()
    site.apply_waiting()
    administrator.go("/bandeja?vista=tematicas")
    assert "Pido ayuda" in administrator.text
    administrator.sound()
