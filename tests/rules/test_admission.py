"""Who may append by mail: the tables of invariants T4, T8 and T9, written down here cell by cell."""

from itertools import product

import pytest

from gateway.rules.admission import Admission, Evidence, Standing, admit
from gateway.rules.people import Verdict

APPEND, CONTINUE, HOLD, OPEN = Admission.APPEND, Admission.CONTINUE, Admission.HOLD, Admission.OPEN
OWN, OTHERS, CODE, NUMBER, NOTHING = Evidence
PARTICIPANT, OPERATOR, STRANGER = Standing
PASS, FAIL, NONE = Verdict

# What, from whom, how far believed: while the ticket is open, and when it was closed long ago.
CLIENTS = {
    (OWN, PARTICIPANT, PASS): (APPEND, CONTINUE),
    (OWN, PARTICIPANT, NONE): (APPEND, CONTINUE),
    (OTHERS, PARTICIPANT, PASS): (APPEND, CONTINUE),
    (OTHERS, PARTICIPANT, NONE): (HOLD, HOLD),
    (CODE, PARTICIPANT, PASS): (APPEND, CONTINUE),
    (CODE, PARTICIPANT, NONE): (APPEND, CONTINUE),
    (NUMBER, PARTICIPANT, PASS): (APPEND, CONTINUE),
    (NUMBER, PARTICIPANT, NONE): (OPEN, OPEN),
    (NOTHING, PARTICIPANT, PASS): (OPEN, OPEN),
    (NOTHING, PARTICIPANT, NONE): (OPEN, OPEN),
    (OWN, STRANGER, PASS): (HOLD, HOLD),
    (OWN, STRANGER, NONE): (HOLD, HOLD),
    (OTHERS, STRANGER, PASS): (HOLD, HOLD),
    (OTHERS, STRANGER, NONE): (HOLD, HOLD),
    (CODE, STRANGER, PASS): (HOLD, HOLD),
    (CODE, STRANGER, NONE): (HOLD, HOLD),
    (NUMBER, STRANGER, PASS): (OPEN, OPEN),
    (NUMBER, STRANGER, NONE): (OPEN, OPEN),
    (NOTHING, STRANGER, PASS): (OPEN, OPEN),
    (NOTHING, STRANGER, NONE): (OPEN, OPEN),
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
EVERY_CASE = list(product(Evidence, Standing, Verdict, (False, True), (False, True)))


def expected(evidence, standing, verdict, closed_long, strict):
    """The one cell of the tables that speaks of this case."""
    if verdict is FAIL:
        return HOLD
    if standing is OPERATOR:
        return OPERATORS[evidence, verdict][strict]
    return CLIENTS[evidence, standing, verdict][closed_long]


def named(case):
    evidence, standing, verdict, closed_long, strict = case
    words = [evidence, standing, verdict, *["closed"] * closed_long, *["strict"] * strict]
    return " ".join(str(each) for each in words)


@pytest.mark.parametrize("case", EVERY_CASE, ids=named)
def test_every_case_is_decided_as_the_tables_say(case):
    evidence, standing, verdict, closed_long, strict = case
    decided, _ = admit(evidence, standing, verdict, closed_long=closed_long, strict_operators=strict)
    assert decided is expected(*case)


def test_the_tables_have_every_cell_and_the_cases_are_all_there_are():
    assert set(CLIENTS) == set(product(Evidence, (PARTICIPANT, STRANGER), (PASS, NONE)))
    assert set(OPERATORS) == set(product(Evidence, (PASS, NONE)))
    assert len(EVERY_CASE) == 5 * 3 * 3 * 2 * 2


WEAKER = {PASS: NONE, NONE: FAIL}
ACTS = (APPEND, CONTINUE)


@pytest.mark.parametrize("case", [each for each in EVERY_CASE if each[2] in WEAKER], ids=named)
def test_a_sender_who_is_believed_less_may_do_no_more(case):
    """A property of the whole table, whatever its cells: doubt never opens a ticket to anybody."""
    evidence, standing, verdict, closed_long, strict = case
    options = {"closed_long": closed_long, "strict_operators": strict}
    if admit(evidence, standing, verdict, **options)[0] not in ACTS:
        assert admit(evidence, standing, WEAKER[verdict], **options)[0] not in ACTS


@pytest.mark.parametrize("case", EVERY_CASE, ids=named)
def test_only_somebody_of_the_ticket_acts_on_it(case):
    evidence, standing, verdict, closed_long, strict = case
    outcome, _ = admit(evidence, standing, verdict, closed_long=closed_long, strict_operators=strict)
    if outcome in ACTS:
        assert standing is PARTICIPANT or (standing, evidence) == (OPERATOR, OWN)


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
        pytest.param((OWN, PARTICIPANT, FAIL), False, "sender-refused", id="refused by their domain"),
    ],
)
def test_the_reason_says_what_was_missing(cell, strict, reason):
    assert admit(*cell, closed_long=False, strict_operators=strict)[1] == reason
