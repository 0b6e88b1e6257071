"""The pages of administration on people, topics and the site, as an administrator uses them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import col, select

from gateway.models.people import Company, User
from gateway.models.queues import OutboxItem
from gateway.models.site import AuditEntry
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic
from gateway.rules.people import Role, UserStatus
from gateway.runtime import Runtime
from gateway.services import accounts, topic_lists
from tests.factories import make_company, make_topic, make_user
from tests.webui.conftest import PASSWORD, Browser, Clock
from tests.webui.scene import Scene, make_scene
from webui.app import create_app

ADMIN = "admin@sysmo.example"
MARTIN = "martin.sosa@sysmo.example"
HOSTILE = "\"><script>alert(1)</script>{{7*7}}<img src=x onerror=alert(1)>'"


@pytest.fixture
def scene(web_runtime: Runtime) -> Scene:
    with web_runtime.db.transaction() as session:
        return make_scene(session)


@pytest.fixture
def admin(scene: Scene, browse: Callable[..., Browser]) -> Browser:
    return browse(ADMIN)


def person(runtime: Runtime, email: str) -> User:
    with runtime.db.snapshot() as session:
        found = session.exec(select(User).where(User.email == email)).one()
        session.expunge(found)  # it is looked at after the session
        return found


def fresh(fields: dict[str, object], key: str = "k") -> dict[str, object]:
    return {"envio": key, **fields}


def test_a_topic_is_made_changed_and_switched_off(admin: Browser, web_runtime: Runtime) -> None:
    path = "/admin/tematicas/nueva"
    fields = {"nombre": "Ventas", "direccion": "Ventas@example.com", "operadores": [MARTIN, ADMIN]}
    done = admin.send_form(path, fresh(fields))
    assert (done.status_code, done.headers["location"]) == (303, "/admin/tematicas")
    listed = admin.get("/admin/tematicas").text
    assert "La temática está creada." in listed
    assert "ventas@example.com" in listed
    assert "Ada Admin, Martín Sosa" in listed
    with web_runtime.db.snapshot() as session:
        page = f"/admin/tematicas/{session.exec(select(Topic.id).where(Topic.name == 'Ventas')).one()}"
    done = admin.send_form(page, fresh({"nombre": "Ventas y precios", "predeterminada": "1"}, "k2"))
    assert done.status_code == 303
    assert "Nadie atiende esta temática" in admin.get("/admin/tematicas").text
    refused = admin.send_form(f"{page}/estado", {"activa": "0"}, page="/admin/tematicas")
    assert refused.status_code == 422
    assert "<title>Error:" in refused.text
    assert "no se puede deshabilitar" in refused.text


def test_a_refused_topic_keeps_what_was_written(admin: Browser) -> None:
    fields = {"nombre": "facturacion", "descripcion": "Precios", "operadores": [MARTIN]}
    refused = admin.send_form("/admin/tematicas/nueva", fresh(fields))
    assert refused.status_code == 422
    assert "Ya hay una temática con ese nombre" in refused.text
    assert 'value="Precios"' in refused.text
    assert f'value="{MARTIN}" checked' in refused.text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        pytest.param("/admin/tematicas/nueva", {"nombre": "Ventas", "operadores": [MARTIN]}, id="topic"),
        pytest.param(
            "/admin/operadores/nuevo",
            {"email": "paula@sysmo.example", "nombre": "Paula", "rol": "operador"},
            id="operator",
        ),
        pytest.param("/admin/operadores/{operator}/clave", {}, id="reset"),
        pytest.param(
            "/admin/operadores/{operator}/baja",
            {"como": "deshabilitar", "pendientes": "soltar"},
            id="leaving",
        ),
        pytest.param("/admin/sitio", {"sitio": "Mesa Andina"}, id="name of the site"),
        pytest.param("/admin/informe", {"dia": "5", "hora": "8"}, id="monthly report"),
        pytest.param("/admin/horario", {"lunes": "9 a 18"}, id="working hours"),
    ],
)
def test_a_second_click_does_nothing_more(
    admin: Browser, web_runtime: Runtime, scene: Scene, path: str, fields: dict[str, object]
) -> None:
    path = path.format(operator=scene.operator)
    first = admin.send_form(path, fresh(fields), page="/admin/operadores/nuevo")
    with web_runtime.db.snapshot() as session:
        after = len(session.exec(select(AuditEntry)).all()), len(session.exec(select(OutboxItem)).all())
    second = admin.send_form(path, fresh(fields), page="/admin/operadores/nuevo")
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    with web_runtime.db.snapshot() as session:
        assert after == (
            len(session.exec(select(AuditEntry)).all()),
            len(session.exec(select(OutboxItem)).all()),
        )


def test_a_client_becomes_an_operator_only_on_a_second_word(admin: Browser, web_runtime: Runtime) -> None:
    path = "/admin/operadores/nuevo"
    fields = {"email": "diego@albornoz.example", "nombre": "Diego", "rol": "operador"}
    asked = admin.send_form(path, fresh(fields))
    assert asked.status_code == 422
    assert 'name="convertir"' in asked.text
    assert "diego@albornoz.example es de un cliente" in asked.text
    assert person(web_runtime, "diego@albornoz.example").role is Role.CLIENT
    assert admin.send_form(path, fresh(fields | {"convertir": "1"}, "k2")).status_code == 303
    assert person(web_runtime, "diego@albornoz.example").role is Role.OPERATOR


@pytest.mark.parametrize("change", ["role", "disabled", "client"])
def test_who_is_changed_is_signed_out_at_once(
    admin: Browser, browse: Callable[..., Browser], scene: Scene, change: str
) -> None:
    operator = browse(MARTIN)
    assert operator.get("/bandeja").status_code == 200
    page = f"/admin/operadores/{scene.operator}"
    if change == "role":
        done = admin.send_form(page, fresh({"nombre": "Martín Sosa", "rol": "administrador"}))
    else:
        how = {"disabled": "deshabilitar", "client": "cliente"}[change]
        done = admin.send_form(f"{page}/baja", fresh({"como": how, "pendientes": "soltar"}))
    assert done.status_code == 303
    assert operator.get("/bandeja").headers["location"].startswith("/ingresar")
    works = {"role": 303, "disabled": 422, "client": 303}[change]
    assert operator.sign_in(MARTIN).status_code == works


def test_the_open_requests_of_who_leaves_are_asked_about(
    admin: Browser, web_runtime: Runtime, scene: Scene
) -> None:
    path = f"/admin/operadores/{scene.operator}/baja"
    assert "Su solicitud abierta" in admin.get(path).text
    fields = {"como": "deshabilitar", "pendientes": "pasar", "a": ""}
    refused = admin.send_form(path, fresh(fields))
    assert refused.status_code == 422
    assert "Elegí un operador que las pueda tomar" in refused.text
    carla = person(web_runtime, "carla.nunez@sysmo.example").id
    assert admin.send_form(path, fresh(fields | {"a": str(carla)}, "k2")).status_code == 303
    with web_runtime.db.snapshot() as session:
        ticket = session.get(Ticket, scene.ticket)
        assert ticket is not None
        assert ticket.assignee_id == carla


def test_nobody_changes_their_own_role_on_any_page(admin: Browser, web_runtime: Runtime) -> None:
    own = f"/admin/operadores/{person(web_runtime, ADMIN).id}"
    assert 'name="rol"' not in admin.get(own).text
    assert admin.send_form(own, fresh({"nombre": "Ada", "rol": "operador"})).status_code == 422
    assert admin.send_form(f"{own}/baja", fresh({"como": "cliente"}, "k2")).status_code == 422
    assert admin.send_form(own, fresh({"nombre": "Ada Lovelace"}, "k3")).status_code == 303
    ada = person(web_runtime, ADMIN)
    assert (ada.role, ada.name) == (Role.ADMIN, "Ada Lovelace")


SENSITIVE = [
    "GET /admin/operadores/nuevo",
    "POST /admin/operadores/nuevo",
    "GET /admin/operadores/{operator}",
    "POST /admin/operadores/{operator}",
    "POST /admin/operadores/{operator}/habilitar",
    "POST /admin/operadores/{operator}/clave",
    "GET /admin/operadores/{operator}/baja",
    "POST /admin/operadores/{operator}/baja",
    "POST /admin/clientes/{client}/deshabilitar",
    "POST /admin/clientes/{client}/habilitar",
    "POST /admin/clientes/{client}/clave",
    "GET /admin/empresas/{company}/unir",
    "POST /admin/empresas/{company}/unir",
]


def test_what_is_sensitive_asks_for_the_password_after_ten_minutes(
    admin: Browser, scene: Scene, clock: Clock, web_runtime: Runtime
) -> None:
    clock.now += timedelta(minutes=11)
    fields = {"como": "deshabilitar", "nombre": "X", "rol": "operador", "email": "x@y.example"}
    for route in SENSITIVE:
        method, path = route.format(
            operator=scene.operator, client=scene.client, company=scene.company
        ).split()
        if method == "GET":
            answer = admin.get(path)
        else:
            answer = admin.send_form(path, fresh(fields, route), page="/admin/tematicas")
        assert answer.headers["location"].startswith("/confirmar-clave"), route
    assert person(web_runtime, MARTIN).status is UserStatus.ACTIVE


def test_a_client_is_corrected_and_found_by_the_new_name(admin: Browser, scene: Scene) -> None:
    page = f"/admin/clientes/{scene.client}"
    fields = {"nombre": "Laura Gómez", "telefono": "11 5555", "idioma": "en", "empresa": "", "cuit": ""}
    assert admin.send_form(page, fresh(fields)).status_code == 303
    shown = admin.get(page).text
    assert "Laura Gómez" in shown
    assert 'value="11 5555"' in shown
    assert "laura.gimenez@andina.example" in admin.get("/admin/clientes?q=GOMEZ").text
    assert "No se encontró nada" in admin.get("/admin/clientes?q=nadie").text
    refused = admin.send_form(page, fresh(fields | {"empresa": "X", "cuit": "30-1"}, "k2"))
    assert refused.status_code == 422
    assert 'value="Laura Gómez"' in refused.text


def test_a_disabled_client_is_signed_out(
    admin: Browser, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    laura = browse("laura.gimenez@andina.example")
    page = f"/admin/clientes/{scene.client}"
    assert admin.send_form(f"{page}/deshabilitar", fresh({}), page=page).status_code == 303
    assert laura.get("/solicitudes").status_code == 303
    assert laura.sign_in("laura.gimenez@andina.example").status_code == 422
    assert admin.send_form(f"{page}/clave", fresh({}, "k2"), page=page).status_code == 422
    assert admin.send_form(f"{page}/habilitar", fresh({}, "k3"), page=page).status_code == 303
    assert admin.send_form(f"{page}/clave", fresh({}, "k4"), page=page).status_code == 303
    with web_runtime.db.snapshot() as session:
        purposes = [each.purpose for each in session.exec(select(OutboxItem).order_by(col(OutboxItem.id)))]
    assert purposes[-1] == "reset"


def test_two_companies_become_one_after_it_was_said_what_happens(
    admin: Browser, web_runtime: Runtime, scene: Scene
) -> None:
    with web_runtime.db.transaction() as session:
        twin = make_company(session, name="Andina", cuit=None).id
        foreign = make_company(session, name="Molinos", cuit="30500010912").id
    page = f"/admin/empresas/{twin}/unir"
    assert f"otra={scene.company}" in admin.get(f"{page}?q=andina").text
    said = admin.get(f"{page}?otra={scene.company}").text
    assert "toma el CUIT 30-99999980-4" in said
    assert "No se puede deshacer" in said
    refused = f"/admin/empresas/{scene.company}/unir?otra={foreign}"
    assert "CUIT distintos" in admin.get(refused).text
    fields = {"otra": str(foreign), "queda": str(scene.company)}
    assert (
        admin.send_form(f"/admin/empresas/{scene.company}/unir", fresh(fields), page=page).status_code == 422
    )
    for nonsense in ({"otra": "x"}, {"otra": str(twin), "queda": str(twin)}, {"otra": "9" * 30}):
        assert admin.send_form(page, fresh(nonsense, str(nonsense))).status_code in (404, 422)
    done = admin.send_form(page, fresh({"otra": str(scene.company), "queda": str(twin)}, "k2"))
    assert done.headers["location"] == f"/admin/empresas/{twin}"
    assert admin.get(f"/admin/empresas/{scene.company}").status_code == 404
    with web_runtime.db.snapshot() as session:
        kept = session.get(Company, twin)
        laura = session.get(User, scene.client)
        assert kept is not None
        assert laura is not None
        assert (kept.cuit, laura.company_id) == ("30999999804", twin)


def test_the_name_of_the_site_is_on_the_next_page_of_everybody(
    admin: Browser, browse: Callable[..., Browser], web_runtime: Runtime, scene: Scene
) -> None:
    other = browse()
    assert "· Sysmo Tickets</title>" in other.get("/ingresar").text
    assert admin.send_form("/admin/sitio", fresh({"sitio": "Mesa Andina"})).status_code == 303
    assert "· Mesa Andina</title>" in other.get("/ingresar").text
    assert "· Mesa Andina</title>" in other.get("/nowhere").text
    reset = f"/admin/operadores/{scene.operator}/clave"
    assert admin.send_form(reset, fresh({}, "k2"), page="/admin/sitio").status_code == 303
    with web_runtime.db.snapshot() as session:
        head = session.exec(select(OutboxItem).order_by(col(OutboxItem.id).desc())).first()
        assert head is not None
        assert b"Mesa Andina" in head.head
    assert admin.send_form("/admin/sitio", fresh({"sitio": " "}, "k3")).status_code == 422


def test_a_name_in_the_configuration_is_shown_and_not_changed(
    make_runtime: Callable[..., Runtime], clock: Clock
) -> None:
    runtime = make_runtime('[site]\nname = "Soporte Norte"', now=clock)
    with runtime.db.transaction() as session:
        make_scene(session)
    with Browser(create_app(runtime)) as browser:
        browser.sign_in(ADMIN)
        page = browser.get("/admin/sitio").text
        assert "Soporte Norte" in page
        assert 'name="sitio"' not in page
        assert browser.send_form("/admin/sitio", fresh({"sitio": "Otro"}), page="/admin").status_code in (
            403,
            422,
        )
        assert "· Soporte Norte</title>" in page


def test_a_new_installation_is_walked_through(
    browse: Callable[..., Browser], web_runtime: Runtime, clock: Clock
) -> None:
    with web_runtime.db.transaction() as session:
        token = accounts.set_up_token(session, now=clock.now)
    browser = browse()
    account = {"email": "ada@sysmo.example", "nombre": "Ada Admin", "clave": PASSWORD}
    done = browser.send_form(f"/instalar/{token}", account)
    assert done.headers["location"] == "/admin/comenzar"
    step = browser.get("/admin/comenzar").text
    assert 'value="soporte@example.com"' in step
    assert "Crear la primera temática" in browser.get("/admin/tematicas").text
    refused = browser.send_form("/admin/comenzar", fresh({"sitio": "", "nombre": "Soporte"}))
    assert refused.status_code == 422
    assert "El nombre del sitio" in refused.text
    fields = {"sitio": "Mesa Andina", "nombre": "Soporte", "direccion": "soporte@example.com"}
    done = browser.send_form("/admin/comenzar", fresh(fields, "k2"))
    assert done.headers["location"] == "/admin/conectar?inicio=1"
    last = browser.get("/admin/conectar?inicio=1").text
    assert "sysmo check --mail" in last
    assert "· Mesa Andina</title>" in last
    assert browser.get("/admin/comenzar").status_code == 303
    with web_runtime.db.snapshot() as session:
        (topic,) = topic_lists.every(session)
    assert (topic.default, [each.email for each in topic.operators]) == (True, ["ada@sysmo.example"])


def test_names_that_are_code_are_shown_as_they_are(admin: Browser, web_runtime: Runtime) -> None:
    with web_runtime.db.transaction() as session:
        company = make_company(session, name=HOSTILE, cuit=None)
        client = make_user(session, "x@x.example", name=HOSTILE, company_id=company.id, phone=HOSTILE[:60])
        operator = make_user(session, "y@x.example", name=HOSTILE, role=Role.OPERATOR)
        topic = make_topic(session, HOSTILE, operator, description=HOSTILE)
        paths = [
            "/admin/tematicas",
            f"/admin/tematicas/{topic.id}",
            "/admin/operadores",
            f"/admin/operadores/{operator.id}",
            f"/admin/operadores/{operator.id}/baja",
            "/admin/clientes?q=%22%3E%3Cscript%3Ealert(1)",
            f"/admin/clientes/{client.id}",
            "/admin/empresas",
            f"/admin/empresas/{company.id}",
            f"/admin/empresas/{company.id}/unir",
            f"/admin/empresas/{company.id}/unir?otra={company.id - 1}",
        ]
    assert admin.send_form("/admin/sitio", fresh({"sitio": HOSTILE})).status_code == 303
    for path in [*paths, "/admin/sitio", "/admin/conectar", "/ingresar"]:
        page = admin.get(path)
        assert "<script>alert" not in page.text, path
        assert "<img src=x" not in page.text, path
        assert page.status_code in (200, 303), path
    assert "{{7*7}}" in admin.get("/admin/empresas").text


@pytest.mark.parametrize("number", ["0", "999999", "2147483648", "99999999999999999999999"])
def test_what_is_not_there_is_404(admin: Browser, number: str) -> None:
    for path in (
        "/admin/tematicas/{}",
        "/admin/operadores/{}",
        "/admin/operadores/{}/baja",
        "/admin/clientes/{}",
        "/admin/empresas/{}",
        "/admin/empresas/{}/unir",
    ):
        assert admin.get(path.format(number)).status_code == 404, path
    for path in ("/admin/clientes?antes=", "/admin/empresas?q=x&antes="):
        assert admin.get(path + number).status_code == 200
