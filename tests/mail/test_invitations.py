"""A calendar part → one paragraph without a word of any language (RFC 5545)."""

import pytest

from gateway.mail.invitations import Invitation, invitation_in


def calendar(*lines: str, method: str = "REQUEST") -> bytes:
    every = ["BEGIN:VCALENDAR", f"METHOD:{method}", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"]
    return "\r\n".join(every).encode()


WHOLE = (
    "SUMMARY;LANGUAGE=es:Reunión por la red\\, sucursal Añelo",
    "DTSTART;TZID=America/Argentina/Buenos_Aires:20261125T100000",
    "DTEND;TZID=America/Argentina/Buenos_Aires:20261125T113000",
    "LOCATION:Sala 2",
    'ORGANIZER;CN="Pérez, Laura":mailto:laura@cliente.example',
    "BEGIN:VALARM",
    "SUMMARY:no es esto",
    "END:VALARM",
)
PARAGRAPH = (
    "📅 Reunión por la red, sucursal Añelo\n"
    "🕒 2026-11-25 10:00–11:30 (America/Argentina/Buenos_Aires)\n"
    "📍 Sala 2\n"
    "👤 Pérez, Laura <laura@cliente.example>"
)


def test_an_invitation_says_what_when_where_and_who():
    assert invitation_in(calendar(*WHOLE)) == Invitation("invitation", PARAGRAPH)


def test_a_cancelled_meeting_is_crossed_out():
    cancelled = PARAGRAPH.replace("📅", "📅 ✘")
    assert invitation_in(calendar(*WHOLE, method="CANCEL")) == Invitation("invitation-cancelled", cancelled)
    by_status = invitation_in(calendar(*WHOLE, "STATUS:CANCELLED"))
    assert by_status == Invitation("invitation-cancelled", cancelled)


@pytest.mark.parametrize(
    ("answer", "sign"),
    [
        pytest.param("ACCEPTED", "✔", id="accepted"),
        pytest.param("DECLINED", "✘", id="declined"),
        pytest.param("TENTATIVE", "?", id="perhaps"),
        pytest.param("NEEDS-ACTION", "…", id="not yet"),
    ],
)
def test_an_answer_says_who_gave_it(answer, sign):
    guest = f"ATTENDEE;PARTSTAT={answer};CN=Ana Gómez:mailto:ana@cliente.example"
    found = invitation_in(calendar("SUMMARY:Red", guest, method="REPLY"))
    assert found == Invitation("invitation-answer", f"📅 Red\n{sign} Ana Gómez <ana@cliente.example>")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["DTSTART:20261125T130000Z"], "2026-11-25 13:00 (UTC)", id="UTC"),
        pytest.param(["DTSTART:20261125T130000"], "2026-11-25 13:00", id="no zone"),
        pytest.param(["DTSTART;VALUE=DATE:20261125"], "2026-11-25", id="a whole day"),
        pytest.param(
            ["DTSTART;VALUE=DATE:20261125", "DTEND;VALUE=DATE:20261126"],
            "2026-11-25",
            id="the end is the day after",
        ),
        pytest.param(
            ["DTSTART;VALUE=DATE:20261125", "DTEND;VALUE=DATE:20261128"], "2026-11-25 – 2026-11-27", id="days"
        ),
        pytest.param(
            ["DTSTART:20261125T220000", "DTEND:20261126T020000"],
            "2026-11-25 22:00 – 2026-11-26 02:00",
            id="overnight",
        ),
        pytest.param(
            ["DTSTART:20261125T100000", "DURATION:PT1H30M"], "2026-11-25 10:00–11:30", id="a duration"
        ),
        pytest.param(
            ["DTSTART:20261125T100000", "DTEND:20261125T090000"], "2026-11-25 10:00", id="ends before"
        ),
        pytest.param(
            ["DTSTART;TZID=Argentina Standard Time:20261125T100000", "RRULE:FREQ=WEEKLY;BYDAY=WE"],
            "2026-11-25 10:00 (Argentina Standard Time) · 🔁 FREQ=WEEKLY;BYDAY=WE",
            id="every week, a zone of Windows",
        ),
        pytest.param(
            ["DTSTART:99991231T230000", "DURATION:P900W"], "9999-12-31 23:00", id="beyond all years"
        ),
    ],
)
def test_when(lines, expected):
    assert invitation_in(calendar("SUMMARY:x", *lines)) == Invitation("invitation", f"📅 x\n🕒 {expected}")


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR", None, id="no event"),
        pytest.param(calendar("SUMMARY:a\r\n b\r\n\tc"), "📅 abc", id="folded lines"),
        pytest.param(calendar("SUMMARY:uno\\ndos\x1b[1m"), "📅 uno dos[1m", id="line ends and controls"),
        pytest.param(calendar("SUMMARY:" + "x" * 9000), "📅 " + "x" * 299 + "…", id="far too long"),
        pytest.param(calendar("DTSTART:mañana", "SUMMARY:x"), "📅 x", id="a date that is none"),
        pytest.param(calendar("SUMMARY:x").replace(b"\r\n", b"\n"), "📅 x", id="bare line feeds"),
        pytest.param(
            calendar("SUMMARY:\xf1andú").replace(b"\xc3\xb1", b"\xf1").replace(b"\xc3\xba", b"\xfa"),
            "📅 ñandú",
            id="latin-1",
        ),
    ],
)
def test_what_is_odd_is_survived(octets, expected):
    found = invitation_in(octets)
    assert (found and found.paragraph) == expected
