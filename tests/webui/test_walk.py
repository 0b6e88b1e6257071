"""A walk over all routes: headers and cookies of every answer (W6, W10), forms that are not ours (W7), and
what the wrong person, or a mere look, changes: nothing (W2, W7)."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping

import pytest
from sqlalchemy import select

from gateway.models import metadata
from gateway.runtime import Runtime
from tests.webui.conftest import BASE, CSRF, Browser
from tests.webui.scene import Scene, make_scene
from tests.webui.test_access import PEOPLE, QUERIES, TABLE, path_of
from webui.app import create_app
from webui.endpoint import Endpoint
from webui.guard import POLICY
from webui.routes import routes
from webui.sent_form import BODY_OCTETS

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
OF_EVERY_PAGE = {
    "content-security-policy": POLICY,
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
SECRET_ADDRESS = re.compile(r"/(clave|instalar|confirmar|correos/confirmar)/")
FILES = ("/adjuntos/", "/mensajes/", "/reportes.", "/reportes/solicitudes.csv")
"""Their own policies are the matter of the tests of downloads."""

COOKIES = {"session", "visit", "notice", "language", "theme", "kept"}
ALWAYS = {"httponly", "path=/", "samesite=lax"}
AT_TIMES = ("expires=", "max-age=", "secure")

NOTED = {"web_session", "counter", "used_form", "ticket_seen", "token", "job"}
"""What a look, or a refused form, may note: that somebody was here, how often, how far they have read."""

FORGED = {
    "no word of the browser": {},
    "from another site": {"Sec-Fetch-Site": "cross-site"},
    "from a sister site": {"Sec-Fetch-Site": "same-site"},
    "typed in": {"Sec-Fetch-Site": "none"},
    "said twice": {"Sec-Fetch-Site": "same-origin, cross-site"},
    "another origin": {"Origin": "http://evil.example"},
    "an origin that is none": {"Origin": "null"},
    "another port": {"Origin": "http://127.0.0.1:8001"},
}


@pytest.fixture
def scene(web_runtime: Runtime) -> Scene:
    with web_runtime.db.transaction() as session:
        return make_scene(session)


def posts() -> list[str]:
    return [route for route in TABLE if route.startswith("POST")]


def address(route: str, scene: Scene) -> str:
    return path_of(route, scene) + QUERIES.get(route, "").replace("{number}", str(scene.ticket))


def picture(runtime: Runtime) -> dict[str, str]:
    """Every table by the hash of its rows, but for what may be noted."""
    found = {}
    with runtime.db.snapshot() as session:
        for table in metadata.sorted_tables:
            if table.name not in NOTED:
                rows = sorted(map(repr, session.execute(select(table))))
                found[table.name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def wrong_headers(path: str, headers: Mapping[str, str]) -> Iterator[str]:
    """Yield the headers of an answer that are not exactly as on every page."""
    for name, wanted in OF_EVERY_PAGE.items():
        if name == "referrer-policy" and SECRET_ADDRESS.match(path):
            wanted = "no-referrer"  # noqa: PLW2901  the one exception
        if headers.get(name) != wanted:
            yield f"{path}: {name}: {headers.get(name)}"


def token_of(browser: Browser) -> str:
    """The token that the forms of this browser carry."""
    found = CSRF.search(browser.get("/clave").text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("who", ["anonymous", "client", "administrator"])
def test_every_answer_has_the_headers_of_every_page(
    who: str, browse: Callable[..., Browser], scene: Scene
) -> None:
    browser = browse(PEOPLE[who])
    wrong, statuses = [], set()
    paths = {address(route, scene) for route in TABLE} | {"/no/existe", "/solicitudes/99999999"}
    for path in sorted(paths):
        if path.startswith(FILES):
            continue
        for answer in (browser.get(path), browser.put(path), browser.post(path, data={"x": "y"})):
            statuses.add(answer.status_code)
            wrong += wrong_headers(path, answer.headers)
    assert wrong == []
    assert {200, 303, 403, 404, 405} <= statuses


def test_what_is_too_large_invalid_or_broken_has_them_too(
    browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browse(PEOPLE["administrator"])
    large = browser.post("/ingresar", content=b"x" * (BODY_OCTETS + 1), headers=SAME_ORIGIN)
    invalid = browser.send_form("/admin/tematicas/nueva", {"nombre": "", "envio": "uno"})
    stranger = browser.get("/ingresar", headers={"Host": "evil.example"})

    def away(self: object) -> None:
        raise RuntimeError("canary of the database")

    monkeypatch.setattr(type(web_runtime.db), "snapshot", away)
    broken = browser.get("/bandeja")
    for status, answer in ((413, large), (422, invalid), (400, stranger), (500, broken)):
        assert answer.status_code == status
        assert list(wrong_headers("/", answer.headers)) == []
        assert "canary" not in answer.text


@pytest.mark.parametrize("base_url", [BASE, "https://mesa.example"])
def test_every_cookie_is_kept_from_scripts_and_other_sites(
    base_url: str, make_runtime: Callable[..., Runtime], database: object
) -> None:
    runtime = make_runtime(f'[site]\nbase_url = "{base_url}"')
    with runtime.db.transaction() as session:
        scene = make_scene(session)
    secure = base_url.startswith("https")
    browser = Browser(create_app(runtime), headers={"Host": base_url.rpartition("/")[2]})
    browser.base_url = base_url  # type: ignore[assignment]
    answers = [browser.sign_in(PEOPLE["client"] or "")]
    answers += [browser.get(address(route, scene)) for route in TABLE if route.startswith("GET")]
    answers.append(browser.send_form("/idioma", {"idioma": "en", "volver": "/"}, page="/clave"))
    answers.append(browser.send_form("/salir", {}, page="/clave"))
    cookies = [each for answer in answers for each in answer.headers.get_list("set-cookie")]
    assert len({each.partition("=")[0] for each in cookies}) >= 3
    for each in cookies:
        name, *attributes = each.lower().split("; ")
        prefix, _, bare = name.partition("=")[0].rpartition("sysmo-")
        assert bare in COOKIES, each
        assert set(attributes) >= ALWAYS, each
        assert all(one in ALWAYS or one.startswith(AT_TIMES) for one in attributes), each
        assert (prefix == "__host-") == ("secure" in attributes) == secure, each


@pytest.mark.parametrize("how", FORGED)
def test_no_form_is_taken_that_comes_from_elsewhere(
    how: str, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    browser = browse(PEOPLE["administrator"])
    token, before = token_of(browser), picture(web_runtime)
    found = {
        route: browser.post(address(route, scene), data={"csrf": token}, headers=FORGED[how]).status_code
        for route in posts()
    }
    assert {route: status for route, status in found.items() if status != 403} == {}
    assert picture(web_runtime) == before


@pytest.mark.parametrize("whose", ["none", "empty", "another's", "cut short"])
def test_no_form_is_taken_without_the_token_of_its_page(
    whose: str, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    browser, other = browse(PEOPLE["administrator"]), browse(PEOPLE["client"])
    tokens = {"none": None, "empty": "", "another's": token_of(other), "cut short": token_of(browser)[:-1]}
    data = {"x": "y"} | ({"csrf": tokens[whose]} if tokens[whose] is not None else {})
    before = picture(web_runtime)
    found = {
        route: browser.post(address(route, scene), data=data, headers=SAME_ORIGIN).status_code
        for route in posts()
    }
    assert {route: status for route, status in found.items() if status != 403} == {}
    assert picture(web_runtime) == before


@pytest.mark.parametrize("who", PEOPLE)
def test_the_wrong_person_changes_nothing(
    who: str, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    """W2: what the table says is not there for somebody stays as it is, whatever they send."""
    browser, column = browse(PEOPLE[who]), list(PEOPLE).index(who)
    token, before = token_of(browser), picture(web_runtime)
    fields = {"csrf": token, "texto": "intruso", "nombre": "intruso", "accion": "cerrar", "tematica": "1"}
    fields |= {
        "s": str(scene.ticket),
        "confirmado": "1",
        "email": "a@b.example",
        "activa": "0",
        "rol": "admin",
    }
    for route in posts():
        signed_out = who == "anonymous" and TABLE[route][1] == 404 and TABLE[route][column] == 303
        if TABLE[route][column] == 404 or signed_out:
            sent = fields | {"envio": route}
            answer = browser.post(address(route, scene), data=sent, headers=SAME_ORIGIN)
            assert answer.status_code in (404, 303), route
    assert picture(web_runtime) == before


@pytest.mark.parametrize("who", PEOPLE)
def test_looking_changes_nothing(
    who: str, browse: Callable[..., Browser], scene: Scene, web_runtime: Runtime
) -> None:
    """W7: GET and HEAD of every route, for everybody."""
    browser = browse(PEOPLE[who])
    before = picture(web_runtime)
    for route in TABLE:
        if route.startswith("GET"):
            browser.get(address(route, scene))
            browser.head(address(route, scene))
    assert picture(web_runtime) == before


def test_every_route_is_declared() -> None:
    """What the walk takes from the table is all there is."""
    declared = [getattr(getattr(each, "endpoint", None), "__self__", None) for each in routes()]
    assert sum(isinstance(each, Endpoint) and each.method == "POST" for each in declared) == len(posts())
