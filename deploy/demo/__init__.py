"""The demo: real sales through every process of the product, watched live."""
