"""A DKIM signature (RFC 6376) checked here: dkimpy for the header, mail/dkim_body for the body."""

import base64
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from gateway.mail.dkim_body import body_digest
from gateway.mail.dns_records import Resolve

DNS_SECONDS = 5.0
"""What all questions on one mail may take together."""

SIGNATURES = 3
"""Aligned signatures tried; more are not needed by anybody."""

_FIELDS = 50
"""Signatures looked at to find those."""

_SIGNATURE_OCTETS = 8 * 1024
_BLANKS = 60
"""Blanks in a row in a signature field: dkimpy's pattern for b= takes their square."""

_ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")  # RFC 8301 forbids rsa-sha1
_KEY_BITS = range(1024, 4097)  # RFC 8301, 3.2; a longer one would cost more than it is worth
_EXPONENT = 2**32
_CLOCK_SLOP = 36_000
"""Seconds by which the clock of a signer may be wrong, as in dkimpy."""

_ONCE = frozenset(
    b"from sender reply-to to cc subject date message-id in-reply-to references "
    b"mime-version content-type content-transfer-encoding".split()
)
"""Fields that stand once in a mail (RFC 5322, 3.6). A second one, not signed, could be the one shown."""

_SILENT = logging.Logger("dkim", logging.CRITICAL + 1)  # its messages hold what a stranger wrote

Tags = Mapping[bytes, bytes]


class Finding(StrEnum):
    """What the signatures of a mail come to; of several the one named first here. Catalogue keys."""

    VALID = "dkim-pass"
    NO_DNS = "dkim-dns"
    CHANGED = "dkim-changed"
    WEAK_KEY = "dkim-weak-key"
    NO_KEY = "dkim-no-key"
    OUT_OF_DATE = "dkim-out-of-date"
    PARTIAL = "dkim-partial"
    OLD_ALGORITHM = "dkim-algorithm"
    OTHER_DOMAIN = "dkim-other-domain"
    MALFORMED = "dkim-not-valid"


@dataclass(frozen=True, slots=True)
class _Mail:
    """What its signatures are judged by."""

    signer: dkim.DKIM
    body: bytes
    domain: str  # of its From
    resolve: Resolve
    at: float


def check(
    raw: bytes, domain: str, resolve: Resolve, *, at: float, clock: Callable[[], float] = time.monotonic
) -> Finding:
    """Whether a signed mail is signed, as a whole, for the domain of its From; never raises.

    Aligned is a signature of that very domain; one of a domain above it only where the DMARC
    record (RFC 7489, 3.1.1) allows it. A signature of a domain below is not aligned: without a list
    of public suffixes a customer of a provider of sub-domains could sign for the provider.
    Signatures that leave out From, or the end of the body (`l=`), do not count, nor do keys that
    are only being tested. `at` is when the mail came, in seconds of Unix time: a mail is judged
    the same whenever it is read.
    """
    header, body = _parts(raw)
    deadline = clock() + DNS_SECONDS

    def resolve_in_time(name: str, _: float = 0) -> bytes | None:
        seconds = deadline - clock()
        if seconds <= 0:
            raise TimeoutError(name)
        return resolve(name, seconds)

    try:
        signer = dkim.DKIM(header, logger=_SILENT)
    except Exception:  # dkimpy raises whatever hostile text drives it into
        return Finding.MALFORMED
    mail = _Mail(signer, body, domain, resolve_in_time, at)
    found = {Finding.MALFORMED}
    for field, tags in _signatures(signer, domain, found):
        found.add(_judged(mail, field, tags))
        if Finding.VALID in found:
            break
    return next(each for each in Finding if each in found)


def _parts(raw: bytes) -> tuple[bytes, bytes]:
    """Return header and body; the first empty line parts them, however its end is written."""
    ends = [(at, at + len(empty)) for empty in (b"\n\r\n", b"\n\n") if (at := raw.find(empty)) >= 0]
    if not ends:
        return raw, b""
    end, start = min(ends)
    return raw[: end + 1], raw[start:]


def _signatures(
    signer: dkim.DKIM, domain: str, found: set[Finding]
) -> Iterator[tuple[tuple[bytes, bytes], Tags]]:
    """Yield the first few signatures of the domain or one above it; note in `found` that there are others."""
    fields = [field for field in signer.headers if field[0].lower() == b"dkim-signature"]
    aligned = 0
    for field in fields[:_FIELDS]:
        if len(field[1]) > _SIGNATURE_OCTETS or re.search(rb"\s{%d}" % _BLANKS, field[1]):
            continue
        try:
            tags = parse_tag_value(field[1])
        except InvalidTagValueList:
            continue
        signing = _domain_of(tags)
        if "." not in signing or not f".{domain}".endswith(f".{signing}"):
            found.add(Finding.OTHER_DOMAIN)
            continue
        aligned += 1
        yield field, tags
        if aligned == SIGNATURES:
            return


