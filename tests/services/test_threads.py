"""Which ticket a mail points at, and how strong the proof is: the clues of a mail against the rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session

from gateway import tokens
from gateway.mail.addresses import Address
from gateway.mail.clues import find_clues, thread_root
from gateway.models.columns import table_of
from gateway.models.people import Token, TokenPurpose
from gateway.models.tickets import Message, Participant, Ticket
from gateway.rules import limits
from gateway.rules.admission import Evidence, Outcome, Standing
from gateway.rules.lifecycle import Channel, MessageKind
from gateway.rules.people import Party, Role, Sender, UserStatus
from gateway.runtime import Runtime
from gateway.services import threads
from gateway.services.threads import Thread
from tests.factories import make_operator, make_ticket, make_topic, make_user
from tests.mail.making import parsed_mail
from tests.office import Office, answer, mail

SECRET = b"a secret for tests only"
DOMAIN = "example.com"
TEMPLATE = "soporte+{token}@example.com"
A_DAY = timedelta(days=1)

OWN, OTHERS, CODE, NUMBER, _ = Evidence


@dataclass
class Scene:
    """Laura takes part in two tickets, Martín answers both. `names` are what mails are written with."""

    session: Session
    now: datetime
    laura: Sender
    martin: Sender
    first: Ticket
    second: Ticket
    names: dict[str, str]

    def find(self, sender: Sender | None, *, now: datetime | None = None, **written: str) -> Thread | None:
        """Look up a mail with these `to`, `references` (the one answered first) and `subject`."""
        said = {name: text.format(**self.names) for name, text in written.items()}
        mail = parsed_mail(
            to=tuple(Address(each) for each in said.get("to", "").split()),
            references=tuple(said.get("references", "").split()),
            subject=said.get("subject", ""),
        )
        clues = find_clues(mail, (), DOMAIN, TEMPLATE)
        return threads.find(self.session, clues, sender, secret=SECRET, now=now or self.now)

    def issue(self, ticket: Ticket, to: Sender, **values: Any) -> str:
        token = tokens.new_token()
        values = {"purpose": TokenPurpose.REPLY, "created_at": self.now} | values
        self.session.add(
            Token(hash=tokens.hash_token(token), ticket_id=ticket.id, user_id=to.user_id, **values)
        )
        self.session.flush()
        return token

    def known(self, ticket: Ticket, number: int, message_id: str) -> None:
        message = Message(
            ticket_id=ticket.id,
            number=number,
            party=Party.CLIENT,
            kind=MessageKind.PUBLIC,
            channel=Channel.EMAIL,
            text="",
            message_id=message_id,
            created_at=self.now,
        )
        self.session.add(message)
        self.session.flush()


@pytest.fixture
def scene(session: Session, now: datetime) -> Scene:
    martin = make_operator(session)
    laura = make_user(session)
    topic = make_topic(session, "Facturación", martin)
    first, second = make_ticket(session, laura, topic), make_ticket(session, laura, topic)
    scene = Scene(
        session,
        now,
        Sender(laura.id, laura.email, laura.name, Role.CLIENT, UserStatus.ACTIVE),
        Sender(martin.id, martin.email, martin.name, Role.OPERATOR, UserStatus.ACTIVE),
        first,
        second,
        {},
    )
    codes = {each.id: tokens.ticket_code(SECRET, each.id) for each in (first, second)}
    scene.names |= {
        "laura_1": scene.issue(first, scene.laura),
        "laura_2": scene.issue(second, scene.laura),
        "martin_1": scene.issue(first, scene.martin),
        "revoked": scene.issue(first, scene.laura, revoked_at=now),
        "bounce": scene.issue(first, scene.laura, purpose=TokenPurpose.BOUNCE),
        "never": tokens.new_token(),
        "n_1": str(first.id),
        "n_2": str(second.id),
        "code_1": codes[first.id],
        "code_2": codes[second.id],
        "root_1": thread_root(first.id, codes[first.id], DOMAIN),
        "d": DOMAIN,
    }
    scene.names["LAURA_1"] = scene.names["laura_1"].upper()
    scene.names["cut_1"] = scene.names["laura_1"][:-1]
    scene.known(first, 1, "uno@andina.example")
    scene.known(second, 1, "dos@andina.example")
    return scene


REPLY_1, REPLY_2 = "soporte+{laura_1}@{d}", "soporte+{laura_2}@{d}"
SUBJECT_1, SUBJECT_2 = "Re: Red [#{n_1}-{code_1}]", "Re: Red [#{n_2}-{code_2}]"


@pytest.mark.parametrize(
    ("written", "ticket", "evidence"),
    [
        pytest.param({"to": REPLY_1}, 1, OWN, id="the reply address"),
        pytest.param({"to": "SOPORTE+{LAURA_1}@EXAMPLE.COM"}, 1, OWN, id="in capitals"),
        pytest.param({"references": "{laura_1}@{d}"}, 1, OWN, id="the Message-ID alone"),
        pytest.param({"references": "{LAURA_1}@EXAMPLE.COM"}, 1, OWN, id="a Message-ID in capitals"),
        pytest.param({"to": REPLY_1, "subject": SUBJECT_2}, 1, OWN, id="a token before a code"),
        pytest.param({"to": REPLY_1, "references": "{laura_2}@{d}"}, 1, OWN, id="an address before a header"),
        pytest.param({"references": "{laura_1}@{d} {laura_2}@{d}"}, 1, OWN, id="the mail answered first"),
        pytest.param(
            {"references": "nunca@otra.example dos@andina.example {laura_1}@{d}"},
            1,
            OWN,
            id="a token before any Message-ID that is not ours",
        ),
        pytest.param(
            {"to": "soporte+{martin_1}@{d}", "references": "{laura_1}@{d}"}, 1, OWN, id="their own among two"
        ),
        pytest.param({"to": "soporte+{martin_1}@{d}"}, 1, OTHERS, id="another's"),
        pytest.param(
            {"to": "soporte+{martin_1}@{d}", "subject": SUBJECT_1}, 1, OTHERS, id="another's beside the code"
        ),
        pytest.param({"subject": SUBJECT_1}, 1, CODE, id="the code"),
        pytest.param(
            {"subject": "RE: RED [#{n_1}-{code_1}] RV: [#{n_2}-{code_2}]"}, 2, CODE, id="the last code"
        ),
        pytest.param({"references": "{root_1}"}, 1, CODE, id="References cut down to their root"),
        pytest.param(
            {"references": "uno@andina.example", "subject": SUBJECT_1},
            1,
            CODE,
            id="a code beside a known mail",
        ),
        pytest.param(
            {"references": "uno@andina.example", "subject": SUBJECT_2},
            1,
            NUMBER,
            id="a known mail before the subject",
        ),
        pytest.param({"to": "soporte+{cut_1}@{d}", "subject": SUBJECT_1}, 1, CODE, id="a token cut short"),
        pytest.param({"to": "soporte+{revoked}@{d}", "subject": SUBJECT_1}, 1, CODE, id="a revoked token"),
        pytest.param({"subject": "Re: Red [#{n_1}-aaaa]"}, 1, NUMBER, id="a wrong code"),
        pytest.param({"subject": "Re: Red [#{n_1}-{code_2}]"}, 1, NUMBER, id="the code of another ticket"),
        pytest.param({"subject": "Re: Red [#{n_1}]"}, 1, NUMBER, id="a bare number"),
        pytest.param({"references": "uno@andina.example"}, 1, NUMBER, id="a known mail"),
        pytest.param(
            {"references": "nunca@otra.example uno@andina.example"}, 1, NUMBER, id="a known mail further up"
        ),
    ],
)
def test_the_strongest_clue_picks_the_ticket(
    scene: Scene, written: dict[str, str], ticket: int, evidence: Evidence
) -> None:
    found = scene.find(scene.laura, **written)
    assert found is not None
    assert (found.ticket.id, found.evidence) == ({1: scene.first, 2: scene.second}[ticket].id, evidence)
    assert found.standing is Standing.PARTICIPANT


@pytest.mark.parametrize(
    "written",
    [
        pytest.param({"subject": "Red caída"}, id="nothing"),
        pytest.param({"to": "soporte+{never}@{d}"}, id="a token that never was"),
        pytest.param({"to": "soporte+{cut_1}@{d}"}, id="a token cut short"),
        pytest.param({"to": "soporte+{revoked}@{d}"}, id="a revoked token"),
        pytest.param({"to": "soporte+{bounce}@{d}"}, id="the token of a bounce address as a reply address"),
        pytest.param({"references": "{bounce}@{d}"}, id="the token of a bounce address as a Message-ID"),
        pytest.param({"references": "{laura_1}@otra.example"}, id="a token in a domain that is not ours"),
        pytest.param({"subject": "Red [#99999999-aaaa]"}, id="a ticket that never was"),
        pytest.param(
            {"references": "nunca@otra.example"}, id="a mail we never saw, whoever else answered it"
        ),
    ],
)
def test_what_proves_nothing_points_nowhere(scene: Scene, written: dict[str, str]) -> None:
    assert scene.find(scene.laura, **written) is None


@pytest.mark.parametrize(
    ("sender", "standing", "evidence"),
    [
        pytest.param("laura", Standing.PARTICIPANT, OTHERS, id="a participant"),
        pytest.param("martin", Standing.OPERATOR, OWN, id="the operator it was given to"),
        pytest.param("", Standing.STRANGER, OTHERS, id="somebody unknown"),
    ],
)
def test_a_token_is_worth_what_its_bearer_is(
    scene: Scene, sender: str, standing: Standing, evidence: Evidence
) -> None:
    found = scene.find(getattr(scene, sender) if sender else None, to="soporte+{martin_1}@{d}")
    assert found is not None
    assert (found.standing, found.evidence) == (standing, evidence)


@pytest.mark.parametrize(("days", "evidence"), [(180, OWN), (181, CODE)])
def test_a_token_holds_for_half_a_year_after_closing(scene: Scene, days: int, evidence: Evidence) -> None:
    scene.first.closed_at = scene.now
    scene.session.flush()
    found = scene.find(scene.laura, to=REPLY_1, subject=SUBJECT_1, now=scene.now + days * A_DAY)
    assert found is not None
    assert found.evidence is evidence


def test_a_message_id_used_again_draws_no_answers_away(scene: Scene) -> None:
    scene.known(scene.second, 2, "uno@andina.example")
    found = scene.find(scene.laura, references="uno@andina.example")
    assert found is not None
    assert found.ticket.id == scene.first.id


class TestGuessing:
    """A code has 20 bits, so guesses at it are counted (T3, B5)."""

    def guess(self, scene: Scene, sender: Sender | None, times: int) -> None:
        for _ in range(times):
            scene.find(sender, subject="Red [#{n_1}-aaaa]")

    def seen(self, scene: Scene, sender: Sender | None, **options: Any) -> Evidence | None:
        found = scene.find(sender, **{"subject": SUBJECT_1} | options)
        return found.evidence if found else None

    def test_after_twenty_wrong_codes_the_right_one_is_only_a_number(self, scene: Scene) -> None:
        self.guess(scene, scene.laura, 19)
        assert self.seen(scene, scene.laura) is CODE
        self.guess(scene, scene.laura, 1)
        assert self.seen(scene, scene.laura) is NUMBER
        assert self.seen(scene, scene.martin) is CODE, "nobody else pays for it"
        assert self.seen(scene, scene.laura, to=REPLY_1) is OWN, "a token is not guessed"

    def test_an_hour_later_codes_count_again(self, scene: Scene) -> None:
        self.guess(scene, scene.laura, 100)
        later = scene.now + limits.TOKEN_GUESSES.period + timedelta(seconds=1)
        assert self.seen(scene, scene.laura, now=later) is CODE

    def test_one_mail_with_many_guesses_is_many_guesses(self, scene: Scene) -> None:
        roots = " ".join(f"solicitud-{{n_1}}-aaa{letter}@{{d}}" for letter in "abcdefghijklmnopqrstuvwxyz")
        assert self.seen(scene, scene.laura, references=roots) is NUMBER

    def test_strangers_are_counted_together_for_addresses_cost_them_nothing(self, scene: Scene) -> None:
        self.guess(scene, None, 20)
        assert self.seen(scene, None) is NUMBER


@pytest.mark.parametrize(
    ("who", "party"),
    [
        pytest.param("martin.sosa@sysmo.example", Party.OPERATOR, id="an operator"),
        pytest.param("laura.gimenez@andina.example", Party.CLIENT, id="a client"),
    ],
)
def test_where_a_provider_has_no_plus_addresses_the_message_id_is_proof_enough(
    session: Session, make_runtime: Callable[..., Runtime], now: datetime, who: str, party: Party
) -> None:
    make_topic(session, "Facturación", make_operator(session), is_default=True)
    office = Office(make_runtime('[mail]\nreply_address = ""'), session, now)
    opened = office.deliver(mail(), recipients=["soporte@example.com"])
    notice = next(each for each in office.out() if each["X-Envelope-To"] == who)
    assert notice["Reply-To"] is None
    done = office.deliver(answer(notice, "Gracias.", sender=who), recipients=["soporte@example.com"])
    assert (done.outcome, done.ticket_id) == (Outcome.APPENDED, opened.ticket_id)
    query = select(table_of(Message).c.party).where(table_of(Message).c.number == 2)
    assert session.execute(query).scalar_one() is party


@pytest.mark.parametrize(
    ("written", "standing", "evidence"),
    [
        pytest.param(
            {"to": "soporte+{martin_1}@{d}"}, Standing.OPERATOR, OWN, id="with a token of their own"
        ),
        pytest.param(
            {"subject": SUBJECT_1}, Standing.OPERATOR, CODE, id="with the code, which proves nothing"
        ),
    ],
)
def test_an_operator_in_copy_is_an_operator(
    scene: Scene, written: dict[str, str], standing: Standing, evidence: Evidence
) -> None:
    scene.session.add(
        Participant(ticket_id=scene.first.id, user_id=scene.martin.user_id, joined_at=scene.now)
    )
    scene.session.flush()
    found = scene.find(scene.martin, **written)
    assert found is not None
    assert (found.standing, found.evidence) == (standing, evidence)


def test_an_operator_who_asked_is_a_client(scene: Scene) -> None:
    scene.first.requester_id = scene.martin.user_id
    scene.session.add(
        Participant(ticket_id=scene.first.id, user_id=scene.martin.user_id, joined_at=scene.now)
    )
    scene.session.flush()
    found = scene.find(scene.martin, to="soporte+{martin_1}@{d}")
    assert found is not None
    assert found.standing is Standing.PARTICIPANT


def test_the_answer_of_an_operator_in_copy_reaches_the_client(
    session: Session, make_runtime: Callable[..., Runtime], now: datetime
) -> None:
    make_topic(session, "Facturación", make_operator(session), is_default=True)
    trust = '[trust]\nauthserv_ids = ["mx.example.com"]\ndkim = false'
    office = Office(make_runtime(trust), session, now)
    verified = b"Authentication-Results: mx.example.com; dmarc=pass header.from=andina.example\r\n"
    office.deliver(verified + mail(cc="martin.sosa@sysmo.example"), recipients=["soporte@example.com"])
    notice = next(each for each in office.out() if each["X-Purpose"] == "notice")
    office.deliver(answer(notice, "Ya lo vemos.", sender="martin.sosa@sysmo.example"))
    (reply,) = office.out()
    assert (reply["X-Envelope-To"], reply["X-Purpose"]) == ("laura.gimenez@andina.example", "reply")
