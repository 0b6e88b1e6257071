"""Links that confirm an address, used at the same time (C11, W9)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

from sqlalchemy import select

from gateway import tokens
from gateway.db import Database
from gateway.models.columns import table_of
from gateway.models.people import Company, Registration, User
from gateway.rules.people import UserStatus
from gateway.runtime import Runtime
from gateway.services import accounts, confirmations, credentials, registrations
from gateway.services.desk import Desk, open_desk
from gateway.services.registrations import Details
from tests.factories import make_user

LAURA = "laura.gimenez@andina.example"


def registered(database: Database, desk: Desk, now: datetime, email: str = LAURA) -> list[str]:
    """The tokens of two registrations of one address, of which only the hashes are kept."""
    links = [tokens.new_long_token() for _ in range(2)]
    with database.transaction() as session:
        for number, link in enumerate(links):
            details = Details(email, f"Nombre {number}", "Andina", "30999999804", "261 555-0142")
            registrations.register(
                session, desk, details, language="es", password_hash=f"h{number}", browser=link, now=now
            )
            session.flush()
            row = session.execute(
                select(Registration).where(table_of(Registration).c.password_hash == f"h{number}")
            ).scalar_one()
            row.hash = tokens.hash_token(link)
            session.flush()
            row.password_hash = f"hash of {email} {number}"
    return links


def test_of_two_links_of_an_address_used_at_once_one_confirms_it(
    database: Database, runtime: Runtime, now: datetime
) -> None:
    desk = open_desk(runtime.config, runtime.secret)
    links = registered(database, desk, now)
    start = Barrier(2)

    def use(link: str) -> bool:
        with database.transaction() as session:
            opened = confirmations.opened(session, link, now=now)
        start.wait(10)
        assert opened is not None
        with database.transaction() as session:
            return confirmations.confirm(session, desk, opened, None, now=now) is not None

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(use, links)) == [False, True]
    with database.snapshot() as session:
        (user,) = session.execute(select(table_of(User))).all()
        assert (user.email, user.status) == (LAURA, UserStatus.ACTIVE)
        assert user.password_hash == f"hash of {LAURA} {user.name.partition(' ')[2]}"


def test_two_people_of_a_new_cuit_who_confirm_at_once_share_one_company(
    database: Database, runtime: Runtime, now: datetime
) -> None:
    desk = open_desk(runtime.config, runtime.secret)
    links = [registered(database, desk, now, email)[0] for email in (LAURA, "eva@andina.example")]
    start = Barrier(2)

    def use(link: str) -> int | None:
        start.wait(10)
        with database.transaction() as session:
            opened = confirmations.opened(session, link, now=now)
            assert opened is not None
            user = confirmations.confirm(session, desk, opened, None, now=now)
            return user.company_id if user is not None else None

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(use, links)
    assert first == second is not None
    with database.snapshot() as session:
        assert len(session.execute(select(table_of(Company))).all()) == 1


def test_a_reset_link_used_twice_at_once_sets_one_password(
    database: Database, runtime: Runtime, now: datetime
) -> None:
    desk = open_desk(runtime.config, runtime.secret)
    with database.transaction() as session:
        token, _ = accounts.start_reset(session, make_user(session), now=now)
    start = Barrier(2)

    def use(password_hash: str) -> bool:
        start.wait(10)
        with database.transaction() as session:
            return credentials.use_reset(session, desk, token, password_hash, now=now) is not None

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(use, ("one", "other"))) == [False, True]
