"""Mail signed with DKIM, and the DNS that answers for its keys."""

import base64
import hashlib

import dkim
from dkim.canonicalization import CanonicalizationPolicy, Relaxed
from dkim.crypto import parse_pem_private_key

# Made for these tests; it opens nothing.
PRIVATE_KEY = b"""\
-----BEGIN RSA PRIVATE KEY-----
MIICWwIBAAKBgQC+OwfpIKjVUQ00FwyuAxoXUMLsRXCjtPGBf0Hweuf5Mkr/oOcC
To66f1TKCU17Y95D5Fn5WhsmOu8C8hXkkWjtdfMEVKpqmffObxu98LSCpkXez6f6
sdxZ/63uENMCGeIWrd25WJnfRSAkTTTdsAZ50EGXbFjLIsEGoLU7gC6r/wIDAQAB
AoGAasPaxr7rwv2AeZHOLgPTqu5K2CyI8XhmaxWvPnbcpwHREfOOc77/YDCCt/nM
oMoGPvh0fvxRbH17E54nJ2dtCZCrdZkwsoW6VpJg0hpdp2lYUktBZJh3OKflkBqQ
EaFZF2ZYYMqSBgVhY06kb+AE/0ItLLgy0+M8Vqcwe6YIyeECQQDv7N8ckOSll3H1
DU9Lr2+G70+fFKugawD4MZbxqNhzOKLngVqVylXu+/ouBoafM7SPW3ijSAp/9VjN
5JNq27XZAkEAyvnPfwTwE5tIKajXfp3cTJDJ4PhP9cHody1Uy9bZ3dI/AjQs9ouM
PGhW1QggYqbtkjc2CTKFfXJ0GeVV7LsRlwJAe+VzVboRCN4LEAOehjQDQMgF8t1m
v4FiT8iz7PlHRUDjBu/Kin2hILdoeyoNjNrTjBAtXQxPt8JH6JL3+X+aCQJAc2hs
qW0WUB+XfVBqDq0VSFd+4bJuTG7PjYuxziDASZa0ir0934Ti3Kn6zS/Msir1o5BO
4hXevsAn8V1raKnIywJAf98KS42zzlS1id3j0lnMJ+vV4JGghM9txPOQbkO5pRYH
ZZTI4oJ7I3UWiPXHatvX77QXicdjX2WenUF+IhCT2w==
-----END RSA PRIVATE KEY-----
"""
PUBLIC_KEY = (
    b"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC+OwfpIKjVUQ00FwyuAxoXUMLsRXCjtPGBf0Hweuf5"
    b"Mkr/oOcCTo66f1TKCU17Y95D5Fn5WhsmOu8C8hXkkWjtdfMEVKpqmffObxu98LSCpkXez6f6sdxZ/63u"
    b"ENMCGeIWrd25WJnfRSAkTTTdsAZ50EGXbFjLIsEGoLU7gC6r/wIDAQAB"
)
RECORD = b"v=DKIM1; k=rsa; p=" + PUBLIC_KEY

SHORT_KEY = b"""\
-----BEGIN RSA PRIVATE KEY-----
MIIBOwIBAAJBAMj7RwGjUuh7xfPq5rrFb0euZadsyG1Sym/tLg35mAopwGbn9PO4
xvo9Bee0T0IO0eushomkOTSIUdOEaknNCFcCAwEAAQJBAI6MgvFrePuCBoYZnurr
7CCoVltoscOwi/rU++xXknnpnzEdyOMgTTxlAYELIWrpBz8JrtaBV/EZ1awFPKob
cVECIQDpibg4DiGseZ/BOF2IWt8y/qk/9yLyKrUS2qhFbES2yQIhANxP8Ea1cCc8
tl8dVw+RPaF4SiEBXiS1V9I1HH0TSLYfAiBVAZMznDk3naG/5DNvgZxC5J1Ysi1f
NppofXzIoEs2uQIgNVGvcB13QDfEV26tZFodVVfccPJ4y1+MGpa6B1dEcLcCIQDL
gkkQ8aUiYDNAO9df94y6ZTjJG1wDI40n/Trz/s67QA==
-----END RSA PRIVATE KEY-----
"""
SHORT_RECORD = (
    b"v=DKIM1; k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMj7RwGjUuh7xfPq5rrFb0euZadsyG1S"
    b"ym/tLg35mAopwGbn9PO4xvo9Bee0T0IO0eushomkOTSIUdOEaknNCFcCAwEAAQ=="
)
"""A key of 512 bits, which anybody can break."""


AT = 4_000_000_000
"""When these mails come in, in seconds of Unix time: long after dkimpy, which asks the clock, signed them."""


def signed(mail, domain="acme.com", selector="s1", key=PRIVATE_KEY, **options):
    """Return the mail with a signature of the domain on top."""
    options.setdefault("include_headers", [b"from", b"to", b"subject"])
    signature = dkim.DKIM(mail).sign(selector.encode(), domain.encode(), key, **options)
    return signature + mail


def signed_by_hand(mail, domain="acme.com", key=PRIVATE_KEY, **tags):
    """Return the mail with a sound signature that has the tags given, which dkimpy may not write."""
    signer = dkim.DKIM(mail)
    signer.hasher = hashlib.sha256
    body = base64.b64encode(hashlib.sha256(Relaxed.canonicalize_body(signer.body)).digest()).decode()
    said = {"v": "1", "a": "rsa-sha256", "c": "relaxed/relaxed", "d": domain, "s": "s1"}
    said |= {"h": "from:to:subject", "bh": body} | tags | {"b": "0" * 60}
    fields = [(name.encode(), value.encode()) for name, value in said.items()]
    signed_fields = [name.encode() for name in said["h"].split(":")]
    policy = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
    pem = parse_pem_private_key(key)
    return (
        b"DKIM-Signature: " + signer.gen_header(fields, signed_fields, policy, b"DKIM-Signature", pem) + mail
    )


def dns_with(dmarc=None, **records):
    """Return a resolver that knows the keys given by domain, all of selector s1, and records of DMARC."""
    known = {f"s1._domainkey.{name.replace('_', '.')}.": record for name, record in records.items()}
    known |= {f"_dmarc.{name}.": record for name, record in (dmarc or {}).items()}
    return lambda name, seconds: known.get(name)
