"""What is known of a day ahead: date, holidays, openings, promotions, and the multiplier learned from them."""
