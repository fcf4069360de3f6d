"""Fuzz the whole step: `python -m tests.fuzz --cases 1000000 --seconds 36000`.

With atheris (the extra `fuzz`) guided by the coverage of the processor and the models; what is new is kept in `build/fuzz`, what fails is
written there as `crash-...` and is run again by `python -m tests.fuzz FILE`. Without it by bytes of a seeded generator. A case is an
event: it meets the state that those before it in its log led to.
"""

import argparse
import os
import random
import sys
import time
import warnings
from pathlib import Path

FOLDER = Path("build/fuzz")
LONGEST_CASE_SECONDS = 60


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=36_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--random", action="store_true", help="do not use atheris")
    parser.add_argument("files", nargs="*", type=Path, help="run these cases only")
    return parser.parse_args()


class Runs:
    """Counts, and says how far it is."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.began, self.said = options, time.monotonic(), time.monotonic()
        self.logs = self.events = self.days = 0
        self.slowest = 0.0

    def take(self, data: bytes) -> None:
        from tests.fuzz.step import check

        began = time.process_time()
        processor = check(data)
        self.slowest = max(self.slowest, time.process_time() - began)
        self.logs += 1
        self.events += processor.next_offset
        self.days += processor.counts.get("days", 0)
        if time.monotonic() - self.said > 60:
            self.say()

    def say(self) -> None:
        self.said = time.monotonic()
        print(
            f"{self.events:,} events in {self.logs:,} logs, {self.days:,} days closed, {self.said - self.began:,.0f} s; "
            f"the slowest log took {self.slowest:.1f} s",
            flush=True,
        )

    @property
    def over(self) -> bool:
        return self.events >= self.options.cases or time.monotonic() - self.began > self.options.seconds


def _random(runs: Runs) -> None:
    rng = random.Random(runs.options.seed)
    while not runs.over:
        data = rng.randbytes(rng.choice((20, 60, 200, 600, 2000)))
        try:
            runs.take(data)
        except BaseException:
            (FOLDER / f"crash-{runs.options.seed}-{runs.logs}").write_bytes(data)
            raise
    runs.say()


def _guided(runs: Runs) -> None:
    import atheris

    with atheris.instrument_imports(include=["streams", "online_model"]):
        from tests.fuzz import step  # noqa: F401

    def one(data: bytes) -> None:
        runs.take(data)
        if runs.over:
            runs.say()
            os._exit(0)

    corpus = FOLDER / "corpus"
    corpus.mkdir(exist_ok=True)
    rng = random.Random(runs.options.seed)
    for size in (20, 60, 200, 600, 2000):
        (corpus / f"seed-{size}").write_bytes(rng.randbytes(size))
    limits = [f"-seed={runs.options.seed}", "-max_len=2000", f"-timeout={LONGEST_CASE_SECONDS}", "-rss_limit_mb=4096"]
    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={FOLDER}/", str(corpus)], one)
    atheris.Fuzz()


def main() -> None:
    options = _options()
    warnings.simplefilter("error")
    FOLDER.mkdir(parents=True, exist_ok=True)
    runs = Runs(options)
    if options.files:
        for file in options.files:
            runs.take(file.read_bytes())
        runs.say()
        return
    try:
        import atheris  # noqa: F401
    except ImportError:
        options.random = True
        print("atheris is not installed (pip install -e .[fuzz]): cases are random, not guided.", flush=True)
    _random(runs) if options.random else _guided(runs)


if __name__ == "__main__":
    main()
