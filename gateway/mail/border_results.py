"""What our own border says of a mail in its Authentication-Results field (RFC 8601, invariants T2)."""

import re
from collections.abc import Sequence

from authres import AuthenticationResultsHeader

from gateway.mail.address_scanner import Piece, pieces
from gateway.mail.addresses import normal_form
from gateway.rules.people import Verdict

FIELD_CHARACTERS = 4_000
"""A longer field is not read: authres slices the text anew for every word."""

_ENFORCED = re.compile(r"\b(?:p|policy|dis|action)=o?(?:quarantine|reject)\b", re.IGNORECASE | re.ASCII)
"""How providers write that the domain's policy asks for more than a report, in a comment or behind it."""

_BY = re.compile(r"(?:^|\s)by\s([^\s();]{1,255})", re.IGNORECASE | re.ASCII)


def dmarc(
    fields: Sequence[tuple[str, str]], authserv_ids: tuple[str, ...], domain: str
) -> tuple[Verdict, str] | None:
    """Return the verdict our border gave on the From domain, or None if it gave none we can use.

    `fields` are the header fields in order, names lower-cased, values unfolded. Read is only the
    topmost field with a configured id, and only above the first Received that another server
    wrote: what stands below came with the mail. A field above it whose id cannot be read stops
    the search, for it may be our border's own. Of several borders each speaks for itself: below a
    Received of one, the name of another was written by who knows whom.
    """
    ours = {each.lower() for each in authserv_ids}
    for name, value in fields:
        if name == "received":
            ours = {each for each in ours if _is_written_by(value, each)}
            if not ours:
                return None
        if name != "authentication-results":
            continue
        authserv_id = _authserv_id(value)
        if authserv_id is None:
            return None
        if authserv_id in ours:
            return _verdict(value, domain)
    return None


def _authserv_id(value: str) -> str | None:
    """Return the lower-cased id at the beginning of a field, or None if it cannot be told."""
    for kind, text in pieces(value[:FIELD_CHARACTERS]):
        if kind is not Piece.COMMENT:
            return text.lower() if kind in (Piece.WORD, Piece.QUOTED) else None
    return None


def _verdict(value: str, domain: str) -> tuple[Verdict, str] | None:
    if len(value) > FIELD_CHARACTERS:
        return None
    try:
        results = AuthenticationResultsHeader.parse_value(" ".join(value.split())).results
    except Exception:  # hostile text may drive authres into any error there is
        return None
    dmarc_results = [each for each in results if each.method == "dmarc"]
    if len(dmarc_results) != 1:
        return None
    about = [
        each.value for each in dmarc_results[0].properties if (each.type, each.name) == ("header", "from")
    ]
    if len(about) != 1 or not _is_domain(str(about[0]), domain):
        return None
    if dmarc_results[0].result == "pass":
        return Verdict.PASS, "dmarc-pass"
    if dmarc_results[0].result == "fail" and _ENFORCED.search(value):
        return Verdict.FAIL, "dmarc-fail"
    return Verdict.NONE, "dmarc-none"


def _is_domain(written: str, domain: str) -> bool:
    """Whether a header.from names this domain; some providers write the whole address."""
    address = normal_form(f"x@{written.rpartition('@')[2]}")
    return address == f"x@{domain}"


def _is_written_by(received: str, authserv_id: str) -> bool:
    """Whether a Received field is of the server that signs as `authserv_id`, or of its kin.

    Kin are hosts below the id or below its parent domain, and names without a dot or bare IPv6
    addresses, which providers use inside. Being generous here gives nothing away: the first field
    that a stranger could write stands below the border's own Received anyway.
    """
    found = _BY.search(received[:FIELD_CHARACTERS])
    if found is None:
        return False
    host = found[1].lower().rstrip(".")
    parent = authserv_id.partition(".")[2]
    kin = [authserv_id, parent] if "." in parent else [authserv_id]
    return "." not in host or any(host == each or host.endswith("." + each) for each in kin)
