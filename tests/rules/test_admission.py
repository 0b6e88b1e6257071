from itertools import product

import pytest

from gateway.rules.admission import Admission, Evidence, Standing, admit
from gateway.rules.people import Verdict

APPEND, HOLD, OPEN = Admission.APPEND, Admission.HOLD, Admission.OPEN
OWN, OTHERS, CODE, NUMBER, NOTHING = Evidence
PARTICIPANT, OPERATOR, STRANGER = Standing
PASS, FAIL, NONE = Verdict

# The table of invariants T4 (and T8 for operators), written down cell by cell and not by rule.
CLIENTS = {
    (OWN, PARTICIPANT, PASS): APPEND,
    (OWN, PARTICIPANT, NONE): APPEND,
    (OTHERS, PARTICIPANT, PASS): APPEND,
    (OTHERS, PARTICIPANT, NONE): HOLD,
    (CODE, PARTICIPANT, PASS): APPEND,
    (CODE, PARTICIPANT, NONE): APPEND,
    (NUMBER, PARTICIPANT, PASS): APPEND,
    (NUMBER, PARTICIPANT, NONE): OPEN,
    (NOTHING, PARTICIPANT, PASS): OPEN,
    (NOTHING, PARTICIPANT, NONE): OPEN,
    (OWN, STRANGER, PASS): HOLD,
    (OWN, STRANGER, NONE): HOLD,
    (OTHERS, STRANGER, PASS): HOLD,
    (OTHERS, STRANGER, NONE): HOLD,
    (CODE, STRANGER, PASS): HOLD,
    (CODE, STRANGER, NONE): HOLD,
    (NUMBER, STRANGER, PASS): OPEN,
    (NUMBER, STRANGER, NONE): OPEN,
    (NOTHING, STRANGER, PASS): OPEN,
    (NOTHING, STRANGER, NONE): OPEN,
}
OPERATORS = {
    (OWN, PASS): (APPEND, APPEND),  # with operator_mail = "token", with "verified"
    (OWN, NONE): (APPEND, HOLD),
    (OTHERS, PASS): (HOLD, HOLD),
    (OTHERS, NONE): (HOLD, HOLD),
    (CODE, PASS): (HOLD, HOLD),
    (CODE, NONE): (HOLD, HOLD),
    (NUMBER, PASS): (OPEN, OPEN),
    (NUMBER, NONE): (OPEN, OPEN),
    (NOTHING, PASS): (OPEN, OPEN),
    (NOTHING, NONE): (OPEN, OPEN),
}


def named(*cell):
    return " ".join(each.value for each in cell)


@pytest.mark.parametrize("strict", [False, True], ids=["by token", "by verdict"])
@pytest.mark.parametrize(
    ("cell", "expected"), [pytest.param(*each, id=named(*each[0])) for each in CLIENTS.items()]
)
def test_what_a_client_or_stranger_may(cell, expected, strict):
    assert admit(*cell, strict_operators=strict)[0] is expected


@pytest.mark.parametrize(
    ("cell", "expected"), [pytest.param(*each, id=named(*each[0])) for each in OPERATORS.items()]
)
def test_what_an_operator_may(cell, expected):
    evidence, verdict = cell
    asked = [admit(evidence, OPERATOR, verdict, strict_operators=strict)[0] for strict in (False, True)]
    assert asked == list(expected)


@pytest.mark.parametrize("cell", list(product(Evidence, Standing)), ids=lambda cell: named(*cell))
def test_a_refused_sender_is_held_whatever_the_mail_shows(cell):
    for strict in (False, True):
        assert admit(*cell, FAIL, strict_operators=strict) == (HOLD, "sender-refused")


def test_the_tables_have_every_cell():
    assert set(CLIENTS) == set(product(Evidence, (PARTICIPANT, STRANGER), (PASS, NONE)))
    assert set(OPERATORS) == set(product(Evidence, (PASS, NONE)))


@pytest.mark.parametrize(
    ("cell", "strict", "reason"),
    [
        pytest.param((OWN, OPERATOR, NONE), True, "operator-not-verified", id="only the verdict falls short"),
        pytest.param(
            (CODE, OPERATOR, PASS), False, "operator-without-token", id="operator without their token"
        ),
        pytest.param((CODE, STRANGER, PASS), False, "stranger", id="stranger with the code"),
        pytest.param(
            (OTHERS, PARTICIPANT, NONE), False, "others-token", id="participant with another's token"
        ),
        pytest.param((NUMBER, STRANGER, NONE), False, "may-belong", id="number only"),
        pytest.param((NOTHING, STRANGER, NONE), False, "new", id="nothing at all"),
    ],
)
def test_the_reason_says_what_was_missing(cell, strict, reason):
    assert admit(*cell, strict_operators=strict)[1] == reason
