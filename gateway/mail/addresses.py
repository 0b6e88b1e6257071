"""E-mail addresses: fields → addresses, their normal form, and the tokened ones of ours."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import idna

from gateway.mail.address_scanner import Piece, pieces, unescaped
from gateway.mail.encoded_words import decode_words
from gateway.mail.one_line import one_line
from gateway.rules import limits
from gateway.tokens import TOKEN_LENGTH

ADDRESS_OCTETS = 254  # RFC 5321, 4.5.3.1, and erratum 1690 to RFC 3696
LOCAL_OCTETS = 64
FIELD_CHARACTERS = 64 * 1024
"""More than 200 addresses need; what stands beyond is not looked at."""

_ATEXT = frozenset("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~.")
_DOMAIN = re.compile(r"[a-z0-9_.-]+", re.ASCII)
_TOKEN = re.compile(rf"[a-z2-7]{{{TOKEN_LENGTH}}}", re.ASCII)
_PLACE = "{token}"
_BOUNCE = "b-"

_ONE_MAILBOX = re.compile(r"[WQ]*<M>|M")
"""The grammar of a From field that leaves no doubt, in the letters of `Piece`."""


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: the normal form (T14) and the display name, cleaned of controls."""

    email: str
    name: str = ""


def parse_address_field(raw_value: str) -> tuple[Address, ...]:
    """Return the addresses of a From, To or Cc field, at most 200 (B6); never raises.

    Forgiving where people and programs are sloppy: names that hold a comma, groups, comments,
    missing brackets. Display names are decoded after the field was taken apart, since an encoded
    word may hold a comma or an @. What is no address (T14) is left out. Linear time, no recursion.
    """
    value = raw_value
    if len(value) > FIELD_CHARACTERS:
        value = value[:FIELD_CHARACTERS].rpartition(",")[0]  # half an address is another address
    found: list[Address] = []
    for words, mailbox in _mailboxes(value):
        email = normal_form(mailbox)
        if email is not None:
            found.append(Address(email, _display_name(words)))
        if len(found) == limits.ADDRESSES:
            break
    return tuple(found)


def strict_mailbox(raw_value: str) -> Address | None:
    """Return the one mailbox of a From field, or None if there is any doubt which it is (T1).

    In doubt are: several mailboxes, groups, broken syntax, an address in front of the brackets,
    and one inside the name, a comment or an encoded word that is not the mailbox itself.
    """
    if len(raw_value) > limits.ONE_HEADER_OCTETS:
        return None
    found = list(pieces(raw_value))
    grammar = "".join(kind for kind, _ in found if kind is not Piece.COMMENT)
    if not _ONE_MAILBOX.fullmatch(grammar):
        return None
    email = normal_form(next(text for kind, text in found if kind is Piece.MAILBOX))
    words = [text for kind, text in found if kind in (Piece.WORD, Piece.QUOTED)]
    comments = [text for kind, text in found if kind is Piece.COMMENT]
    if email is None or not _names_only(decode_words(" ".join(words + comments)), email):
        return None
    return Address(email, _display_name(words or comments))


def normal_form(address: str) -> str | None:
    """Return the form in which addresses are kept and compared (T14), or None if it is none.

    Lower case, the domain as A-labels; nothing is folded: dots, plus and look-alike letters tell
    people apart. A quoted local part is accepted when it needs no quotes. Domain literals are not
    accepted.
    """
    if len(address) > 2 * ADDRESS_OCTETS:
        return None
    local, _, domain = address.strip().rpartition("@")
    if len(local) > 2 and local[0] == local[-1] == '"':
        local = unescaped(local[1:-1])
    local = "".join(_lower(character) for character in local)
    ascii_domain = _a_labels(domain)
    if not local or ascii_domain is None or not all(_may_stand_in_local(character) for character in local):
        return None
    octets = len(local.encode("utf-8"))
    if octets > LOCAL_OCTETS or octets + 1 + len(ascii_domain) > ADDRESS_OCTETS:
        return None
    return f"{local}@{ascii_domain}"


