"""What happens to an event: pure decisions that turn a partition's log, in order, into messages and a state.

watermark
    A store's newest event time less the allowed lateness. Time moves only by events, so a replay repeats it.
close
    A store's business day closes when the watermark passes its end: the model learns it, and forecasts and plans are published.
origin
    The business date whose close made a forecast.
horizon, path
    A horizon is a run of days ahead whose total is forecast; the path is the forecast day by day.
announcement
    What a store says in advance: promotions, and days on which it opens or stays closed.
shelf plan
    How the items of a shelf share its space, made anew at each close.
row, series
    An item's number in its store, and the number of store and item together in the partition.

Days are counted from 1970-01-01 in the store's time zone.
"""
