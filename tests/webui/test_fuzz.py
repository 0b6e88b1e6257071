"""Hostile values in every parameter, path and field: an answer, or no, and never an error of ours (W17)."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from gateway.models.tickets import Attachment
from gateway.runtime import Runtime
from tests.webui.conftest import CSRF, Browser, Clock
from tests.webui.scene import Scene, make_scene
from tests.webui.test_access import PEOPLE, path_of, routes

ANSWERS = {200, 303, 400, 404, 405, 409, 413, 422, 429}

PARAMETERS = [
    *("accion", "adjuntos", "antes", "asignada", "cliente", "desde", "empresa", "enviado", "estado", "hasta"),
    *("imprimir", "inicio", "lista", "m", "next", "noleidas", "notas", "orden", "otra", "pag", "q", "que"),
    *("quien", "s", "solicitud", "suceso", "tematica", "tipo", "todo", "vista", "visto"),
]

VALUES = (
    "%00a%ED%A0%80%FF",
    "9" * 18,
    "9" * 4500,
    "%D9%A3%C2%B2",
    "'%22%5C--;/*%25_NEAR(a+b)%22*+OR+-",
    "9999-12-31",
    "e99999999999999999-9~1-1~-",
    "%E2%80%AE//evil%5C%0D%0A" * 60,
)
"""NUL and what is no text, too much for 32 bits and for Python, digits that are none, quotes and operators of
two search engines, the end of the calendar, keys of pages, another site in more than 200 characters."""

MEANT = {
    "/bandeja/confirmar": ("accion=cerrar&s={}", "accion=reasignar&s=1,{}"),
    "/novedades": ("solicitud=1&visto={}&suceso={}", "lista=solicitudes&q={}", "q={}"),
    "/bandeja": ("vista=mias&q={}", "vista=asignadas&orden=espera&antes={}&empresa={}", "q=a&antes=e1-{}"),
    "/solicitudes": ("q={}", "antes=1-{}", "desde=0001-01-01&hasta={}"),
    "/admin/empresas/{company:int}/unir": ("otra={}", "q={}"),
    "/reportes.csv": ("desde={}&hasta=2026-05-31", "comparar={}", "tematica={}", "empresa={}"),
    "/admin/actividad": ("quien={}", "antes={}"),
}
"""Addresses in which one value is all that is wrong."""

NUMBERS = ("0", "9" * 18, "9" * 4500, "%00", "%D9%A3%FF")


@pytest.fixture
def scene(web_runtime: Runtime) -> Scene:
    with web_runtime.db.transaction() as session:
        return make_scene(session)


def addresses(app: Any, scene: Scene, who: str) -> Iterator[str]:
    """Every page with every parameter, each hostile in the same way."""
    for route in routes(app):
        method, _, path = route.partition(" ")
        if method != "GET" or path in ("/metrics", "/healthz", "/readyz"):
            continue
        if who == "client" and path.startswith("/admin"):
            continue
        for value in VALUES:
            names = PARAMETERS if len(value) < 400 else PARAMETERS[:8]
            yield f"{path_of(route, scene)}?{'&'.join(f'{name}={value}' for name in names)}"
            for meant in MEANT.get(path, ()):
                yield f"{path_of(route, scene)}?{meant.replace('{}', value)}"


@pytest.mark.parametrize("who", ["administrator", "client"])
def test_no_parameter_of_an_address_is_an_error_of_ours(
    who: str, browse: Callable[..., Browser], app: Any, scene: Scene
) -> None:
    browser = browse(PEOPLE[who])
    found = {address: browser.get(address).status_code for address in addresses(app, scene, who)}
    assert {address: code for address, code in found.items() if code not in ANSWERS} == {}


def test_no_path_is_an_error_of_ours(browse: Callable[..., Browser], app: Any, scene: Scene) -> None:
    browser = browse(PEOPLE["administrator"])
    sent = Forms(browser)
    failed = []
    for route in routes(app):
        method, _, path = route.partition(" ")
        for number in NUMBERS if "{" in path else ():
            hostile = re.sub(r"\{[^}]*\}", number, path)
            code = browser.get(hostile).status_code if method == "GET" else sent.post(hostile, {})
            if code not in ANSWERS:
                failed.append((route, number[:20], code))
    assert failed == []


FORMS: dict[str, dict[str, str]] = {
    "/solicitudes/nueva": {"tematica": "1", "asunto": "A", "descripcion": "D", "cliente": "ana@b.example"},
    "/solicitudes/{number:int}/mensajes": {
        "texto": "T",
        "tipo": "interno",
        "visto": "9",
        "visto_suceso": "9",
    },
    "/solicitudes/{number:int}/participantes": {"email": "ana@c.example", "confirmado": "1"},
    "/solicitudes/{number:int}/participantes/quitar": {"persona": "2"},
    "/solicitudes/{number:int}/participantes/descartar": {"email": "ana@c.example"},
    "/solicitudes/{number:int}/reasignar": {"tematica": "1", "operador": "3", "nota": "N", "visto": "9"},
    "/solicitudes/{number:int}/cerrar": {"visto": "9", "visto_suceso": "9"},
    "/bandeja": {"accion": "reasignar", "s": "1", "operador": "3", "confirmado": "1"},
    "/cuenta": {"nombre": "N", "telefono": "011 5555 5555", "idioma": "es", "tema": "oscuro"},
    "/cuenta/avisos": {"avisos-1": "todo", "avisos-": "todo", "avisos-²": "todo"},
    "/idioma": {"idioma": "es", "volver": "/"},
    "/clave": {"email": "laura.gimenez@andina.example"},
    "/admin/sitio": {"sitio": "S"},
    "/admin/informe": {"activo": "1", "dia": "5", "hora": "8"},
    "/admin/horario": {
        "lunes": "9 a 18",
        "libres": "24/12/2026 N",
        "feriados": "1",
        "trabajados": "2026-11-23",
    },
    "/admin/tematicas/nueva": {"nombre": "N", "descripcion": "D", "direccion": "", "operadores": "3"},
    "/admin/tematicas/{topic:int}": {"nombre": "N", "direccion": "d@sysmo.example", "operadores": "3"},
    "/admin/tematicas/{topic:int}/orden": {"hacia": "arriba"},
    "/admin/operadores/nuevo": {"email": "o@b.example", "nombre": "N", "rol": "operador", "tematicas": "1"},
    "/admin/operadores/{member:int}": {"nombre": "N", "rol": "operador", "tematicas": "1"},
    "/admin/operadores/{member:int}/baja": {"como": "x", "pendientes": "pasar", "a": "4"},
    "/admin/clientes/{client:int}": {
        "nombre": "N",
        "telefono": "1",
        "idioma": "es",
        "empresa": "E",
        "cuit": "",
    },
    "/admin/empresas/{company:int}": {"nombre": "N", "cuit": ""},
    "/admin/empresas/{company:int}/unir": {"otra": "1", "queda": "1"},
}
"""Forms that are right but for the one field that is not."""

TEXTS = ("a\0-٣\u202e\r\nBcc: x@y.example'\"\\%", "9" * 18, "9" * 4500)


class Forms:
    """Sends forms of a browser, each with a key of its own."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._sent = 0
        found = CSRF.search(browser.get("/cuenta").text)
        self.token = found[1] if found else ""

    def post(self, path: str, fields: dict[str, str]) -> int:
        self._sent += 1
        sent = {"csrf": self.token, "envio": f"envio {self._sent}", **fields}
        return int(self._browser.post(path, data=sent, headers={"Sec-Fetch-Site": "same-origin"}).status_code)


