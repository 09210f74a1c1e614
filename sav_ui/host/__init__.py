"""Shows a session in the panels of a page, and brings what is done there to the handlers."""
