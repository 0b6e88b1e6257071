"""/metrics: every outcome and every state counted, for this machine or with the token (O3, C7)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from gateway.models.queues import OutboxItem, OutboxState, Purpose
from gateway.models.topics import Mailbox
from gateway.rules.admission import Outcome
from gateway.runtime import Runtime
from tests.conftest import NOW
from tests.webui.conftest import Browser, Clock
from tests.webui.scene import make_scene
from webui.app import create_app

LINE = re.compile(r'([a-z_]+)(\{[a-z]+="[^"]*"\})? (\d+(?:\.\d+)?)')


def figures(text: str) -> dict[str, float]:
    """Read the text format: each line is a comment or a figure, and nothing else."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match is not None, line
            found[match[1] + (match[2] or "")] = float(match[3])
    return found


def test_every_outcome_and_every_state_has_its_figure(
    browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        make_scene(session)
        session.add(Mailbox(name="soporte", folder="x", polled_at=NOW))
        failed = {"state": OutboxState.FAILED, "purpose": Purpose.RESET, "resend": False, "head": b""}
        session.add(OutboxItem(recipient="x@y.example", message_id="<x>", created_at=NOW, **failed))
    answer = browse().get("/metrics")
    found = figures(answer.text)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert {f'sysmo_mail_in{{outcome="{each}"}}' for each in Outcome} <= found.keys()
    assert {f'sysmo_mail_out{{state="{each}"}}' for each in OutboxState} <= found.keys()
    assert found['sysmo_mail_in{outcome="opened"}'] == 1
    assert found['sysmo_mail_out{state="failed"}'] == 1
    assert (found["sysmo_ready"], found["sysmo_outbox_paused"]) == (1, 0)
    assert "x@y.example" not in answer.text


@pytest.mark.parametrize(
    ("token", "peer", "headers", "status"),
    [
        ("", "127.0.0.1", {}, 200),
        ("", "192.0.2.7", {}, 404),
        ("", "192.0.2.7", {"Authorization": "Bearer "}, 404),
        ("", "127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 404),
        ("secreto", "192.0.2.7", {"Authorization": "Bearer secreto"}, 200),
        ("secreto", "192.0.2.7", {"Authorization": "bearer secreto"}, 200),
        ("secreto", "192.0.2.7", {"Authorization": "Bearer secretx"}, 404),
        ("secreto", "192.0.2.7", {"Authorization": "Basic secreto"}, 404),
        ("secreto", "192.0.2.7", {}, 404),
    ],
)
def test_figures_are_for_this_machine_or_for_who_shows_the_token(
    make_runtime: Callable[..., Runtime],
    clock: Clock,
    *,
    token: str,
    peer: str,
    headers: dict[str, str],
    status: int,
) -> None:
    runtime = make_runtime(now=clock)
    web = runtime.config.web.model_copy(update={"metrics_token": SecretStr(token)})
    object.__setattr__(runtime, "config", runtime.config.model_copy(update={"web": web}))
    app: Any = create_app(runtime)
    with Browser(app, peer) as browser:
        answer = browser.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("sysmo_ready" in answer.text) == (status == 200)