@pytest.mark.parametrize("who", ["administrator", "client"])
def test_no_field_of_a_form_is_an_error_of_ours(
    who: str, browse: Callable[..., Browser], app: Any, scene: Scene
) -> None:
    sent = Forms(browse(PEOPLE[who]))
    failed = []
    for path, fields in FORMS.items():
        if who == "client" and path.startswith("/admin"):
            continue
        for name in [*fields, "envio"]:
            for value in TEXTS:
                code = sent.post(path_of(f"POST {path}", scene), {**fields, name: value})
                if code not in ANSWERS:
                    failed.append((path, name, value[:20], code))
    assert failed == []


CHARSETS = ("undefined", "punycode", "utf-7", "unicode_escape", "utf-16", "\x80")


@pytest.mark.parametrize("charset", CHARSETS)
def test_a_form_in_another_encoding_is_refused_before_it_is_read(
    charset: str, browse: Callable[..., Browser], scene: Scene
) -> None:
    """In one of Python's own it could hold what is no text, or fail to be read at all (W14)."""
    browser = browse(PEOPLE["client"])
    fields = {"csrf": Forms(browser).token, "envio": "1", "visto": "9", "texto": "+2AA- \\ud800 xn--99"}
    parts = [
        f'--X\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    answer = browser.post(
        f"/solicitudes/{scene.ticket}/mensajes",
        content="".join([*parts, "--X--\r\n"]).encode(),
        headers=[
            (b"content-type", f"multipart/form-data; boundary=X; charset={charset}".encode("latin-1")),
            (b"sec-fetch-site", b"same-origin"),
        ],
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("cookie", [b"YWJj.\xe9", b"\xe9.\xff", b"YWJj."])
def test_a_notice_that_somebody_else_wrote_is_not_shown(
    cookie: bytes, browse: Callable[..., Browser], scene: Scene
) -> None:
    answer = browse().get("/ingresar", headers=[(b"cookie", b"sysmo-notice=" + cookie)])
    assert answer.status_code == 200
    assert "abc" not in answer.text.partition("<main")[2].partition("<form")[0]


@pytest.mark.parametrize("referer", ["http://[x", "//[", "http://x//evil.example/", "\xe9", "data:,x"])
def test_what_is_no_address_of_ours_is_no_way_back_from_the_password(
    referer: str, browse: Callable[..., Browser], scene: Scene, clock: Clock
) -> None:
    browser = browse(PEOPLE["administrator"])
    sent = {"csrf": Forms(browser).token, "envio": "1"}
    clock.now += timedelta(minutes=11)
    answer = browser.post(
        f"/admin/clientes/{scene.client}/deshabilitar",
        data=sent,
        headers=[(b"sec-fetch-site", b"same-origin"), (b"referer", referer.encode("latin-1"))],
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/confirmar-clave?next=/")


NAMES = (
    b'filename="../../etc/passwd"',
    b'filename="..\\..\\boot.ini"',
    b'filename="%2e%2e%2fa.txt"',
    b'filename="/etc/cron.d/x"',
    b'filename="C:\\autoexec.bat.txt"',
    b'filename="a\x00.png"',
    b'filename=".htaccess"',
    b'filename="con.txt"',
    b'filename="x\xe2\x80\xaegnp.txt"',
    b"filename*=utf-8''..%2F..%2Fx%00.txt",
    b"filename*=utf-7''+AC4ALgAv-x.txt",
    b'filename*0="../"; filename*1="x.txt"',
    b'filename="' + b"n" * 3000 + b'.txt"',
    b'filename="\xff\xfe/x.txt"',
)


@pytest.mark.parametrize("written", NAMES)
def test_a_file_keeps_no_path_and_nothing_unseen_of_its_name(
    written: bytes, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    browser = browse(PEOPLE["client"])
    fields = {"csrf": Forms(browser).token, "envio": "1", "visto": "9", "texto": "Va"}
    parts = [
        f'--X\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    file = b'--X\r\nContent-Disposition: form-data; name="adjuntos"; ' + written + b"\r\n\r\nhola hola\r\n"
    answer = browser.post(
        f"/solicitudes/{scene.ticket}/mensajes",
        content=b"".join([*parts, file, b"--X--\r\n"]),
        headers={"Content-Type": "multipart/form-data; boundary=X", "Sec-Fetch-Site": "same-origin"},
    )
    with web_runtime.db.snapshot() as session:
        stored = session.execute(select(Attachment.filename).where(col(Attachment.size) == 9)).scalars().all()
    assert answer.status_code == 303
    assert stored or b"*" in written
    for name in stored:
        assert name.isprintable()
        assert not name.startswith(".")
        assert not set(name) & set("/\\\0\u202e")
        assert 0 < len(name) <= 120
        assert name.partition(".")[0].lower() != "con"
