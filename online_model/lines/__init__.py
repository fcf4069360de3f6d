"""What each single sale line teaches, at once. A line is one item of a receipt with its quantity and price."""
