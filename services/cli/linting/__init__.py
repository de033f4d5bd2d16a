"""What `stepdown lint` looks through: files and servers."""
