import re

import pytest

from gateway import tokens

SECRET = b"a secret of thirty-two octets...."
OTHER_SECRET = b"another secret of some octets....."


def test_a_token_has_130_bits_in_letters_that_survive_a_change_of_case():
    made = {tokens.new_token() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(re.fullmatch(r"[a-z2-7]{26}", token) for token in made)


def test_every_letter_of_a_token_is_random():
    made = [tokens.new_token() for _ in range(1_000)]
    assert all(len(set(column)) == 32 for column in zip(*made, strict=True))


def test_a_long_token_is_two_of_them():
    assert re.fullmatch(r"[a-z2-7]{52}", tokens.new_long_token())


def test_a_hash_does_not_depend_on_case_and_tells_nothing():
    token = tokens.new_token()
    assert tokens.hash_token(token.upper()) == tokens.hash_token(token)
    assert token not in tokens.hash_token(token)
    assert tokens.hash_token(token[:-1]) != tokens.hash_token(token)


@pytest.mark.parametrize("hostile", ["", "\udcff", "ñ" * 10_000], ids=["empty", "surrogate", "long"])
def test_anything_can_be_hashed(hostile):
    assert len(tokens.hash_token(hostile)) == 64


@pytest.mark.parametrize(
    ("secret", "number", "change", "expected"),
    [
        pytest.param(SECRET, 1042, str, True, id="as written"),
        pytest.param(SECRET, 1042, str.upper, True, id="in capitals"),
        pytest.param(SECRET, 1043, str, False, id="of another ticket"),
        pytest.param(OTHER_SECRET, 1042, str, False, id="of another installation"),
        pytest.param(SECRET, 1042, lambda code: code[:-1], False, id="cut short"),
        pytest.param(SECRET, 1042, lambda code: "", False, id="empty"),
        pytest.param(SECRET, 1042, lambda code: "ñ\udcff", False, id="letters no code has"),
    ],
)
def test_is_ticket_code(secret, number, change, expected):
    code = change(tokens.ticket_code(SECRET, 1042))
    assert tokens.is_ticket_code(secret, number, code) is expected


def test_a_code_is_four_letters_and_stays_the_same():
    assert re.fullmatch(r"[a-z2-7]{4}", tokens.ticket_code(SECRET, 7))
    assert tokens.ticket_code(SECRET, 7) == tokens.ticket_code(SECRET, 7)


def test_codes_of_tickets_in_a_row_do_not_repeat_often():
    assert len({tokens.ticket_code(SECRET, number) for number in range(1_000)}) > 990


def test_a_signature_is_bound_to_secret_purpose_and_value():
    signed = tokens.sign(SECRET, "loop", "example.com")
    assert signed == tokens.sign(SECRET, "loop", "example.com")
    assert re.fullmatch(r"[a-z2-7]{26}", signed)
    others = {
        tokens.sign(OTHER_SECRET, "loop", "example.com"),
        tokens.sign(SECRET, "link", "example.com"),
        tokens.sign(SECRET, "loop", "example.org"),
    }
    assert signed not in others
