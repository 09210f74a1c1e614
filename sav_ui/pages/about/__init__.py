"""About: the method, the model, whose work this is."""
