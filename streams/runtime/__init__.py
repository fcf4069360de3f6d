"""The worker around the processors: Faust, snapshots, delivery, recovery.

A commit tells Kafka how far a group has come; a checkpoint delivers the outputs, writes a snapshot of the state, and then commits. The
metadata of a commit is a short text that Kafka keeps beside its offset. Lag is the number of events that are not committed yet.
"""
