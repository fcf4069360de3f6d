"""Producers of sale events: the HTTP gateway, the replay of files and databases, the simulator.

A dead letter is a refused event, with its reason, in `sales.rejected`. A clock tick says that time has passed in a store, so that days
without sales close too. An announcement says in advance what a store will do: promotions, open and closed days. A mapping says which column
of a source is which field of a sale.
"""
