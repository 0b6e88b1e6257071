import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail import addresses
from gateway.mail.addresses import Address
from gateway.mail.encoded_words import decode_words
from gateway.rules import limits

TOKEN = "abcdefghijklmnopqrstuvwx23"
TEMPLATE = "soporte+{token}@example.com"
FIELD_LETTERS = st.text(alphabet='aé@.<>()",;:\\ \t\r\n=?_\u202e\x00\udcff', max_size=400)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param("ana@acme.com", [("ana@acme.com", "")], id="bare address"),
        pytest.param("Ana Ruiz <Ana@ACME.com>", [("ana@acme.com", "Ana Ruiz")], id="name and address"),
        pytest.param(
            '"Ruiz, Ana" <a@b.com>, c@d.com',
            [("a@b.com", "Ruiz, Ana"), ("c@d.com", "")],
            id="comma in quotes",
        ),
        pytest.param(
            "Ruiz, Ana <a@b.com>", [("a@b.com", "Ruiz, Ana")], id="comma that should have been quoted"
        ),
        pytest.param(r'"Ana \"la jefa\"" <a@b.com>', [("a@b.com", 'Ana "la jefa"')], id="escaped quotes"),
        pytest.param(
            "a@b.com (Ana (de Acme) Ruiz)", [("a@b.com", "Ana (de Acme) Ruiz")], id="name as a nested comment"
        ),
        pytest.param(
            "=?utf-8?Q?Ruiz=2C_In=C3=A9s?= <a@b.com>",
            [("a@b.com", "Ruiz, Inés")],
            id="comma in an encoded word",
        ),
        pytest.param(
            "=?utf-8?Q?x=40corp.com=2C?= <a@b.com>",
            [("a@b.com", "x@corp.com,")],
            id="address in an encoded word",
        ),
        pytest.param(
            "=?utf-8?Q?Ruiz, Ana?= <a@b.com>",
            [("a@b.com", "Ruiz, Ana")],
            id="encoded word written with a comma",
        ),
        pytest.param('"=?utf-8?B?SW7DqXM=?=" <a@b.com>', [("a@b.com", "Inés")], id="encoded word in quotes"),
        pytest.param(
            "Ventas: a@b.com, c@d.com;, e@f.com",
            [("a@b.com", ""), ("c@d.com", ""), ("e@f.com", "")],
            id="group",
        ),
        pytest.param("undisclosed-recipients:;", [], id="empty group"),
        pytest.param("a@b.com; c@d.com", [("a@b.com", ""), ("c@d.com", "")], id="semicolons between"),
        pytest.param(
            "Ana <a@b.com> Luz <c@d.com>", [("a@b.com", "Ana"), ("c@d.com", "Luz")], id="comma forgotten"
        ),
        pytest.param(
            "a@b.com c@d.com", [("a@b.com", ""), ("c@d.com", "")], id="bare ones with the comma forgotten"
        ),
        pytest.param("a@corp <b@evil>", [("b@evil", "a@corp")], id="address before the brackets is a name"),
        pytest.param('"Ana <a@b.com>', [("a@b.com", "Ana")], id="quote that is not closed"),
        pytest.param("Ana (jefa <a@b.com>", [("a@b.com", "Ana jefa")], id="comment that is not closed"),
        pytest.param("Ana <a@b.com", [("a@b.com", "Ana")], id="bracket that is not closed"),
        pytest.param("<@uno.com,@dos.com:a@b.com>", [("a@b.com", "")], id="source route of old"),
        pytest.param("<mailto:a@b.com>", [("a@b.com", "")], id="link instead of an address"),
        pytest.param("<>", [], id="null sender"),
        pytest.param("Ana", [], id="no address at all"),
        pytest.param(
            "Ana\u202emoc.live <a@b.com>", [("a@b.com", "Anamoc.live")], id="direction mark in a name"
        ),
        pytest.param(
            "=?utf-8?Q?Ana=0D=0ABcc=3A_x?= <a@b.com>", [("a@b.com", "Ana Bcc: x")], id="line break in a word"
        ),
    ],
)
def test_parse_address_field(field, expected):
    assert addresses.parse_address_field(field) == tuple(Address(*each) for each in expected)


