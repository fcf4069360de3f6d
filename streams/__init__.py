"""The stream: the message contract, the partition processor, and the Faust worker that feeds it."""
