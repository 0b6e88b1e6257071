"""Nothing internal ever leaves to anyone but the operators of its ticket (invariants C1, C8, T6, T13)."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session

from gateway.db import Database
from gateway.rules.admission import Outcome
from gateway.rules.people import Role, UserStatus
from gateway.runtime import Runtime
from tests.histories import (
    CLIENTS,
    LAURA,
    MALLORY,
    NADIA,
    NETWORKS,
    PEDRO,
    SETTINGS,
    SUPPORT,
    History,
    Received,
    Style,
)

STYLES = st.sampled_from(Style)
PICK = st.integers(0, 40)
DATES = st.sampled_from([
    "Mon, 11 May 2026 17:48:00 -0300", "Thu, 01 Jan 1970 00:00:00 +0000", "Tue, 19 Jan 2038 03:14:08 +0000",
    "Fri, 31 Dec 9999 23:59:59 +0000", "ayer", None,
])  # fmt: skip
ORDERS = st.lists(
    st.sampled_from(["#tomar", "#take", "#cerrar", "#close", "#reabrir", "#reopen", "#tematica Redes",
                     "#topic facturacion", "#asignar {martin}", "#assign {bruno}", "#interno", "#Internal"]),
    max_size=2,
)  # fmt: skip
MISTAKES = st.sampled_from(
    ["#interon", "# interno", "#asignar {canary}@nadie.example", "#tematica {canary}", "#cerar"]
)


class Clients(RuleBasedStateMachine):
    """Random histories; after each step all mail, pages and files are searched."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history

    def teardown(self) -> None:
        try:
            if self.history.sound:
                self.history.check()
        finally:
            self.history.session.rollback()
            self.history.session.close()

    @initialize()
    def there_is_a_conversation(self):
        """Three requests, one by an operator, with what is public and what is internal."""
        history = self.history
        for client, topic in ((LAURA, SUPPORT), (NADIA, NETWORKS)):
            history.open(client, to=topic, cc=[PEDRO], verified=client == LAURA)
        history.open(history.bruno.email, verified=True, subject="No tengo acceso")
        for pick in (0, 2):
            history.writes_on_the_web(self.ticket(pick), history.sofia.email, internal=True)
        history.operator_answers(self.newest(history.martin.email, 0, internal=False))
        history.operator_answers(
            self.newest(history.martin.email, 0, internal=True), orders=["#interon"], mistaken=True
        )
        history.operator_answers(self.newest(history.martin.email, 0, internal=True))
        history.operator_answers(self.newest(history.bruno.email, 1, internal=False))

    def newest(self, to: str, pick: int, *, internal: bool) -> Received:
        """The last mail somebody got on a request."""
        ticket = self.ticket(pick)
        received = self.mail_of(
            0, lambda each: (each.to, each.ticket, each.internal) == (to, ticket, internal)
        )
        assert received is not None
        return received

    def mail_of(self, pick: int, wanted: Callable[[Received], bool]) -> Received | None:
        found = [each for each in self.history.received if wanted(each)]
        return found[-1 - pick % len(found)] if found else None

    def is_operator(self, received: Received) -> bool:
        return received.to in self.history.staff()

    def ticket(self, pick: int) -> int:
        return list(self.history.taking_part)[pick % len(self.history.taking_part)]

    @rule(
        who=st.sampled_from(CLIENTS),
        verified=st.booleans(),
        other=st.sampled_from([None, PEDRO, MALLORY, "martin"]),
        to=st.sampled_from([SUPPORT, NETWORKS]),
        date=DATES,
    )
    def a_client_opens(self, who, verified, other, to, date):
        copied = self.history.martin.email if other == "martin" else other
        cc = [copied] if copied and copied != who else []
        self.history.open(who, to=to, cc=cc, verified=verified, date=date)

    @rule(pick=PICK, verified=st.booleans(), style=STYLES, date=DATES)
    @precondition(lambda self: self.history.received)
    def a_client_answers(self, pick, verified, style, date):
        received = self.mail_of(pick, lambda each: not self.is_operator(each))
        if received:
            copied = [each for each in CLIENTS if each != received.to] if pick % 2 else []
            self.history.client_answers(
                received, received.to, verified=verified, style=style, date=date, cc=copied
            )

    @rule(pick=PICK, style=STYLES, orders=ORDERS, verified=st.booleans(), attach=st.booleans())
    @precondition(lambda self: self.history.received)
    def an_operator_answers(self, pick, style, orders, verified, attach):
        received = self.mail_of(pick, self.is_operator)
        if received:
            people = {"martin": self.history.martin.email, "bruno": self.history.bruno.email}
            written = [each.format(**people) for each in orders]
            if received.to == self.history.sofia.email:
                written = ["#interno"]
            self.history.operator_answers(
                received, orders=written, style=style, verified=verified, attach=attach
            )

    @rule(pick=PICK, style=STYLES, mistake=MISTAKES)
    @precondition(lambda self: self.history.received)
    def an_operator_mistakes_an_order(self, pick, style, mistake):
        received = self.mail_of(pick, self.is_operator)
        if received:
            self.history.operator_answers(received, orders=[mistake], mistaken=True, style=style)

    @rule(pick=PICK, style=STYLES, mistake=MISTAKES, orders=ORDERS)
    @precondition(lambda self: self.history.received)
    def an_operator_mends_a_mistake(self, pick, style, mistake, orders):
        told = self.mail_of(pick, lambda each: self.is_operator(each) and each.mail["X-Purpose"] == "mistake")
        if told is None:
            self.an_operator_mistakes_an_order(pick, style, mistake)
            told = self.mail_of(0, lambda each: each.mail["X-Purpose"] == "mistake")
        if told is not None and self.is_operator(told):
            orders = [each for each in orders if "{" not in each]
            self.history.operator_answers(told, orders=orders, style=style)

    @rule(pick=PICK, verified=st.booleans(), style=STYLES, forged=st.booleans())
    @precondition(lambda self: self.history.received)
    def a_stranger_has_a_token(self, pick, verified, style, forged):
        received = self.mail_of(pick, lambda each: True)
        assert received is not None
        if forged and self.is_operator(received):
            return  # an operator's own token is all it takes by default (T8)
        others = [each for each in self.history.operators if each != received.to]
        sender = others[pick % len(others)] if forged else MALLORY
        self.history.client_answers(
            received, sender, verified=verified and not forged, style=style, cc=[MALLORY]
        )

    @rule(pick=PICK, by_stranger=st.booleans())
    @precondition(lambda self: self.history.received)
    def a_machine_answers(self, pick, by_stranger):
        received = self.mail_of(pick, lambda each: not self.is_operator(each))
        if received:
            sender = MALLORY if by_stranger else received.to
            done = self.history.client_answers(
                received, sender, verified=True, style=Style.TOP, Auto_Submitted="auto-replied"
            )
            assert done.outcome is Outcome.AUTOMATIC

    @rule(pick=PICK)
    @precondition(lambda self: self.history.received)
    def a_reply_bounces(self, pick):
        received = self.mail_of(pick, lambda each: each.mail["X-Purpose"] == "reply")
        if received:
            self.history.bounce(received)

    @rule(pick=PICK, who=st.sampled_from(["martin", "sofia", "bruno", "ana"]), internal=st.booleans())
    @precondition(lambda self: self.history.taking_part)
    def an_operator_writes_on_the_web(self, pick, who, internal):
        ticket, operator = self.ticket(pick), getattr(self.history, who).email
        if operator in self.history.allowed()[ticket]:
            self.history.writes_on_the_web(ticket, operator, internal=internal or who == "sofia")

    @rule(
        who=st.sampled_from(["martin", "sofia", "bruno"]),
        what=st.sampled_from(["leaves", "joins", "disabled", "client"]),
        pick=PICK,
    )
    def an_operator_changes(self, who, what, pick):
        """And the team goes on talking."""
        email = getattr(self.history, who).email
        if what == "disabled":
            self.history.change(email, status=UserStatus.DISABLED)
        elif what == "client":
            self.history.change(email, role=Role.CLIENT)
        else:
            self.history.change(email, status=UserStatus.ACTIVE, role=Role.OPERATOR)
            self.history.serve(email, self.history.billing, serving=what == "joins")
        self.history.writes_on_the_web(self.ticket(pick), self.history.ana.email, internal=True)

    @rule(becomes=st.booleans())
    def a_client_becomes_an_operator(self, becomes):
        self.history.change(PEDRO, role=Role.OPERATOR if becomes else Role.CLIENT)
        self.history.serve(PEDRO, self.history.networks, serving=becomes)

    @rule(who=st.sampled_from(["martin", "bruno"]), verified=st.booleans(), forwards=st.booleans())
    def an_operator_asks_or_forwards(self, who, verified, forwards):
        subject = "RV: Cliente sin servicio" if forwards else "No tengo acceso"
        self.history.open(getattr(self.history, who).email, verified=verified, subject=subject)

    @rule(pick=PICK)
    @precondition(lambda self: self.history.delivered)
    def a_mail_comes_twice(self, pick):
        self.history.deliver_again(-1 - pick)

    @rule(days=st.sampled_from([1, 40]))
    def time_passes(self, days):
        self.history.pass_time(timedelta(days=days))


def histories(database: Database, runtime: Runtime, *, examples: int, steps: int) -> None:
    """Run random histories, always the same ones."""

    def begin() -> Clients:
        engine = database.engine.execution_options(writes=True)
        return Clients(History(runtime, Session(engine, expire_on_commit=False)))

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        begin,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_nothing_internal_ever_leaves(database, make_runtime):
    histories(database, make_runtime(SETTINGS), examples=4, steps=45)
