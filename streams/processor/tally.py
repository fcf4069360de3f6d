"""What a partition has counted since the beginning of its log."""


class Tally:
    """Counts by name; they are part of the state."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def count(self, what: str, number: int = 1) -> None:
        """Add to a count."""
        self.counts[what] = self.counts.get(what, 0) + number