def tokened(template: str, token: str) -> str:
    """Return the reply address with this person token; "" when there is no template."""
    return template.replace(_PLACE, token)


def find_token(template: str, address: str) -> str | None:
    """Return the person token in an address made by `tokened`, or None. Case does not count."""
    return _token_after(template, "", address)


def bounce_address(template: str, token: str) -> str:
    """Return the envelope sender that takes the reports on one mail; "" when there is no template.

    It is the reply address with `b-` in front of the token. No person token holds a hyphen, so
    the two kinds are told apart by their looks, before a database is asked.
    """
    return template.replace(_PLACE, _BOUNCE + token)


def find_bounce_token(template: str, address: str) -> str | None:
    """Return the token in an address made by `bounce_address`, or None. Case does not count."""
    return _token_after(template, _BOUNCE, address)


def _token_after(template: str, marker: str, address: str) -> str | None:
    front, place, _ = template.partition(_PLACE)
    if not place:
        return None
    start = len(front) + len(marker)
    token = address[start : start + TOKEN_LENGTH].lower()
    if not _TOKEN.fullmatch(token):
        return None
    ours = normal_form(template.replace(_PLACE, marker + token))
    return token if ours is not None and normal_form(address) == ours else None


def _mailboxes(value: str) -> Iterator[tuple[list[str], str]]:
    """Yield (words of the name, mailbox as written) for whatever looks like one."""
    words: list[str] = []
    comments: list[str] = []
    mailbox = ""
    inside = False  # between < and >
    for kind, text in (*pieces(value), (Piece.COMMA, "")):
        match kind:
            case Piece.COMMENT:
                comments.append(text)
            case Piece.OPEN:
                words += [mailbox] if mailbox else []  # an address before the brackets is a name
                mailbox, inside = "", True
            case Piece.WORD | Piece.QUOTED | Piece.MAILBOX if inside:
                mailbox += text
            case Piece.WORD | Piece.QUOTED:
                words.append(text)
            case Piece.COLON:  # ends the name of a group, or an old route inside brackets
                words, mailbox = (words if inside else []), ""
            case Piece.MAILBOX | Piece.COMMA | Piece.SEMICOLON | Piece.CLOSE:
                if mailbox:
                    yield words or comments, mailbox
                    words, comments = [], []
                elif kind is Piece.COMMA and words and not inside:
                    words.append(text)  # a name with a comma in it, perhaps
                mailbox, inside = (text if kind is Piece.MAILBOX else ""), False


def _display_name(words: list[str]) -> str:
    name = " ".join(words[: limits.NAME_CHARACTERS]).replace(" , ", ", ").rstrip(" ,")
    return one_line(decode_words(name), limits.NAME_CHARACTERS)


def _names_only(name: str, email: str) -> bool:
    """Whether a name holds no address but the mailbox itself; wide and small @ count as one."""
    words = unicodedata.normalize("NFKC", name).split()
    return all("@" not in word or normal_form(word.strip("\"'()<>[],;")) == email for word in words)


def _lower(character: str) -> str:
    """Return the lower-case letter, but never an ASCII one for another: the Kelvin sign is no k."""
    lowered = character.lower()
    return lowered if len(lowered) == 1 and lowered.isascii() == character.isascii() else character


def _may_stand_in_local(character: str) -> bool:
    return character in _ATEXT if character.isascii() else character.isprintable()


def _a_labels(domain: str) -> str | None:
    """Return a domain name in A-label form, or None if it is none (RFC 5891, UTS 46)."""
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except UnicodeError:  # what idna raises is one, too
            return None
    domain = domain.lower()
    if not _DOMAIN.fullmatch(domain):
        return None
    sound = all(0 < len(label) <= 63 and label[0] != "-" != label[-1] for label in domain.split("."))
    return domain if sound else None
