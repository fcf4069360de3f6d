"""Sales of the third month from the rate of interest and the sales of two months: a known small exercise, with honest intervals."""
