import pytest

from gateway.mail.addresses import Address
from gateway.mail.classify import Classification, Kind, classify
from tests.mail.making import parsed_mail

OURS = "mail.example.com.q5d3"
DOMAIN = "mail.example.com"
TOKEN = "abcdefghijklmnopqrstuvwxa2"
REPORT = 'multipart/report; boundary="x"; report-type='


def classified(*headers, sender="ana@acme.com", message_id="1@acme.com", envelope_from="ana@acme.com"):
    mail = parsed_mail(headers=headers, from_=(Address(sender),), message_id=message_id)
    return classify(mail, envelope_from=envelope_from, installation=OURS, domain=DOMAIN)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        pytest.param([("return-path", "<>")], "null-sender", id="null return path"),
        pytest.param(
            [("return-path", "<ana@acme.com>"), ("return-path", "< >")],
            "null-sender",
            id="second return path",
        ),
        pytest.param([("auto-submitted", "auto-replied")], "auto-replied", id="auto-replied"),
        pytest.param(
            [("auto-submitted", "Auto-Generated; owner-email=x")], "auto-submitted", id="with parameter"
        ),
        pytest.param([("auto-submitted", "(no) auto-notified (x)")], "auto-submitted", id="comments around"),
        pytest.param(
            [("auto-submitted", "no"), ("auto-submitted", "auto-replied")],
            "auto-replied",
            id="second counts",
        ),
        pytest.param([("auto-submitted", "")], "auto-submitted", id="empty is not no"),
        pytest.param([("content-type", REPORT + "feedback-report")], "report", id="complaint of a provider"),
        pytest.param([("precedence", "Junk")], "precedence", id="precedence junk"),
        pytest.param([("precedence", "auto_reply (vacation)")], "autoresponder", id="precedence auto_reply"),
        pytest.param(
            [("precedence", "first-class"), ("precedence", "auto-reply")],
            "autoresponder",
            id="second precedence",
        ),
        pytest.param([("x-auto-response-suppress", "All")], "response-suppressed", id="suppress all"),
        pytest.param(
            [("x-auto-response-suppress", "DR, OOF,AutoReply")], "response-suppressed", id="suppress a list"
        ),
        pytest.param([("x-autoreply", "yes")], "autoresponder", id="X-Autoreply"),
        pytest.param([("x-autorespond", "")], "autoresponder", id="X-Autorespond"),
        pytest.param([("x-autoresponder", "1.0")], "autoresponder", id="X-Autoresponder"),
        pytest.param([("x-sysmo-loop", "other"), ("x-sysmo-loop", OURS)], "own-loop", id="our loop header"),
        pytest.param([("received", "from x by y")] * 101, "too-many-hops", id="101 hops"),
    ],
)
def test_fields_that_make_a_mail_automatic(headers, reason):
    assert classified(*headers) == Classification(Kind.AUTOMATIC, reason)


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        pytest.param("postmaster@acme.com", "postmaster", id="postmaster"),
        pytest.param("no-reply@acme.com", "no-reply", id="no-reply"),
        pytest.param("noreply@acme.com", "no-reply", id="noreply"),
        pytest.param("do_not_reply@acme.com", "no-reply", id="do_not_reply"),
        pytest.param("donotreply+7@acme.com", "no-reply", id="with a detail"),
        pytest.param("facturas.noreply@acme.com", "no-reply", id="name in front"),
        pytest.param("no-responder@acme.com.ar", "no-reply", id="Spanish"),
        pytest.param("noresponda@acme.com.ar", "no-reply", id="Spanish imperative"),
        pytest.param("nao-responda@acme.com.br", "no-reply", id="Portuguese"),
    ],
)
def test_senders_that_are_no_person(sender, reason):
    assert classified(sender=sender) == Classification(Kind.AUTOMATIC, reason)


@pytest.mark.parametrize(
    ("message_id", "sender", "kind"),
    [
        pytest.param(f"{TOKEN}@{DOMAIN}", "soporte@example.com", Kind.AUTOMATIC, id="one of ours"),
        pytest.param(
            f"{TOKEN}@{DOMAIN.upper()}", "ana@mail.example.com", Kind.AUTOMATIC, id="ours from a colleague"
        ),
        pytest.param(f"solicitud-7-k7q2@{DOMAIN}", "ana@acme.com", Kind.AUTOMATIC, id="root of a thread"),
        pytest.param(f"x@{DOMAIN}", "ana@acme.com", Kind.AUTOMATIC, id="our domain from a stranger"),
        pytest.param(f"x@{DOMAIN}", "ana@mail.example.com", Kind.PERSON, id="a colleague's own mail program"),
        pytest.param(f"x@{DOMAIN}.evil.com", "ana@acme.com", Kind.PERSON, id="domain that begins like ours"),
        pytest.param(None, "ana@acme.com", Kind.PERSON, id="no Message-ID"),
    ],
)
def test_message_ids_of_ours(message_id, sender, kind):
    assert classified(message_id=message_id, sender=sender).kind is kind


