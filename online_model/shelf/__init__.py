"""Shelf plans: from forecasts to facings and orders. Pure functions: arrays in, arrays and sentences out.

A facing is one unit seen from the front; an item with three facings stands three abreast. A level of a shelf is one board of it. A shelf
plan says how many facings each item gets, where they stand, what that should earn, and what to order. Refills bring goods from the back
room to the shelf; orders bring them to the store.
"""

from online_model.shelf.building import build_shelf
from online_model.shelf.demand import Demand, Quantiles
from online_model.shelf.description import CategoryBound, Item, Shelf, ShelfError
from online_model.shelf.levels import Block, arrange
from online_model.shelf.orders import order_units, service_levels
from online_model.shelf.plan import Plan, plan
from online_model.shelf.shelf_settings import ShelfSettings
from online_model.shelf.space import percentages, share_of_space, shares_of_used

__all__ = [
    "Block",
    "CategoryBound",
    "Demand",
    "Item",
    "Plan",
    "Quantiles",
    "Shelf",
    "ShelfError",
    "ShelfSettings",
    "arrange",
    "build_shelf",
    "order_units",
    "percentages",
    "plan",
    "service_levels",
    "share_of_space",
    "shares_of_used",
]
