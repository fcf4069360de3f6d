"""Turns forecasts and shelf plans into purchase orders: a downstream service of `sales.forecasts`, made to be copied."""
