"""Purchase orders from forecasts: a downstream service of `sales.forecasts`, made to be copied."""
