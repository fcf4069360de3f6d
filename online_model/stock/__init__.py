"""Stock: what an empty shelf would have sold, when a shelf will be empty, and whether a silence is one.

Hours without stock are not hours without demand. Their demand is estimated from the hours with stock, and a day teaches by how much of it
was seen.
"""
