"""Signing in beside what ends all sessions (W6)."""

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from gateway.db import Database
from gateway.models.people import User
from gateway.services import sign_in
from tests.conftest import POSTGRES_ONLY
from tests.factories import make_user
from tests.webui.conftest import PASSWORD_HASH


@POSTGRES_ONLY
def test_what_ends_all_sessions_waits_for_a_sign_in_that_is_under_way(
    database: Database, now: datetime
) -> None:
    """A password changed meanwhile would else not end the session that the old one begins.

    On SQLite one transaction writes at a time.
    """
    with database.transaction() as session:
        user = make_user(session, password_hash=PASSWORD_HASH)
    with database.transaction() as signing_in:
        attempt = sign_in.begin(signing_in, user.email, "192.0.2.1", now=now)
        assert isinstance(attempt, sign_in.Attempt)
        assert sign_in.finish(signing_in, attempt, good=True, renewed_hash=None, now=now)
        changed = select(User).where(col(User.id) == user.id).with_for_update(nowait=True, key_share=True)
        with database.transaction() as changing, pytest.raises(OperationalError):
            changing.execute(changed)
