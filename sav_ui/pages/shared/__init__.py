"""What several pages show and do alike."""
