"""What the page's own tests compare with, made by the Python side."""
