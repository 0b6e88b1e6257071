"""The page of the company's working hours, as an administrator uses it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import col, select

from gateway.models.people import User
from gateway.models.site import AuditEntry, Deed
from gateway.rules.working_time import USUAL, WorkingHours
from gateway.runtime import Runtime
from gateway.services import working_hours
from tests.factories import sender_of
from tests.webui.conftest import Browser
from tests.webui.scene import make_scene

ADMIN = "admin@sysmo.example"
PATH = "/admin/horario"
WEEK = {"lunes": "8 a 12 y 16 a 20", "martes": "9-18", "sabado": "9:00–13:00"}
HOSTILE = "\"><script>alert(1)</script>{{7*7}}'"


@pytest.fixture
def admin(web_runtime: Runtime, browse: Callable[..., Browser]) -> Browser:
    with web_runtime.db.transaction() as session:
        make_scene(session)
    return browse(ADMIN)


def saved(runtime: Runtime) -> WorkingHours:
    with runtime.db.snapshot() as session:
        return working_hours.load(session)


def test_the_page_shows_the_usual_hours_and_the_holidays_of_two_years(admin: Browser) -> None:
    page = admin.get(PATH).text
    assert page.count('value="9:00 a 18:00"') == 5
    assert 'name="feriados" value="1" checked' in page
    assert 'name="trabajados" value="2026-11-23">' in page  # the clock of the tests stands in 2026
    assert "Día de la Soberanía Nacional" in page
    assert 'name="trabajados" value="2027-05-25">' in page
    assert 'name="trabajados" value="2028-' not in page
    assert page.index('<details class="data" open>') < page.index("Feriados de 2026")
    assert (
        page.index("Feriados de 2026") < page.index('<details class="data">') < page.index("Feriados de 2027")
    )
    assert f'<a href="{PATH}" aria-current="page">Horario</a>' in page


def test_hours_are_set_and_shown_as_they_are_kept(admin: Browser, web_runtime: Runtime) -> None:
    fields = {"envio": "k", **WEEK, "feriados": "1", "trabajados": ["2026-11-23", "2026-11-24", "x"]}
    done = admin.send_form(PATH, {**fields, "libres": "31/12/2026 Balance\r\n24/12/2026 Nochebuena"})
    assert (done.status_code, done.headers["location"]) == (303, PATH)
    assert saved(web_runtime) == WorkingHours(
        days=(((480, 720), (960, 1200)), ((540, 1080),), (), (), (), ((540, 780),), ()),
        free=((date(2026, 12, 24), "Nochebuena"), (date(2026, 12, 31), "Balance")),
        worked=(date(2026, 11, 23),),
    )
    page = admin.get(PATH).text
    assert "Los tiempos de los reportes se vuelven a calcular en unos minutos." in page
    assert 'value="8:00 a 12:00, 16:00 a 20:00"' in page
    assert 'value="2026-11-23" checked' in page
    assert "24/12/2026 Nochebuena\n31/12/2026 Balance</textarea>" in page
    with web_runtime.db.snapshot() as session:
        noted = session.exec(select(AuditEntry).where(col(AuditEntry.deed) == Deed.SITE_CHANGED)).one()
        assert noted.detail["days_off"] == 2
    log = admin.get("/admin/actividad").text
    assert "horario, de lunes a domingo: 8:00-12:00 16:00-20:00, 9:00-18:00, -" in log


def test_a_holiday_ticked_years_ago_can_still_be_seen_and_taken_back(
    admin: Browser, web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        ada = session.exec(select(User).where(User.email == ADMIN)).one()
        hours = replace(USUAL, worked=(date(2019, 5, 1),))
        working_hours.save(session, hours, by=sender_of(ada), now=web_runtime.now())
    page = admin.get(PATH).text
    assert 'name="trabajados" value="2019-05-01" checked' in page
    kept = {"envio": "k", "lunes": "9 a 18", "trabajados": "2019-05-01"}
    assert admin.send_form(PATH, kept).status_code == 303
    assert saved(web_runtime).worked == (date(2019, 5, 1),)
    assert admin.send_form(PATH, {"envio": "k2", "lunes": "9 a 18"}).status_code == 303
    assert saved(web_runtime).worked == ()


def test_mistakes_are_told_all_at_once_and_nothing_that_was_written_is_lost(
    admin: Browser, web_runtime: Runtime
) -> None:
    fields = {
        "envio": "k",
        **WEEK,
        "jueves": "18 a 9",
        "viernes": HOSTILE,
        "libres": f"24/12/2026\n{HOSTILE}",
    }
    refused = admin.send_form(PATH, {**fields, "trabajados": "2026-11-23"})
    assert refused.status_code == 422
    page = refused.text
    assert "<title>Error:" in page
    for told in (
        "Jueves: cada tramo termina",
        "Viernes: escribí el horario como",
        "Línea 2: escribí una fecha",
    ):
        assert page.count(told) == 2  # above the form, and beside the field
    assert 'href="#jueves"' in page
    assert 'value="8 a 12 y 16 a 20"' in page
    assert 'value="2026-11-23" checked' in page
    assert 'name="feriados" value="1">' in page
    assert "24/12/2026\n&#34;&gt;&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "{{7*7}}" in page
    assert saved(web_runtime) == USUAL


def test_a_week_without_work_is_refused(admin: Browser, web_runtime: Runtime) -> None:
    refused = admin.send_form(PATH, {"envio": "k", "feriados": "1"})
    assert refused.status_code == 422
    assert "Escribí el horario de un día por lo menos." in refused.text
    assert saved(web_runtime) == USUAL


def test_the_page_in_english_reads_what_it_shows(admin: Browser, web_runtime: Runtime) -> None:
    admin.send_form("/idioma", {"idioma": "en", "volver": PATH}, page=PATH)
    page = admin.get(PATH).text
    assert 'value="9:00 to 18:00"' in page
    assert ">Monday</label>" in page
    assert admin.send_form(PATH, {"envio": "k", "lunes": "9:00 to 18:00"}).status_code == 303
    assert saved(web_runtime).days[0] == ((540, 1080),)
