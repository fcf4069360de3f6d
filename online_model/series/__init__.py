"""State of the series of a store and what a closed day teaches them."""
