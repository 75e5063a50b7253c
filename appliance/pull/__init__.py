"""What runs inside a pull container."""
