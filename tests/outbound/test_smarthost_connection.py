"""What a smarthost does with its connection: keeps it, gives it up, protects it."""

from dataclasses import replace

import pytest

from gateway.outbound.delivery import Broken, Deferred, Parcel, Refused, Sent, Unclear
from gateway.outbound.relay_connection import Security
from tests.certificates import make_certificate, server_context
from tests.fakes_relay import Answer, Relay, Step
from tests.outbound.test_smarthost import LOGIN, PARCEL, delivered, ours, smarthost_of

SIGNING_IN = {"username": LOGIN[0], "password": LOGIN[1]}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("good"))


async def test_mails_share_a_connection_without_further_round_trips():
    async with Relay() as relay:
        smarthost = smarthost_of(relay)
        for _ in range(3):
            assert isinstance(await smarthost.deliver(PARCEL, before_dot=ours), Sent)
        await smarthost.close()
    verbs = [command[:4] for command in relay.commands]
    assert verbs == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT, Step.DATA])
async def test_after_a_refusal_the_next_mail_starts_clean_on_the_same_connection(step):
    async with Relay({step: Answer("550 no")}) as relay:
        smarthost = smarthost_of(relay)
        await smarthost.deliver(PARCEL, before_dot=ours)
        relay.script = {}
        assert isinstance(await smarthost.deliver(PARCEL, before_dot=ours), Sent)
        await smarthost.close()
    assert relay.connections == 1
    assert relay.commands.count("RSET") == 1


@pytest.mark.parametrize(
    "first",
    [
        pytest.param({Step.DOT: Answer(hang_up=True)}, id="closed after a mail"),
        pytest.param({Step.RCPT: Answer("550 no"), Step.RSET: Answer("500 what?")}, id="does not know RSET"),
        pytest.param({Step.RCPT: Answer("550 no"), Step.RSET: Answer(drop=True)}, id="closes at RSET"),
        pytest.param({Step.RCPT: Answer("421 4.7.0 enough", hang_up=True)}, id="says 421 and leaves"),
    ],
)
async def test_a_kept_connection_that_fails_is_no_fault_of_the_next_mail(first):
    async with Relay(by_connection=[first]) as relay:
        smarthost = smarthost_of(relay)
        await smarthost.deliver(PARCEL, before_dot=ours)
        assert isinstance(await smarthost.deliver(PARCEL, before_dot=ours), Sent)
        await smarthost.close()
    assert relay.connections == 2


async def test_a_relay_that_wants_no_more_mails_on_a_connection_gets_a_fresh_one():
    async with Relay() as relay:
        smarthost = smarthost_of(relay)
        await smarthost.deliver(PARCEL, before_dot=ours)
        relay.by_connection = [{Step.MAIL: Answer("421 4.7.0 too many mails")}]
        assert isinstance(await smarthost.deliver(PARCEL, before_dot=ours), Sent)
        await smarthost.close()
    assert (relay.connections, len(relay.received)) == (2, 2)


async def test_what_was_unclear_once_does_not_colour_the_next_mail():
    async with Relay({Step.DOT: Answer(drop=True)}) as relay:
        smarthost = smarthost_of(relay)
        assert isinstance(await smarthost.deliver(PARCEL, before_dot=ours), Unclear)
        relay.script = {Step.MAIL: Answer(drop=True)}
        assert isinstance(await smarthost.deliver(PARCEL, before_dot=ours), Deferred)


async def test_an_idle_connection_is_closed():
    async with Relay() as relay:
        smarthost = smarthost_of(relay, idle=0.01)
        await smarthost.deliver(PARCEL, before_dot=ours)
        await relay.until_idle()
        assert isinstance(await smarthost.deliver(PARCEL, before_dot=ours), Sent)
        await smarthost.close()
    assert relay.connections == 2


