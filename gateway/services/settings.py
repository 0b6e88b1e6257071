"""What administrators set on a page and not in the configuration: the name of the site.

Whoever opens a transaction asks for it there, so a change is true for the next page and the next
mail of every process, without a restart.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from gateway.catalogue import _
from gateway.config import Site
from gateway.errors import Invalid
from gateway.mail.one_line import one_line
from gateway.models.columns import table_of
from gateway.models.site import Deed, Setting
from gateway.rules.people import Sender
from gateway.services import audit
from gateway.services.desk import Desk
from gateway.services.statements import run

NAME_CHARACTERS = 120
_SITE_NAME = "site_name"
SITE_NAME = select(table_of(Setting).c.value).where(table_of(Setting).c.name == _SITE_NAME)


def is_fixed(site: Site) -> bool:
    """Whether the configuration names the site, which then no page can change."""
    return "name" in site.model_fields_set


def site_name(session: Session, site: Site) -> str:
    """Return the name of the site: as configured, else as set on a page, else the product's."""
    if is_fixed(site):
        return site.name
    found: str | None = run(session, SITE_NAME).scalar()
    return found or site.name


def current(session: Session, desk: Desk) -> Desk:
    """Return a desk with the name of the site as it is now. `desk` is the one made of the configuration."""
    return desk if is_fixed(desk.site) else named(desk, run(session, SITE_NAME).scalar())


def named(desk: Desk, found: str | None) -> Desk:
    """`current`, for whoever found already what SITE_NAME asks for."""
    name = desk.site.name if is_fixed(desk.site) or not found else found
    return desk if name == desk.site.name else replace(desk, site=desk.site.model_copy(update={"name": name}))


def name_site(session: Session, site: Site, raw_name: str, *, by: Sender, now: datetime) -> str:
    """Set the name of the site; return it as it is kept."""
    if is_fixed(site):
        raise Invalid("site", _("The configuration names the site, so it can't be changed here."))
    name = one_line(raw_name, NAME_CHARACTERS + 1)
    if not name or len(name) > NAME_CHARACTERS:
        raise Invalid(
            "site", _("The name of the site has from 1 to {count} characters."), count=NAME_CHARACTERS
        )
    before = site_name(session, site)
    if name != before:
        session.merge(Setting(name=_SITE_NAME, value=name, updated_at=now))
        session.flush()  # so that this very answer says it
        audit.note(session, Deed.SITE_CHANGED, name, by=by, now=now, before=before)
    return name
