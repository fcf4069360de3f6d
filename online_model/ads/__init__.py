"""Conversions of advertisements per spend, learned day by day from what was reported."""