@pytest.mark.parametrize(
    ("extensions", "parcel"),
    [
        pytest.param(("SIZE 1000",), PARCEL, id="larger than the relay takes"),
        pytest.param((), replace(PARCEL, recipient="josé@andina.example"), id="not ASCII without SMTPUTF8"),
        pytest.param(
            (), replace(PARCEL, recipient="a@x.example>\r\nRCPT TO:<b@x.example"), id="a line break"
        ),
        pytest.param((), replace(PARCEL, envelope_from="a@x.example> SIZE=1"), id="a bracket"),
        pytest.param((), replace(PARCEL, recipient=""), id="nobody"),
    ],
)
async def test_a_mail_the_relay_cannot_take_is_not_even_offered(extensions, parcel):
    async with Relay(extensions=extensions) as relay:
        assert isinstance(await delivered(relay, parcel), Refused)
    assert [command[:4] for command in relay.commands] == ["EHLO", "QUIT"]


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE many", "SIZE 99999999"])
async def test_a_size_that_sets_no_limit(size):
    async with Relay(extensions=(size,)) as relay:
        assert isinstance(await delivered(relay), Sent)


async def test_a_mailbox_outside_ascii_goes_to_a_relay_that_takes_it():
    async with Relay(extensions=("SMTPUTF8", "8BITMIME")) as relay:
        await delivered(relay, Parcel("", "josé@andina.example", b"x\r\n"))
    assert relay.received[0].recipients == ("josé@andina.example",)
    assert "MAIL FROM:<> SMTPUTF8" in relay.commands


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_credentials_go_over_a_protected_connection(security, certificate):
    implicit = security is Security.TLS
    async with Relay(tls=server_context(certificate), implicit_tls=implicit, login=LOGIN) as relay:
        delivery = await delivered(relay, security=security, trusted=certificate, **SIGNING_IN)
    assert isinstance(delivery, Sent)
    assert (relay.received[0].secured, relay.received[0].login) == (True, "sysmo")


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
@pytest.mark.parametrize(
    ("address", "expired", "known"),
    [
        pytest.param("DNS:other.example", False, True, id="another name"),
        pytest.param("IP:127.0.0.1", True, True, id="expired"),
        pytest.param("IP:127.0.0.1", False, False, id="an unknown authority"),
    ],
)
async def test_a_relay_that_cannot_prove_who_it_is_gets_nothing(tmp_path, security, address, expired, known):
    certificate = make_certificate(tmp_path, address, expired=expired)
    implicit = security is Security.TLS
    async with Relay(tls=server_context(certificate), implicit_tls=implicit, login=LOGIN) as relay:
        trusted = certificate if known else None
        delivery = await delivered(relay, security=security, trusted=trusted, **SIGNING_IN)
    assert isinstance(delivery, Broken)
    assert "certificate" in delivery.reply
    assert [command for command in relay.commands if not command.startswith(("EHLO", "STARTTLS"))] == []


async def test_a_relay_whose_starttls_was_stripped_gets_nothing():
    async with Relay(login=LOGIN) as relay:
        delivery = await delivered(relay, security=Security.STARTTLS, **SIGNING_IN)
    assert delivery == Broken("the relay does not offer STARTTLS")
    assert [command[:4] for command in relay.commands] == ["EHLO"]


async def test_credentials_never_leave_the_machine_unprotected():
    async with Relay(login=LOGIN) as relay:
        # "127.1" is this machine, too, but nothing that we take for granted.
        delivery = await delivered(relay, host="127.1", **SIGNING_IN)
    assert isinstance(delivery, Broken)
    assert [command[:4] for command in relay.commands] == ["EHLO"]


async def test_a_relay_that_does_not_offer_to_sign_in():
    async with Relay() as relay:
        assert await delivered(relay, **SIGNING_IN) == Broken("the relay does not offer to sign in")


async def test_the_password_is_not_in_what_is_printed_of_the_settings():
    async with Relay() as relay:
        assert "contraseña" not in repr(smarthost_of(relay, **SIGNING_IN)._settings)