@pytest.mark.parametrize(
    ("headers", "sender", "envelope_from", "reason"),
    [
        pytest.param(
            [("content-type", REPORT + '"Delivery-Status"')],
            "x@acme.com",
            "x@acme.com",
            "delivery-report",
            id="report",
        ),
        pytest.param(
            [("content-type", "Multipart/Report (x); Report-Type=delivery-status")],
            "postmaster@acme.com",
            "",
            "delivery-report",
            id="report with comment and capitals",
        ),
        pytest.param([], "mailer-daemon@acme.com", None, "mailer-daemon", id="daemon in plain text"),
        pytest.param([], "mailer-daemon+x@acme.com", "", "mailer-daemon", id="daemon with a detail"),
        pytest.param([], "postmaster@acme.com", "", "postmaster", id="postmaster with null sender"),
        pytest.param(
            [("x-failed-recipients", "luz@acme.com")],
            "x@acme.com",
            "",
            "failed-recipients",
            id="failed recipients",
        ),
    ],
)
def test_bounces(headers, sender, envelope_from, reason):
    assert classified(*headers, sender=sender, envelope_from=envelope_from) == Classification(
        Kind.BOUNCE, reason
    )


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="plain mail"),
        pytest.param([("auto-submitted", "no")], id="not submitted by a program"),
        pytest.param([("auto-submitted", "No (typed)")], id="the same with comment and capital"),
        pytest.param([("return-path", "<ana@acme.com>")], id="return path"),
        pytest.param([("x-auto-response-suppress", "DR, RN")], id="receipts suppressed only"),
        pytest.param([("x-sysmo-loop", "mail.example.com.xxxx")], id="loop header without its key"),
        pytest.param([("precedence", "first-class")], id="other precedence"),
        pytest.param([("content-type", "multipart/mixed; report-type=delivery-status")], id="no report"),
        pytest.param([("x-failed-recipients", "luz@acme.com")], id="failed recipients without null sender"),
        pytest.param([("received", "from x by y")] * 100, id="100 hops"),
        pytest.param([("disposition-notification-to", "ana@acme.com")], id="receipt asked for"),
    ],
)
def test_mail_of_a_person(headers):
    assert classified(*headers) == Classification(Kind.PERSON, "person")


SAYS = "No se pudo entregar su mensaje a luz@acme.com"
TECHNICAL = "Diagnostic-Code: smtp; 550 5.1.1 unknown"


