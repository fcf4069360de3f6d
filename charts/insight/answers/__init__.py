"""From a logical form to rows out of the database, and what must be said beside them."""
