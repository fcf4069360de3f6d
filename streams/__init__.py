"""The stream: the contract of messages, the processor of a partition, and the Faust worker that feeds it."""
