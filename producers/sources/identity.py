"""Makes event ids from content: the same row in the same place of the same source gets the same id whenever it is read."""

import numpy as np
import xxhash
from numpy.typing import NDArray

_Hashes = NDArray[np.uint64]


class Occurrences:
    """Names contents by their hash, and the second, third, ... of equal contents by its number too.

    Remembers 8 bytes a content, in sorted runs that double, so that looking up stays quick with many millions.
    """

    def __init__(self) -> None:
        self._runs: list[_Hashes] = []
        self._repeated: dict[int, int] = {}

    def name(self, contents: list[str], prefix: str = "") -> list[str]:
        """An id for each content, in order."""
        ids = [prefix + xxhash.xxh3_128_hexdigest(content.encode("utf-8", "surrogatepass")) for content in contents]
        # 64 of the 128 bits find equal rows: a chance meeting only numbers a row that needed none.
        hashes = np.array([int(name[-16:], 16) for name in ids], dtype=np.uint64)
        unique, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        known = self._known(unique)
        repeats = known | (counts > 1)
        for place in np.flatnonzero(repeats[inverse]).tolist():
            key = int(hashes[place])
            number = self._repeated.get(key, int(known[inverse[place]])) + 1
            self._repeated[key] = number
            if number > 1:
                ids[place] += f"-{number}"
        self._remember(unique[~known])
        return ids

    def _known(self, unique: _Hashes) -> NDArray[np.bool_]:
        known = np.zeros(len(unique), dtype=bool)
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, unique), len(run) - 1)
            known |= run[places] == unique
        return known

    def _remember(self, fresh: _Hashes) -> None:
        if not len(fresh):
            return
        self._runs.append(fresh)
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            self._runs[-2:] = [np.sort(np.concatenate(self._runs[-2:]))]
