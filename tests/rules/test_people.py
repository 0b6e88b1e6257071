import pytest

from gateway.rules.people import Access, Party, Role, Sender, UserStatus, Verdict, is_staff, may

CLIENT, OPERATOR, ADMIN = Role


@pytest.mark.parametrize(
    ("access", "allowed"),
    [
        pytest.param(Access.ANYONE, {None, CLIENT, OPERATOR, ADMIN}, id="anyone"),
        pytest.param(Access.SIGNED_IN, {CLIENT, OPERATOR, ADMIN}, id="whoever is signed in"),
        pytest.param(Access.OPERATOR, {OPERATOR, ADMIN}, id="operators, and so administrators"),
        pytest.param(Access.ADMIN, {ADMIN}, id="administrators"),
    ],
)
def test_may(access, allowed):
    assert {role for role in (None, *Role) if may(role, access)} == allowed


def test_operators_and_administrators_answer_requests():
    assert {role for role in Role if is_staff(role)} == {OPERATOR, ADMIN}


@pytest.mark.parametrize(
    ("role", "party"), [(CLIENT, Party.CLIENT), (OPERATOR, Party.OPERATOR), (ADMIN, Party.OPERATOR)]
)
def test_party(role, party):
    assert Sender(1, "ana@acme.com", "Ana", role, UserStatus.ACTIVE).party is party


def test_a_verdict_is_of_one_mail_and_changes_nobody():
    ana = Sender(1, "ana@acme.com", "Ana", CLIENT, UserStatus.ACTIVE)
    assert ana.with_verdict(Verdict.PASS).verdict is Verdict.PASS
    assert ana.verdict is Verdict.NONE
