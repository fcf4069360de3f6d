"""Runs once more, alone, the failed tests that `tests/excused.toml` excuses; any other failure fails the run.

`make test` calls it when the tests of servers, three files at a time on a small machine, have failed.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
FAILED = ROOT / ".pytest_cache/v/cache/lastfailed"
RECORD = ROOT / "build/excused.json"


def judge(failed: list[str], excused: dict[str, str], before: list[str]) -> list[str]:
    """Sentences that say why the failures stand; none where all of them are excused for the first time."""
    verdicts = []
    for test in failed:
        reason = reason_for(test, excused)
        if reason is None:
            verdicts.append(f"{test} failed, and no reason in tests/excused.toml excuses it.")
        elif test in before:
            verdicts.append(f"{test} needed to run again in an earlier run too: it is no accident. Mend it ({reason}).")
    return verdicts


def reason_for(test: str, excused: dict[str, str]) -> str | None:
    """What excuses a test: its own reason, or that of its folder."""
    return next((reason for name, reason in excused.items() if test == name or (name.endswith("/") and test.startswith(name))), None)


def main() -> int:
    """Judge the failures, run the excused ones alone; the exit code."""
    failed = list(json.loads(FAILED.read_text())) if FAILED.exists() else []
    excused = {entry["test"]: entry["reason"] for entry in tomllib.loads((ROOT / "tests/excused.toml").read_text()).get("excused", [])}
    before = json.loads(RECORD.read_text()) if RECORD.exists() else []
    verdicts = judge(failed, excused, before) or ([] if failed else ["The run failed, but no test did: see above."])
    if verdicts:
        print(*verdicts, sep="\n")
        return 1
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(sorted({*before, *failed})))
    print(f"{len(failed)} excused tests run again, alone:", *(f"  {test}: {reason_for(test, excused)}" for test in failed), sep="\n")
    return subprocess.run([sys.executable, "-m", "pytest", *failed], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
