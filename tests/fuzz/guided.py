"""The targets under a coverage-guided fuzzer, run by hand: `python tests/fuzz/guided.py TARGET [OPTION…]`.

Options are libFuzzer's; without any it runs for five minutes, begins with the mails of tests/corpus and
knows the words of mail.dict. Input that breaks a target is kept in a file named crash-…
"""

import sys
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

with atheris.instrument_imports(include=["gateway", "email", "mailparser", "dkim", "authres"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    name, *options = sys.argv[1:] or ["none"]
    if name not in TARGETS:
        raise SystemExit(f"targets: {' '.join(TARGETS)}")
    found = Path("fuzz-found") / name
    found.mkdir(parents=True, exist_ok=True)
    defaults = [f"-dict={HERE / 'mail.dict'}", "-max_total_time=300", "-max_len=20000", "-timeout=10"]
    folders = [str(found), str(HERE.parent / "corpus")]
    atheris.Setup([sys.argv[0], *defaults, *options, *folders], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
