"""The people who use the page: their names, roles and passwords, how they log in, and what they changed."""
