"""The demo: sends real sales through every process of the product and shows it live."""
