"""What a relay's reply means."""

import pytest

from gateway.outbound.delivery import Broken, Deferred, Refused, Sent, Step, Unclear, judge, judge_final


@pytest.mark.parametrize("step", [Step.OPENING, Step.MAIL, Step.RCPT, Step.DATA])
def test_every_4xx_defers(step):
    codes = range(400, 500)
    assert [judge(step, code, "no") for code in codes] == [Deferred(f"{code} no") for code in codes]


@pytest.mark.parametrize(
    ("step", "meaning"),
    [
        pytest.param(Step.OPENING, Broken, id="before MAIL about us"),
        pytest.param(Step.MAIL, Broken, id="at MAIL about us, but for 552"),
        pytest.param(Step.RCPT, Refused, id="at RCPT about this mail"),
        pytest.param(Step.DATA, Refused, id="at DATA about this mail"),
    ],
)
def test_every_5xx_is_about_us_or_about_the_mail(step, meaning):
    for code in range(500, 600):
        expected = Refused if (step, code) == (Step.MAIL, 552) else meaning
        assert judge(step, code, "no") == expected(f"{code} no")


@pytest.mark.parametrize(
    ("step", "code", "text", "expected"),
    [
        pytest.param(Step.MAIL, 554, "5.3.4 big", Refused("554 5.3.4 big"), id="too large by its words"),
        pytest.param(Step.MAIL, 250, "ok", None, id="MAIL taken"),
        pytest.param(Step.RCPT, 251, "will forward", None, id="RCPT forwarded"),
        pytest.param(Step.DATA, 354, "go on", None, id="DATA awaited"),
        pytest.param(Step.DATA, 250, "ok", Deferred("250 ok"), id="DATA taken before it came"),
        pytest.param(Step.RCPT, 354, "what", Deferred("354 what"), id="RCPT taken for DATA"),
        pytest.param(Step.RCPT, -1, "junk", Deferred("-1 junk"), id="no reply at all"),
        pytest.param(Step.RCPT, 550, "a\r\n\x1b[1mb", Refused("550 a [1mb"), id="controls in the words"),
        pytest.param(Step.RCPT, 550, "x" * 9000, Refused("550 " + "x" * 495 + "…"), id="endless words"),
    ],
)  # fmt: skip
def test_judge(step, code, text, expected):
    assert judge(step, code, text) == expected


@pytest.mark.parametrize(
    ("codes", "meaning"),
    [
        pytest.param(range(200, 300), Sent, id="2xx"),
        pytest.param(range(400, 500), Deferred, id="4xx"),
        pytest.param(range(500, 600), Refused, id="5xx"),
        pytest.param([-1, 0, 100, 354, 600, 999], Unclear, id="no reply that means anything"),
    ],
)
def test_judge_final(codes, meaning):
    assert [judge_final(code, "x") for code in codes] == [meaning(f"{code} x") for code in codes]
