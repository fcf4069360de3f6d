"""Consumers of the output topics: they write statistics and forecasts to MongoDB.

A batch is what a reader takes from a topic at once. `seq` numbers the accepted sales of a partition 1, 2, 3, without gaps. A document's
`v` says what it already holds, so a message that comes again changes nothing. A dead letter is a refused event, with its reason, in
`sales.rejected`. The origin of a forecast is the business date whose close made it.
"""
