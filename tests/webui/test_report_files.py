"""Reports as downloads: of the same address as the page, in the reader's language, never shown inline."""

import csv
from collections.abc import Callable
from io import BytesIO, StringIO
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from gateway.rules.people import Role
from gateway.runtime import Runtime
from gateway.services.recounting import count_some
from tests.conftest import NOW, ONE_ENGINE
from tests.factories import make_operator
from tests.webui.conftest import Browser
from tests.webui.scene import Scene, make_scene

ADA, GRACE = "admin@sysmo.example", "grace@sysmo.example"
MAY = "desde=2026-05-01&hasta=2026-05-31&comparar=no"
ZONE = ZoneInfo("America/Argentina/Buenos_Aires")

pytestmark = ONE_ENGINE


@pytest.fixture
def scene(web_runtime: Runtime) -> Scene:
    with web_runtime.db.transaction() as session:
        made = make_scene(session)
        make_operator(session, GRACE, role=Role.ADMIN, language="en")
        count_some(session, ZONE, now=NOW)
    return made


def test_a_report_comes_as_a_spreadsheet(browse: Callable[..., Browser], scene: Scene) -> None:
    found = browse(ADA).get(f"/reportes.xlsx?{MAY}")
    assert found.status_code == 200
    assert found.headers["content-type"].startswith("application/vnd.openxmlformats")
    name = "reportes-2026-05-01-a-2026-05-31.xlsx"
    assert found.headers["content-disposition"].startswith(f'attachment; filename="{name}"')
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["content-security-policy"] == "sandbox; default-src 'none'"
    book = load_workbook(BytesIO(found.content))
    summary = {row[0]: row[2] for row in book["Resumen"].iter_rows(values_only=True) if len(row) > 2}
    assert summary["Recibidas"] == 2
    assert book["Solicitudes"].max_row == 3


def test_and_as_csv_filtered_in_the_language_of_its_reader(
    browse: Callable[..., Browser], scene: Scene
) -> None:
    found = browse(GRACE).get(f"/reportes.csv?{MAY}&tematica={scene.topic}")
    lines = list(csv.reader(StringIO(found.content.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert lines[0] == ["Summary"]
    assert ["Topic", "Facturación"] in lines
    assert ["Received requests", "requests", "1"] in lines


def test_the_requests_alone_begin_with_their_titles(browse: Callable[..., Browser], scene: Scene) -> None:
    found = browse(ADA).get(f"/reportes/solicitudes.csv?{MAY}")
    lines = list(csv.reader(StringIO(found.content.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert [line[:2] for line in lines] == [
        ["Número", "Asunto"],
        [str(scene.ticket), "No puedo emitir facturas A desde ayer"],
        [str(scene.other_ticket), "Alta de usuario"],
    ]


@pytest.mark.parametrize("path", ["/reportes.csv", "/reportes.xlsx", "/reportes/solicitudes.csv"])
def test_what_makes_no_sense_leads_to_the_page(
    browse: Callable[..., Browser], scene: Scene, path: str
) -> None:
    query = "desde=2026-02-30&hasta=2026-05-31&x=%0d%0aSet-Cookie:%20a"
    found = browse(ADA).get(f"{path}?{query}")
    assert (found.status_code, found.headers["location"]) == (303, f"/reportes?{query}")


def test_a_filter_by_what_is_not_there_is_not_found(browse: Callable[..., Browser], scene: Scene) -> None:
    assert browse(ADA).get(f"/reportes.xlsx?{MAY}&tematica=999").status_code == 404