@pytest.mark.parametrize(
    ("subject", "text", "different", "kind"),
    [
        pytest.param(
            "Undeliverable: x", f"{SAYS}\n{TECHNICAL}", {}, Kind.PERSON, id="words without a sender"
        ),
        pytest.param("Red", f"{SAYS}\n{TECHNICAL}", {"null": True}, Kind.BOUNCE, id="words and null sender"),
        pytest.param("Red", SAYS, {"null": True}, Kind.AUTOMATIC, id="a sentence is not enough"),
        pytest.param("Undeliverable: x", "", {"null": True}, Kind.BOUNCE, id="subject and null sender"),
        pytest.param("[lista] ** Undeliverable: x", "", {"null": True}, Kind.BOUNCE, id="tags in front"),
        pytest.param("RV: Undeliverable: x", SAYS, {"null": True}, Kind.AUTOMATIC, id="forwarded by a rule"),
        pytest.param(
            "Undeliverable: x", "", {"sender": "mdaemon@a.ar"}, Kind.BOUNCE, id="a server's subject"
        ),
        pytest.param(
            "Corte", SAYS, {"sender": "postmaster@a.ar"}, Kind.AUTOMATIC, id="a postmaster who writes"
        ),
        pytest.param(
            "Undeliverable: x",
            f"{SAYS}\n{TECHNICAL}",
            {"sender": "postmaster@a.ar", "headers": (("x-mailer", "Microsoft Outlook 16.0"),)},
            Kind.AUTOMATIC,
            id="a postmaster with a mail program",
        ),
        pytest.param(
            "Delivery failure",
            f"{SAYS}\n{TECHNICAL}",
            {"name": "Mail Delivery System"},
            Kind.BOUNCE,
            id="name, subject, first lines and a reply agree",
        ),
        pytest.param(
            "Delivery failure",
            f"Hola\n\nQué tal\n\nMe pasa esto:\n\nDice\n\n{SAYS}\n{TECHNICAL}",
            {"name": "Mail Delivery System"},
            Kind.PERSON,
            id="it comes too late",
        ),
        pytest.param(
            "Delivery failure",
            f"{SAYS}\n{TECHNICAL}",
            {"name": "Mail Delivery System", "references": ("1@example.com",)},
            Kind.PERSON,
            id="an answer",
        ),
        pytest.param(
            "Error de entrega",
            f"{SAYS}\n{TECHNICAL}",
            {"headers": (("auto-submitted", "auto-replied"),)},
            Kind.BOUNCE,
            id="a program says that it is one",
        ),
        pytest.param(
            "Error de entrega del pedido 4431",
            "El camión no llegó a destino.",
            {"headers": (("auto-submitted", "auto-generated"),)},
            Kind.AUTOMATIC,
            id="an alert of another trade",
        ),
    ],
)
def test_a_bounce_needs_signs_that_agree(subject, text, different, kind):
    sender = Address(different.get("sender", "correo@acme.com"), different.get("name", ""))
    known = {key: different[key] for key in ("headers", "references") if key in different}
    mail = parsed_mail(subject=subject, text=text, from_=(sender,), **known)
    envelope_from = "" if different.get("null") else None
    assert classify(mail, envelope_from=envelope_from, installation=OURS, domain=DOMAIN).kind is kind


@pytest.mark.parametrize(
    ("subject", "different", "kind"),
    [
        pytest.param("Respuesta automática: Red", {}, Kind.PERSON, id="the prefix alone"),
        pytest.param(
            "Respuesta automática: Red", {"references": ("1@x.ar",)}, Kind.AUTOMATIC, id="an answer"
        ),
        pytest.param(
            "Respuesta automática: Red",
            {"references": ("1@x.ar",), "text": "Dale\n\n> No anda"},
            Kind.PERSON,
            id="an answer that quotes",
        ),
        pytest.param(
            "Fuera de la oficina: Red",
            {"references": ("1@x.ar",), "headers": (("x-mailer", "iPhone Mail"),)},
            Kind.PERSON,
            id="by a mail program",
        ),
        pytest.param(
            "Automatic reply: Red",
            {"headers": (("x-ms-exchange-parent-message-id", "<1@x.ar>"),)},
            Kind.AUTOMATIC,
            id="the trace of a rule",
        ),
        pytest.param("RE: Automatic reply: Red", {"references": ("1@x.ar",)}, Kind.PERSON, id="answered"),
        pytest.param(
            "Respuesta automática", {"references": ("1@x.ar",)}, Kind.PERSON, id="without its colon"
        ),
    ],
)
def test_vacation_replies_without_their_fields(subject, different, kind):
    mail = parsed_mail(subject=subject, **different)
    assert classify(mail, envelope_from=None, installation=OURS, domain=DOMAIN).kind is kind


@pytest.mark.parametrize(
    "sender", ["nora@acme.com", "noreen.reply@acme.com", "antonio@acme.com", "ponreply@acme.com"]
)
def test_names_that_only_look_like_no_reply(sender):
    assert classified(sender=sender).kind is Kind.PERSON


@pytest.mark.parametrize(
    "header",
    [
        ("list-id", "<redes.acme.com>"),
        ("list-unsubscribe", "<x>"),
        ("precedence", "Bulk"),
        ("precedence", "list (x)"),
    ],
)
def test_people_write_through_lists(header):
    assert classified(header) == Classification(Kind.PERSON, "person", from_list=True)


def test_a_null_envelope_sender_is_automatic():
    assert classified(envelope_from="") == Classification(Kind.AUTOMATIC, "null-sender")


def test_an_installation_without_a_name_takes_no_loop_header_for_its_own():
    mail = parsed_mail(headers=(("x-sysmo-loop", ""),))
    assert classify(mail, envelope_from=None, installation="", domain="").kind is Kind.PERSON


def test_a_hostile_field_of_a_mebibyte_is_read_at_its_beginning():
    assert classified(("auto-submitted", "(" * 2**20)).kind is Kind.AUTOMATIC
    assert classified(("auto-submitted", "no" + " " * 2**20 + "x")).kind is Kind.PERSON
