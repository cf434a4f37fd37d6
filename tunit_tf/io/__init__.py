"""Files, pictures and value ranges."""
