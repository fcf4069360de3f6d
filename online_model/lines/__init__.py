"""What each single sale teaches."""
