"""What the HTTP servers share: listening, bounds on clients, and who may come in."""
