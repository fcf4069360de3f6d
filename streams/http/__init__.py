"""What the HTTP servers share: listening, and who may come in."""
