"""What drives conversions of advertisements, and where the next money earns most."""
