"""Sets that fit into no memory: listed as a whole, read part after part, on one device, several or many machines."""