def test_a_field_gives_at_most_200_addresses():
    field = ", ".join(f"a{number}@b.com" for number in range(5_000))
    assert len(addresses.parse_address_field(field)) == limits.ADDRESSES


def test_an_address_cut_by_the_limit_of_a_field_is_left_out():
    front = "," * (addresses.FIELD_CHARACTERS - 8)
    assert addresses.parse_address_field(front + "a@victim.com") == ()


@pytest.mark.parametrize(
    "field",
    [
        "(" * 2**20,
        '"' * 16_001,
        '\\"' * 2**19,
        "<" * 2**20,
        "(a" * 2**19,
        "a@b.com" * 2**17,
        "=?a?q?" * 2**17,
    ],
    ids=["open comments", "quotes", "escaped quotes", "brackets", "unclosed comments", "ats", "open words"],
)
def test_a_hostile_field_of_a_mebibyte_holds_no_mailbox_to_believe(field):
    assert addresses.strict_mailbox(field) is None
    assert len(addresses.parse_address_field(field)) <= limits.ADDRESSES


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param("Ana <ana@acme.com>", Address("ana@acme.com", "Ana"), id="name and address"),
        pytest.param("ana@acme.com", Address("ana@acme.com"), id="bare address"),
        pytest.param("ana@acme.com (Ana)", Address("ana@acme.com", "Ana"), id="comment behind"),
        pytest.param("=?utf-8?Q?In=C3=A9s?= <i@acme.com>", Address("i@acme.com", "Inés"), id="encoded name"),
        pytest.param(
            '"ana@acme.com" <ana@acme.com>', Address("ana@acme.com", "ana@acme.com"), id="named by itself"
        ),
        pytest.param('"ana"@acme.com', Address("ana@acme.com"), id="quotes that were not needed"),
        pytest.param("a@corp.com <b@evil.com>", None, id="address before the brackets"),
        pytest.param('"a@corp.com" <b@evil.com>', None, id="address in the name"),
        pytest.param('"a＠corp.com" <b@evil.com>', None, id="address with a wide @ in the name"),
        pytest.param("Ana (a@corp.com) <b@evil.com>", None, id="address in a comment"),
        pytest.param("=?utf-8?Q?a=40corp.com?= <b@evil.com>", None, id="address in an encoded word"),
        pytest.param("=?utf-8?Q?a@corp.com?= <b@evil.com>", None, id="bare @ in an encoded word"),
        pytest.param("a@corp.com, b@evil.com", None, id="two mailboxes"),
        pytest.param("<a@corp.com> <b@evil.com>", None, id="two brackets"),
        pytest.param("<a@corp.com>, ", None, id="comma behind"),
        pytest.param('"a@corp.com"@evil.com', None, id="address as quoted local part"),
        pytest.param("a@corp.com@evil.com", None, id="two ats"),
        pytest.param("Corp: a@corp.com;", None, id="group"),
        pytest.param('"Ana <a@corp.com>', None, id="quote that is not closed"),
        pytest.param("Ana (jefa <a@corp.com>", None, id="comment that is not closed"),
        pytest.param("<a@corp.com", None, id="bracket that is not closed"),
        pytest.param("<@evil.com:a@corp.com>", None, id="source route"),
        pytest.param("", None, id="empty field"),
    ],
)
def test_strict_mailbox(field, expected):
    assert addresses.strict_mailbox(field) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("Ana.Ruiz+ventas@ACME.com", "ana.ruiz+ventas@acme.com", id="lower case, nothing folded"),
        pytest.param("ana@ñandú.com.ar", "ana@xn--and-6ma2c.com.ar", id="domain as A-labels"),
        pytest.param("ana@XN--AND-6MA2C.com.ar", "ana@xn--and-6ma2c.com.ar", id="A-label in capitals"),
        pytest.param("ana@straße.de", "ana@xn--strae-oqa.de", id="sharp s is another domain than ss"),
        pytest.param("JOSÉ@acme.com", "josé@acme.com", id="local part in UTF-8"),
        pytest.param("\u212aarl@acme.com", "\u212aarl@acme.com", id="Kelvin sign is no k"),
        pytest.param("аna@acme.com", "аna@acme.com", id="Cyrillic a stays itself"),
        pytest.param("root@localhost", "root@localhost", id="host without a dot"),
        pytest.param('"ana ruiz"@acme.com', None, id="local part that needs quotes"),
        pytest.param("ana@[127.0.0.1]", None, id="domain literal"),
        pytest.param("ana", None, id="no at sign"),
        pytest.param("@acme.com", None, id="no local part"),
        pytest.param("ana@", None, id="no domain"),
        pytest.param("ana@acme..com", None, id="empty label"),
        pytest.param("ana@-acme.com", None, id="label with a hyphen in front"),
        pytest.param("a@corp@acme.com", None, id="at sign in the local part"),
        pytest.param("ana\u202e@acme.com", None, id="direction mark"),
        pytest.param("ana\r\n@acme.com", None, id="line break"),
        pytest.param("ana\u00a0x@acme.com", None, id="blank that does not break"),
        pytest.param("a" * 65 + "@acme.com", None, id="local part of 65 octets"),
        pytest.param("é" * 33 + "@acme.com", None, id="local part of 66 octets in 33 letters"),
        pytest.param("ana@" + "a" * 64 + ".com", None, id="label of 64"),
        pytest.param("ana@" + "a." * 126 + "com", None, id="255 octets in all"),
    ],
)
def test_normal_form(address, expected):
    assert addresses.normal_form(address) == expected


