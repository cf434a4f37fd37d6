"""TF Serving's side: configuration, and a stand-in for tests where its binary is not available."""
