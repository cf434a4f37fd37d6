"""From a run folder to a server, and to a phone or a browser."""
