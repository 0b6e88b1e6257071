"""Values that several tests of gateway/mail start from."""

from dataclasses import replace
from typing import Any

from gateway.mail.addresses import Address
from gateway.mail.parsed import ParsedMail

PLAIN = ParsedMail(
    headers=(),
    message_id="1@acme.com",
    from_=(Address("ana@acme.com", "Ana"),),
    from_fields=1,
    to=(Address("soporte@example.com"),),
    cc=(),
    subject="Impresora rota",
    date=None,
    references=(),
    text="No anda.",
    html="",
    attachments=(),
)


def parsed_mail(**different: Any) -> ParsedMail:
    """Return a plain mail from Ana to the desk, but for what is given."""
    return replace(PLAIN, **different)
