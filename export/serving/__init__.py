"""Models for TF Serving: export, comparison, clients and configuration."""
