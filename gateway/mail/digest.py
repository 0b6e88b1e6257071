"""The fingerprint by which two deliveries of one mail are known for the same (invariants E1)."""

import hashlib

from gateway.rules.limits import HEADER_OCTETS

_FIELDS = (b"from", b"to", b"date", b"subject")


def digest(raw: bytes) -> str:
    """Return the SHA-256 in hex of a mail's From, To, Date, Subject and body.

    Taken from the octets, so it does not depend on how well the mail can be understood. What differs
    between a delivery by SMTP and a fetch by IMAP is left out: every other header field, folding,
    the kind of line ends, blank lines at the end.
    """
    head, body = _split(raw.replace(b"\r\n", b"\n"))
    values: dict[bytes, list[bytes]] = {name: [] for name in _FIELDS}
    pieces: list[bytes] | None = None  # of the field being read, if it is one of ours
    for line in head.split(b"\n"):
        value = line
        if line[:1] not in (b" ", b"\t"):
            name, _, value = line.partition(b":")
            pieces = values.get(name.strip().lower())
            if pieces is not None:
                pieces.append(b"\n")  # which stands in no value, so no two values run together
        if pieces is not None:
            pieces += value.split()
    canonical = hashlib.sha256()
    for name, words in values.items():
        canonical.update(name + b":" + b" ".join(words) + b"\n")
    canonical.update(b"\n" + body.rstrip(b"\n"))
    return canonical.hexdigest()


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Return header and body; what is too long for a header counts as body."""
    if raw.startswith(b"\n"):
        return b"", raw[1:]
    end = raw.find(b"\n\n", 0, HEADER_OCTETS)
    return (raw[:end], raw[end + 2 :]) if end >= 0 else (raw[:HEADER_OCTETS], raw[HEADER_OCTETS:])
