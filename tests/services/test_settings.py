"""The name of the site: the configuration's, else as administrators set it; at once, everywhere."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlmodel import Session, select

from gateway.config import Site
from gateway.errors import Invalid
from gateway.models.site import AuditEntry, Deed
from gateway.rules.people import Role, Sender
from gateway.runtime import Runtime
from gateway.services import settings
from gateway.services.desk import open_desk
from tests.factories import make_operator, sender_of


@pytest.fixture
def ada(session: Session) -> Sender:
    return sender_of(make_operator(session, "ada@sysmo.example", role=Role.ADMIN))


def test_the_name_is_the_products_until_somebody_gives_one(
    session: Session, ada: Sender, now: datetime
) -> None:
    site = Site()
    assert settings.site_name(session, site) == "Sysmo Tickets"
    for name in ("Mesa  Andina\u202e", "Mesa Andina"):
        assert settings.name_site(session, site, name, by=ada, now=now) == "Mesa Andina"
    assert settings.site_name(session, site) == "Mesa Andina"
    noted = session.exec(select(AuditEntry)).one()
    assert (noted.deed, noted.subject, noted.detail) == (
        Deed.SITE_CHANGED,
        "Mesa Andina",
        {"before": "Sysmo Tickets"},
    )


def test_the_configuration_wins(
    session: Session, ada: Sender, now: datetime, make_runtime: Callable[..., Runtime]
) -> None:
    settings.name_site(session, Site(), "Mesa Andina", by=ada, now=now)
    runtime = make_runtime('[site]\nname = "Soporte"')
    assert settings.current(session, open_desk(runtime.config, b"x")).site.name == "Soporte"
    with pytest.raises(Invalid):
        settings.name_site(session, runtime.config.site, "Otro", by=ada, now=now)


@pytest.mark.parametrize("name", ["", " \u200b", "x" * 121])
def test_what_is_no_name_is_refused(session: Session, ada: Sender, now: datetime, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        settings.name_site(session, Site(), name, by=ada, now=now)
    assert refused.value.field == "site"


def test_a_desk_says_the_name_as_it_is_now(
    session: Session, ada: Sender, now: datetime, runtime: Runtime
) -> None:
    desk = open_desk(runtime.config, runtime.secret)
    assert settings.current(session, desk) is desk
    for name in ("Mesa Andina", "Mesa Pampeana"):
        settings.name_site(session, runtime.config.site, name, by=ada, now=now)
        assert settings.current(session, desk).support == name
