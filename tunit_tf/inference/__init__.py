"""What a trained pair of networks is used for."""