def _judged(mail: _Mail, field: tuple[bytes, bytes], tags: Tags) -> Finding:
    """Return what one signature comes to; the DNS is asked only where all that costs nothing is right."""
    try:
        fault = _fault_of(mail, tags)
        if fault is not None:
            return fault
        signing = _domain_of(tags)
        if signing != mail.domain and not _may_sign_for(signing, mail.domain, mail.resolve):
            return Finding.OTHER_DOMAIN
        record = mail.resolve(f"{tags[b's'].decode('ascii')}._domainkey.{signing}.", DNS_SECONDS)
        fault = Finding.NO_KEY if record is None else _fault_of_key(record, tags)
        if fault is not None:
            return fault
        of_header = {name: value for name, value in tags.items() if name != b"bh"}
        sound = mail.signer.verify_sig(of_header, _signed(tags), field, lambda name, timeout: record)
        return Finding.VALID if sound else Finding.CHANGED
    except OSError:
        return Finding.NO_DNS
    except Exception:  # dkimpy raises whatever hostile text drives it into
        return Finding.MALFORMED


def _fault_of(mail: _Mail, tags: Tags) -> Finding | None:
    """What is wrong with a signature by itself, before its key is known."""
    if tags.get(b"a") not in _ALGORITHMS:
        return Finding.OLD_ALGORITHM
    dated = (b"t", b"x")
    dkim.validate_signature_fields({name: value for name, value in tags.items() if name not in dated})
    if b"l" in tags or not _covers(mail.signer, _signed(tags)):
        return Finding.PARTIAL
    made, ends = (int(tags.get(each, mail.at)) for each in dated)
    if made > mail.at + _CLOCK_SLOP or ends < mail.at - _CLOCK_SLOP:
        return Finding.OUT_OF_DATE
    relaxed = tags.get(b"c", b"").partition(b"/")[2] == b"relaxed"
    said = base64.b64decode(re.sub(rb"\s", b"", tags[b"bh"]))
    return None if said == body_digest(mail.body, relaxed=relaxed) else Finding.CHANGED


def _covers(signer: dkim.DKIM, signed: list[bytes]) -> bool:
    """Whether From is signed, and no field that stands once got a second one that is not."""
    names = [name.lower() for name, _ in signer.headers]
    return b"from" in signed and all(
        names.count(name) <= signed.count(name) for name in _ONCE & frozenset(signed)
    )


def _fault_of_key(record: bytes, tags: Tags) -> Finding | None:
    """What is wrong with a key: revoked, in trial, for another domain or use, or too easily broken."""
    try:
        key, bits, kind, for_reports = dkim.evaluate_pk(b"key", record)
    except dkim.NaClNotFoundError:
        return Finding.OLD_ALGORITHM  # an algorithm so new that it takes a library we do without
    except Exception:  # dkimpy raises whatever hostile text drives it into
        return Finding.NO_KEY
    said = parse_tag_value(record)
    flags = {each.strip() for each in said.get(b"t", b"").split(b":")}
    identity = tags.get(b"i", tags[b"d"]).rpartition(b"@")[2]
    of_other_domain = b"s" in flags and identity.lower() != tags[b"d"].lower()
    if key is None or b"y" in flags or of_other_domain or for_reports:
        return Finding.NO_KEY
    if kind == b"rsa" and (bits not in _KEY_BITS or key["publicExponent"] > _EXPONENT):
        return Finding.WEAK_KEY
    return None


def _may_sign_for(above: str, domain: str, resolve: Resolve) -> bool:
    """Whether DMARC lets a domain sign for one below it: only a record allows it, and `adkim=s` forbids it.

    A registry of domains (`psd=y`, RFC 9091) signs for none of them.
    """
    for name in (domain, above):
        said = parse_tag_value(resolve(f"_dmarc.{name}.", DNS_SECONDS) or b"v=none")
        if said.get(b"v") == b"DMARC1":
            return said.get(b"adkim", b"r") == b"r" and not (name == above and said.get(b"psd") == b"y")
    return False


def _domain_of(tags: Tags) -> str:
    return tags.get(b"d", b"").decode("ascii", "replace").lower()


def _signed(tags: Tags) -> list[bytes]:
    """The names of the signed fields, each as often as it is signed. A fresh list: dkimpy adds to it."""
    return [each.strip().lower() for each in tags.get(b"h", b"").split(b":")]