@pytest.mark.parametrize(
    ("template", "address", "expected"),
    [
        pytest.param(TEMPLATE, f"soporte+{TOKEN}@example.com", TOKEN, id="as made"),
        pytest.param(TEMPLATE, f"SOPORTE+{TOKEN.upper()}@Example.COM", TOKEN, id="in capitals"),
        pytest.param(
            "soporte+{token}@ñandú.ar", f"soporte+{TOKEN}@xn--and-6ma2c.ar", TOKEN, id="domain as A-labels"
        ),
        pytest.param(TEMPLATE, f"soporte+{TOKEN[:-1]}@example.com", None, id="cut token"),
        pytest.param(TEMPLATE, f"soporte+{TOKEN}a@example.com", None, id="token with a letter more"),
        pytest.param(TEMPLATE, f"soporte+{TOKEN[:-1]}1@example.com", None, id="a digit no token has"),
        pytest.param(TEMPLATE, f"soporte+{TOKEN}@evil.com", None, id="other domain"),
        pytest.param(TEMPLATE, f"ventas+{TOKEN}@example.com", None, id="other mailbox"),
        pytest.param(TEMPLATE, f"soporte+b-{TOKEN}@example.com", None, id="bounce address"),
        pytest.param(TEMPLATE, "soporte@example.com", None, id="plain address"),
        pytest.param("", f"soporte+{TOKEN}@example.com", None, id="no template"),
    ],
)
def test_find_token(template, address, expected):
    assert addresses.find_token(template, address) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param(f"soporte+b-{TOKEN}@example.com", TOKEN, id="as made"),
        pytest.param(f"soporte+B-{TOKEN.upper()}@example.com", TOKEN, id="in capitals"),
        pytest.param(f"soporte+{TOKEN}@example.com", None, id="reply address"),
        pytest.param(f"soporte+b-{TOKEN}@evil.com", None, id="other domain"),
    ],
)
def test_find_bounce_token(address, expected):
    assert addresses.find_bounce_token(TEMPLATE, address) == expected


def test_addresses_of_ours_are_found_again():
    assert addresses.find_token(TEMPLATE, addresses.tokened(TEMPLATE, TOKEN)) == TOKEN
    assert addresses.find_bounce_token(TEMPLATE, addresses.bounce_address(TEMPLATE, TOKEN)) == TOKEN
    assert addresses.tokened("", TOKEN) == addresses.bounce_address("", TOKEN) == ""


