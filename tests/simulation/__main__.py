"""The whole system under seeded faults: python -m tests.simulation --seeds 1000; --seed 7 replays one and prints what happened.

Exit code 0: no seed violates anything. 1: one does; its number is named. With --break a mechanism is left out, and a seed that finds it is
looked for: 0 if one does.
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from tests.simulation.world import BREAKS, simulate

AT_ONCE = 8
SAID_SECONDS = 30


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="run one seed and print its schedule")
    parser.add_argument("--first", type=int, default=0, help="the first of many")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--break", dest="broken", choices=sorted(BREAKS), help="the mechanism to leave out")
    return parser.parse_args()


def _judged(seed: int, broken: str | None) -> tuple[int, str | None, int, int]:
    violated, world = simulate(seed, broken)
    return seed, violated, world.loop.steps, world.faults


def _results(seeds: Iterable[int], options: argparse.Namespace) -> Iterator[tuple[int, str | None, int, int]]:
    if options.jobs == 1:
        yield from map(_judged, seeds, repeat(options.broken))
        return
    with ProcessPoolExecutor(options.jobs) as pool:
        yield from pool.map(_judged, seeds, repeat(options.broken), chunksize=AT_ONCE)


def _replay(options: argparse.Namespace) -> int:
    violated, world = simulate(options.seed, options.broken)
    print(*world.history, sep="\n")
    print(f"seed {options.seed}: {world.loop.steps:,} steps, {world.faults} faults; {violated or 'nothing violated'}")
    return int(violated is not None)


def _many(options: argparse.Namespace) -> int:
    began = said = time.monotonic()
    count = steps = faults = 0
    failed: list[int] = []
    for seed, violated, its_steps, its_faults in _results(range(options.first, options.first + options.seeds), options):
        count, steps, faults = count + 1, steps + its_steps, faults + its_faults
        if violated is not None:
            failed.append(seed)
            print(f"seed {seed}: {violated}", flush=True)
            if options.broken:
                break
        if time.monotonic() - said > SAID_SECONDS:
            said = time.monotonic()
            print(f"{count:,} seeds, {steps:,} steps, {faults:,} faults, {said - began:,.0f} s", flush=True)
    print(f"{count:,} seeds, {steps:,} steps, {faults:,} faults, {time.monotonic() - began:,.1f} s; violated by {len(failed)}")
    if options.broken:
        print(f"Left out: {BREAKS[options.broken]}.")
        return int(not failed)
    if failed:
        print(f"Replay: python -m tests.simulation --seed {failed[0]}")
    return int(bool(failed))


def main() -> None:
    options = _options()
    raise SystemExit(_replay(options) if options.seed is not None else _many(options))


if __name__ == "__main__":
    main()
