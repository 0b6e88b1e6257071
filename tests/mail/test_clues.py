import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.addresses import Address
from gateway.mail.clues import Clue, ClueKind, find_clues, thread_root
from gateway.rules import limits
from tests.mail.making import parsed_mail

DOMAIN = "mail.example.com"
TEMPLATE = "soporte+{token}@example.com"
ANA = "abcdefghijklmnopqrstuvwxa2"
LUZ = "abcdefghijklmnopqrstuvwxa3"

TOKEN_ANA, TOKEN_LUZ = Clue(ClueKind.TOKEN, ANA), Clue(ClueKind.TOKEN, LUZ)
CODE_7 = Clue(ClueKind.CODE, "k7q2", 7)


def reply_address(token):
    return f"soporte+{token}@example.com"


@pytest.mark.parametrize(
    ("different", "envelope", "expected"),
    [
        pytest.param({}, (), (), id="a first mail has none"),
        pytest.param({}, (reply_address(ANA),), (TOKEN_ANA,), id="token in the envelope"),
        pytest.param({"to": (Address(reply_address(ANA)),)}, (), (TOKEN_ANA,), id="token in To"),
        pytest.param({"cc": (Address(reply_address(ANA)),)}, (), (TOKEN_ANA,), id="token in Cc"),
        pytest.param(
            {"to": (Address(reply_address(LUZ)),)},
            (reply_address(ANA),),
            (TOKEN_ANA, TOKEN_LUZ),
            id="envelope before header",
        ),
        pytest.param(
            {"to": (Address(reply_address(ANA)),), "references": (f"{ANA}@{DOMAIN}",)},
            (reply_address(ANA),),
            (TOKEN_ANA,),
            id="the same thrice is one",
        ),
        pytest.param({"references": (f"{ANA}@{DOMAIN}",)}, (), (TOKEN_ANA,), id="our Message-ID"),
        pytest.param(
            {"references": (f"<{ANA.upper()}@{DOMAIN.upper()}>",)},
            (),
            (TOKEN_ANA,),
            id="our Message-ID in capitals",
        ),
        pytest.param(
            {"references": (f"{ANA}@evil.com",)},
            (),
            (Clue(ClueKind.MESSAGE_ID, f"{ANA}@evil.com"),),
            id="token shape in another domain",
        ),
        pytest.param(
            {"references": (f"{ANA}@{DOMAIN}.evil.com",)},
            (),
            (Clue(ClueKind.MESSAGE_ID, f"{ANA}@{DOMAIN}.evil.com"),),
            id="domain that begins like ours",
        ),
        pytest.param({"references": (f"solicitud-7-k7q2@{DOMAIN}",)}, (), (CODE_7,), id="root of a thread"),
        pytest.param(
            {"references": ("solicitud-7-k7q2@evil.com",)},
            (),
            (Clue(ClueKind.MESSAGE_ID, "solicitud-7-k7q2@evil.com"),),
            id="root in another domain",
        ),
        pytest.param({"subject": "Re: Red [#7-k7q2]"}, (), (CODE_7,), id="code in the subject"),
        pytest.param(
            {"subject": "Re: Red [#7]"}, (), (Clue(ClueKind.NUMBER, number=7),), id="number in the subject"
        ),
        pytest.param(
            {
                "references": ("x@acme.com", f"solicitud-7-k7q2@{DOMAIN}", "y@acme.com", f"{LUZ}@{DOMAIN}"),
                "subject": "Red [#9]",
            },
            (reply_address(ANA),),
            (
                TOKEN_ANA,
                TOKEN_LUZ,
                CODE_7,
                Clue(ClueKind.MESSAGE_ID, "x@acme.com"),
                Clue(ClueKind.MESSAGE_ID, "y@acme.com"),
                Clue(ClueKind.NUMBER, number=9),
            ),
            id="all kinds, strongest first",
        ),
        pytest.param(
            {}, (reply_address("b-" + ANA),), (Clue(ClueKind.BOUNCE_TOKEN, ANA),), id="bounce address"
        ),
        pytest.param({"from_": (Address(reply_address(ANA)),)}, (), (), id="From is no clue"),
    ],
)
def test_find_clues(different, envelope, expected):
    assert find_clues(parsed_mail(**different), envelope, DOMAIN, TEMPLATE) == expected


def test_without_a_reply_address_the_message_id_still_is_a_clue():
    mail = parsed_mail(to=(Address(reply_address(LUZ)),), references=(f"{ANA}@{DOMAIN}",))
    assert find_clues(mail, (), DOMAIN, "") == (TOKEN_ANA,)


def test_the_root_of_a_thread_is_found_again():
    mail = parsed_mail(references=(thread_root(7, "k7q2", DOMAIN),))
    assert find_clues(mail, (), DOMAIN, TEMPLATE) == (CODE_7,)


def test_references_are_bounded():
    mail = parsed_mail(references=tuple(f"{number}@acme.com" for number in range(10_000)))
    assert len(find_clues(mail, (), DOMAIN, TEMPLATE)) == limits.REFERENCES


@given(
    st.lists(st.text(alphabet="<>@. -solicitud7k2abefghjmnpqrvwxyz\u202e\udcff", max_size=80), max_size=60),
    st.text(alphabet="Re: [#0719-k2q]\r\n\u0663", max_size=300),
    st.text(alphabet="soporte+b-{token}@exmpl.cabcdefghijklmnopqrstuvwxyz234567", max_size=80),
)
def test_no_mail_makes_its_clues_fail(references, subject, address):
    mail = parsed_mail(references=tuple(references), subject=subject, to=(Address(address),))
    for clue in find_clues(mail, (address,), DOMAIN, TEMPLATE):
        assert clue.number is None or 0 < clue.number < 10**9
        assert clue.kind is not ClueKind.TOKEN or len(clue.value) == 26
