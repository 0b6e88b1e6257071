"""Files of a mail that hold more of it than a reader sees: winmail.dat, invitations, envelopes of crypto."""

import mimetypes
import re

from gateway.mail import html, smime
from gateway.mail.invitations import invitation_in
from gateway.mail.opening import open_mail
from gateway.mail.parsed import AttachedFile
from gateway.mail.parts import Leaves, Segment, collect, is_type
from gateway.mail.smime import Envelope
from gateway.mail.winmail import Winmail, WinmailFile, open_winmail

_WINMAIL = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_CALENDAR = frozenset({"text/calendar", "application/ics"})
_ENVELOPE = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNATURE = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
_PGP_ENCRYPTED = "application/pgp-encrypted"  # RFC 3156, section 4
_ARMOR = re.compile(r"^-----BEGIN PGP (MESSAGE|SIGNED MESSAGE)-----", re.MULTILINE)
_FIELD = re.compile(rb"[A-Za-z-]{1,60}:")
_DEEPEST = 3  # envelopes in envelopes
_TYPES = mimetypes.MimeTypes()


def look_inside(leaves: Leaves, *, level: int = 0) -> list[str]:
    """Take out what is in such files, into the same leaves; return notes on what was found.

    A winmail.dat all of which could be taken out and shown is not kept; all other files are. What a
    mail says in its own body is never mixed with what stands in a file.
    """
    notes: list[str] = []
    files, leaves.attachments = leaves.attachments, []
    for file in files:
        if _is_winmail(file):
            _take_winmail(file, leaves)
            continue
        leaves.attachments.append(file)
        if file.content_type in _CALENDAR:
            notes += _show_invitation(file, leaves)
        elif file.content_type in _ENVELOPE or file.filename.lower().endswith(".p7m"):
            notes += _open_envelope(file, leaves, level)
        elif file.content_type in _SIGNATURE:
            notes.append(Envelope.SIGNED)
        elif file.content_type == _PGP_ENCRYPTED:
            notes.append(Envelope.ENCRYPTED)
    return notes + [note for segment in leaves.segments for text in segment.plain for note in _armor(text)]


def _is_winmail(file: AttachedFile) -> bool:
    return file.content_type in _WINMAIL or file.filename.lower() == "winmail.dat"


def _take_winmail(file: AttachedFile, leaves: Leaves) -> None:
    opened = open_winmail(file.content)
    if opened is None:
        leaves.attachments.append(file)
        return
    own = _words_of(leaves)
    inside = opened.text or html.to_text(opened.html)
    if not own:
        _take_body(opened, leaves)
    leaves.attachments += [_from_winmail(each, leaves) for each in opened.files]
    is_shown = not own or "".join(inside.split()) in own
    if not (opened.complete and is_shown and (inside or opened.files)):
        leaves.attachments.append(file)


def _take_body(opened: Winmail, leaves: Leaves) -> None:
    body = Segment()
    if opened.text.strip():
        body.plain.append(opened.text)
    if opened.html:
        body.html.append(opened.html)
    leaves.segments.append(body)


def _words_of(leaves: Leaves) -> str:
    """Return all that the body says, without blanks, to compare by."""
    said = [text for each in leaves.segments for text in (*each.plain, *map(html.to_text, each.html))]
    return "".join("".join(said).split())


def _from_winmail(file: WinmailFile, leaves: Leaves) -> AttachedFile:
    content_type = file.content_type if is_type(file.content_type) else ""
    content_type = content_type or _TYPES.guess_type(file.filename)[0] or "application/octet-stream"
    return AttachedFile(
        filename=leaves.name(file.filename, content_type),
        content_type=content_type,
        content=file.content,
        inline=bool(file.content_id) and content_type.startswith("image/"),
        content_id=file.content_id[:250] or None,
    )


def _show_invitation(file: AttachedFile, leaves: Leaves) -> list[str]:
    """Put the invitation above the words, where no quote can swallow it; the same one once."""
    found = invitation_in(file.content)
    if found is None:
        return []
    if not any(segment.plain == [found.paragraph] for segment in leaves.segments):
        leaves.segments.insert(0, Segment(plain=[found.paragraph]))
    return [found.note]


def _open_envelope(file: AttachedFile, leaves: Leaves, level: int) -> list[str]:
    """Read the mail that a signed envelope holds; a signed file and what is encrypted stay closed."""
    kind = smime.kind_of(file.content)
    if kind is not Envelope.SIGNED or level == _DEEPEST or _words_of(leaves):
        return [kind] if kind else []
    entity = smime.signed_content(file.content)
    if not _FIELD.match(entity):
        return [kind]
    message, limits_reached = open_mail(entity)
    within = collect(message)
    notes = look_inside(within, level=level + 1)
    leaves.segments += within.segments
    leaves.attachments += within.attachments
    return [Envelope.SIGNED, *limits_reached, *notes]


def _armor(text: str) -> list[str]:
    """Return a note on PGP in the text itself: the words stay as they are."""
    if "-----BEGIN PGP " not in text:
        return []
    found = _ARMOR.search(text)
    if found is None:
        return []
    return [Envelope.SIGNED if found[1] == "SIGNED MESSAGE" else Envelope.ENCRYPTED]
