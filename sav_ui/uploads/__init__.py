"""What a browser sent becomes examples."""
