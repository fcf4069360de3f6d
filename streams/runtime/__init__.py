"""The worker around the processors: Faust, snapshots, delivery, recovery."""
