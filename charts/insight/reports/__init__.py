"""Reports: places, products, what to do about each, and a commentary whose sentences carry their evidence."""
