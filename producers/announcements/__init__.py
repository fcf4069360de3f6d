"""What a shop tells ahead: promotions, open and closed days."""
