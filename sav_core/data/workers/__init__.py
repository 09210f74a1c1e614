"""Processes that read what strangers made and may be killed over it: their pool, their deadlines, and what runs in them."""
