"""The API for programs, `/v1`: one module a resource; what they share stands in `resource.py` and below."""