@given(FIELD_LETTERS)
def test_any_field_gives_bounded_addresses_that_are_their_own_normal_form(field):
    found = addresses.parse_address_field(field)
    assert len(found) <= limits.ADDRESSES
    for each in (*found, addresses.strict_mailbox(field) or Address("a@b")):
        assert addresses.normal_form(each.email) == each.email
        assert len(each.name) <= limits.NAME_CHARACTERS
        assert not set(each.name) & set("\r\n\0\u202e")


@given(FIELD_LETTERS)
def test_a_mailbox_that_is_believed_is_the_only_one_found(field):
    believed = addresses.strict_mailbox(field)
    if believed is not None:
        assert addresses.parse_address_field(field) == (believed,)


@given(FIELD_LETTERS)
def test_decoding_makes_text_that_can_be_written(field):
    decode_words(field).encode("utf-8")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("ana@acme.com", "аna@acme.com", id="Cyrillic a in front of the @"),
        pytest.param("ana@acme.com", "ana@аcme.com", id="Cyrillic a in the domain"),
        pytest.param("ana@acme.com", "ana@acmе.com", id="Cyrillic e in the domain"),
        pytest.param("ana@acme.com", "ana@αcme.com", id="Greek alpha in the domain"),
        pytest.param("ana@acme.com", "ana@acrne.com", id="r and n for m"),
        pytest.param("ana@paypal.com", "ana@paypaI.com", id="capital i for l"),
        pytest.param("ana@acme.com", "ana@xn--cme-5cd.com", id="its A-label"),
        pytest.param("ana@acme.com", "ana@ácme.com", id="an accent"),
        pytest.param("ana@acme.com", "ana@acmé.com", id="an accent at the end"),
        pytest.param("ana@acme.com", "ana+x@acme.com", id="a plus"),
        pytest.param("ana.ruiz@acme.com", "anaruiz@acme.com", id="a dot"),
        pytest.param("ana@acme.com", "ana@acme.com.ar", id="a longer domain"),
        pytest.param("ana@acme.com", "ana@mail.acme.com", id="a domain below"),
        pytest.param("jose@acme.com", "josé@acme.com", id="an accent in front of the @"),
        pytest.param("jos\u00e9@acme.com", "jose\u0301@acme.com", id="an accent of its own"),
    ],
)
def test_what_looks_alike_is_somebody_else(one, other):
    assert addresses.normal_form(one) is not None
    assert addresses.normal_form(one) != addresses.normal_form(other)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("Ana@ACME.COM", id="capitals"),
        pytest.param(" ana@acme.com ", id="blanks around"),
        pytest.param('"ana"@acme.com', id="quotes that are not needed"),
        pytest.param('"a\\na"@acme.com', id="an escape that is not needed"),
        pytest.param("ana@ａｃｍｅ.com", id="wide letters in the domain"),
        pytest.param("ana@acme。com", id="a wide dot in the domain"),
    ],
)
def test_these_are_ways_to_write_one_address(written):
    assert addresses.normal_form(written) == "ana@acme.com"


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("ana@acme.com.", id="a dot at its end"),
        pytest.param("ana＠acme.com", id="a wide @"),
        pytest.param("ana﹫acme.com", id="a small @"),
        pytest.param("ana@acme.com\0.evil.com", id="NUL"),
        pytest.param("ana@acme.com\u202e", id="a direction mark behind"),
        pytest.param("a\u200bna@acme.com", id="a blank without width"),
        pytest.param("a\u200dna@acme.com", id="a joiner"),
        pytest.param("ana@acme%00.com", id="a percent sign in the domain"),
        pytest.param("ana@xn--.com", id="an A-label of nothing"),
    ],
)
def test_what_could_be_taken_for_another_address_is_none(written):
    assert addresses.normal_form(written) is None


@pytest.mark.parametrize(
    "mark", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff\u200b\u00ad"
)
def test_no_name_turns_a_line_around_or_hides_in_it(mark):
    (address,) = addresses.parse_address_field(f"So{mark}porte <x@evil.com>")
    assert address.name == "Soporte"
