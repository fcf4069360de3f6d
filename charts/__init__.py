"""Reads what the consumers wrote to MongoDB and shows it: queries, figures, the web page.

An origin is the business date whose close made a forecast; a horizon is the run of days whose total it gives; its path is the forecast day
by day; its band reaches from p10 to p90. A forecast has come due when all days of its horizon have closed.
"""
