"""The pages of reports as an administrator uses them, on requests that are there."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from sqlalchemy import update
from sqlmodel import col

from gateway.models.people import User
from gateway.rules.lifecycle import Channel
from gateway.rules.people import Role
from gateway.runtime import Runtime
from gateway.services import recounting
from gateway.services.reporting import choices
from tests.conftest import NOW, ONE_ENGINE, STRICTEST_ENGINE
from tests.factories import make_company, make_operator, make_topic, make_user
from tests.services.reporting.scene import ZONE, Scene
from tests.webui.conftest import Browser, with_password
from tests.webui.markup import acting
from tests.webui.report_values import HOSTILE

ADMIN = "admin@sysmo.example"
MAY = "desde=2026-05-01&hasta=2026-05-31"
NONSENSE = ["0", "-1", "9" * 30, "1e9", "٣", "\x00", "%", "'", "x" * 3000, "2026-02-30", "0001-01-01",
            "9999-12-31", "\ud7ff\U0010ffff", "fechas", "<b>", "a OR 1=1 --"]  # fmt: skip
NAMES = {
    "/reportes": [
        "desde",
        "hasta",
        "comparar",
        "contra_desde",
        "contra_hasta",
        "operador",
        "empresa",
        "empresas",
    ],
    "/reportes/solicitudes": [
        "figura",
        "hasta",
        "tematica",
        "canal",
        "cerro",
        "dia",
        "hora",
        "tramo_desde",
        "tramo_hasta",
        "despues",
        "de",
    ],
}


@pytest.fixture
def ids(web_runtime: Runtime) -> dict[str, int]:
    """Forty requests of May with what became of them, and two of April."""
    with web_runtime.db.transaction() as session:
        scene = Scene(session)
        make_operator(session, ADMIN, **with_password(name="Ada Admin", role=Role.ADMIN))
        for place in range(40):
            closed = [(f"05-{5 + place % 20:02} 12:00", scene.martin, None)] if place % 2 else []
            scene.received(
                f"05-{4 + place % 20:02} 09:15",
                *closed,
                by=(scene.laura, scene.pedro, scene.nadie)[place % 3],
                topic=scene.billing if place % 4 else scene.access,
                channel=Channel.WEB if place % 5 == 0 else Channel.EMAIL,
                answered=("05-28 10:00", scene.carla, 90) if place % 8 == 0 else None,
            )
        scene.received(
            "04-10 10:00", ("04-11 10:00", scene.carla, "05-02 10:00"), ("05-03 10:00", None, None)
        )
        scene.received("04-20 10:00")
        twice = ("05-07 09:00", scene.martin, "05-08 09:00"), ("05-20 09:00", scene.martin, None)
        scene.received("03-31 09:00", *twice)
        return {
            "topic": scene.access.id,
            "martin": scene.martin.id,
            "carla": scene.carla.id,
            "company": scene.andina.id,
        }


@pytest.fixture
def admin(ids: dict[str, int], browse: Callable[..., Browser]) -> Browser:
    return browse(ADMIN)


def tiles(text: str) -> dict[str, tuple[str, str]]:
    """The tiles of a page by name: the figure, and the way to what it counts."""
    found = re.findall(r'kpi"><dt>([^<]+)</dt><dd><a href="([^"]+)">(.*?)</a>', text)
    return {name: (re.sub("<[^>]+>", "", value), unescape(path)) for name, path, value in found}


def listed(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'<a href="/solicitudes/(\d+)"><span class="num">', text)]


def test_the_usual_report_is_of_the_last_month(admin: Browser) -> None:
    page = admin.get("/reportes")
    assert page.status_code == 200
    assert "<b>Abril 2026</b>, comparado con 02/03/2026 al 31/03/2026" in page.text
    assert 'name="desde" value="2026-04-01"' in page.text
    assert 'aria-current="true" href="/reportes?desde=2026-04-01&amp;hasta=2026-04-30' in page.text
    assert "Período anterior (02/03/2026 al 31/03/2026)" in page.text
    assert tiles(page.text)["Recibidas"][0] == "2"
    assert "sin datos" in page.text
    assert '/reportes.csv?desde=2026-04-01&amp;hasta=2026-04-30&amp;comparar=anterior"' in page.text


def test_every_figure_leads_to_as_many_requests_as_it_says(admin: Browser, ids: dict[str, int]) -> None:
    for narrowed in ("", "&empresa=0", "&operador={martin}", "&tematica={topic}"):
        page = admin.get(f"/reportes?{MAY}{narrowed.format(**ids)}")
        assert page.status_code == 200
        for name in ("Recibidas", "Cerradas", "Abiertas al cierre", "Reabiertas"):
            figure, path = tiles(page.text)[name]
            behind = admin.get(path)
            assert behind.status_code == 200
            said = re.search(r'class="count"><span>([\d.]+) solicitud', behind.text)
            assert said is not None
            assert said[1] == figure, (narrowed, name)
            assert len(listed(behind.text)) == min(int(figure), 25)


@ONE_ENGINE
def test_every_number_of_the_page_leads_to_as_many_requests(admin: Browser) -> None:
    """A request that was closed twice counts on the day of its last closing alone."""
    page = admin.get(f"/reportes?{MAY}")
    ways = re.findall(r'<a href="(/reportes/solicitudes[^"]+)">([\d.]+)</a>', page.text)
    assert len(ways) > 50
    for path, number in ways:
        behind = admin.get(unescape(path))
        said = re.search(r'class="count"><span>([\d.]+) solicitud', behind.text)
        assert said is not None, path
        assert said[1] == number, path


def test_the_requests_behind_a_figure_turn_their_pages_and_lead_back(
    admin: Browser, ids: dict[str, int]
) -> None:
    report = admin.get(f"/reportes?{MAY}&comparar=anio&operador={ids['carla']}&empresa=0")
    first = admin.get(tiles(admin.get(f"/reportes?{MAY}&comparar=anio").text)["Recibidas"][1])
    assert "<h1>Solicitudes recibidas</h1>" in first.text
    assert "<b>Mayo 2026</b>" in first.text
    following = unescape(re.search(r'href="([^"]+)" rel="next"', first.text)[1])  # type: ignore[index]
    second = admin.get(following)
    assert len(listed(first.text)) == 25
    assert len({*listed(first.text), *listed(second.text)}) == 40
    assert 'rel="next"' not in second.text
    assert '<a href="/reportes?desde=2026-05-01&amp;hasta=2026-05-31&amp;comparar=anio">' in second.text
    narrowed = admin.get(tiles(report.text)["Cerradas"][1])
    assert "Operador: Carla Ruiz" in narrowed.text
    assert "Empresa: Sin empresa" in narrowed.text
    assert f'operador={ids["carla"]}&amp;empresa=0"' in narrowed.text


def test_parts_of_a_figure_are_said_in_words(admin: Browser, ids: dict[str, int]) -> None:
    path = f"/reportes/solicitudes?figura=cerradas&{MAY}&tematica={ids['topic']}"
    assert "Temática: Accesos" in admin.get(path).text
    closer = admin.get(f"/reportes/solicitudes?figura=cerradas&{MAY}&cerro={ids['martin']}")
    assert "Cerró: Martín Sosa" in closer.text
    assert len(listed(closer.text)) == 21
    itself = admin.get(f"/reportes/solicitudes?figura=cerradas&{MAY}&cerro=0")
    assert "Cerró: Por sí sola" in itself.text
    assert len(listed(itself.text)) == 1
    hour = admin.get(f"/reportes/solicitudes?figura=recibidas&{MAY}&dia=0&hora=9&canal=web")
    assert "Canal: Web" in hour.text
    assert "lunes, 9 a 10 h" in hour.text
    nothing = admin.get(f"/reportes/solicitudes?figura=recibidas&{MAY}&dia=6&hora=23")
    assert "Acá no hay ninguna solicitud" in nothing.text


@pytest.mark.parametrize(
    ("query", "field", "sentence"),
    [
        pytest.param(
            "desde=2026-05-02&hasta=2026-05-01",
            "desde",
            "El primer día es posterior al último. Cambiá uno de los dos.",
            id="from after to",
        ),
        pytest.param(
            "desde=2026-02-30&hasta=2026-03-01", "desde", "Elegí una fecha que exista", id="no date"
        ),
        pytest.param(
            "desde=1989-01-01&hasta=1990-01-01", "desde", "entre los años 1990 y 2100", id="too early"
        ),
        pytest.param("desde=2000-01-01&hasta=2020-01-01", "hasta", "diez años como mucho", id="too long"),
        pytest.param("comparar=fechas", "contra_desde", "Elegí una fecha", id="nothing to compare with"),
        pytest.param("tematica=99999", "tematica", "Elegí una opción de la lista", id="no such topic"),
        pytest.param("operador=99999", "operador", "Elegí una opción de la lista", id="no such operator"),
        pytest.param("empresa=99999", "empresa", "Elegí una opción de la lista", id="no such company"),
        pytest.param("empresa=Nadie+S.A.", "empresa", "ninguna empresa con ese nombre", id="an unknown name"),
    ],
)
@ONE_ENGINE
def test_what_is_wrong_is_told_beside_its_field(
    admin: Browser, query: str, field: str, sentence: str
) -> None:
    page = admin.get(f"/reportes?{query}")
    assert page.status_code == 422
    assert "<title>Error: Reportes" in page.text
    assert f'<a href="#{field}">' in page.text
    assert f'id="{field}-e"' in page.text
    assert sentence in page.text
    assert 'class="card kpi"' not in page.text
    for name, value in (each.split("=") for each in query.split("&")):
        if "desde" in name or "hasta" in name:
            assert f'name="{name}" value="{value}"' in page.text


@STRICTEST_ENGINE
@pytest.mark.parametrize("path", NAMES)
def test_no_address_is_an_error_of_ours(admin: Browser, path: str) -> None:
    usual = {"figura": "recibidas", "desde": "2026-05-04", "hasta": "2026-05-06"}
    for name in NAMES[path]:
        for value in NONSENSE:
            answer = admin.get(path, params=usual | {name: value})
            assert answer.status_code in (200, 422), (name, value)
            assert not acting(answer.text), (name, value)
    assert admin.get("/reportes/solicitudes").status_code == 422
    assert admin.get(f"/reportes/solicitudes?figura=recibidas&{MAY}&dia=3").status_code == 422


def test_a_company_is_found_by_its_name(admin: Browser, ids: dict[str, int], web_runtime: Runtime) -> None:
    by_words = admin.get(f"/reportes?{MAY}&empresa=andina")
    assert "Empresa: Distribuidora Andina S.A." in by_words.text
    assert f"empresa={ids['company']}" in tiles(by_words.text)["Recibidas"][1]
    assert 'name="empresa" list="las-empresas" maxlength="200" autocomplete="off"' in by_words.text
    assert 'value="Distribuidora Andina S.A."' in by_words.text
    assert "Empresa: Sin empresa" in admin.get(f"/reportes?{MAY}&empresa=Sin+empresa").text
    with web_runtime.db.transaction() as session:
        make_company(session, name="Andina Sur", cuit=None)
        make_company(session, name="1990", cuit=None)
        number = make_company(session, name="4711", cuit=None).id
    several = admin.get(f"/reportes?{MAY}&empresa=andina")
    assert several.status_code == 422
    assert "Hay varias empresas que se llaman así: Andina Sur, Distribuidora Andina S.A." in several.text
    assert f'placeholder="Todas" value="{number}"' in admin.get(f"/reportes?empresa={number}").text


def test_what_has_to_be_known_is_noted(admin: Browser, web_runtime: Runtime) -> None:
    assert "Todavía no está todo contado" in admin.get(f"/reportes?{MAY}").text
    with web_runtime.db.transaction() as session:
        while recounting.count_some(session, ZONE, now=NOW):
            pass
    page = admin.get(f"/reportes?{MAY}").text
    assert "Todavía no está todo contado" not in page
    assert "El período todavía no terminó." in page
    later = admin.get("/reportes?desde=2027-01-01&hasta=2027-01-31").text
    assert "El período todavía no empezó." in later
    assert "No pasó nada en este período" in later
    uneven = (
        "/reportes?desde=2026-04-01&hasta=2026-04-30&comparar=fechas&contra_desde=2026-03-01&contra_hasta="
    )
    assert "no duran lo mismo" in admin.get(uneven + "2026-03-09").text
    assert "no duran lo mismo" not in admin.get(uneven + "2026-03-30").text


def test_a_former_operator_stays_chosen(admin: Browser, ids: dict[str, int], web_runtime: Runtime) -> None:
    with web_runtime.db.transaction() as session:
        session.get_one(User, ids["carla"]).role = Role.CLIENT
        assert "Carla Ruiz" not in [each.name for each in choices.choices(session).operators]
    page = admin.get(f"/reportes?{MAY}&operador={ids['carla']}").text
    assert f'<option value="{ids["carla"]}" selected>Carla Ruiz</option>' in page


def test_every_chart_has_words_and_a_table_that_leads_on(admin: Browser) -> None:
    page = admin.get(f"/reportes?{MAY}&comparar=anterior").text
    labels = [unescape(each) for each in re.findall(r'role="img" aria-label="([^"]+)"', page)]
    assert labels[0].startswith(
        "Recibidas y cerradas por día, Mayo 2026. En total 40 recibidas y 22 cerradas."
    )
    assert "El máximo de recibidas fue 2: 4 de mayo, 5 de mayo, 6 de mayo." in labels[0]
    assert labels[1].startswith("Tiempo medio de resolución por semana, Mayo 2026: de ")
    assert labels[2].startswith("Cuándo llegan las solicitudes, Mayo 2026. El máximo es lunes, 9 a 10 h: ")
    assert "<title>4 de mayo: recibidas 2, cerradas 0</title>" in page
    assert page.count("<summary>Ver los datos") == 3
    assert page.count('<rect class="h h') == 7 * 24 + 5
    day = re.search(r'<td>04/05/2026</td><td class="r"><a href="([^"]+)">2</a>', page)
    assert day is not None
    assert len(listed(admin.get(unescape(day[1])).text)) == 2


def test_english_readers_get_english_figures(admin: Browser, web_runtime: Runtime) -> None:
    with web_runtime.db.transaction() as session:
        session.execute(update(User).where(col(User.email) == ADMIN).values(language="en"))
    page = admin.get(f"/reportes?{MAY}").text
    assert "<b>May 2026</b>, compared with 31 Mar 2026 to 30 Apr 2026" in page
    assert re.search(r"more</span></span>, before 2</dd>", page)
    assert "What each figure counts" in page


def test_names_that_are_code_are_shown_as_they_are(
    admin: Browser, ids: dict[str, int], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        operator = make_operator(session, "x@sysmo.example", name=HOSTILE[:80])
        company = make_company(session, name=HOSTILE, cuit=None)
        client = make_user(session, "y@y.example", name=HOSTILE, company_id=company.id)
        topic = make_topic(session, HOSTILE, operator)
        scene = Scene.__new__(Scene)
        scene.session, scene.laura, scene.billing = session, client, topic
        scene.received("05-06 10:00", ("05-07 10:00", operator, None), assignee=operator)
        query = f"{MAY}&tematica={topic.id}&operador={operator.id}&empresa={company.id}"
    report = admin.get(f"/reportes?{query}")
    for page in (report, admin.get(tiles(report.text)["Cerradas"][1]), admin.get(f"/reportes?{MAY}")):
        assert page.status_code == 200
        assert not acting(page.text)
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text
        assert "{{7*7}}" in page.text
