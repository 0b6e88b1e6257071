"""Who may use what: every route, for everybody, beside a table written by hand (W1, W2, C6)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.routing import Route

from gateway.runtime import Runtime
from tests.conftest import ONE_ENGINE
from tests.webui.conftest import Browser
from tests.webui.scene import CANARY, RAW, Scene, make_scene

PEOPLE = {
    "anonymous": None,
    "client": "laura.gimenez@andina.example",
    "other client": "diego@albornoz.example",
    "operator": "martin.sosa@sysmo.example",
    "other operator": "carla.nunez@sysmo.example",
    "administrator": "admin@sysmo.example",
}

TABLE = {
    # anonymous, client, other client, operator, other operator, administrator
    "GET /": (303, 303, 303, 303, 303, 303),
    "GET /healthz": (200, 200, 200, 200, 200, 200),
    "GET /readyz": (200, 200, 200, 200, 200, 200),
    "GET /metrics": (200, 200, 200, 200, 200, 200),
    "GET /instalar/{token}": (404, 404, 404, 404, 404, 404),
    "POST /instalar/{token}": (404, 404, 404, 404, 404, 404),
    "GET /ingresar": (200, 303, 303, 303, 303, 303),
    "POST /ingresar": (422, 422, 422, 422, 422, 422),
    "POST /salir": (303, 303, 303, 303, 303, 303),
    "GET /registro": (200, 303, 303, 303, 303, 303),
    "POST /registro": (422, 303, 303, 303, 303, 303),
    "GET /registro/revisa-tu-correo": (303, 303, 303, 303, 303, 303),
    "POST /registro/reenviar": (303, 303, 303, 303, 303, 303),
    "GET /confirmar/{token}": (404, 404, 404, 404, 404, 404),
    "POST /confirmar/{token}": (404, 404, 404, 404, 404, 404),
    "GET /clave": (200, 200, 200, 200, 200, 200),
    "POST /clave": (303, 303, 303, 303, 303, 303),
    "GET /clave/{token}": (404, 404, 404, 404, 404, 404),
    "POST /clave/{token}": (404, 404, 404, 404, 404, 404),
    "GET /confirmar-clave": (303, 200, 200, 200, 200, 200),
    "POST /confirmar-clave": (303, 422, 422, 422, 422, 422),
    "GET /cuenta": (303, 200, 200, 200, 200, 200),
    "POST /cuenta": (303, 404, 404, 404, 404, 404),
    "POST /cuenta/clave": (303, 422, 422, 422, 422, 422),
    "POST /cuenta/sesiones": (303, 303, 303, 303, 303, 303),
    "POST /cuenta/avisos": (303, 404, 404, 303, 303, 303),
    "POST /idioma": (404, 404, 404, 404, 404, 404),
    "GET /privacidad": (200, 200, 200, 200, 200, 200),
    "GET /correos/confirmar/{token}": (303, 404, 404, 404, 404, 404),
    "POST /correos/confirmar/{token}": (303, 404, 404, 404, 404, 404),
    "GET /bandeja": (303, 404, 404, 200, 200, 200),
    "POST /bandeja": (303, 404, 404, 400, 400, 400),
    "GET /bandeja/confirmar": (303, 404, 404, 200, 404, 200),
    "GET /novedades": (303, 200, 404, 200, 404, 200),
    "GET /sesion": (303, 200, 200, 200, 200, 200),
    "GET /ayuda": (200, 200, 200, 200, 200, 200),
    "GET /solicitudes": (303, 200, 200, 200, 200, 200),
    "GET /solicitudes/{number:int}": (303, 200, 404, 200, 404, 200),
    "GET /solicitudes/nueva": (303, 200, 200, 200, 200, 200),
    "POST /solicitudes/nueva": (303, 422, 422, 422, 422, 422),
    "POST /solicitudes/{number:int}/mensajes": (303, 409, 404, 422, 404, 409),
    "POST /solicitudes/{number:int}/participantes": (303, 404, 404, 409, 404, 409),
    "POST /solicitudes/{number:int}/participantes/quitar": (303, 404, 404, 303, 404, 303),
    "POST /solicitudes/{number:int}/participantes/descartar": (303, 404, 404, 303, 404, 303),
    "POST /solicitudes/{number:int}/no-leida": (303, 404, 404, 303, 404, 303),
    "POST /solicitudes/{number:int}/tomar": (303, 404, 404, 303, 404, 303),
    "POST /solicitudes/{number:int}/reabrir": (303, 404, 404, 303, 404, 303),
    "POST /solicitudes/{number:int}/cerrar": (303, 404, 404, 303, 404, 303),
    "POST /solicitudes/{number:int}/reasignar": (303, 404, 404, 303, 404, 303),
    "GET /reportes.csv": (303, 404, 404, 404, 404, 200),
    "GET /reportes.xlsx": (303, 404, 404, 404, 404, 200),
    "GET /reportes/solicitudes.csv": (303, 404, 404, 404, 404, 200),
    "GET /adjuntos/{id}/{name}": (303, 200, 404, 200, 404, 200),
    "GET /adjuntos/{id}/miniatura": (303, 404, 404, 404, 404, 404),  # by its content no picture
    "GET /adjuntos/{id}/imagen": (303, 200, 404, 200, 404, 200),
    "GET /mensajes/{id:int}/html": (303, 404, 404, 200, 404, 200),
    "GET /mensajes/{id:int}/original.eml": (303, 404, 404, 200, 404, 200),
    "GET /admin/correo": (303, 404, 404, 404, 404, 200),
    "GET /admin/correo/retenidos/{id:int}": (303, 404, 404, 404, 404, 404),
    "POST /admin/correo/retenidos/{id:int}/aceptar": (303, 404, 404, 404, 404, 404),
    "POST /admin/correo/retenidos/{id:int}/descartar": (303, 404, 404, 404, 404, 404),
    "POST /admin/correo/entrada/{id:int}/reintentar": (303, 404, 404, 404, 404, 422),
    "POST /admin/correo/entrada/{id:int}/descartar": (303, 404, 404, 404, 404, 422),
    "POST /admin/correo/salida/reintentar": (303, 404, 404, 404, 404, 303),
    "POST /admin/correo/salida/{id:int}/reintentar": (303, 404, 404, 404, 404, 422),
    "POST /admin/correo/salida/{id:int}/abandonar": (303, 404, 404, 404, 404, 422),
    "GET /admin/actividad": (303, 404, 404, 404, 404, 200),
    "GET /reportes": (303, 404, 404, 404, 404, 200),
    "GET /reportes/solicitudes": (303, 404, 404, 404, 404, 200),
    "GET /admin": (303, 404, 404, 404, 404, 303),
    "GET /admin/tematicas": (303, 404, 404, 404, 404, 200),
    "GET /admin/tematicas/nueva": (303, 404, 404, 404, 404, 200),
    "POST /admin/tematicas/nueva": (303, 404, 404, 404, 404, 422),
    "GET /admin/tematicas/{topic:int}": (303, 404, 404, 404, 404, 200),
    "POST /admin/tematicas/{topic:int}": (303, 404, 404, 404, 404, 422),
    "POST /admin/tematicas/{topic:int}/estado": (303, 404, 404, 404, 404, 303),
    "POST /admin/tematicas/{topic:int}/orden": (303, 404, 404, 404, 404, 303),
    "GET /admin/operadores": (303, 404, 404, 404, 404, 200),
    "GET /admin/operadores/nuevo": (303, 404, 404, 404, 404, 200),
    "POST /admin/operadores/nuevo": (303, 404, 404, 404, 404, 422),
    "GET /admin/operadores/{member:int}": (303, 404, 404, 404, 404, 200),
    "POST /admin/operadores/{member:int}": (303, 404, 404, 404, 404, 422),
    "POST /admin/operadores/{member:int}/habilitar": (303, 404, 404, 404, 404, 303),
    "POST /admin/operadores/{member:int}/clave": (303, 404, 404, 404, 404, 303),
    "GET /admin/operadores/{member:int}/baja": (303, 404, 404, 404, 404, 200),
    "POST /admin/operadores/{member:int}/baja": (303, 404, 404, 404, 404, 422),
    "GET /admin/clientes": (303, 404, 404, 404, 404, 200),
    "GET /admin/clientes/{client:int}": (303, 404, 404, 404, 404, 200),
    "POST /admin/clientes/{client:int}": (303, 404, 404, 404, 404, 422),
    "POST /admin/clientes/{client:int}/deshabilitar": (303, 404, 404, 404, 404, 303),
    "POST /admin/clientes/{client:int}/habilitar": (303, 404, 404, 404, 404, 303),
    "POST /admin/clientes/{client:int}/clave": (303, 404, 404, 404, 404, 303),
    "GET /admin/empresas": (303, 404, 404, 404, 404, 200),
    "GET /admin/empresas/{company:int}": (303, 404, 404, 404, 404, 200),
    "POST /admin/empresas/{company:int}": (303, 404, 404, 404, 404, 422),
    "GET /admin/empresas/{company:int}/unir": (303, 404, 404, 404, 404, 200),
    "POST /admin/empresas/{company:int}/unir": (303, 404, 404, 404, 404, 404),
    "GET /admin/informe": (303, 404, 404, 404, 404, 200),
    "POST /admin/informe": (303, 404, 404, 404, 404, 422),
    "POST /admin/informe/ahora": (303, 404, 404, 404, 404, 303),
    "GET /admin/sitio": (303, 404, 404, 404, 404, 200),
    "POST /admin/sitio": (303, 404, 404, 404, 404, 422),
    "GET /admin/horario": (303, 404, 404, 404, 404, 200),
    "POST /admin/horario": (303, 404, 404, 404, 404, 422),
    "GET /admin/conectar": (303, 404, 404, 404, 404, 200),
    "GET /admin/comenzar": (303, 404, 404, 404, 404, 303),
    "POST /admin/comenzar": (303, 404, 404, 404, 404, 422),
}
"""On the request of the first client, in the topic of the first operator."""

QUERIES = {
    "GET /bandeja/confirmar": "?accion=cerrar&s={number}",
    "GET /novedades": "?solicitud={number}&visto=0",
    "GET /reportes/solicitudes": "?figura=recibidas&desde=2026-04-01&hasta=2026-05-31",
}
"""What an address must say besides, to be about that request."""

CHANGING = {"POST /salir"}
"""Last, since the visitor is another one afterwards."""


@pytest.fixture
def scene(web_runtime: Runtime) -> Scene:
    with web_runtime.db.transaction() as session:
        return make_scene(session)


def routes(app: Any) -> Iterator[str]:
    for route in app.routes:
        if isinstance(route, Route):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield f"{method} {route.path}"


def path_of(route: str, scene: Scene) -> str:
    return (
        route.partition(" ")[2]
        .replace("{token}", "a" * 52)
        .replace("{number:int}", str(scene.ticket))
        .replace("{id:int}", str(scene.client_message))
        .replace("{topic:int}", str(scene.topic))
        .replace("{member:int}", str(scene.operator))
        .replace("{client:int}", str(scene.client))
        .replace("{company:int}", str(scene.company))
        .replace("{id}", scene.public_file)
        .replace("{name}", "x.png")
    )


def answer(browser: Browser, route: str, scene: Scene) -> int:
    path = path_of(route, scene) + QUERIES.get(route, "").replace("{number}", str(scene.ticket))
    if route.startswith("GET"):
        return int(browser.get(path).status_code)
    page = "/solicitudes" if browser.get("/solicitudes").status_code == 200 else "/ingresar"
    return int(
        browser.send_form(
            path, {"email": "x@y.example", "clave": "no", "envio": route}, page=page
        ).status_code
    )


def test_the_table_names_every_route(app: Any) -> None:
    assert sorted(routes(app)) == sorted(TABLE)


@ONE_ENGINE
@pytest.mark.parametrize("who", PEOPLE)
def test_every_route_answers_as_the_table_says(
    who: str, browse: Callable[..., Browser], scene: Scene
) -> None:
    browser = browse(PEOPLE[who])
    column = list(PEOPLE).index(who)
    order = sorted(TABLE, key=lambda route: route in CHANGING)
    found = {route: answer(browser, route, scene) for route in order}
    assert found == {route: TABLE[route][column] for route in order}


@pytest.mark.parametrize("who", [who for who in PEOPLE if who != "anonymous"])
def test_the_forbidden_and_the_absent_answer_alike(
    who: str, browse: Callable[..., Browser], scene: Scene
) -> None:
    browser = browse(PEOPLE[who])
    absent = browser.get("/solicitudes/999999")
    assert absent.status_code == 404
    for path in ("/solicitudes/9999999999999999999999", f"/adjuntos/{'a' * 26}/x", "/adjuntos/%00/x"):
        assert browser.get(path).status_code == 404
    for path in (f"/solicitudes/{scene.ticket}", f"/solicitudes/{scene.other_ticket}"):
        found = browser.get(path)
        assert found.status_code == 200 or found.text == absent.text


@pytest.mark.parametrize("who", ["client", "other client", "anonymous"])
def test_nothing_internal_reaches_a_client(who: str, browse: Callable[..., Browser], scene: Scene) -> None:
    browser = browse(PEOPLE[who])
    paths = [path_of(route, scene) for route in TABLE if route.startswith("GET")]
    paths += [
        f"/solicitudes/{scene.ticket}?todo=1",
        f"/adjuntos/{scene.internal_file}/x.txt",
        f"/mensajes/{scene.internal_message}/original.eml",
    ]
    for path in paths:
        found = browser.get(path)
        assert CANARY not in found.text + str(found.headers), path


def test_operators_see_the_internal_comment_and_its_file(
    browse: Callable[..., Browser], scene: Scene
) -> None:
    browser = browse(PEOPLE["operator"])
    assert CANARY in browser.get(f"/solicitudes/{scene.ticket}").text
    assert browser.get(f"/adjuntos/{scene.internal_file}/x").status_code == 200
    assert browser.get(f"/mensajes/{scene.client_message}/original.eml").content == RAW


def test_access_ends_when_the_topic_is_taken_away(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    browser = browse(PEOPLE["other operator"])
    assert browser.get(f"/solicitudes/{scene.other_ticket}").status_code == 200
    with web_runtime.db.transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM topic_operator")
    assert browser.get(f"/solicitudes/{scene.other_ticket}").status_code == 404


def test_operators_are_warned_of_mail_that_merely_claims_to_be_the_teams(
    browse: Callable[..., Browser], scene: Scene
) -> None:
    """T15: the note and the answer of an operator came by mail here, and nothing proved them."""
    warning = "Dice venir de nuestro propio equipo"
    page = f"/solicitudes/{scene.ticket}"
    assert browse(PEOPLE["operator"]).get(page).text.count(warning) == 2
    assert warning not in browse(PEOPLE["client"]).get(page).text
