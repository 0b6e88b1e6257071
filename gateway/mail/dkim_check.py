"""A DKIM signature (RFC 6376) checked here: dkimpy for the header, own code for the body.

dkimpy canonicalises the body with patterns that take quadratic time on long blanks and many times
its size in memory on short words, and a stranger may sign such a body with a key of their own.
"""

import base64
import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterator

import dkim
import dns.exception
import dns.resolver
from dkim.util import InvalidTagValueList, parse_tag_value

Resolve = Callable[[str, float], bytes | None]
"""Returns the TXT record of a name, in at most so many seconds, or None."""

DNS_SECONDS = 5.0
SIGNATURES = 3
"""Aligned signatures tried; more are not needed by anybody."""

_SIGNATURE_OCTETS = 8 * 1024
_BLANKS = 60
"""Blanks in a row in a signature field: dkimpy's pattern for b= takes their square."""

_ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")  # RFC 8301 forbids rsa-sha1
_SILENT = logging.Logger("dkim", logging.CRITICAL + 1)  # its messages hold what a stranger wrote


def is_signed_by(raw: bytes, domain: str, resolve: Resolve | None = None) -> bool:
    """Whether a whole mail is signed for the domain of its From; never raises.

    Aligned is a signature of the domain itself or of a domain above it, which rules it. A
    signature of a domain below is not: without a list of public suffixes a customer of a provider
    of sub-domains could sign for the provider. Signatures that leave out From, or the end of the
    body (`l=`), do not count, nor do keys that are only being tested.
    """
    header, body = _parts(raw)
    deadline = time.monotonic() + DNS_SECONDS
    try:
        signer = dkim.DKIM(header, logger=_SILENT)
    except Exception:  # dkimpy raises whatever hostile text drives it into
        return False
    candidates = _candidates(signer, domain)
    return any(_is_valid(signer, index, body, resolve or txt_record, deadline) for index in candidates)


def txt_record(name: str, seconds: float) -> bytes | None:
    """Return the TXT record of a name by DNS, its strings joined, or None."""
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=seconds, search=False)
    except (dns.exception.DNSException, OSError):
        return None
    return b"".join(next(iter(answer)).strings)


def _parts(raw: bytes) -> tuple[bytes, bytes]:
    """Return header and body; the first empty line parts them, however its end is written."""
    ends = [(at, at + len(empty)) for empty in (b"\n\r\n", b"\n\n") if (at := raw.find(empty)) >= 0]
    if not ends:
        return raw, b""
    end, start = min(ends)
    return raw[: end + 1], raw[start:]


def _candidates(signer: dkim.DKIM, domain: str) -> Iterator[int]:
    """Yield the indexes of the first few signatures that are worth asking the DNS for."""
    fields = [value for name, value in signer.headers if name.lower() == b"dkim-signature"]
    found = 0
    for index, value in enumerate(fields):
        if len(value) > _SIGNATURE_OCTETS or re.search(rb"\s{%d}" % _BLANKS, value):
            continue
        try:
            tags = parse_tag_value(value)
        except InvalidTagValueList:
            continue
        if _is_aligned(tags.get(b"d", b""), domain) and _is_acceptable(tags):
            found += 1
            yield index
        if found == SIGNATURES:
            return


def _is_aligned(signing: bytes, domain: str) -> bool:
    """Whether the signing domain is the From domain or one above it, but no top-level domain."""
    above = signing.decode("ascii", "replace").lower()
    return "." in above and (domain == above or domain.endswith("." + above))


def _is_acceptable(tags: dict[bytes, bytes]) -> bool:
    signed = {each.strip().lower() for each in tags.get(b"h", b"").split(b":")}
    return b"from" in signed and b"l" not in tags and tags.get(b"a") in _ALGORITHMS


def _is_valid(signer: dkim.DKIM, index: int, body: bytes, resolve: Resolve, deadline: float) -> bool:
    """Whether one signature fits the header and the body. Of an error the next one may be free."""
    try:
        tags, signed, fields = signer.verify_headerprep(index)
        relaxed = tags.get(b"c", b"").partition(b"/")[2] == b"relaxed"
        said = base64.b64decode(re.sub(rb"\s", b"", tags[b"bh"]))
        if said != body_digest(body, relaxed=relaxed):
            return False
        of_header = {name: value for name, value in tags.items() if name != b"bh"}
        return bool(signer.verify_sig(of_header, signed, fields[index], _key_lookup(tags, resolve, deadline)))
    except Exception:  # dkimpy raises whatever hostile text drives it into
        return False


def body_digest(body: bytes, *, relaxed: bool) -> bytes:
    """Return the SHA-256 of a body in canonical form (RFC 6376, 3.4.3 and 3.4.4).

    Linear in time. Nothing is copied of a body that needs no change, which is the rule for large ones.
    """
    if body.count(b"\n") != body.count(b"\r\n"):
        body = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if relaxed:
        body = (body if body.endswith(b"\r\n") else body + b"\r\n").replace(b"\t", b" ")
        while b"  " in body:  # halves every run, so some twenty rounds at most
            body = body.replace(b"  ", b" ")
        body = body.replace(b" \r\n", b"\r\n")
    end = len(body)
    if body.endswith(b"\r\n"):
        end = len(body.rstrip(b"\r\n"))
        end += body[end:].rfind(b"\r\r") + 1  # a lone CR is no end of a line
    digest = hashlib.sha256(memoryview(body)[:end])
    if end or not relaxed:
        digest.update(b"\r\n")
    return digest.digest()


def _key_lookup(tags: dict[bytes, bytes], resolve: Resolve, deadline: float) -> Callable[..., bytes | None]:
    """Return dkimpy's way to ask for a key: all questions together have until `deadline`."""

    def look_up(name: bytes, timeout: float = DNS_SECONDS) -> bytes | None:
        seconds = min(timeout, deadline - time.monotonic())
        record = resolve(name.decode("ascii"), seconds) if seconds > 0 else None
        return record if record is not None and _is_usable(record, tags) else None

    return look_up


def _is_usable(record: bytes, tags: dict[bytes, bytes]) -> bool:
    """Whether a key is in earnest, and if it binds the identity to the very domain, is so used."""
    flags = {each.strip() for each in parse_tag_value(record).get(b"t", b"").split(b":")}
    identity = tags.get(b"i", tags[b"d"]).rpartition(b"@")[2]
    return b"y" not in flags and (b"s" not in flags or identity.lower() == tags[b"d"].lower())
