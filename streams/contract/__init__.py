"""What every process agrees on: messages, topics, codec, money, settings. Imports no client of any server.

A business date is a day in the store's time zone. A forecast's origin is the business date whose close made it; its horizon is the run of
days whose total it gives; its path is the same forecast day by day. An announcement says in advance what a store will do: promotions,
open and closed days.
"""
