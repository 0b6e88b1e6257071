"""The page of the monthly report: when it goes out, and one for oneself (W1, E10)."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from gateway.models.columns import table_of
from gateway.models.queues import Blob, OutboxItem, Purpose
from gateway.rules.monthly import Schedule
from gateway.rules.people import Role
from gateway.runtime import Runtime
from gateway.services import blobs, monthly_report
from gateway.services.recounting import count_some
from tests.conftest import NOW, ONE_ENGINE
from tests.factories import make_operator
from tests.webui.conftest import Browser
from tests.webui.scene import make_scene
from tests.webui.test_report_files import ADA, GRACE, ZONE
from webui.views.report_mail_admin import PATH

pytestmark = ONE_ENGINE


@pytest.fixture
def ada(browse: Callable[..., Browser], web_runtime: Runtime) -> Browser:
    with web_runtime.db.transaction() as session:
        make_scene(session)
        make_operator(session, GRACE, role=Role.ADMIN, language="en")
        count_some(session, ZONE, now=NOW)
    return browse(ADA)


def send(browser: Browser, key: str = "uno", **fields: str) -> Any:
    return browser.send_form(PATH, {"envio": key, **fields})


def outbox(runtime: Runtime) -> list[Any]:
    with runtime.db.snapshot() as session:
        return list(session.execute(select(table_of(OutboxItem)).where(
            table_of(OutboxItem).c.purpose == Purpose.REPORT
        )))  # fmt: skip


def test_it_says_when_the_next_one_goes_out(ada: Browser) -> None:
    text = ada.get(PATH).text
    assert 'id="activo" name="activo" value="1" checked' in text
    assert '<option value="8" selected>8:00</option>' in text
    assert "El próximo sale el lun 01/06/2026, 8:00." in text
    assert '<a href="/admin/informe" aria-current="page">Informe mensual</a>' in text


def test_another_day_and_hour_are_kept(ada: Browser, web_runtime: Runtime) -> None:
    answer = send(ada, activo="1", dia="20", hora="0")
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    assert "El próximo sale el sáb 20/06/2026, 0:00." in ada.get(PATH).text
    assert send(ada, "dos", dia="20", hora="0").status_code == 303
    assert "Está apagado: no sale ninguno." in ada.get(PATH).text
    with web_runtime.db.snapshot() as session:
        assert monthly_report.schedule(session) == Schedule(False, 20, 0)
    assert "informe mensual: no · día del informe: 20" in ada.get("/admin/actividad").text


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"dia": "29", "hora": "8"}, "Elegí un día del 1 al 28."),
        ({"dia": "x", "hora": "8"}, "Elegí un día del 1 al 28."),
        ({"dia": "1", "hora": "24"}, "Elegí una hora de 0 a 23."),
        ({"dia": "1"}, "Elegí una hora de 0 a 23."),
    ],
)
def test_no_other_day_or_hour_is_taken(ada: Browser, fields: dict[str, str], problem: str) -> None:
    answer = send(ada, activo="1", **fields)
    assert answer.status_code == 422
    assert problem in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_one_for_oneself_goes_to_nobody_else_and_is_not_this_months(
    ada: Browser, web_runtime: Runtime
) -> None:
    for _ in range(2):  # a second click
        answer = ada.send_form(f"{PATH}/ahora", {"envio": "uno"}, page=PATH)
        assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    (mail,) = outbox(web_runtime)
    assert mail.recipient == ADA
    assert b"informe de abril de 2026" in mail.head.replace(b"_", b" ")
    with web_runtime.db.snapshot() as session:
        ((_header, sha256),) = mail.parts
        book = load_workbook(BytesIO(blobs.read(session, web_runtime.blobs, sha256)))
        assert monthly_report._sent(session) is None
    assert book["Resumen"]["B2"].value == "01/04/2026 al 30/04/2026"
    assert "Va en camino a tu dirección." in ada.get(PATH).text


def test_nothing_is_made_for_who_may_not_have_it(
    ada: Browser, browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.snapshot() as session:
        before = len(session.execute(select(table_of(Blob).c.sha256)).all())
    martin = browse("martin.sosa@sysmo.example")
    answer = martin.send_form(f"{PATH}/ahora", {"envio": "uno"}, page="/solicitudes")
    assert answer.status_code == 404
    assert outbox(web_runtime) == []
    with web_runtime.db.snapshot() as session:
        assert len(session.execute(select(table_of(Blob).c.sha256)).all()) == before
