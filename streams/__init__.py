"""The stream: the message contract, the partition heart, and the Faust worker that feeds it."""
