"""How good the forecasts are on a file of sales: one pass through the worker's own heart, and contenders beside it."""
